"""A process's writes to Kafka: ledger records in batches, told when all of a batch is acknowledged; dead letters."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.core.actions import DeadLetter, HandOver, Record
from daemon.core.events import DeadLettered, Recorded
from daemon.core.ledger import encode
from daemon.edges.ledger_keys import HANDOVER_KEY, HandoverRecord, encode_record
from daemon.edges.ledger_store import LedgerStore
from tests.simulation.turns import APPLIED_SHARE

if TYPE_CHECKING:
    from tests.simulation.replica import Replica

WRITE_AGAIN_SECONDS = 1.0

Write = Record | HandOver
Acknowledged = Callable[[Write, int | None], None]


class Writing:
    """Does what `edges.ledger_topic` and `edges.dead_letters` do, in the same order, on the simulated logs."""

    def __init__(self, replica: "Replica") -> None:
        """Begin with nothing to write."""
        self.queue: list[Write] = []
        self._replica = replica
        self._is_writing = False
        self._queued_for: dict[int, LedgerStore | None] = {}
        self._letters: list[DeadLetter] = []

    def append(self, record: Write) -> None:
        """Queue a record for its ledger partition."""
        self.queue.append(record)
        self._queued_for[record.ticket] = self._replica.stores.get(record.partition)
        if isinstance(record, Record):
            self._replica.world.is_about_to_write(self._replica, record.entity)
        self._flush_soon()

    def append_letter(self, letter: DeadLetter) -> None:
        """Queue a dead letter."""
        self._letters.append(letter)
        self._replica.after(0.001, 0.01, self._write_letters)

    def _flush_soon(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self._replica.after(0.0002, 0.002, self._flush)

    def _flush(self) -> None:
        """Write what is queued as one batch; it is told when all of it is acknowledged."""
        records, self.queue = self.queue, []
        written: list[tuple[Write, int | None]] = []

        def acknowledged(record: Write, offset: int | None) -> None:
            written.append((record, offset))
            if len(written) == len(records):
                self._keep(written)

        for record in records:
            self._write(record, acknowledged)

    def _write(self, record: Write, acknowledged: Acknowledged) -> None:
        """Send a record; one that is refused is sent again for as long as its partition is ours."""
        replica, world = self._replica, self._replica.world
        if record.partition not in replica.stores:
            acknowledged(record, None)
            return
        is_refused, seconds = world.turns.append()

        def again() -> None:
            self._write(record, acknowledged)

        def arrive() -> None:
            if is_refused and world.chance.random() >= APPLIED_SHARE:
                replica.after(WRITE_AGAIN_SECONDS, WRITE_AGAIN_SECONDS, again)
                return
            offset = world.append_ledger(record.partition, *_written(record), replica)
            if is_refused:
                replica.after(WRITE_AGAIN_SECONDS, WRITE_AGAIN_SECONDS, again)
            else:
                replica.after(seconds + 0.0005, seconds + 0.005, lambda: acknowledged(record, offset))

        world.timeline.after(world.chance.uniform(0.0005, 0.005), arrive)

    def _keep(self, written: list[tuple[Write, int | None]]) -> None:
        """Put what was acknowledged into the stores that it was queued for, and tell the planner."""
        done = [(record, offset) for record, offset in written if offset is not None]
        queued_for = {record.ticket: self._queued_for.pop(record.ticket) for record, _ in written}
        for partition in dict.fromkeys(record.partition for record, _ in done):
            store = self._replica.stores.get(partition)
            ours = [(one, at) for one, at in done if one.partition == partition and queued_for[one.ticket] is store]
            if store is not None:
                store.keep([(one.entity, one.entry, at) for one, at in ours if isinstance(one, Record)])
        self._replica.put(Recorded(tuple(record.ticket for record, _ in done)))
        self._is_writing = False
        if self.queue:
            self._flush_soon()

    def _write_letters(self) -> None:
        letters, self._letters = self._letters, []
        for letter in letters:
            raw = self._replica.intake.take_raw(letter.partition, letter.offset)
            if raw is not None:
                self._replica.world.append_letter(letter.partition, raw, letter.cause.reason)
        if letters:
            self._replica.put(DeadLettered(tuple(letter.ticket for letter in letters)))


def _written(record: Write) -> tuple[str, bytes]:
    if isinstance(record, Record):
        return record.entity.key, encode(record.entry)
    return HANDOVER_KEY, encode_record(HandoverRecord(record.generation, record.watermark))
