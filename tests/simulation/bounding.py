"""How much a process may have open: records, and lanes that are at work."""

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from daemon.core.events import Event, Fetched
from daemon.core.model import Entity
from daemon.core.state import State

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.world import World

PORTIONS = 2
"""From each partition a portion of what is due, and one of what waits, may come into lanes that were free when they
were asked for, and that newer records have filled since.
"""


class Before(msgspec.Struct, frozen=True):
    """Of which entities lanes were open before a step, and which were awaited as dependencies."""

    open: frozenset[Entity] = frozenset()
    awaited: frozenset[Entity] = frozenset()


class Bounding:
    """Looks at what each process has open after every step.

    A lane whose entry is being written only waits for the ledger, and in a partition that is given up none goes on.
    What is fetched goes to work up to a tenant's bound, and up to that of all lanes and each tenant's part of as many
    beyond; an awaited dependency goes before both.
    """

    def __init__(self, world: "World") -> None:
        """Begin with nothing open."""
        self._world = world
        self._before: dict[Replica, Before] = {}

    def excess(self, replica: "Replica", event: Event) -> str:
        """Return what is more than may be open, empty for nothing."""
        bounds, state = self._world.policy.bounds, replica.memory
        in_hand = sum(assignment.offsets.open_count for assignment in state.assignments.values())
        most = bounds.open_in_all - 1 + replica.source.fetched_last
        if in_hand > most:
            return f"{in_hand} records are open, more than {most}"
        before, self._before[replica] = self._before.get(replica, Before()), _before(state)
        if not state.lane_count:
            return ""
        at_work = Counter(entity.tenant for entity in _at_work(state))
        most = bounds.open_per_tenant * (1 + PORTIONS * self._partitions(replica))
        for tenant, count in at_work.items():
            if count > most:
                return f"{count} changes of {tenant} are at work, more than {most}"
        return self._excess_of_fetched(state, before, at_work) if isinstance(event, Fetched) else ""

    def _excess_of_fetched(self, state: State, before: Before, at_work: Counter[str]) -> str:
        """Return what more a fetch has brought to work than may be; the last of it found the others there."""
        bounds = self._world.policy.bounds
        came = [entity for entity in _at_work(state) if entity not in before.open]
        awaited = before.awaited | state.dependents.keys()
        for tenant in {entity.tenant for entity in came if entity not in awaited}:
            others = [entity for entity in came if entity.tenant != tenant or entity in awaited]
            count = at_work[tenant] - sum(entity.tenant == tenant for entity in others)
            is_crowded = at_work.total() - len(others) > bounds.lanes_in_all
            part = max(1, bounds.lanes_in_all // len({entity.tenant for entity in before.open} | {tenant}))
            most = min(bounds.open_per_tenant, part) if is_crowded else bounds.open_per_tenant
            if count > most:
                return f"{count} changes of {tenant} are at work, more than the {most} that are taken in"
        return ""

    def _partitions(self, replica: "Replica") -> int:
        """Return in how many of a process's partitions a tenant's changes may be."""
        return 1 if self._world.schedule.is_keyed_by_tenant else len(replica.source.owned)


def _before(state: State) -> Before:
    lanes = (entity for assignment in state.assignments.values() for entity in assignment.lanes)
    return Before(frozenset(lanes), frozenset(state.dependents))


def _at_work(state: State) -> list[Entity]:
    begun = (assignment for assignment in state.assignments.values() if not assignment.ending)
    lanes = (lane for assignment in begun for lane in assignment.lanes.values())
    return [lane.entity for lane in lanes if lane.phase != "recording"]
