"""How an assignment begins: the local copy is brought up to date in portions, and the ledger is told who owns it."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from daemon.core.ledger import Entry, encode
from daemon.core.model import Entity, Partition
from daemon.edges.inbox import RawRecord
from daemon.edges.ledger_keys import LEDGER_KEY, encode_record
from daemon.edges.ledger_reading import Beginning, LedgerLine, LedgerReading, beginning, is_lost
from daemon.edges.ledger_store import LedgerStore

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.source import Ownership

EVERYTHING = 1_000_000

RESTORED_AT_MOST = 40
"""Every other read of a restore brings no more records at once."""

READS_STORED_TOGETHER = 3
"""At most so many reads are one transaction of the local store: a process that dies in it leaves none of them."""


class Restoring:
    """Does what `edges.ledgers` and `edges.ledger_partition` do at an assignment, in the same order.

    Between any two steps the process may die, stand still, or lose the partition: then nothing more is done.
    """

    def __init__(
        self, replica: "Replica", partition: Partition, owned: "Ownership", done: Callable[[Beginning], None]
    ) -> None:
        """Take the partition, and what is done once it is restored and its first records are acknowledged."""
        self._replica = replica
        self._partition = partition
        self._owned = owned
        self._done = done
        self._log = replica.world.ledgers[partition]
        self._position = self._end = 0
        self._outranked: deque[tuple[Entity, Entry]] = deque()

    def open(self) -> None:
        """Ask for the committed offset, and open the local copy: one of another life of the topic is begun anew."""
        replica, partition, owned = self._replica, self._partition, self._owned
        owned.committed = replica.world.coordinator.committed.get(partition)
        store = replica.stores[partition] = LedgerStore(replica.folder / f"{partition.number}.sqlite3")
        owned.reading = reading = LedgerReading(partition, store)
        first = lines(self._log.read(reading.marks.record_offset, 1)) if reading.marks.record is not None else []
        if not reading.is_same_life(first[0] if first else None, self._log.end):
            reading.begin_anew()
        self._position, self._end = reading.marks.position, self._log.end
        self._soon(0.001, 0.02, self._read)

    def _read(self) -> None:
        """Take in the next portion of what the ledger has beyond the local copy, as one transaction."""
        replica, source, reading = self._replica, self._replica.source, self._reading
        longest_wait = replica.world.policy.retrying.longest_wait()
        with replica.stores[self._partition].together():
            for _ in range(source.portions.randint(1, READS_STORED_TOGETHER)):
                at_most = source.portions.choice((EVERYTHING, source.portions.randint(1, RESTORED_AT_MOST)))
                read = self._log.read(self._position, at_most) if self._position < self._end else []
                self._position = read[-1].offset + 1 if read else self._end
                reading.restore(lines(read), replica.process.now(), longest_wait)
        if self._position < self._end:
            self._soon(0.001, 0.03, self._read)
        else:
            replica.world.is_about_to_write(replica, None)
            self._soon(0.002, 0.05, self._say_who_owns)

    def _say_who_owns(self) -> None:
        """Say in the ledger who owns it now, unless it is lost."""
        world, replica, owned, marks = self._replica.world, self._replica, self._owned, self._reading.marks
        if is_lost(marks, is_new=owned.committed is None):
            world.say(replica.name, "refuses to start: the ledger is lost")
            world.watch.refused_ledger(self._partition)
            replica.crash()
            return
        begun = beginning(marks, owned.number, is_new=owned.committed is None)
        self._write(LEDGER_KEY, encode_record(begun.record), lambda _: self._write_outranked(begun))

    def _write_outranked(self, begun: Beginning) -> None:
        """Write again, one after the other, what is outranked in the ledger."""
        self._outranked.extend(self._reading.outranked())
        self._write_next(begun)

    def _write_next(self, begun: Beginning) -> None:
        if not self._outranked:
            if not begun.is_handed_over:
                self._owned.former_kinds = self._replica.stores[self._partition].named
            self._replica.writing.name_tenants(
                self._partition, lambda: self._named(begun), self._is_ours, is_handed_over=begun.is_handed_over
            )
            return
        entity, entry = self._outranked.popleft()

        def acknowledged(offset: int) -> None:
            self._replica.stores[self._partition].put([(entity, entry, offset)])
            self._write_next(begun)

        self._write(entity.key, encode(entry), acknowledged)

    def _named(self, begun: Beginning) -> None:
        """Hand the partition over soon; from now on its ledger is told when the tenants file changes."""
        self._owned.is_restored = True
        self._soon(0.002, 0.02, lambda: self._done(begun))

    @property
    def _reading(self) -> LedgerReading:
        assert self._owned.reading is not None
        return self._owned.reading

    def _is_ours(self) -> bool:
        return self._replica.source.owned.get(self._partition) is self._owned

    def _soon(self, least: float, most: float, act: Callable[[], None]) -> None:
        """Do something soon, if the partition is still ours then."""
        self._replica.after(least, most, partial(self._go_on, act))

    def _go_on(self, act: Callable[[], None]) -> None:
        """Take the next step, unless the process dies before it or the partition is no longer ours."""
        replica = self._replica
        if not self._is_ours():
            return
        if replica.world.turns.restore():
            replica.world.say(replica.name, f"dies restoring {self._partition.number}")
            replica.world.end(replica)
        else:
            act()

    def _write(self, key: str, value: bytes, acknowledged: Callable[[int], None]) -> None:
        """Write a record, and go on when it is acknowledged, if the partition is still ours then."""

        def told(offset: int | None) -> None:
            if offset is not None:
                self._go_on(partial(acknowledged, offset))

        self._replica.writing.write(self._partition, (key, value), told, self._is_ours)


def lines(records: list[RawRecord]) -> list[LedgerLine]:
    """Return the records as those who read a ledger take them."""
    return [LedgerLine(record.offset, record.key, record.value) for record in records]
