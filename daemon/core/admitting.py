"""Taking records in: which settle at once, which wait in the ledger, and which enter a lane."""

from typing import assert_never

from daemon.core.delivering import Delivering
from daemon.core.events import Arrival, Fetched
from daemon.core.lanes import Item, Lane
from daemon.core.ledger import Entry
from daemon.core.model import Change, Ignored, Tenant, Undecodable
from daemon.core.notices import Conflicted, Received, Settled
from daemon.core.procedure import Prepared
from daemon.core.recording import Recording
from daemon.core.state import Assignment, State, Work
from daemon.core.stepping import is_draft, prepare

ANY_NUMBER = 2**31 - 1
"""The last number of a tenant whose range is not known: DnB has no greater ones."""


class Admitting:
    """Decides what becomes of each fetched record."""

    def __init__(self, state: State, recording: Recording, delivering: Delivering) -> None:
        """Share the planner's memory, its way to the ledger and its lanes."""
        self._state = state
        self._recording = recording
        self._delivering = delivering

    def fetched(self, assignment: Assignment, event: Fetched) -> None:
        """Take the records that have not been taken before; a repeated fetch brings nothing new."""
        new = [arrival for arrival in event.arrivals if arrival.offset >= assignment.offsets.position]
        self._state.output.append(Received(len(new)))
        for arrival in new:
            assignment.offsets.open(arrival.offset)
            self._take(assignment, arrival)
        assignment.offsets.advance(event.position)

    def catch_up(self) -> None:
        """Begin what was held back, once all that a former owner may have had in work is read."""
        for assignment in self._state.assignments.values():
            if assignment.caught_up_at and not assignment.is_catching_up(self._state.now):
                assignment.caught_up_at = 0
                swept = {sweep.tenant for sweep in assignment.sweeps.values()}
                self._state.hungry |= assignment.waiting | swept
                for lane in list(assignment.lanes.values()):
                    if lane.current is None and lane.queued is not None:
                        self._delivering.proceed(assignment, lane)

    def _take(self, assignment: Assignment, arrival: Arrival) -> None:
        match arrival.message:
            case Undecodable() as cause:
                self._recording.dead_letter(assignment, arrival.offset, cause)
            case Ignored(reason, tenant):
                notice = Settled(
                    settlement="ignored",
                    partition=assignment.partition,
                    offset=arrival.offset,
                    tenant=tenant,
                    reason=reason,
                )
                self._state.settle_offset(assignment, notice)
            case Change() as change:
                self._admit(assignment, change, arrival)
            case _ as never:
                assert_never(never)

    def _admit(self, assignment: Assignment, change: Change, arrival: Arrival) -> None:
        tenant = self._state.tenants.get(change.entity.tenant)
        if tenant is None and change.entity.tenant not in self._state.ever_known:
            self._state.settle_change(assignment, arrival.offset, change, "ignored", "tenant")
        elif not (self._state.is_transferred(change.entity) or self._is_in_hand(assignment, change, arrival)):
            self._state.settle_change(assignment, arrival.offset, change, "ignored", "kind")
        else:
            lane = assignment.lanes.get(change.entity)
            known = lane.entry if lane else _known(arrival.entry, tenant)
            highest = lane.version_seen if lane else known.highest
            if change.version > highest and is_draft(self._state.recipes[change.entity.kind], change):
                self._state.settle_change(assignment, arrival.offset, change, "ignored", "draft")
            elif change.version > highest or (change.version == highest and _is_asked_for(change, lane, known)):
                is_background = change.replay is not None
                item = Item(change, arrival.offset, "record", is_suspect=False, is_background=is_background)
                self._enter(assignment, item, lane, known)
            else:
                is_conflict = change.version == highest and self._conflicts(change, tenant, lane, known)
                self._stale(assignment, change, arrival.offset, is_conflict=is_conflict)

    def _is_in_hand(self, assignment: Assignment, change: Change, arrival: Arrival) -> bool:
        """Tell whether an older version of the entity waits to be delivered, or this one may have been attempted.

        Such a change waits for its kind to be transferred again, as the older one does: that would else be delivered
        without it, or over it. An entity that the ledger does not know may have been in creation all the same, if
        former owners transferred its kind.
        """
        entity, entry = change.entity, arrival.entry
        if entity in assignment.lanes:
            return True
        if entity.kind not in self._state.recipes:
            return False
        is_tail = not assignment.is_handed_over and arrival.offset < assignment.suspect_before
        if entry is None:
            return is_tail and entity.kind in assignment.former_kinds.get(entity.tenant, ())
        return is_tail or entry.parked is not None

    def _stale(self, assignment: Assignment, change: Change, offset: int, *, is_conflict: bool) -> None:
        if is_conflict:
            self._state.output.append(Conflicted(change.entity, change.version))
        self._state.settle_change(assignment, offset, change, "stale", "version_conflict" if is_conflict else "")

    def _conflicts(self, change: Change, tenant: Tenant | None, lane: Lane | None, known: Entry) -> bool:
        """Tell whether a record brings other content under the highest version that is known."""
        content = (lane or Lane(change.entity, known)).content_of(change.version)
        if tenant is None or content == change.data:
            return False
        fingerprint = self._fingerprint(tenant, change)
        if content is None:
            other = known.fingerprint
        else:
            other = self._fingerprint(tenant, Change(change.entity, change.version, change.occurred_at, content))
        return _scheme(fingerprint) == _scheme(other) and fingerprint != other

    def _fingerprint(self, tenant: Tenant, change: Change) -> str:
        prepared = prepare(self._state.recipes[change.entity.kind], tenant, change)
        return prepared.fingerprint if isinstance(prepared, Prepared) else ""

    def _enter(self, assignment: Assignment, item: Item, lane: Lane | None, known: Entry) -> None:
        item.is_suspect = _is_suspect(assignment, item, known)
        if lane is None:
            self._open(assignment, item, known)
            return
        if item.is_suspect:
            self._doubt(lane, item)
        superseded = lane.offer(item)
        if superseded:
            item.is_suspect = item.is_suspect or superseded.is_suspect
            self._state.supersede(assignment, lane, superseded)
        if lane.current and lane.phase == "backing_off":
            self._delivering.supersede(Work(assignment, lane, lane.current))
        elif lane.current and lane.phase == "depending":
            self._delivering.start(self._delivering.supersede(Work(assignment, lane, lane.current)))
        elif lane.current and lane.entity in assignment.attempts and not item.is_background:
            lane.current.is_background = False
            self._delivering.hurry(assignment.attempts[lane.entity])

    def _doubt(self, lane: Lane, item: Item) -> None:
        """Remember the numbers under which a former owner may have created the entity, though its tenant be gone."""
        if lane.entry.dnb_id is not None:
            return
        name, parked = lane.entity.tenant, lane.entry.parked
        tenant = self._state.tenants.get(name) or Tenant(name=name, company="", first_number=0, last_number=ANY_NUMBER)
        changes = [item.change]
        if parked is not None:
            changes.insert(0, Change(lane.entity, parked.version, parked.occurred_at, parked.data))
        for change in changes:
            prepared = prepare(self._state.recipes[lane.entity.kind], tenant, change)
            lane.note_number(prepared.number if isinstance(prepared, Prepared) else "")

    def _open(self, assignment: Assignment, item: Item, known: Entry) -> None:
        """Open a lane, or let the change wait in the ledger: behind others that do, or because too many are open.

        Replays fill no more than half of a tenant's lanes, and live changes do not wait for those that do not fit.
        """
        tenant = item.change.entity.tenant
        is_before_it = tenant in (assignment.waiting if item.is_background else assignment.waiting_live)
        most = self._state.lanes_at_most(tenant)
        is_full = self._state.open_lanes[tenant] >= (most // 2 if item.is_background else most)
        lane = self._state.open_lane(assignment, item.change.entity, known)
        lane.offer(item)
        if item.is_suspect:
            self._doubt(lane, item)
        is_behind = (is_full or is_before_it) and lane.entity not in self._state.dependents
        must_wait = is_behind and not self._needs_no_call(assignment, lane, item)
        if must_wait or not self._state.may_go(lane.entity):
            lane.advance()
            self._recording.wait(Work(assignment, lane, item))
        elif not assignment.is_catching_up(self._state.now):
            self._delivering.proceed(assignment, lane)

    def _needs_no_call(self, assignment: Assignment, lane: Lane, item: Item) -> bool:
        """Tell whether the ledger alone shows that nothing has changed: such a change has nothing to wait for."""
        entry, tenant = lane.entry, self._state.tenants.get(lane.entity.tenant)
        is_certain = entry.parked is None and entry.dirty_until is None and not item.is_suspect
        if tenant is None or entry.dnb_id is None or not is_certain or item.change.replay is not None:
            return False
        is_early = assignment.is_catching_up(self._state.now)
        return not is_early and self._fingerprint(tenant, item.change) == entry.fingerprint


def _known(entry: Entry | None, tenant: Tenant | None) -> Entry:
    known = entry or Entry()
    return known.of_company(tenant.company) if tenant else known


def _is_asked_for(change: Change, lane: Lane | None, known: Entry) -> bool:
    """Tell whether a known version is wanted again that nobody is working on: by a person, or to end a doubt.

    While an older version than the known one is at work its write may still come behind that of another process.
    """
    current, queued = (lane.current, lane.queued) if lane else (None, None)
    if queued and queued.change.version == change.version:
        return False
    if lane and current and current.change.version == change.version and lane.phase != "recording":
        return False
    is_doubted = known.dirty_until is not None and known.dirty_data is None and known.parked is None
    is_overtaken = current is not None and current.origin != "check" and current.change.version < change.version
    return change.replay is not None or is_doubted or is_overtaken


def _is_suspect(assignment: Assignment, item: Item, known: Entry) -> bool:
    """Tell whether a former owner may have attempted this change, or the parked one that it replaces."""
    if assignment.is_handed_over:
        return False
    is_tail = item.offset is not None and item.offset < assignment.suspect_before
    return is_tail or (known.parked is not None and known.generation != assignment.generation)


def _scheme(fingerprint: str) -> str:
    """Return the part of a fingerprint that tells how it was made; fingerprints of two schemes cannot be compared."""
    return fingerprint.partition(":")[0]
