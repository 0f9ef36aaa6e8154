"""The planner: every event goes in here, every action comes out of here. It composes its parts and nothing else."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from daemon.core.actions import Action, Commit, Pause, Resume
from daemon.core.admitting import Admitting
from daemon.core.calling import Calling
from daemon.core.delivering import Delivering
from daemon.core.depending import Depending
from daemon.core.events import (
    Assigned,
    Committed,
    Consulted,
    DeadLettered,
    Event,
    Fetched,
    Followed,
    HoldChanged,
    Loaded,
    Lost,
    NotSent,
    Recorded,
    Replied,
    Revoking,
    TenantsChanged,
    TokenRenewed,
    Woke,
)
from daemon.core.model import Entity, Kind, Partition, Tenant
from daemon.core.notices import Held, HoldEnded, Notice, ParkedMoved
from daemon.core.pacing import FOREVER
from daemon.core.parting import Parting
from daemon.core.procedure import Probe, Recipe
from daemon.core.recording import Recording
from daemon.core.refilling import Refilling
from daemon.core.state import ALL_TENANTS, CATCH_UP_RECORDS, CATCH_UP_SECONDS, Assignment, Policy, State, Work


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the planner holds at an instant, for gauges; `quota` is this replica's, in calls per second.

    `window` is how many calls may be in flight, `load` what `Pacing.load` says.
    """

    in_hand: int
    parked_now: int
    in_flight: int
    window: int
    load: float
    partitions: int
    oldest_open: float | None
    quota: float
    held_tenants: int
    is_client_held: bool
    is_outage: bool


