"""Telling tenants by mail what they must repair and what is repaired, out of the ledger partitions that are ours."""

from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakKeyDictionary

import anyio
import msgspec
import structlog

from daemon.core.model import Partition, entity_of
from daemon.edges.clock import Clock
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.mail_deciding import Failing, due_letter
from daemon.edges.mail_state import MailRecord, encode_mail_record, mail_key
from daemon.edges.mail_text import message, shown
from daemon.edges.mailer import Mailer
from daemon.settings import Settings

LOOK_SECONDS = 2.0
"""How often the ledgers are looked at: failures that come together go into one mail."""

LOOK_ANYWAY_SECONDS = 30.0
"""How often a tenant's failures are read though nothing has changed: a digest falls due by time."""

LONGEST_WAIT_SECONDS = 300.0
"""The longest pause after the mail server refused: an outage of it must not become one of ours."""

Write = Callable[[Partition, str, bytes], Awaitable[int | None]]
Counted = Callable[[str], None]

log = structlog.get_logger()


class Seen(msgspec.Struct, frozen=True):
    """A tenant's failures as they were last read: how many and the newest record's offset, and when that was."""

    failing: tuple[int, int] | None
    at: float


class Mailing:
    """Looks at what is parked, decides which mail is due, sends it, and remembers in the ledger that it was sent."""

    def __init__(self, settings: Settings, stores: Mapping[Partition, LedgerStore], write: Write, clock: Clock) -> None:
        """Take the settings, the restored ledgers that are ours, how to write a ledger record, and the clock.

        What was told may stand behind the failures in the ledger: both must have been read.
        """
        self._settings = settings
        self._stores = stores
        self._write = write
        self._clock = clock
        self._mailer = Mailer(settings)
        self._look_anyway = min(LOOK_ANYWAY_SECONDS, settings.mail_digest)
        self._addresses: Mapping[str, tuple[str, ...]] = {}
        self._written: WeakKeyDictionary[LedgerStore, dict[str, MailRecord]] = WeakKeyDictionary()
        self._seen: WeakKeyDictionary[LedgerStore, dict[str, Seen]] = WeakKeyDictionary()
        self._failures = 0
        self.count: Counted = lambda _: None

    def use_addresses(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        """Take the tenants' addresses, by name, as the tenants file has them now."""
        self._addresses = addresses

    async def run(self) -> None:
        """Look, and send what is due, for ever."""
        if not self._settings.smtp_host:
            log.info("mail.disabled")
            return
        while True:
            await anyio.sleep(min(LOOK_SECONDS * 2.0**self._failures, LONGEST_WAIT_SECONDS))
            for partition in list(self._stores):
                await self._look(partition)

    async def _look(self, partition: Partition) -> None:
        store = self._stores.get(partition)
        if store is None:
            return
        told = {**store.marks.mailed, **self._written.get(store, {})}
        failing = store.failing_tenants()
        for tenant in sorted(failing.keys() | {tenant for tenant, record in told.items() if record.told}):
            if self._stores.get(partition) is not store:
                return
            if self._is_news(store, tenant, failing.get(tenant)) and self._addresses.get(tenant):
                await self._tell(partition, store, tenant, told.get(tenant, MailRecord()))

    def _is_news(self, store: LedgerStore, tenant: str, failing: tuple[int, int] | None) -> bool:
        """Tell whether a tenant's failures have changed, or a digest may be due: reading them all costs something."""
        now, seen = self._clock.now(), self._seen.setdefault(store, {})
        last = seen.get(tenant)
        if last is not None and last.failing == failing and now < last.at + self._look_anyway and not self._failures:
            return False
        seen[tenant] = Seen(failing, now)
        return True

    async def _tell(self, partition: Partition, store: LedgerStore, tenant: str, record: MailRecord) -> None:
        failing = [Failing(entity, reason) for entity, reason in store.failing(tenant)]
        now = self._clock.now()
        letter = due_letter(failing, _stuck(store, record), record, now, self._settings.mail_digest)
        if letter is None:
            return
        found = store.get(shown(letter))
        changes = {entity: one.entry.parked for entity, one in found.items() if one.entry.parked}
        letter = msgspec.structs.replace(letter, changes=changes)
        mail = message(tenant, letter, sender=self._settings.mail_from, recipients=self._addresses[tenant], now=now)
        refused = await self._mailer.send(mail)
        self.count("sent" if refused is None else refused)
        if refused is not None:
            self._failures = min(self._failures + 1, 10)
            log.warning("mail.refused", tenant=tenant, reason=refused)
            return
        self._failures = 0
        log.info("mail.sent", tenant=tenant, failures=len(letter.failures), repaired=len(letter.repaired))
        self._written.setdefault(store, {})[tenant] = letter.record
        await self._write(partition, mail_key(tenant), encode_mail_record(letter.record))


def _stuck(store: LedgerStore, record: MailRecord) -> frozenset[str]:
    """Return the keys of what was told that is parked, but for no failing that a person must repair."""
    told = [entity for one in record.told.values() for key in one.keys if (entity := entity_of(key))]
    entries = ((entity.key, found.entry.parked) for entity, found in store.get(told).items())
    return frozenset(key for key, parked in entries if parked is not None and parked.refusal is None)
