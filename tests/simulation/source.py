"""A process as a member of the consumer group: what it owns, fetches, follows, commits and gives up."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.core.actions import Commit
from daemon.core.events import Assigned, Committed, Lost, Revoking
from daemon.core.model import Generation, Partition
from daemon.edges.inbox import Batch
from daemon.edges.ledger_reading import Beginning, LedgerReading
from daemon.edges.named_tenants import Named
from tests.simulation.policy import DRAIN_SECONDS
from tests.simulation.restoring import EVERYTHING, Restoring, lines
from tests.simulation.turns import APPLIED_SHARE

if TYPE_CHECKING:
    from tests.simulation.replica import Replica

FETCHED_AT_MOST = 12

FOLLOWED_AT_MOST = 12
"""Every other time no more records of a ledger are read at once: what belongs together may come in two readings."""


class Ownership:
    """One partition while the group says it is ours."""

    def __init__(self, number: int) -> None:
        """Take the group's generation number."""
        self.number = number
        self.generation: Generation | None = None
        self.committed: int | None = None
        self.reading: LedgerReading | None = None
        self.is_restored = False
        self.former_kinds: Named = {}
        self.position = 0
        self.is_paused = True
        self.is_following = False
        self.reads: list[tuple[float, int]] = []

    def read_before(self, instant: float) -> int:
        """Return up to which offset the ledger was read, and what it asks for begun, at an instant."""
        return max((position for at, position in self.reads if at <= instant), default=0)


