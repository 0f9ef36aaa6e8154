"""Writing to the ledger: every delivery and every parking becomes an entry before its record settles."""

from typing import Literal, assert_never

import msgspec

from daemon.core.actions import Adopt, Consult, DeadLetter, Record
from daemon.core.events import Followed
from daemon.core.lanes import Lane
from daemon.core.ledger import WAITING, Entry, Parked, doubted_as, outranks, replaces
from daemon.core.model import Entity, Undecodable, entity_of
from daemon.core.notices import (
    Came,
    Checked,
    ParkedMoved,
    Reasserted,
    Released,
    ReleasedAs,
    Remarked,
    Settled,
    Settlement,
)
from daemon.core.procedure import Delivered, Refused, Unchanged
from daemon.core.state import (
    AgainPending,
    Assignment,
    Attempt,
    EntryPending,
    HandOverPending,
    LetterPending,
    State,
    Work,
)

STEPS_KEPT = 5
"""So many last steps of a parked change are kept: enough to tell its story, small enough for a record."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a change is parked: a reason word, the next try if time can help, and what a person must repair.

    `is_anew`: it begins to fail only now, or to wait, whatever it was parked for before.
    """

    reason: str
    next_try: float | None = None
    attempts: int = 0
    refusal: Refused | None = None
    blocked_by: str = ""
    is_anew: bool = False


