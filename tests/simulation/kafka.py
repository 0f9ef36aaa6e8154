"""A model of Kafka: logs with gaps and compaction, and a consumer group with generations and eager rebalances."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Protocol

import msgspec

from daemon.core.model import Partition
from daemon.edges.inbox import RawRecord
from tests.simulation.timeline import Timeline

SESSION_SECONDS = 6.0
REBALANCE_SECONDS = 14.0
HEARTBEAT_SECONDS = 0.5

COMPACTION_LAG_SECONDS = 8.0
"""How long a living owner must have had a record before compaction looks at it: longer than it takes to write the
greater entry again behind a former owner's, also when the broker refuses or delays that. In earnest it is the age of
the record, a day: longer than any partition is without an owner.
"""


class Log:
    """One partition of one topic. Offsets have gaps, as transactions leave them; compaction makes more."""

    def __init__(self, chance: Random) -> None:
        """Begin empty."""
        self.end = 0
        self.records: list[RawRecord] = []
        self._chance = chance

    def append(self, key: bytes, value: bytes | None, replay: str | None = None) -> int:
        """Append a record, sometimes behind a gap, and return its offset."""
        offset = self.end + (self._chance.choice((1, 2)) if self._chance.random() < 0.05 else 0)
        self.records.append(RawRecord(offset, key, value, replay))
        self.end = offset + 1
        return offset

    def read(self, position: int, limit: int) -> list[RawRecord]:
        """Return the first records at or behind an offset."""
        at = len(self.records)
        while at > 0 and self.records[at - 1].offset >= position:
            at -= 1
        return self.records[at : at + limit]

    def compact(self, until: int) -> int:
        """Remove what a later record of the same key has replaced, both before that offset; return how many went."""
        newest = {record.key: record.offset for record in self.records if record.offset < until}
        kept = [record for record in self.records if record.offset >= until or newest[record.key] == record.offset]
        removed, self.records = len(self.records) - len(kept), kept
        return removed


class Member(Protocol):
    """A process as the coordinator knows it."""

    @property
    def is_heard(self) -> bool:
        """Tell whether its heartbeats come now."""
        ...

    def rebalance_began(self) -> None:
        """Tell it, with the answer to a heartbeat, to give everything up and to join again."""
        ...

    def assigned(self, generation: int, partitions: tuple[Partition, ...]) -> None:
        """Give it its partitions."""
        ...


class Seat(msgspec.Struct):
    """A member of the group, whether it has joined the round that is under way, and how often it has been missed."""

    member: Member
    has_joined: bool = False
    times_missed: int = 0
    partitions: tuple[Partition, ...] = ()


class Coordinator:
    """The group coordinator: who owns which partition, what is committed, and whose time is over."""

    def __init__(self, timeline: Timeline, chance: Random, partitions: tuple[Partition, ...], *, static: bool) -> None:
        """Begin with an empty group; `static`: a member that comes again under its name keeps its partitions."""
        self.generation = 0
        self.committed: dict[Partition, int] = {}
        self.rebalances = 0
        self.expelled = 0
        self.refused = 0
        self._timeline = timeline
        self._chance = chance
        self._partitions = partitions
        self._is_static = static
        self._seats: dict[str, Seat] = {}
        self._round = 0
        self.is_rebalancing = False

    def is_member(self, name: str, member: Member) -> bool:
        """Tell whether the group knows this process."""
        return name in self._seats and self._seats[name].member is member

    def owner(self, partition: Partition) -> Member | None:
        """Return who was given the partition in the present generation."""
        return next((seat.member for seat in self._seats.values() if partition in seat.partitions), None)

    def join(self, name: str, member: Member) -> None:
        """Let a process in, or in again."""
        seat = self._seats.get(name)
        if seat and self._is_static and seat.member is not member and not self.is_rebalancing:
            seat.member = member
            self._tell(name, seat)
            return
        self._seats[name] = Seat(member)
        if not self.is_rebalancing:
            self.rebalance(joining=name)
        self._seats[name].has_joined = True
        self._complete_soon()

    def leave(self, name: str, member: Member) -> None:
        """Let a process go that says goodbye."""
        if self.is_member(name, member):
            del self._seats[name]
            self._go_on()

    def miss(self, name: str, member: Member) -> None:
        """Expel a process whose heartbeats have ceased, if they are missed for a whole session without a break."""
        if not self.is_member(name, member):
            return
        seat = self._seats[name]
        seat.times_missed += 1
        number = seat.times_missed

        def expire() -> None:
            is_same = self._seats.get(name) is seat and seat.member is member
            if is_same and not member.is_heard and seat.times_missed == number:
                self.expelled += 1
                del self._seats[name]
                self._go_on()

        self._timeline.after(SESSION_SECONDS - self._chance.uniform(0.0, HEARTBEAT_SECONDS), expire)

    def commit(self, name: str, member: Member, generation: int, offsets: Mapping[Partition, int]) -> bool:
        """Take a commit of a member of the present generation; tell whether it was taken."""
        if not self.is_member(name, member) or generation != self.generation:
            self.refused += 1
            return False
        self.committed.update(offsets)
        return True

    def rebalance(self, joining: str = "") -> None:
        """Ask everybody, but for who is joining, to give up what is theirs and to join again."""
        self.is_rebalancing = True
        self._round += 1
        self.rebalances += 1
        for name, seat in self._seats.items():
            seat.has_joined = False
            if name == joining:
                continue
            self._timeline.after(self._chance.uniform(0.0, HEARTBEAT_SECONDS), seat.member.rebalance_began)
        number = self._round

        def give_up() -> None:
            if self.is_rebalancing and number == self._round:
                late = [name for name, seat in self._seats.items() if not seat.has_joined]
                for name in late:
                    self.expelled += 1
                    del self._seats[name]
                self._complete()

        self._timeline.after(REBALANCE_SECONDS, give_up)

    def _go_on(self) -> None:
        if self.is_rebalancing:
            self._complete_soon()
        elif self._seats:
            self.rebalance()

    def _complete_soon(self) -> None:
        if self.is_rebalancing and all(seat.has_joined for seat in self._seats.values()):
            number = self._round
            self._timeline.after(self._chance.uniform(0.005, 0.05), lambda: self._complete_if(number))

    def _complete_if(self, number: int) -> None:
        is_all = all(seat.has_joined for seat in self._seats.values())
        if self.is_rebalancing and number == self._round and is_all:
            self._complete()

    def _complete(self) -> None:
        self.is_rebalancing = False
        self.generation += 1
        names = sorted(self._seats)
        self._chance.shuffle(names)
        for at, name in enumerate(names):
            seat = self._seats[name]
            seat.partitions = tuple(self._partitions[at :: len(names)])
            self._tell(name, seat)

    def _tell(self, name: str, seat: Seat) -> None:
        generation, partitions, member = self.generation, seat.partitions, seat.member

        def tell() -> None:
            if self.is_member(name, member) and generation == self.generation and not self.is_rebalancing:
                member.assigned(generation, partitions)

        self._timeline.after(self._chance.uniform(0.001, 0.02), tell)


def largest(offsets: Iterable[int]) -> int:
    """Return the largest offset, -1 for none."""
    return max(offsets, default=-1)
