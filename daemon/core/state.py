"""Everything the planner remembers: assignments, tickets, pending ledger writes, timers, and the actions it gathers."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from daemon.core.actions import Action
from daemon.core.lanes import Item, Lane
from daemon.core.ledger import Entry
from daemon.core.model import Change, Entity, Generation, Kind, Partition, Tenant
from daemon.core.notices import Notice, Settled, Settlement
from daemon.core.offsets import Offsets
from daemon.core.pacing import Limits, Pacing
from daemon.core.procedure import Call, Dependency, Probe, Procedure, Recipe
from daemon.core.retrying import Retrying

VOUCHED_SECONDS = 60.0
"""So long a successful probe speaks for a tenant: a call that is denied meanwhile is denied for its own sake."""

PATIENCE_SECONDS = 5.0
"""A hold up to this long is waited out in the lanes: parking a change costs a ledger record, which costs more."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be open, in records, and the times of the group, in seconds.

    `lanes_in_all` is how many lanes the tenants may open as they like; each has its part of as many beyond. A lane has
    at most two open records, so that these twice as many leave half of `open_in_all` free even when nothing gets on:
    else fetching, once paused, would never go on in an outage.

    `fence` is how old the last commit may be when a call starts: the session timeout less the request timeout.
    """

    open_per_tenant: int = 1_000
    open_in_all: int = 20_000
    lanes_in_all: int = 2_500
    commit_every: float = 2.0
    fence: float = 15.0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All that the settings decide about the planner."""

    retrying: Retrying = Retrying()
    limits: Limits = Limits()
    bounds: Bounds = Bounds()


Ending = Literal["finishing", "handing_over", "committing"]
"""How far a revoked partition is: calls in flight finish, the handover is written, the last offset is committed."""

CATCH_UP_RECORDS = 22_000
"""So many records beyond its watermark a former owner may have had open: these are read before anything is begun."""

CATCH_UP_SECONDS = 60.0
"""Reading them takes a second, or as long as a broker needs to come back. Should the log have lost its end, so that
they never come, work begins then.
"""

ALL_TENANTS = "*"
"""The scope of a hold that concerns every tenant."""


class Sweep:
    """A walk through the parked changes of a tenant that something has released, in portions, each taken once.

    `about` is the dependency that was delivered; None if all that was refused is tried again. `is_anew` asks for
    another walk after this one: something may have been parked behind it.
    """

    __slots__ = ("about", "after", "is_anew", "is_asked", "tenant")

    def __init__(self, tenant: str, about: Entity | None) -> None:
        """Begin before the first key."""
        self.tenant = tenant
        self.about = about
        self.after = ""
        self.is_asked = False
        self.is_anew = False