class Recording:
    """Makes entries of what was concluded, and settles records when their entries are acknowledged."""

    def __init__(self, state: State) -> None:
        """Share the planner's memory."""
        self._state = state

    def deliver(self, work: Work, attempt: Attempt, outcome: Delivered | Unchanged) -> None:
        """Record that DnB holds the item's change.

        While something may still be applied late the entry stays dirty and keeps the data, to be checked later.
        """
        lane, item = work.lane, work.item
        is_clean = lane.dirty_until is None or attempt.started_at >= lane.dirty_until
        entry = msgspec.structs.replace(
            self._renewed(work, attempt.tenant.company),
            version=item.change.version,
            fingerprint=attempt.fingerprint,
            dnb_id=outcome.dnb_id,
            number=outcome.number,
            voucher=outcome.voucher or lane.entry.voucher,
            remarks=tuple(remark.reason for remark in outcome.remarks),
            numbers_tried=(),
            parts=dict(outcome.parts),
            delivered_at=self._state.now,
            occurred_at=item.change.occurred_at,
            dirty_until=None if is_clean else lane.dirty_until,
            dirty_data=None if is_clean else item.change.data,
            parked=lane.entry.parked if item.origin == "check" else None,
        )
        lane.must_read, lane.numbers_tried = False, ()
        for remark in outcome.remarks:
            self._state.output.append(Remarked(lane.entity, item.change.version, remark.reason))
        is_delivered = isinstance(outcome, Delivered)
        if item.origin == "check":
            self._checked(work, "healed" if is_delivered else "verified")
        self._record(work, entry, "delivered" if is_delivered else "unchanged")

    def refuse_check(self, work: Work, cause: Cause) -> None:
        """Park the delivered version that DnB does not take a second time: an older one may stand there.

        A change that is parked already keeps its place: it is newer, and its delivery puts the same right.
        """
        self._checked(work, "refused")
        if work.lane.entry.parked is None:
            self.park(work, cause)
            return
        entry = self._renewed(work, work.lane.entry.company)
        self._record(work, msgspec.structs.replace(entry, dirty_data=None), "unchanged")

    def doubt(self, work: Work) -> None:
        """Record that something else than the entry's version may yet be written: that must be compared again."""
        self._record(work, self._renewed(work, work.lane.entry.company), "stale")

    def park(self, work: Work, cause: Cause) -> None:
        """Record the item as parked, for a reason that a person or another attempt can act on.

        It keeps its place, the instant it was parked at, through every further try and behind a newer version of the
        same reason; only what ceases to wait for its turn begins anew, as waiting is no failing. Once it may have been
        attempted the delivered version is not checked any more: that would write an older version over a newer one.
        """
        item, before, now = work.item, work.lane.entry.parked, self._state.now
        if before and before.version != item.change.version and before.reason != cause.reason:
            before = None
        is_same_wait = before is not None and (cause.reason == WAITING or not before.is_waiting) and not cause.is_anew
        steps = (*(before.steps if before else ()), f"{int(now)} {cause.reason}")
        parked = Parked(
            version=item.change.version,
            data=item.change.data,
            occurred_at=item.change.occurred_at,
            reason=cause.reason,
            since=before.since if before and is_same_wait else now,
            next_try=cause.next_try,
            attempts=cause.attempts,
            refusal=cause.refusal,
            steps=steps[-STEPS_KEPT:],
            blocked_by=cause.blocked_by,
            is_background=item.is_background and cause.reason == WAITING,
        )
        tenant = self._state.tenants.get(work.lane.entity.tenant)
        entry = self._renewed(work, tenant.company if tenant else work.lane.entry.company)
        was_attempted = item.origin == "check" or item.has_written or item.is_suspect
        dirty_data = None if was_attempted else entry.dirty_data
        self._record(work, msgspec.structs.replace(entry, parked=parked, dirty_data=dirty_data), "parked", cause.reason)

    def wait(self, work: Work) -> None:
        """Record the item as waiting for its turn: nothing is wrong with it.

        The entry tells whether DnB must be read when the turn comes, as the lane that knows it may close.
        """
        lane, item = work.lane, work.item
        lane.touch(item, work.assignment.generation, work.assignment.late_until)
        self.park(work, Cause(reason=WAITING, attempts=1 if item.attempts or lane.must_read else 0))

    def dead_letter(self, assignment: Assignment, offset: int, cause: Undecodable) -> None:
        """Write a record that is no change to the dead letters; it settles when they are acknowledged."""
        ticket = self._state.serial()
        self._state.pending[ticket] = LetterPending(assignment, offset, cause.reason)
        self._state.output.append(DeadLetter(ticket, assignment.partition, offset, cause))

    def acknowledge(self, ticket: int) -> Work | None:
        """Settle what a write stood for, and return the work whose lane may go on; None if there is none.

        An acknowledgement for an assignment that has ended settles nothing: its records are the next owner's.
        """
        match self._state.pending.pop(ticket, None):
            case EntryPending() as pending:
                return self._settle_entry(pending)
            case LetterPending(assignment, offset, reason):
                letter = Settled(
                    settlement="dead_lettered", partition=assignment.partition, offset=offset, reason=reason
                )
                self._state.settle_offset(assignment, letter)
                return None
            case AgainPending(assignment, entity, entry, work):
                assignment.note(entity.tenant, entry)
                self._state.hungry.add(entity.tenant)
                return work
            case HandOverPending() | None:
                return None
            case _ as never:
                assert_never(never)

    def follow(self, assignment: Assignment, event: Followed) -> None:
        """Take in an entry of another process, or write ours again behind it if ours is the greater.

        If ours is the lesser and lies behind it, the other's is written again: compaction keeps the last record. So it
        is if the other process knows nothing of what we have left in doubt.
        """
        own = event.own
        if own is not None and replaces(own, event.own_offset, event.entry, event.offset):
            self._write_again(assignment, event.entity, self._being_written(assignment, event.entity) or own)
            return
        entry = event.entry if own is None else doubted_as(event.entry, own)
        self._state.output.append(Adopt(assignment.partition, event.entity, entry, event.offset))
        self._count_parked(assignment, own, entry, "restored")
        assignment.note(event.entity.tenant, entry)
        self._state.hungry.add(event.entity.tenant)
        if own is not None and (event.own_offset > event.offset or entry is not event.entry):
            self._write_again(assignment, event.entity, entry)
        lane = assignment.lanes.get(event.entity)
        if lane is not None:
            lane.entry = entry
            lane.must_read = True
            lane.dirty_until = _later(lane.dirty_until, entry.dirty_until)
            lane.version_seen = max(lane.version_seen, entry.highest)

    def _being_written(self, assignment: Assignment, entity: Entity) -> Entry | None:
        """Return the entity's newest entry that is not acknowledged yet: nothing older may be written behind it."""
        entries = [
            pending.entry
            for pending in self._state.pending.values()
            if isinstance(pending, EntryPending | AgainPending) and _subject(pending) == (assignment, entity)
        ]
        return entries[-1] if entries else None

    def _write_again(self, assignment: Assignment, entity: Entity, entry: Entry, work: Work | None = None) -> None:
        """Write an entry behind a lesser one, so that compaction keeps the greater."""
        ticket = self._state.serial()
        self._state.pending[ticket] = AgainPending(assignment, entity, entry, work)
        self._state.output.append(Record(ticket, assignment.partition, entity, entry))
        self._state.output.append(Reasserted(entity))

    def _count_parked(self, assignment: Assignment, own: Entry | None, other: Entry, came: Came) -> None:
        had = own is not None and own.parked is not None
        has = other.parked is not None
        if had != has:
            assignment.parked += 1 if has else -1
            self._state.output.append(ParkedMoved(came if has else "handed_back", 1))

    def _checked(self, work: Work, result: Literal["verified", "healed", "refused"]) -> None:
        self._state.output.append(Checked(result, work.lane.entity))

    def _renewed(self, work: Work, company: str) -> Entry:
        return msgspec.structs.replace(
            work.lane.entry.of_company(company),
            company=company or work.lane.entry.company,
            generation=work.assignment.generation,
            dirty_until=work.lane.dirty_until,
            numbers_tried=work.lane.numbers_tried,
        )

    def _record(self, work: Work, entry: Entry, settlement: Settlement, reason: str = "") -> None:
        work.lane.phase = "recording"
        ticket = self._state.serial()
        self._state.pending[ticket] = EntryPending(work, entry, settlement, reason)
        self._state.output.append(Record(ticket, work.assignment.partition, work.lane.entity, entry))

    def _settle_entry(self, pending: EntryPending) -> Work | None:
        """Settle the item, and return the work if its lane may go on now."""
        assignment, lane, item = pending.work.assignment, pending.work.lane, pending.work.item
        is_outranked = outranks(lane.entry, pending.entry)
        if is_outranked:
            self._outrank(pending)
        else:
            self._release(pending, lane.entry)
            lane.entry = pending.entry
        lane.dirty_until = lane.entry.dirty_until
        lane.current = None
        lane.phase = "recording" if is_outranked else "idle"
        self._state.settle_held_back(assignment, lane)
        self._state.settle(assignment, item, pending.settlement, pending.reason)
        assignment.note(lane.entity.tenant, lane.entry)
        self._state.hungry.add(lane.entity.tenant)
        self._state.concluded.append((lane.entity, lane.entry.dnb_id is not None))
        self._look_again(assignment, lane.entity, pending.entry)
        self._sweep_again(assignment, lane)
        return None if is_outranked else pending.work

    def _look_again(self, assignment: Assignment, entity: Entity, entry: Entry) -> None:
        """Ask once more for the dependency that a change is parked for: it may have come while that was written."""
        dependency = entity_of(entry.parked.blocked_by) if entry.parked else None
        if dependency is not None:
            self._state.output.append(Consult(assignment.partition, assignment.generation, entity, (dependency,)))

    def _sweep_again(self, assignment: Assignment, lane: Lane) -> None:
        """Try what was refused under terms that have changed while it was tried or written: their sweep missed it."""
        name, parked = lane.entity.tenant, lane.entry.parked
        is_refused = parked is not None and not parked.is_waiting
        if is_refused and lane.terms is not None and lane.terms != self._state.tenants.get(name, lane.terms):
            assignment.sweep(name, None)

    def _outrank(self, pending: EntryPending) -> None:
        """Keep the greater entry that another process wrote meanwhile; what this one parked has left with it.

        Until it is acknowledged again, the last record of the entity is a lesser one: so long the lane stays open.
        What this process left in doubt stays in doubt.
        """
        lane, item = pending.work.lane, pending.work.item
        if pending.settlement == "parked" and item.offset is not None:
            self._state.output.append(Released("superseded", lane.entity, item.change.version))
        dirty_until = _later(pending.entry.dirty_until, lane.entry.dirty_until)
        lane.entry = msgspec.structs.replace(lane.entry, dirty_until=dirty_until)
        self._write_again(pending.work.assignment, lane.entity, lane.entry, pending.work)

    def _release(self, pending: EntryPending, before: Entry) -> None:
        """Count the parked change that this entry brings, and the one that it displaces or delivers."""
        assignment, item = pending.work.assignment, pending.work.item
        if item.origin == "check":
            self._count_parked(assignment, before, pending.entry, "checked")
            return
        if pending.settlement == "stale":
            return
        if item.origin == "parked" and pending.settlement == "parked":
            self._count_parked(assignment, before, pending.entry, "restored")
            return
        assignment.parked += 1 if pending.settlement == "parked" else 0
        if before.parked is None:
            return
        released_as: ReleasedAs = "superseded"
        if item.origin == "parked":
            released_as = "delivered" if pending.settlement == "delivered" else "unchanged"
        assignment.parked -= 1
        self._state.output.append(Released(released_as, item.change.entity, before.parked.version))


def _subject(pending: EntryPending | AgainPending) -> tuple[Assignment, Entity]:
    if isinstance(pending, EntryPending):
        return pending.work.assignment, pending.work.lane.entity
    return pending.assignment, pending.entity


def _later(one: float | None, other: float | None) -> float | None:
    return max((instant for instant in (one, other) if instant is not None), default=None)
