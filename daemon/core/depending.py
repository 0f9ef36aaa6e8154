"""What must be in DnB first: a project needs its customer, an invoice both, a credit note its invoice.

A dependency that is open here is waited for. One that is not is looked up: in the ledger, which gives its DnB id, else
by the procedure in DnB, by number. What is found nowhere is waited for a while and then parked until it is delivered.
"""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from daemon.core.actions import Consult, Load
from daemon.core.lanes import Lane
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Kind
from daemon.core.procedure import Dependency, Refused
from daemon.core.state import Assignment, State, Work

FOREVER = float("inf")

MISSING_DEPENDENCY = "missing_dependency"
DEPENDENCY_REFUSED = "dependency_refused"
DEPENDENCY_DELAYED = "dependency_delayed"
"""The reasons of changes that are parked for the sake of another entity: its delivery releases them."""

Related = Mapping[Kind, int]


class Awaited(msgspec.Struct, frozen=True):
    """The lane waits: for the ledger's answer, or for a dependency that is on its way."""


class Blocked(msgspec.Struct, frozen=True):
    """A dependency is itself parked until a person repairs it: so long nothing that refers to it can be delivered."""

    dependency: Dependency
    because: Refused


class Delayed(msgspec.Struct, frozen=True):
    """A dependency of that kind is known and has failed for now: it will come, so nothing may do without it."""

    kind: Kind