class Planner:
    """Decides what is delivered, when and in which order.

    Give it every event with the present instant through `handle`, carry out the actions it returns in order, and
    give it `Woke` at `next_wake` if nothing else happens before.
    """

    def __init__(self, policy: Policy, recipes: Mapping[Kind, Recipe], probe: Probe) -> None:
        """Start without partitions and tenants; kinds without a recipe are ignored."""
        self._state = State(policy, recipes, probe)
        self._recording = Recording(self._state)
        self._calling = Calling(self._state)
        self._depending = Depending(self._state)
        self._delivering = Delivering(self._state, self._recording, self._calling, self._depending)
        self._admitting = Admitting(self._state, self._recording, self._delivering)
        self._refilling = Refilling(self._state, self._delivering)
        self._parting = Parting(self._state, self._calling)
        self._committed_at = 0.0
        self._joined_at = 0.0
        self._committing: frozenset[Partition] | None = None
        self._next_commit = FOREVER
        self._is_paused = False

    def handle(self, event: Event, now: float) -> list[Action | Notice]:
        """Return what the event asks for, in the order in which it must be carried out."""
        self._state.now = now
        self._dispatch(event)
        self._wake()
        self._pace_fetching()
        self._admitting.catch_up()
        self._parting.step()
        if self._state.are_holds_changed:
            self._apply_holds()
        self._go_on()
        self._refilling.look()
        self._grant()
        self._commit()
        output, self._state.output = self._state.output, []
        return output

    def next_wake(self, now: float) -> float:
        """Return the instant at which `Woke` is needed if no other event comes; infinite if at none."""
        instants = [self._next_commit if self._committing is None and self._state.assignments else FOREVER]
        instants.append(self._state.pacing.next_grant(now) if not self._is_fenced(now) else FOREVER)
        if self._state.wakes:
            instants.append(self._state.wakes[0][0])
        for assignment in self._state.assignments.values():
            if assignment.ending:
                instants.append(assignment.deadline)
            elif assignment.is_catching_up(now):
                instants.append(assignment.caught_up_by)
            elif assignment.next_due is not None and self._refilling.may_load(assignment):
                instants.append(assignment.next_due)
        return min(instants)

    def status(self, now: float) -> Status:
        """Return what the planner holds now."""
        assignments = self._state.assignments.values()
        pacing = self._state.pacing
        return Status(
            in_hand=sum(assignment.offsets.open_count for assignment in assignments),
            parked_now=sum(assignment.parked for assignment in assignments),
            in_flight=pacing.in_flight,
            window=pacing.window,
            load=pacing.load(now),
            partitions=len(assignments),
            oldest_open=min(self._opened(), default=None),
            quota=pacing.rate,
            held_tenants=sum(self._is_held(name, now) for name in self._state.tenants),
            is_client_held=pacing.held_until > now,
            is_outage=pacing.is_outage,
        )

    def _is_held(self, name: str, now: float) -> bool:
        return not self._state.is_served(name) or self._state.pacing.released_at(name) > now

    def _opened(self) -> list[float]:
        """Return when the changes happened in Moment that are open here."""
        lanes = [lane for assignment in self._state.assignments.values() for lane in assignment.lanes.values()]
        return [item.change.occurred_at for lane in lanes for item in (lane.current, lane.queued) if item]

    # -- events ------------------------------------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        match event:
            case Fetched() | Loaded() | Consulted() | HoldChanged() | Followed():
                self._for_assignment(event)
            case Replied() | NotSent() | TokenRenewed():
                self._for_call(event)
            case Recorded(tickets) | DeadLettered(tickets):
                self._acknowledged(tickets)
            case Assigned() | Revoking() | Lost() | Committed():
                self._for_group(event)
            case TenantsChanged(tenants):
                self._tenants_changed(tenants)
            case Woke():
                pass
            case _ as never:
                assert_never(never)

    def _for_call(self, event: Replied | NotSent | TokenRenewed) -> None:
        match event:
            case Replied():
                self._delivering.replied(event)
            case NotSent():
                self._delivering.not_sent(event)
            case TokenRenewed():
                self._calling.token_renewed(event)
            case _ as never:
                assert_never(never)

    def _for_group(self, event: Assigned | Revoking | Lost | Committed) -> None:
        match event:
            case Assigned():
                self._assigned(event)
            case Committed():
                self._committed(event)
            case Revoking(partitions, deadline):
                for assignment in self._ours(partitions):
                    self._parting.begin(assignment, deadline)
            case Lost(partitions):
                for assignment in self._ours(partitions):
                    self._parting.release(assignment)
            case _ as never:
                assert_never(never)

    def _ours(self, partitions: tuple[Partition, ...]) -> list[Assignment]:
        return [self._state.assignments[partition] for partition in partitions if partition in self._state.assignments]

    def _assigned(self, event: Assigned) -> None:
        assignment = Assignment(event.partition, event.generation, event.position)
        assignment.is_handed_over = event.handed_over
        assignment.suspect_before = 0 if event.handed_over else event.end
        if assignment.suspect_before > event.position:
            assignment.caught_up_at = min(assignment.suspect_before, event.position + CATCH_UP_RECORDS)
            assignment.caught_up_by = self._state.now + CATCH_UP_SECONDS
        assignment.former_kinds = event.former_kinds
        assignment.late_until = self._state.now + self._state.policy.retrying.late_bound
        assignment.parked = event.parked
        assignment.waiting = set(event.waiting_tenants)
        assignment.waiting_live = set(event.waiting_tenants)
        assignment.blocked = set(event.blocked_tenants)
        assignment.holds = dict(event.holds)
        assignment.next_due = event.next_due
        assignment.share = event.share
        if not self._state.assignments:
            self._committed_at = 0.0
            self._joined_at = self._state.now
        self._state.assignments[event.partition] = assignment
        self._state.ever_known |= event.known_tenants
        self._state.hungry |= event.waiting_tenants
        self._state.output.append(ParkedMoved("restored", event.parked))
        self._next_commit = self._state.now
        self._depending.look_again()
        self._state.are_holds_changed = True
        if not self._is_paused:
            self._state.output.append(Resume((event.partition,)))

    def _for_assignment(self, event: Fetched | Loaded | Consulted | HoldChanged | Followed) -> None:
        """Give the event to its assignment, unless that has ended or is ending."""
        assignment = self._state.assignments.get(event.partition)
        if assignment is None or assignment.generation != event.generation or assignment.ending:
            return
        match event:
            case Fetched():
                self._admitting.fetched(assignment, event)
            case Loaded():
                self._refilling.loaded(assignment, event)
            case Consulted():
                self._delivering.consulted(assignment, event)
            case HoldChanged():
                self._hold_changed(assignment, event)
            case Followed():
                self._recording.follow(assignment, event)
                self._delivering.give_way(assignment, event.entity)
            case _ as never:
                assert_never(never)

    def _acknowledged(self, tickets: tuple[int, ...]) -> None:
        for ticket in tickets:
            work = self._recording.acknowledge(ticket)
            if work is not None:
                self._delivering.proceed(work.assignment, work.lane)

    def _committed(self, event: Committed) -> None:
        committed, self._committing = self._committing or frozenset(), None
        if event.accepted and event.sent_at >= self._joined_at:
            self._committed_at = max(self._committed_at, event.sent_at)
        for assignment in self._ours(tuple(committed)):
            if assignment.ending == "committing":
                self._parting.release(assignment)

    def _tenants_changed(self, tenants: Mapping[str, Tenant]) -> None:
        before, self._state.tenants = self._state.tenants, tenants
        known, self._state.ever_known = self._state.ever_known, self._state.ever_known | tenants.keys()
        for tenant in tenants.values():
            self._state.pacing.admit(tenant)
        for name, tenant in tenants.items():
            if name in before and before[name] == tenant:
                continue
            self._state.denials.pop(name, None)
            self._state.vouched_until.pop(name, None)
            if name in known and (name not in before or before[name].kinds != tenant.kinds):
                self._refilling.take_anew(name)  # also of one that is back: what it transferred is not remembered
            self._refilling.serve_again(name)
            if name in known:
                self._refilling.release_refused(name)
        for name in before.keys() | tenants.keys():
            if not self._state.is_served(name) or before.get(name) != tenants.get(name):
                self._delivering.shelve(name)

    def _hold_changed(self, assignment: Assignment, event: HoldChanged) -> None:
        if event.until is None:
            assignment.holds.pop(event.scope, None)
        else:
            assignment.holds[event.scope] = event.until
        self._state.are_holds_changed = True

    def _apply_holds(self) -> None:
        """Hold whom a person holds in any of our partitions, and serve the others again."""
        before, held = self._state.held_until, dict[str, float]()
        for assignment in self._state.assignments.values():
            for scope, until in assignment.holds.items():
                held[scope] = max(held.get(scope, 0.0), until)
        self._state.held_until = held
        self._state.are_holds_changed = False
        for scope, until in held.items():
            if until < FOREVER:
                self._state.wake(until, scope)
        for scope in sorted(before.keys() | held.keys()):
            if before.get(scope) != held.get(scope):
                self._tell_hold(scope, held.get(scope))
                self._hold_or_serve(scope)

    def _tell_hold(self, scope: str, until: float | None) -> None:
        tenant = None if scope == ALL_TENANTS else scope
        if until is None or until <= self._state.now:
            self._state.output.append(HoldEnded(tenant))
        else:
            self._state.output.append(Held(tenant, "by_hand", until - self._state.now if until < FOREVER else None))

    def _hold_or_serve(self, scope: str) -> None:
        for name in self._state.tenants if scope == ALL_TENANTS else (scope,):
            if self._state.is_held(name):
                self._delivering.shelve(name)
            else:
                self._wake_tenant(name)

    # -- what every event may bring about ----------------------------------------------------------------------

    def _go_on(self) -> None:
        """Start again what waited for an entity about which something was concluded."""
        for work in self._depending.concluded():
            if work.lane.phase == "depending" and work.lane.current is work.item:
                self._delivering.start(self._delivering.supersede(work))

    def _wake(self) -> None:
        for whom in self._state.woken():
            if isinstance(whom, Entity):
                self._wake_lane(whom)
            else:
                self._wake_tenant(whom)

    def _wake_lane(self, entity: Entity) -> None:
        for assignment in self._state.assignments.values():
            lane = assignment.lanes.get(entity)
            is_waiting = lane is not None and lane.phase in {"backing_off", "depending"}
            is_time = lane is not None and is_waiting and lane.retry_at <= self._state.now
            if lane and lane.current and is_time and not assignment.ending:
                self._delivering.start(Work(assignment, lane, lane.current))

    def _wake_tenant(self, name: str) -> None:
        if name == ALL_TENANTS:
            self._hold_or_serve(name)
            return
        tenant = self._state.tenants.get(name)
        if tenant is None or tenant.held or self._state.is_held(name):
            return
        if self._state.pacing.released_at(name) > self._state.now:
            return
        if name not in self._state.denials:
            self._refilling.serve_again(name)
        elif name not in self._state.probing:
            self._delivering.probe(tenant)

    def _is_fenced(self, now: float) -> bool:
        """Tell whether the group may have given our partitions away without our knowing."""
        return now >= self._committed_at + self._state.policy.bounds.fence

    def _grant(self) -> None:
        self._state.pacing.share(self._share(), self._state.now)
        if not self._is_fenced(self._state.now):
            self._delivering.grant(self._committed_at + self._state.policy.bounds.fence)

    def _share(self) -> float:
        return sum(assignment.share for assignment in self._state.assignments.values())

    def _commit(self) -> None:
        """Commit real offsets every so often, moved or not: the age of the last commit is what fences us."""
        offsets = {partition: one.offsets.watermark for partition, one in self._state.assignments.items()}
        parting = frozenset(p for p, one in self._state.assignments.items() if one.ending == "committing")
        is_time = bool(parting) or self._state.now >= self._next_commit
        if not offsets or self._committing is not None or not is_time:
            return
        self._committing = parting
        self._next_commit = self._state.now + self._state.policy.bounds.commit_every
        self._state.output.append(Commit(offsets))

    def _pace_fetching(self) -> None:
        """Pause fetching while too much is open, and resume it when half of that is settled.

        Who may read no more must begin with what was read.
        """
        open_count = sum(assignment.offsets.open_count for assignment in self._state.assignments.values())
        bound = self._state.policy.bounds.open_in_all
        partitions = tuple(self._state.assignments)
        if not self._is_paused and open_count >= bound:
            self._is_paused = True
            self._state.output.append(Pause(partitions))
            for assignment in self._state.assignments.values():
                assignment.caught_up_by = min(assignment.caught_up_by, self._state.now)
        elif self._is_paused and open_count <= bound // 2:
            self._is_paused = False
            self._state.output.append(Resume(partitions))
