"""A process's writes to Kafka: ledger records in batches, told when all of a batch is acknowledged; dead letters."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from daemon.core.actions import DeadLetter, HandOver, Record
from daemon.core.events import DeadLettered, Recorded
from daemon.core.ledger import encode
from daemon.core.model import Partition
from daemon.edges.ledger_keys import HANDOVER_KEY, HandoverRecord, encode_record
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.named_tenants import TenantRecord, encode_tenant_record, tenant_key, to_be_named
from tests.simulation.turns import APPLIED_SHARE

if TYPE_CHECKING:
    from tests.simulation.replica import Replica

WRITE_AGAIN_SECONDS = 1.0

Write = Record | HandOver
Line = tuple[str, bytes]
Acknowledged = Callable[[int | None], None]
T = TypeVar("T")


class Writing:
    """Does what `edges.ledger_topic` and `edges.dead_letters` do, in the same order, on the simulated logs."""

    def __init__(self, replica: "Replica") -> None:
        """Begin with nothing to write."""
        self.queues: dict[Partition, list[Write]] = {}
        self._replica = replica
        self._served: set[Partition] = set()
        self._queued_for: dict[int, LedgerStore | None] = {}
        self._letters: list[DeadLetter] = []
        self._is_writing_letters = False

    # -- the ledger --------------------------------------------------------------------------------------------

    def append(self, record: Write) -> None:
        """Queue a record for its ledger partition."""
        self.queues.setdefault(record.partition, []).append(record)
        self._queued_for[record.ticket] = self._replica.stores.get(record.partition)
        if isinstance(record, Record):
            self._replica.world.is_about_to_write(self._replica, record.entity)
        self._flush_soon(record.partition)

    def write(
        self, partition: Partition, line: Line, acknowledged: Acknowledged, is_ours: Callable[[], bool] | None = None
    ) -> None:
        """Write a record, again and again for as long as its partition is ours; tell its offset, None if it is not."""
        replica, world = self._replica, self._replica.world
        if not (is_ours() if is_ours else partition in replica.stores):
            acknowledged(None)
            return
        self._send(
            world.turns.append(),
            lambda: world.append_ledger(partition, *line, replica),
            lambda: self.write(partition, line, acknowledged, is_ours),
            acknowledged,
        )

    def name_tenants(
        self,
        partition: Partition,
        then: Callable[[], None] = lambda: None,
        is_ours: Callable[[], bool] | None = None,
        *,
        is_handed_over: bool = False,
    ) -> None:
        """Let a ledger remember, one after the other, whom the tenants file has named; then do what comes next."""
        store = self._replica.stores.get(partition)
        named = to_be_named(self._replica.tenants, store.named, is_handed_over=is_handed_over) if store else {}
        if store is None or not named:
            then()
            return
        tenant, kinds = next(iter(named.items()))

        def acknowledged(offset: int | None) -> None:
            if offset is not None and self._replica.stores.get(partition) is store:
                store.name({tenant: kinds})
                self.name_tenants(partition, then, is_ours, is_handed_over=is_handed_over)

        line = (tenant_key(tenant), encode_tenant_record(TenantRecord(kinds)))
        self.write(partition, line, acknowledged, is_ours)

    def _flush_soon(self, partition: Partition) -> None:
        if partition not in self._served:
            self._served.add(partition)
            self._replica.after(0.0002, 0.002, partial(self._flush, partition))

    def _flush(self, partition: Partition) -> None:
        """Write what is queued for a partition as one batch; it is told, in that order, when all is acknowledged."""
        records = self.queues.pop(partition)
        offsets: dict[int, int | None] = {}

        def acknowledged(record: Write, offset: int | None) -> None:
            offsets[record.ticket] = offset
            if len(offsets) == len(records):
                self._keep(partition, [(one, offsets[one.ticket]) for one in records])

        for record in records:
            self.write(partition, _line(record), partial(acknowledged, record))

    def _keep(self, partition: Partition, written: list[tuple[Write, int | None]]) -> None:
        """Put what was acknowledged into the store that it was queued for, and tell the planner."""
        done = [(record, offset) for record, offset in written if offset is not None]
        queued_for = {record.ticket: self._queued_for.pop(record.ticket) for record, _ in written}
        store = self._replica.stores.get(partition)
        if store is not None:
            ours = [(one, at) for one, at in done if queued_for[one.ticket] is store]
            store.keep([(one.entity, one.entry, at) for one, at in ours if isinstance(one, Record)])
        self._replica.put(Recorded(tuple(record.ticket for record, _ in done)))
        self._served.discard(partition)
        if partition in self.queues:
            self._flush_soon(partition)

    # -- dead letters ------------------------------------------------------------------------------------------

    def append_letter(self, letter: DeadLetter) -> None:
        """Queue a dead letter."""
        self._letters.append(letter)
        self._write_letters_soon()

    def _write_letters_soon(self) -> None:
        if not self._is_writing_letters:
            self._is_writing_letters = True
            self._replica.after(0.001, 0.01, self._write_letters)

    def _write_letters(self) -> None:
        """Write what is queued one after the other; it is told when all of it is acknowledged."""
        letters, self._letters = self._letters, []
        left = deque(letters)

        def write_next() -> None:
            if left:
                self._write_letter(left.popleft(), write_next)
                return
            self._replica.put(DeadLettered(tuple(letter.ticket for letter in letters)))
            self._is_writing_letters = False
            if self._letters:
                self._write_letters_soon()

        write_next()

    def _write_letter(self, letter: DeadLetter, then: Callable[[], None]) -> None:
        """Write one letter; one whose partition has gone is the next owner's to write."""
        world = self._replica.world
        raw = self._replica.intake.take_raw(letter.partition, letter.offset)
        if raw is None:
            then()
            return

        def send() -> None:
            self._send(
                world.turns.letter(),
                lambda: world.append_letter(letter.partition, raw, letter.cause.reason),
                send,
                lambda _: then(),
            )

        send()

    # -- the way to Kafka --------------------------------------------------------------------------------------

    def _send(
        self, turn: tuple[bool, float], append: Callable[[], T], again: Callable[[], None], told: Callable[[T], None]
    ) -> None:
        """Send a record, and tell what came of it; one that is told as refused is sent again after a while.

        What has left arrives whatever becomes of the process; what it hears, it hears only if it lives.
        """
        replica, world = self._replica, self._replica.world
        is_refused, seconds = turn

        def arrive() -> None:
            if is_refused:
                if world.chance.random() < APPLIED_SHARE:
                    append()
                replica.after(WRITE_AGAIN_SECONDS, WRITE_AGAIN_SECONDS, again)
            else:
                appended = append()
                replica.after(seconds + 0.0005, seconds + 0.005, lambda: told(appended))

        world.timeline.after(world.chance.uniform(0.0005, 0.005), arrive)


def _line(record: Write) -> Line:
    if isinstance(record, Record):
        return record.entity.key, encode(record.entry)
    return HANDOVER_KEY, encode_record(HandoverRecord(record.generation, record.watermark))