class Depending:
    """Finds the dependencies of changes, and lets lanes wait for those that are on their way."""

    def __init__(self, state: State) -> None:
        """Share the planner's memory."""
        self._state = state

    def resolve(
        self, work: Work, dependencies: tuple[Dependency, ...], entries: Mapping[Entity, Entry] | None
    ) -> Related | Awaited | Blocked | Delayed:
        """Return the DnB ids that the ledger knows, or why the change must wait.

        `entries` is what the ledger told of them, None while it has not been asked. What neither a lane nor the ledger
        knows is left out: the procedure looks for it in DnB.
        """
        related: dict[Kind, int] = {}
        for dependency in dependencies:
            found = self._find(work, dependency, entries)
            match found:
                case int():
                    related[dependency.entity.kind] = found
                case Awaited() | Blocked() | Delayed():
                    return found
                case None:
                    if entries is None:
                        return self._consult(work, dependencies)
                case _ as never:
                    assert_never(never)
        return related

    def _find(
        self, work: Work, dependency: Dependency, entries: Mapping[Entity, Entry] | None
    ) -> int | Awaited | Blocked | Delayed | None:
        lane = self._state.lane_of(dependency.entity)
        if lane is not None and (dnb_id := self._of_company(lane.entry, dependency).dnb_id) is not None:
            return dnb_id
        if lane is not None:
            return None if self._waits_for(lane, work.lane) else self._await(work, dependency)
        entry = (entries or {}).get(dependency.entity)
        return None if entry is None else self._judge(work, dependency, self._of_company(entry, dependency))

    def _waits_for(self, lane: Lane, other: Lane) -> bool:
        """Tell whether a lane waits, perhaps through others, for the other one: then neither may wait for it."""
        seen: Lane | None = lane
        while seen is not None and seen is not other:
            seen = self._state.lane_of(seen.awaits) if seen.awaits is not None else None
        return seen is other

    def _judge(self, work: Work, dependency: Dependency, entry: Entry) -> int | Awaited | Blocked | Delayed | None:
        """Return what an entry says of a dependency that has no open lane."""
        parked = entry.parked
        if entry.dnb_id is not None or parked is None or not self._state.is_transferred(dependency.entity):
            return entry.dnb_id
        if parked.is_waiting:
            return self._take_first(work, dependency)
        return Blocked(dependency, parked.refusal) if parked.refusal else Delayed(dependency.entity.kind)

    def _of_company(self, entry: Entry, dependency: Dependency) -> Entry:
        tenant = self._state.tenants.get(dependency.entity.tenant)
        return entry.of_company(tenant.company) if tenant else entry

    def _consult(self, work: Work, dependencies: tuple[Dependency, ...]) -> Awaited:
        work.lane.phase = "consulting"
        wanted = tuple(dependency.entity for dependency in dependencies)
        assignment = work.assignment
        self._state.output.append(Consult(assignment.partition, assignment.generation, work.lane.entity, wanted))
        return Awaited()

    def _await(self, work: Work, dependency: Dependency) -> Awaited:
        self._state.await_delivery(work.lane, dependency.entity, FOREVER)
        return Awaited()

    def _take_first(self, work: Work, dependency: Dependency) -> Awaited:
        """Take a waiting dependency from the ledger before its turn; should that fail, look again after a while."""
        for assignment in self._state.assignments.values():
            if not assignment.ending and not assignment.is_catching_up(self._state.now):
                load = Load(
                    partition=assignment.partition,
                    generation=assignment.generation,
                    which="named",
                    tenant=dependency.entity.tenant,
                    about=dependency.entity,
                    limit=1,
                )
                self._state.output.append(load)
        until = self._state.now + self._state.policy.retrying.dependency_wait
        self._state.await_delivery(work.lane, dependency.entity, until)
        return Awaited()

    def concluded(self) -> list[Work]:
        """Return the works that waited for something concluded since, and sweep up what was parked for its sake."""
        concluded, self._state.concluded = self._state.concluded, []
        works: list[Work] = []
        for entity, is_delivered in concluded:
            works.extend(self._waiting_for(entity))
            for assignment in self._state.assignments.values() if is_delivered else ():
                if entity.tenant in assignment.blocked:
                    assignment.sweep(entity.tenant, entity)
                    self._state.hungry.add(entity.tenant)
        return works

    def look_again(self) -> None:
        """Ask what has been delivered of all that parked changes wait for.

        It may have been while nobody owned both partitions, or just before a crash that ended what it had released.
        """
        for assignment in self._state.assignments.values():
            if assignment.blocked:
                self._state.output.append(Consult(assignment.partition, assignment.generation, None))

    def release(self, assignment: Assignment, entries: Mapping[Entity, Entry]) -> None:
        """Sweep up what is parked for the sake of entities that the ledger knows as delivered."""
        for entity, entry in entries.items():
            tenant = self._state.tenants.get(entity.tenant)
            if tenant is not None and entry.of_company(tenant.company).dnb_id is not None:
                assignment.sweep(entity.tenant, entity)
                self._state.hungry.add(entity.tenant)

    def _waiting_for(self, dependency: Entity) -> list[Work]:
        works: list[Work] = []
        for entity in list(self._state.dependents.get(dependency, ())):
            for assignment in self._state.assignments.values():
                lane = assignment.lanes.get(entity)
                if lane and lane.current and lane.phase == "depending" and not assignment.ending:
                    works.append(Work(assignment, lane, lane.current))
        return works


def refused_dependency(dependency: Dependency, because: Refused) -> Refused:
    """Return the refusal of a change whose dependency is refused: it names the dependency and its repair."""
    kind = dependency.entity.kind
    return Refused(
        reason=DEPENDENCY_REFUSED,
        field=f"{kind}.{because.field}" if because.field else kind,
        value=dependency.number,
        rule=f"its {kind} must be in DnB first, and is refused: {because.reason}",
        repair=f"repair the {kind}: {because.repair}",
    )


def missing_dependency(dependency: Dependency) -> Refused:
    """Return what a person must do about a dependency that nobody knows."""
    kind = dependency.entity.kind
    return Refused(
        reason=MISSING_DEPENDENCY,
        field=f"{kind}Number" if kind != "invoice" else "creditedInvoice",
        value=dependency.number,
        rule=f"its {kind} must be in DnB first, and has neither come from Moment nor is it in DnB",
        repair=f"save the {kind} in Moment, so that it is sent",
    )
