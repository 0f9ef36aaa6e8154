"""The input topic against the ledger: reading what `daemon.core.conserving` needs to account for every record.

The committed offsets must have been read before anything here: what was committed had its ledger record acknowledged
already, so that what is read afterwards holds it, also beside a running daemon.
"""

from collections.abc import Collection, Mapping

from daemon.core.conserving import Conserving, Letters, Standing
from daemon.core.ledger import Entry, decode
from daemon.core.model import Change, Ignored, Message, Partition, Tenant, entity_of
from daemon.edges.dead_letters import source_of
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.named_tenants import named_tenant
from daemon.edges.topic_reading import Progress, TopicReading
from daemon.moment.envelope import decode as decode_change
from daemon.moment.invoice import is_draft

MILLISECONDS = 1_000.0


class Contract:
    """Which changes the contract lets the daemon ignore, as its settings and tenants stand now."""

    def __init__(self, environment: str, tenants: Mapping[str, Tenant]) -> None:
        """Take the daemon's own environment, and its tenants."""
        self._environment = environment
        self._tenants = tenants

    def message(self, value: bytes | None, known_tenants: Collection[str], standing: Standing) -> Message:
        """Return what a record says.

        Not ignored is the change of a tenant that the file no longer names and the ledger knows, nor one that the
        ledger speaks of, though its kind is switched off now.
        """
        message = decode_change(value, environment=self._environment)
        if not isinstance(message, Change):
            return message
        name, kind = message.entity.tenant, message.entity.kind
        tenant = self._tenants.get(name)
        if tenant is None and name not in known_tenants:
            return Ignored("tenant", name)
        if tenant is not None and kind not in tenant.kinds and standing.highest(message.entity.key) < message.version:
            return Ignored("kind", name)
        if kind == "invoice" and is_draft(message.data):
            return Ignored("draft", name)
        return message


async def read_letters(reading: TopicReading, topic: str, now: float, progress: Progress) -> dict[Partition, Letters]:
    """Return which records have a dead letter, by their partitions; raises `ConfigurationError` if there is no topic.

    Under `Partition("", 0)` stands what is to be thought of a partition that has no letter.
    """
    letters = await reading.partitions(topic)
    has_lost = {one.number for one in letters if (await reading.bounds(one))[0] > 0}
    oldest: dict[int, float] = {}
    offsets: dict[Partition, set[int]] = {}
    async for record in reading.records(letters, progress):
        oldest.setdefault(record.partition, record.timestamp / MILLISECONDS)
        source = source_of(record.headers)
        if source is not None:
            offsets.setdefault(source[0], set()).add(source[1])
    removed_until = max((oldest.get(number, now) for number in has_lost), default=-1.0)
    found = {partition: Letters(frozenset(some), removed_until) for partition, some in offsets.items()}
    return {NO_LETTERS: Letters(removed_until=removed_until), **found}


NO_LETTERS = Partition("", 0)


class PartitionAudit:
    """One input partition and its ledger, read from beginning to end."""

    def __init__(self, reading: TopicReading, partition: Partition, contract: Contract) -> None:
        """Take where to read, the partition, and what may be ignored."""
        self._reading = reading
        self._partition = partition
        self._contract = contract
        self._tenants: set[str] = set()
        self.unreadable = 0

    async def run(self, letters: Letters, committed: int | None, progress: Progress) -> Conserving:
        """Return the account of the partition; `unreadable` tells how many ledger records could not be read."""
        standing = await self._standing(progress)
        first, _ = await self._reading.bounds(self._partition)
        account = Conserving(standing, letters, first=first, committed=committed)
        async for record in self._reading.records([self._partition], progress):
            message = self._contract.message(record.value, self._tenants, standing)
            account.take(record.offset, message, record.timestamp / MILLISECONDS)
        return account

    async def _standing(self, progress: Progress) -> Standing:
        """Return the highest versions that the ledger speaks of: its greatest entries have them, whatever came last."""
        delivered: dict[str, int] = {}
        parked: dict[str, int] = {}
        ledger = Partition(ledger_of(self._partition.topic), self._partition.number)
        if ledger not in await self._reading.partitions(ledger.topic):
            return Standing()
        async for record in self._reading.records([ledger], progress):
            key = (record.key or b"").decode(errors="replace")
            named = named_tenant(key)
            if named is not None:
                self._tenants.add(named)
            entity = entity_of(key)
            if entity is None or record.value is None:
                continue
            entry = decode(record.value)
            if not isinstance(entry, Entry):
                self.unreadable += 1
                continue
            self._tenants.add(entity.tenant)
            delivered[key] = max(delivered.get(key, 0), entry.version)
            if entry.parked is not None:
                parked[key] = max(parked.get(key, 0), entry.parked.version)
        return Standing(delivered, parked)