class Assignment:
    """One partition while it is ours: its offsets, its open lanes, and what its ledger still holds for later.

    Without a handover the newest of two versions may have been delivered already: nothing is begun before the offset
    `caught_up_at` is read, or the instant `caught_up_by` has come. `waiting` are the tenants of which changes wait for
    their turn, `waiting_live` those of which some of these are live. `unseen` and `unseen_due` are what was noted since
    the store was last asked: its answer may be older than that.
    """

    def __init__(self, partition: Partition, generation: Generation, position: int) -> None:
        """Begin at `position`; the planner fills in what the `Assigned` event tells besides."""
        self.partition = partition
        self.generation = generation
        self.offsets = Offsets(position)
        self.lanes: dict[Entity, Lane] = {}
        self.attempts: dict[Entity, Attempt] = {}
        self.suspect_before = 0
        self.caught_up_at = 0
        self.caught_up_by = 0.0
        self.late_until = 0.0
        self.is_handed_over = True
        self.former_kinds: Mapping[str, frozenset[str]] = {}
        self.parked = 0
        self.waiting: set[str] = set()
        self.waiting_live: set[str] = set()
        self.blocked: set[str] = set()
        self.holds: dict[str, float] = {}
        self.sweeps: dict[str | Entity, Sweep] = {}
        self.loading: set[tuple[str, str | None]] = set()
        self.next_due: float | None = None
        self.unseen: set[str] = set()
        self.unseen_due: float | None = None
        self.share = 0.0
        self.ending: Ending | None = None
        self.deadline = 0.0

    def is_catching_up(self, now: float) -> bool:
        """Tell whether a newer version of what is known may lie in what the former owner had in work, unread yet."""
        return self.offsets.position < self.caught_up_at and now < self.caught_up_by

    def note(self, tenant: str, entry: Entry) -> None:
        """Remember that the ledger holds an entry of the tenant that wants work later, if it does."""
        self.note_due(entry.due)
        if entry.parked is None:
            return
        if entry.parked.is_waiting:
            self.waiting.add(tenant)
            self.unseen.add(tenant)
            if not entry.parked.is_background:
                self.waiting_live.add(tenant)
        if entry.parked.blocked_by:
            self.blocked.add(tenant)

    def sweep(self, tenant: str, about: Entity | None) -> None:
        """Walk through what a delivery of `about`, or with None the tenant's new terms, may have released."""
        subject = about or tenant
        if subject in self.sweeps:
            self.sweeps[subject].is_anew = True
        else:
            self.sweeps[subject] = Sweep(tenant, about)

    def note_due(self, instant: float | None) -> None:
        """Remember that the ledger holds something that is due then."""
        self.next_due = _earlier(self.next_due, instant)
        self.unseen_due = _earlier(self.unseen_due, instant)


class Work(msgspec.Struct, frozen=True):
    """An item of a lane of an assignment: what an attempt, a parking and a settlement are about."""

    assignment: Assignment
    lane: Lane
    item: Item


class Attempt:
    """One run of a procedure: for a lane's item, or for a tenant's probe (then `work` is None).

    `has_turn`: a call of its own was answered (a read that it shares with others does not count), or it stands for an
    older version whose turn had come; what it asks for next goes before what others have not begun.
    """

    __slots__ = (
        "blocked_by",
        "dependencies",
        "fingerprint",
        "has_turn",
        "has_written",
        "is_alive",
        "is_delayed",
        "number",
        "procedure",
        "started_at",
        "tenant",
        "ticket",
        "work",
    )

    procedure: Procedure

    def __init__(self, tenant: Tenant, *, started_at: float) -> None:
        """Begin for the tenant as it is now; the caller sets the procedure, not stepped yet."""
        self.tenant = tenant
        self.started_at = started_at
        self.work: Work | None = None
        self.fingerprint = ""
        self.number = ""
        self.dependencies: tuple[Dependency, ...] = ()
        self.blocked_by = ""
        self.is_delayed = False
        self.ticket = 0
        self.has_written = False
        self.has_turn = False
        self.is_alive = True


class Ticket:
    """One call that queues or is in flight, and the attempts that its reply goes to."""

    __slots__ = ("attempts", "call", "company", "granted_at", "is_background", "is_granted", "tenant")

    def __init__(self, tenant: str, company: str, call: Call, *, is_background: bool) -> None:
        """Take the call of one tenant, for its company as the attempt that makes it knows it."""
        self.tenant = tenant
        self.company = company
        self.call = call
        self.is_background = is_background
        self.attempts: list[Attempt] = []
        self.is_granted = False
        self.granted_at = 0.0


class EntryPending(msgspec.Struct, frozen=True):
    """An entry that is written and not acknowledged, and how its acknowledgement settles the item's record."""

    work: Work
    entry: Entry
    settlement: Settlement
    reason: str


class LetterPending(msgspec.Struct, frozen=True):
    """A dead letter that is written and not acknowledged."""

    assignment: Assignment
    offset: int
    reason: str


