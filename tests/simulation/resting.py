"""The end of a schedule: time heals what it can, a person repairs the rest, and nothing may wait without a reason."""

from typing import TYPE_CHECKING

from daemon.core.ledger import Entry, Parked
from daemon.core.model import Entity, entity_of
from tests.simulation.replica import Replica
from tests.simulation.watching import ViolationError

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE_SECONDS = 150.0
"""How long the calmed world may take to come to rest: a backlog at a small quota, and the longest timer behind it."""

QUIET_SECONDS = 12.0
"""So long nothing may change before the world is taken to be at rest: longer than a request or a session lasts."""

OVERDUE_SECONDS = 8.0
"""So long a change may go on waiting though its instant has come or its dependency is there: clocks differ by two
seconds, and a whole backlog may be tried again at one instant.
"""

IDLE_SECONDS = 4.0
"""A tenant that was not called for so long has nothing in front of what waits: its quota is not what is waited for, not
even the smallest that can be left of it when DnB has refused call after call (a twentieth of eight a second).
"""


class Resting:
    """Brings a calmed world to rest, and raises `ViolationError` if something waits for nothing."""

    def __init__(self, world: "World") -> None:
        """Take the world."""
        self._world = world
        self._well_since = world.timeline.now
        self._unblocked_since: dict[Entity, float] = {}

    def come_to_rest(self) -> None:
        """Let time heal what it can, repair by hand only what a person must, and let the world come to rest again."""
        self.rest()
        if self._repair():
            self.rest()

    def rest(self) -> None:
        """Wait until nothing happens by itself any more."""
        now = self._well_since = self._world.timeline.now
        until, quiet_until, last = now + PATIENCE_SECONDS, self._timers_end(), self._progress()
        was_ailing = True
        while self._world.timeline.now < until:
            self._world.pass_time(1.0)
            self._look()
            if self._progress() != last or was_ailing:
                quiet_until, last = self._timers_end(), self._progress()
                was_ailing = self._ailing() != ""
            elif self._world.timeline.now >= quiet_until and not self._unrest():
                return
        raise ViolationError(f"the world does not come to rest: {self._unrest()}")

    def _repair(self) -> int:
        """Replay what nothing but a person releases or backfills, and return how many changes that were."""
        entries, watch = self._world.entries(), self._world.watch
        refused = {entity: watch.highest[entity] for entity, entry in entries.items() if _is_for_a_person(entry.parked)}
        ignored = {
            entity: version
            for entity, version in watch.ignored.items()
            if entity not in entries or entries[entity].highest < version
        }
        return sum(self._world.replay(entity, version) for entity, version in sorted((refused | ignored).items()))

    def _timers_end(self) -> float:
        """Return when every timer that the ledgers hold now has come."""
        now = self._world.timeline.now
        tries = (entry.parked.next_try for entry in self._world.entries().values() if entry.parked)
        return max([now + QUIET_SECONDS, *(at + OVERDUE_SECONDS for at in tries if at is not None)])

    def _progress(self) -> tuple[int, ...]:
        counts = self._world.watch.counts
        settled = (counts[name] for name in ("delivered", "unchanged", "healed", "verified", "released"))
        return (*settled, self._world.coordinator.generation)

    # -- nobody waits for nothing ------------------------------------------------------------------------------

    def _look(self) -> None:
        """Check, once everybody has been well for a while, that nothing has been passed over that wants work."""
        now = self._world.timeline.now
        if self._ailing():
            self._well_since = now
        is_well = now - self._well_since >= QUIET_SECONDS
        entries = self._world.entries()
        called_at = self._world.watch.called_at
        for entity, entry in entries.items():
            is_idle = is_well and now - called_at.get(entity.tenant, 0.0) > IDLE_SECONDS
            self._look_at_timer(entity, entry, is_idle=is_idle)
            self._look_at_dependency(entity, entries, is_idle=is_idle)

    def _look_at_timer(self, entity: Entity, entry: Entry, *, is_idle: bool) -> None:
        late = self._world.timeline.now - (entry.due or self._world.timeline.now)
        if is_idle and late > OVERDUE_SECONDS:
            raise ViolationError(f"{entity.key} is passed over: it is due since {late:.1f} s")

    def _look_at_dependency(self, entity: Entity, entries: dict[Entity, Entry], *, is_idle: bool) -> None:
        """Check that a change goes on at once when the dependency is delivered for which it was parked."""
        now, parked = self._world.timeline.now, entries[entity].parked
        dependency = entity_of(parked.blocked_by) if parked else None
        other = entries.get(dependency) if dependency is not None else None
        if dependency is None or other is None or other.dnb_id is None or not self._are_seen(entity, dependency):
            self._unblocked_since.pop(entity, None)
            return
        since = self._unblocked_since.setdefault(entity, now)
        if is_idle and now - max(since, self._well_since) > OVERDUE_SECONDS:
            raise ViolationError(f"{entity.key} waits for {dependency.key}, which is delivered")

    def _are_seen(self, *entities: Entity) -> bool:
        """Tell whether one replica owns them all: no other learns of a delivery at once."""
        owners = {self._world.coordinator.owner(self._world.home(entity)) for entity in entities}
        return len(owners) == 1

    def _ailing(self) -> str:
        """Return what is not well yet: a process that is down, stands still or is outside, or a partition alone."""
        for name, replica in self._world.replicas.items():
            if not replica.is_heard or not replica.is_member:
                return f"{name} is not back"
        for partition in self._world.inputs:
            if self._world.store_of(partition) is None:
                return f"partition {partition.number} has no owner"
        return ""

    def _unrest(self) -> str:
        """Return what is not at rest, empty if all is."""
        ailing = self._ailing()
        if ailing:
            return ailing
        for partition, log in self._world.inputs.items():
            committed = self._world.coordinator.committed.get(partition, 0)
            if log.records and committed <= log.records[-1].offset:
                return f"partition {partition.number} is committed to {committed} of {log.end}"
        for entity, entry in self._world.entries().items():
            parked = entry.parked
            if parked and parked.refusal is None:
                return f"{entity.key} version {parked.version} is parked as {parked.reason}"
            if entry.dirty_data is not None:
                return f"{entity.key} waits to be checked"
        return next((left for left in map(_left_over, self._world.replicas.values()) if left), "")


def _left_over(replica: Replica) -> str:
    """Return what a process still remembers that ends with the work it was for, empty for nothing.

    A process without partitions makes no call: a probe in its queue goes once it has some.
    """
    state = replica.memory
    raw = replica.intake._raw  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
    assignments = state.assignments.values()
    counts = {
        "lanes": max(state.lane_count, sum(len(one.lanes) for one in assignments)),
        "tickets": len(state.tickets) if assignments else 0,
        "shared reads": len(state.shared) if assignments else 0,
        "calls in flight": max(state.pacing.in_flight, len(replica.sink.in_flight)),
        "unacknowledged writes": len(state.pending),
        "timers": len(state.wakes),
        "awaited dependencies": len(state.dependents),
        "sweeps and loads": sum(len(one.sweeps) + len(one.loading) for one in assignments),
        "raw records": len(raw) if not replica.world.counts["fetch_repeated"] else 0,  # Kafka repeats nothing by itself
    }
    return ", ".join(f"{replica.name} holds {count} {what}" for what, count in counts.items() if count)


def _is_for_a_person(parked: Parked | None) -> bool:
    """Tell whether neither time nor the delivery of something else releases a parked change."""
    return parked is not None and parked.refusal is not None and parked.next_try is None