class Source:
    """Does what `edges.kafka_source` does, in the same order, with the simulated group and logs."""

    def __init__(self, replica: "Replica") -> None:
        """Begin outside the group."""
        self.owned: dict[Partition, Ownership] = {}
        self.fetched_last = 0
        self.portions = random.Random(replica.world.schedule.seed)
        self._replica = replica
        self._is_fetching = False
        self._is_leaving = False
        self._is_joining = False
        self._when_closed: Callable[[], None] | None = None

    # -- the group ---------------------------------------------------------------------------------------------

    def join(self) -> None:
        """Ask to be let into the group."""
        if not self._is_leaving and not self._is_joining:
            self._is_joining = True
            self._replica.after(0.005, 0.1, self._ask)

    def _ask(self) -> None:
        self._is_joining = False
        if not self.owned:
            self._replica.world.coordinator.join(self._replica.name, self._replica)

    def leave(self, then: Callable[[], None]) -> None:
        """Give everything up for good; who is giving it up already ends when that is done."""
        self._is_leaving = True
        if self._when_closed is not None:
            self._when_closed = then
        self.give_up_all(is_lost=not self._replica.is_member, then=then)

    def went_on(self) -> None:
        """Note that nothing was done about what was read last: the process has stood still."""
        now = self._replica.world.timeline.now
        for owned in self.owned.values():
            owned.reads = [(now, position) for _, position in owned.reads[-1:]]

    def session_lost(self) -> None:
        """Learn from a heartbeat that the group has given our partitions away."""
        if not self._replica.is_member and not self._is_joining:
            self.give_up_all(is_lost=True, then=self.join)

    def give_up_all(self, *, is_lost: bool, then: Callable[[], None]) -> None:
        """Give up what is ours, and go on when the planner has released all of it."""
        if self._when_closed is not None:
            return
        ready = tuple(partition for partition, owned in self.owned.items() if owned.generation is not None)
        for partition in [partition for partition in self.owned if partition not in ready]:
            self._close(partition)
        self._when_closed = then
        if ready:
            deadline = self._replica.process.now() + DRAIN_SECONDS
            self._replica.put(Lost(ready) if is_lost else Revoking(ready, deadline))
        self._all_closed()

    def release(self, partition: Partition) -> None:
        """End an ownership."""
        self._replica.intake.forget(partition)
        if partition in self.owned:
            self._close(partition)
        self._all_closed()

    def _close(self, partition: Partition) -> None:
        del self.owned[partition]
        store = self._replica.stores.pop(partition, None)
        if store is not None:
            store.close()

    def _all_closed(self) -> None:
        if not self.owned and self._when_closed is not None:
            then, self._when_closed = self._when_closed, None
            then()

    def assigned(self, generation: int, partitions: tuple[Partition, ...]) -> None:
        """Begin to restore what the group gives us."""
        if self._when_closed is not None or self._is_leaving or self.owned:
            return
        numbers = [partition.number for partition in partitions]
        self._replica.world.say(self._replica.name, f"is given {numbers} in generation {generation}")
        for partition in partitions:
            self.owned[partition] = owned = Ownership(generation)
            self._replica.after(0.002, 0.1, self._still(partition, owned, self._restore))

    def _still(
        self, partition: Partition, owned: Ownership, act: Callable[[Partition, Ownership], None]
    ) -> Callable[[], None]:
        """Return the act, to be done only if the partition is still ours then."""
        return lambda: act(partition, owned) if self.owned.get(partition) is owned else None

    # -- restoring ---------------------------------------------------------------------------------------------

    def _restore(self, partition: Partition, owned: Ownership) -> None:
        """Restore a partition, and hand it to the planner."""
        Restoring(self._replica, partition, owned, lambda begun: self._begin(partition, owned, begun)).open()

    def _begin(self, partition: Partition, owned: Ownership, begun: Beginning) -> None:
        """Hand the partition to the planner."""
        world, reading = self._replica.world, owned.reading
        assert reading is not None
        summary = self._replica.stores[partition].summary()
        owned.position = owned.committed or 0
        owned.generation = begun.record.generation
        assigned = Assigned(
            partition=partition,
            generation=begun.record.generation,
            position=owned.position,
            end=world.inputs[partition].end,
            handed_over=begun.is_handed_over,
            share=1.0 / len(world.inputs),
            parked=summary.parked,
            waiting_tenants=summary.waiting_tenants,
            blocked_tenants=summary.blocked_tenants,
            known_tenants=summary.known_tenants,
            former_kinds=owned.former_kinds,
            next_due=summary.next_due,
            holds=reading.marks.held(),
        )
        owned.reads.append((world.timeline.now, reading.marks.position))
        world.watch.rations.taken_over(partition, self._replica)
        self._replica.put(assigned)
        self.follow_soon(partition)
        self.want_fetch()

    # -- committing, fetching and following --------------------------------------------------------------------

    def commit(self, commit: Commit) -> None:
        """Send a commit, and tell what the coordinator says; of those told as refused half are applied all the same."""
        replica, world = self._replica, self._replica.world
        sent_at = replica.process.now()
        is_refused, seconds = world.turns.commit()
        number = next((owned.number for partition, owned in self.owned.items() if partition in commit.offsets), -1)

        def arrive() -> None:
            is_applied = not is_refused or world.chance.random() < APPLIED_SHARE
            accepted = is_applied and world.commit(replica, number, commit.offsets) and not is_refused
            replica.after(0.001, 0.01, lambda: replica.put(Committed(sent_at, accepted=accepted)))

        world.timeline.after(world.chance.uniform(0.001, 0.01) + seconds, arrive)

    def pause(self, partitions: tuple[Partition, ...], *, is_paused: bool) -> None:
        """Fetch nothing more from these partitions, or fetch from them again."""
        for partition in partitions:
            if partition in self.owned:
                self.owned[partition].is_paused = is_paused
        self.want_fetch()

    def want_fetch(self) -> None:
        """Fetch soon, if there is anything to fetch and all that was fetched before is taken."""
        is_ready = not self._is_fetching and self._replica.is_inbox_empty
        if is_ready and any(self._is_behind(*one) for one in self.owned.items()):
            self._is_fetching = True
            is_repeated, seconds = self._replica.world.turns.fetch()
            self._replica.after(0.005 + seconds, 0.1 + seconds, lambda: self._fetch(is_repeated=is_repeated))

    def _is_behind(self, partition: Partition, owned: Ownership) -> bool:
        is_open = owned.generation is not None and not owned.is_paused and self._when_closed is None
        return is_open and owned.position < self._replica.world.inputs[partition].end

    def _fetch(self, *, is_repeated: bool) -> None:
        self._is_fetching = False
        world, fetched = self._replica.world, 0
        for partition, owned in self.owned.items():
            if owned.generation is None or not self._is_behind(partition, owned):
                continue
            records = world.inputs[partition].read(owned.position, world.chance.randint(1, FETCHED_AT_MOST))
            if not records:
                owned.position = world.inputs[partition].end
                self._replica.put(Batch(partition, owned.generation, [], owned.position))
                continue
            fetched += len(records)
            batch = Batch(partition, owned.generation, records, records[-1].offset + 1)
            self._replica.put(batch)
            if is_repeated:
                self._replica.put(batch)
            else:
                owned.position = batch.position
        self.fetched_last = fetched or self.fetched_last

    def follow_soon(self, partition: Partition) -> None:
        """Read what has come into the ledger of a partition of ours."""
        owned = self.owned.get(partition)
        if owned is None or owned.generation is None or owned.is_following:
            return
        owned.is_following = True
        self._replica.after(0.005, 0.3, self._still(partition, owned, self._follow))

    def _follow(self, partition: Partition, owned: Ownership) -> None:
        owned.is_following = False
        reading, generation = owned.reading, owned.generation
        assert reading is not None
        assert generation is not None
        log = self._replica.world.ledgers[partition]
        at_most = self.portions.choice((EVERYTHING, self.portions.randint(1, FOLLOWED_AT_MOST)))
        for told in reading.follow(lines(log.read(reading.marks.position, at_most)), generation):
            self._replica.put(told)
        owned.reads.append((self._replica.world.timeline.now, reading.marks.position))
        if reading.marks.position < log.end:
            self.follow_soon(partition)