class AgainPending(msgspec.Struct, frozen=True):
    """A greater entry that is written again behind a lesser one, and not acknowledged.

    `work` is set if the lesser one was this work's: its lane goes on when the store holds the greater one again.
    """

    assignment: Assignment
    entity: Entity
    entry: Entry
    work: Work | None = None


class HandOverPending(msgspec.Struct, frozen=True):
    """A handover that is written and not acknowledged."""

    assignment: Assignment


Pending = EntryPending | LetterPending | AgainPending | HandOverPending


class State:
    """The planner's memory. The parts of the planner share it; nothing outside `core` sees it."""

    def __init__(self, policy: Policy, recipes: Mapping[Kind, Recipe], probe: Probe) -> None:
        """Start with no partition and no tenant."""
        self.policy = policy
        self.recipes = recipes
        self.probe = probe
        self.now = 0.0
        self.output: list[Action | Notice] = []
        self.tenants: Mapping[str, Tenant] = {}
        self.ever_known: set[str] = set()
        self.pacing = Pacing(policy.limits)
        self.assignments: dict[Partition, Assignment] = {}
        self.open_lanes: Counter[str] = Counter()
        self.lane_count = 0
        self.tickets: dict[int, Ticket] = {}
        self.shared: dict[tuple[str, str], int] = {}
        self.pending: dict[int, Pending] = {}
        self.denials: Counter[str] = Counter()
        self.vouched_until: dict[str, float] = {}
        self.throttles: Counter[str] = Counter()
        self.probing: dict[str, Attempt] = {}
        self.hungry: set[str] = set()
        self.crowded: set[str] = set()
        self.dependents: dict[Entity, dict[Entity, None]] = {}
        self.concluded: list[tuple[Entity, bool]] = []
        self.held_until: dict[str, float] = {}
        self.are_holds_changed = False
        self.token_refusals = 0
        self.wakes: list[tuple[float, int, Entity | str]] = []
        self._serial = 0

    def serial(self) -> int:
        """Return a number never returned before: tickets, and the order of equal instants."""
        self._serial += 1
        return self._serial

    def wake(self, instant: float, whom: Entity | str) -> None:
        """Remember to look at an entity's lane or a tenant at that instant."""
        heapq.heappush(self.wakes, (instant, self.serial(), whom))

    def woken(self) -> Iterable[Entity | str]:
        """Take and return the entities and tenants whose instant has come."""
        while self.wakes and self.wakes[0][0] <= self.now:
            yield heapq.heappop(self.wakes)[2]

    def is_served(self, name: str) -> bool:
        """Tell whether the tenant's changes may go into lanes; otherwise they wait in the ledger."""
        tenant = self.tenants.get(name)
        if tenant is None or tenant.held is not None or name in self.denials or self.is_held(name):
            return False
        return self.pacing.released_at(name) - self.now <= PATIENCE_SECONDS

    def denied_elsewhere(self) -> set[str]:
        """Return the tenants that were denied, or are being probed, and of which nothing is here any more."""
        here = {name for assignment in self.assignments.values() for name in assignment.waiting}
        return (self.denials.keys() | self.probing.keys()) - here - self.open_lanes.keys()

    def is_held(self, name: str) -> bool:
        """Tell whether a person holds the tenant, or everything."""
        return any(self.held_until.get(scope, 0.0) > self.now for scope in (name, ALL_TENANTS))

    def is_transferred(self, entity: Entity) -> bool:
        """Tell whether the entity's kind is one that this program delivers and its tenant, if known, asks for."""
        tenant = self.tenants.get(entity.tenant)
        return entity.kind in self.recipes and (tenant is None or entity.kind in tenant.kinds)

    def may_go(self, entity: Entity) -> bool:
        """Tell whether calls may be made for the entity: its tenant is served, and its kind is transferred."""
        return self.is_served(entity.tenant) and self.is_transferred(entity)

    def settle(self, assignment: Assignment, item: Item, settlement: Settlement, reason: str = "") -> None:
        """Settle an item's record if it has one."""
        if item.offset is not None:
            self.settle_change(assignment, item.offset, item.change, settlement, reason)

    def supersede(self, assignment: Assignment, lane: Lane, item: Item) -> None:
        """Settle an item that a newer one of its lane has taken the place of, unless the lane holds it back."""
        settled = lane.hold_back(item)
        if settled is not None:
            self.settle(assignment, settled, "superseded")

    def settle_held_back(self, assignment: Assignment, lane: Lane) -> None:
        """Settle what was held back: the ledger tells by now what it told."""
        if lane.held_back is not None:
            self.settle(assignment, lane.held_back, "superseded")
            lane.held_back = None

    def settle_change(
        self, assignment: Assignment, offset: int, change: Change, settlement: Settlement, reason: str = ""
    ) -> None:
        """Settle the record of a change."""
        notice = Settled(
            settlement=settlement,
            partition=assignment.partition,
            offset=offset,
            tenant=change.entity.tenant,
            entity=change.entity,
            version=change.version,
            reason=reason,
            occurred_at=change.occurred_at,
        )
        self.settle_offset(assignment, notice)

    def settle_offset(self, assignment: Assignment, notice: Settled) -> None:
        """Settle the record that the notice tells of."""
        assignment.offsets.settle(notice.offset)
        self.output.append(notice)

    def open_lane(self, assignment: Assignment, entity: Entity, entry: Entry | None) -> Lane:
        """Open the entity's lane with what the ledger holds of it for the tenant's present company."""
        tenant = self.tenants.get(entity.tenant)
        known = entry or Entry()
        lane = Lane(entity, known.of_company(tenant.company) if tenant else known)
        assignment.lanes[entity] = lane
        self.open_lanes[entity.tenant] += 1
        self.lane_count += 1
        return lane

    def lanes_at_most(self, tenant: str) -> int:
        """Return how many lanes of the tenant may be open; once all have many, only its part of what they may have."""
        bounds = self.policy.bounds
        if self.lane_count < bounds.lanes_in_all:
            return bounds.open_per_tenant
        tenants = len(self.open_lanes) + (tenant not in self.open_lanes)
        return min(bounds.open_per_tenant, max(1, bounds.lanes_in_all // tenants))

    def close_lane(self, assignment: Assignment, lane: Lane) -> None:
        """Close a lane that has nothing left to do."""
        self.await_nothing(lane)
        if lane.entity in self.dependents:
            self.concluded.append((lane.entity, False))
        del assignment.lanes[lane.entity]
        self._count_closed(lane.entity.tenant)
        self.hungry.add(lane.entity.tenant)

    def _count_closed(self, tenant: str) -> None:
        self.lane_count -= 1
        self.open_lanes[tenant] -= 1
        if not self.open_lanes[tenant]:
            del self.open_lanes[tenant]

    def lane_of(self, entity: Entity) -> Lane | None:
        """Return the entity's open lane in whichever partition of ours it is."""
        lanes = (assignment.lanes.get(entity) for assignment in self.assignments.values())
        return next((lane for lane in lanes if lane is not None), None)

    def await_delivery(self, lane: Lane, dependency: Entity, until: float) -> None:
        """Let a lane wait until something is concluded about its dependency, or until that instant."""
        self.await_nothing(lane)
        lane.phase, lane.awaits, lane.retry_at = "depending", dependency, until
        self.dependents.setdefault(dependency, {})[lane.entity] = None
        if until < float("inf"):
            self.wake(until, lane.entity)

    def await_nothing(self, lane: Lane) -> None:
        """Forget what a lane waited for."""
        if lane.awaits is None:
            return
        waiting = self.dependents.get(lane.awaits, {})
        waiting.pop(lane.entity, None)
        if not waiting:
            self.dependents.pop(lane.awaits, None)
        lane.awaits = None


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((instant for instant in (one, other) if instant is not None), default=None)
