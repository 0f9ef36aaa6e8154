"""From a lane's next item to its outcome: starting procedures, and concluding what their outcomes ask for."""

from collections.abc import Mapping
from typing import assert_never

from msgspec.structs import replace

from daemon.core.actions import PutBack
from daemon.core.calling import Calling
from daemon.core.depending import (
    DEPENDENCY_DELAYED,
    MISSING_DEPENDENCY,
    Awaited,
    Blocked,
    Delayed,
    Depending,
    missing_dependency,
    refused_dependency,
)
from daemon.core.events import Consulted, NotSent, Replied
from daemon.core.lanes import Item, Lane
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Kind, Tenant
from daemon.core.notices import Held, Misbehaved, Retried
from daemon.core.procedure import (
    Answered,
    Delivered,
    Denied,
    InternalError,
    MissingDependency,
    Outcome,
    Prepared,
    Procedure,
    Refused,
    Throttled,
    Unavailable,
    Unchanged,
    Unknown,
)
from daemon.core.recording import Cause, Recording
from daemon.core.state import VOUCHED_SECONDS, Assignment, Attempt, State, Work
from daemon.core.stepping import already, begin, prepare

FOR_OTHERS = frozenset({MISSING_DEPENDENCY, DEPENDENCY_DELAYED})
"""The reasons of changes that have not failed: they wait for another entity's delivery."""

REFUSALS_DOUBTED = 3
"""So many refusals of a check are not believed: DnB has taken the same before, and an older version may stand there."""


class Delivering:
    """Takes items from lanes, starts their procedures and acts on the outcomes."""

    def __init__(self, state: State, recording: Recording, calling: Calling, depending: Depending) -> None:
        """Share the planner's memory, its way to the ledger, its way to DnB, and what knows of dependencies."""
        self._state = state
        self._depending = depending
        self._recording = recording
        self._calling = calling

    # -- lanes -------------------------------------------------------------------------------------------------

    def proceed(self, assignment: Assignment, lane: Lane) -> None:
        """Go on with a lane whose last item is concluded: take the next one, or close the lane.

        A newer version of a change that waits takes its place, and so waits too.
        """
        if assignment.ending:
            return
        item, parked = lane.advance(), lane.entry.parked
        if item is None:
            self._state.settle_held_back(assignment, lane)
            self._state.close_lane(assignment, lane)
        elif parked and parked.is_waiting and item.origin == "record":
            self._recording.wait(Work(assignment, lane, item))
        else:
            self.start(Work(assignment, lane, item))

    def start(self, work: Work, entries: Mapping[Entity, Entry] | None = None) -> None:
        """Start the procedure of the lane's current item, or let it wait: for its tenant or for a dependency.

        `entries` is what the ledger told of its dependencies, None while it has not been asked.
        """
        tenant = self._state.tenants.get(work.lane.entity.tenant)
        if tenant is None or not self._state.may_go(work.lane.entity):
            self._wait(work)
            return
        if work.lane.serve(tenant) and work.item.origin == "check":
            self._put_back(work)
            return
        self._state.await_nothing(work.lane)
        work.lane.touch(work.item, work.assignment.generation, work.assignment.late_until)
        attempt = Attempt(tenant, started_at=self._state.now)
        attempt.work, attempt.has_turn = work, work.item.displaced > 0
        procedure = self._procedure(work, attempt, entries)
        if procedure is not None:
            attempt.procedure = procedure
            self.go_on(attempt, self._calling.step(attempt, None))

    def consulted(self, assignment: Assignment, event: Consulted) -> None:
        """Go on with a lane that asked the ledger about its dependencies; if none does, release what they block."""
        lane = None if event.entity is None else assignment.lanes.get(event.entity)
        if lane is not None and lane.current is not None and lane.phase == "consulting":
            self.start(self.supersede(Work(assignment, lane, lane.current)), event.entries)
        else:
            self._depending.release(assignment, event.entries)

    def _procedure(self, work: Work, attempt: Attempt, entries: Mapping[Entity, Entry] | None) -> Procedure | None:
        """Return the procedure of the lane's item, None if the lane waits for a dependency first."""
        prepared = prepare(self._state.recipes[work.lane.entity.kind], attempt.tenant, work.item.change)
        if not isinstance(prepared, Prepared):
            return already(prepared)
        attempt.fingerprint, attempt.dependencies = prepared.fingerprint, prepared.dependencies
        attempt.number = prepared.number
        if work.item.is_suspect:
            work.lane.note_number(prepared.number)
        entry = work.lane.entry
        if entry.dnb_id is not None and entry.fingerprint == prepared.fingerprint and not work.lane.is_dirty:
            return already(Unchanged(entry.dnb_id, entry.number or "", parts=entry.parts))
        related = self._depending.resolve(work, prepared.dependencies, entries)
        match related:
            case Awaited():
                return None
            case Blocked(dependency, because):
                attempt.blocked_by = dependency.entity.key
                return already(refused_dependency(dependency, because))
            case Delayed(kind):
                attempt.is_delayed = True
                return already(MissingDependency(kind))
            case _:
                known = work.lane.known(work.item.change.version, related)
                now = self._state.now
                was_attempted = _was_attempted(work, now) or prepared.number in work.lane.numbers_tried
                known = replace(known, has_waited=self._has_waited(work), was_attempted=was_attempted, now=now)
                return begin(prepared, known)

    def supersede(self, work: Work) -> Work:
        """Let a newer item that queues take the place of the current one, and return the work that remains."""
        newer = work.lane.advance() if work.lane.queued else None
        if newer is None:
            return work
        newer.inherit(work.item)
        self._state.supersede(work.assignment, work.lane, work.item)
        return Work(work.assignment, work.lane, newer)

    def hurry(self, attempt: Attempt) -> None:
        """Let what queues in the background go with the live changes: one has come for the same entity."""
        self._calling.hurry(attempt)

    def _wait(self, work: Work) -> None:
        """Let the newest of the lane wait in the ledger; a check stays due there, later if it left a write in doubt."""
        work = self.supersede(work)
        if work.item.origin != "check":
            self._recording.wait(work)
            return
        if work.lane.dirty_until != work.lane.entry.dirty_until:
            self._recording.doubt(work)
            return
        self._put_back(work)

    def _put_back(self, work: Work) -> None:
        """Leave to the ledger what was taken from it, and go on with the newer item that queues, if any."""
        work.lane.current = None
        self._state.output.append(PutBack(work.assignment.partition, (work.lane.entity,)))
        work.assignment.note(work.lane.entity.tenant, work.lane.entry)
        self.proceed(work.assignment, work.lane)

    def shelve(self, tenant: str) -> None:
        """Let a tenant's changes wait in the ledger that may not go now, and whose calls are not in flight."""
        for assignment in self._state.assignments.values():
            lanes = [lane for lane in assignment.lanes.values() if lane.entity.tenant == tenant]
            for lane in lanes if not assignment.ending else ():
                may_go = self._state.may_go(lane.entity)
                if lane.current and not may_go and self._calling.cancel(assignment, lane):
                    self._wait(Work(assignment, lane, lane.current))

    def give_way(self, assignment: Assignment, entity: Entity) -> None:
        """Drop what a lane was to deliver if another process has written of a higher version meanwhile."""
        lane = assignment.lanes.get(entity)
        if lane is None:
            return
        queued, current = lane.queued, lane.current
        if queued is not None and _is_outdated(lane, queued):
            lane.queued = None
            self._state.settle(assignment, queued, "stale")
        if current is not None and _is_outdated(lane, current) and self._calling.cancel(assignment, lane):
            self._drop(Work(assignment, lane, current))
        elif current is None and lane.queued is None and lane.phase == "idle":
            self.proceed(assignment, lane)

    def _drop(self, work: Work) -> None:
        """Settle an item that another process has outdated; what a write of it may have spoiled is left in doubt."""
        if work.item.has_written:
            late_until = self._state.now + self._state.policy.retrying.late_bound
            work.lane.dirty_until = max(work.lane.dirty_until or 0.0, late_until)
            self._recording.doubt(work)
            return
        self._state.settle(work.assignment, work.item, "stale")
        self._put_back(work)

    # -- calls -------------------------------------------------------------------------------------------------

    def probe(self, tenant: Tenant) -> None:
        """Ask with one cheap read whether a denied tenant may be served again."""
        attempt = Attempt(tenant, started_at=self._state.now)
        self._state.probing[tenant.name] = attempt
        attempt.procedure = self._state.probe(tenant)
        self.go_on(attempt, self._calling.step(attempt, None))

    def grant(self, not_after: float) -> None:
        """Send every call whose turn has come; an older version gives way to the newer one that queues behind it."""
        while (number := self._state.pacing.grant(self._state.now)) is not None:
            attempt = self._calling.outdated(number)
            if attempt is None or attempt.work is None:
                self._calling.send(number, not_after)
                continue
            self._calling.give_back(number, attempt.work)
            self.start(self.supersede(attempt.work))

    def replied(self, event: Replied) -> None:
        """Act on a reply, for every attempt that waits for it; a pause it asks for is kept whatever becomes of them."""
        name = self._state.tickets[event.ticket].tenant
        for attempt, outcome in self._calling.replied(event):
            self.go_on(attempt, outcome)
        if isinstance(event.reply, Answered) and event.reply.pause is not None:
            self._pause(name, event.reply.pause)

    def not_sent(self, event: NotSent) -> None:
        """Queue a call again that was not sent, unless what it is for may not go any more."""
        for attempt in self._calling.not_sent(event):
            self.go_on(attempt, None)

    def go_on(self, attempt: Attempt, outcome: Outcome | None) -> None:
        """Act on what the last step of an attempt came to: its outcome, or with None its next call."""
        work = attempt.work
        if work is None:
            if outcome is not None:
                self._conclude_probe(attempt.tenant, outcome)
        elif outcome is None:
            self._reconsider(work)
        else:
            work.lane.phase = "idle"
            work.lane.must_read = work.lane.must_read or attempt.has_written
            work.assignment.attempts.pop(work.lane.entity, None)
            self._conclude(work, attempt, outcome)

    def _reconsider(self, work: Work) -> None:
        """Between two calls drop a change that another process has outdated, and let one wait that may not go now."""
        is_outdated = _is_outdated(work.lane, work.item)
        if work.assignment.ending or not (is_outdated or not self._state.may_go(work.lane.entity)):
            return
        if self._calling.cancel(work.assignment, work.lane):
            if is_outdated:
                self._drop(work)
            else:
                self._wait(work)

    # -- outcomes ----------------------------------------------------------------------------------------------

    def _conclude(self, work: Work, attempt: Attempt, outcome: Outcome) -> None:
        if _is_outdated(work.lane, work.item):
            self._drop(work)
            return
        match outcome:
            case Delivered() | Unchanged():
                self._state.throttles.pop(attempt.tenant.name, None)
                self._recording.deliver(work, attempt, outcome)
            case Refused():
                self._conclude_refusal(work, attempt, outcome)
            case MissingDependency(kind):
                self._miss(work, attempt, kind)
            case Throttled():
                self._throttle(attempt.tenant.name, outcome)
                self._again(work)
                self._shelve_unserved(attempt.tenant.name)
            case Denied(reason):
                self._conclude_denial(work, attempt, reason)
            case Unavailable(reason):
                self._retry(work, reason)
            case Unknown(reason):
                late_until = self._state.now + self._state.policy.retrying.late_bound
                work.lane.dirty_until = max(work.lane.dirty_until or 0.0, late_until)
                self._retry(work, reason)
            case InternalError(reason):
                self._state.output.append(Misbehaved(work.lane.entity, work.item.change.version, reason))
                self._refuse(work, self._parked_cause(work, "internal_error"))
            case _ as never:
                assert_never(never)

    def _conclude_refusal(self, work: Work, attempt: Attempt, refused: Refused) -> None:
        """Believe a refusal of a change at once, and one of a check only when it is said again and again."""
        if work.item.origin == "check" and work.item.refusals < REFUSALS_DOUBTED:
            work.item.refusals += 1
            self._retry(work, refused.reason)
        else:
            self._refuse(work, self._refusal_cause(attempt, refused))

    def _refuse(self, work: Work, cause: Cause) -> None:
        if work.item.origin == "check":
            self._recording.refuse_check(work, cause)
        else:
            self._recording.park(work, cause)

    def _refusal_cause(self, attempt: Attempt, refused: Refused) -> Cause:
        """Return how a refused change is parked: tried again by time only if its repair may be made unseen.

        One whose dependency is refused is released by that one's delivery; should a restart fall between, by time.
        """
        is_timed = refused.heals or attempt.blocked_by != ""
        next_try = self._state.policy.retrying.healing(attempt.tenant.name, self._state.now) if is_timed else None
        return Cause(reason=refused.reason, refusal=refused, next_try=next_try, blocked_by=attempt.blocked_by)

    def _has_waited(self, work: Work) -> bool:
        """Tell whether a missing dependency has been waited for long enough."""
        missed_at = work.item.first_missed_at
        wait = self._state.policy.retrying.dependency_wait
        is_late = missed_at is not None and self._state.now >= missed_at + wait
        parked = work.lane.entry.parked
        was_missed = self._is_failure_known(work) and parked is not None and parked.was_parked_for(MISSING_DEPENDENCY)
        return is_late or work.item.origin == "check" or was_missed

    def _miss(self, work: Work, attempt: Attempt, kind: Kind) -> None:
        """Wait a while for a dependency that nobody knows, then park the change until that is delivered."""
        dependency = next((one for one in attempt.dependencies if one.entity.kind == kind), None)
        if dependency is None:
            self._conclude(work, attempt, InternalError("MissingDependency"))
            return
        if work.assignment.ending:
            return
        work = self.supersede(work)
        item, now = work.item, self._state.now
        item.first_missed_at = now if item.first_missed_at is None else item.first_missed_at
        if self._has_waited(work) or self._is_failure_known(work):
            cause = self._parked_cause(work, DEPENDENCY_DELAYED if attempt.is_delayed else MISSING_DEPENDENCY)
            refusal = cause.refusal or (None if attempt.is_delayed else missing_dependency(dependency))
            self._refuse(work, replace(cause, refusal=refusal, blocked_by=dependency.entity.key))
        else:
            until = item.first_missed_at + self._state.policy.retrying.dependency_wait
            self._state.await_delivery(work.lane, dependency.entity, until)

    def _pause(self, name: str, wait: float) -> None:
        """Hold a tenant as long as DnB asks, where what was called for did not: it may be outdated, or gone."""
        pacing = self._state.pacing
        if max(pacing.held_until, pacing.released_at(name)) < self._state.now + wait:
            self._throttle(name, Throttled(retry_after=wait))
            self._shelve_unserved(name)

    def _throttle(self, name: str, outcome: Throttled) -> None:
        wait = outcome.retry_after
        if wait is None:
            if self._is_held(name, whole_client=outcome.whole_client):
                return
            self._state.throttles[name] += 1
            wait = self._state.policy.retrying.pause(name, self._state.throttles[name])
        self._state.output.append(Held(None if outcome.whole_client else name, "throttled", wait))
        if outcome.whole_client:
            self._state.pacing.hold_client(self._state.now + wait)
        else:
            self._hold(name, wait)

    def _hold(self, name: str, wait: float) -> None:
        self._state.pacing.hold(name, self._state.now + wait)
        self._state.wake(self._state.now + wait, name)

    def _is_held(self, name: str, *, whole_client: bool = False) -> bool:
        """Tell whether the hold is there already: of calls that failed together, one speaks for all."""
        pacing = self._state.pacing
        held_until = pacing.held_until if whole_client else pacing.released_at(name)
        return held_until > self._state.now

    def _shelve_unserved(self, name: str) -> None:
        if not self._state.is_served(name):
            self.shelve(name)

    def _again(self, work: Work) -> None:
        """Start the item again, or the newer one behind it: a pause is no failed attempt."""
        if not work.assignment.ending:
            self.start(self.supersede(work))

    def _conclude_denial(self, work: Work, attempt: Attempt, reason: str) -> None:
        """Hold the tenant; but if it was probed well just now, this change alone is what DnB does not let us do."""
        name = attempt.tenant.name
        is_vouched_for = self._state.vouched_until.get(name, 0.0) > self._state.now
        if is_vouched_for:
            self._conclude_refusal(work, attempt, _denied(reason))
            return
        self._deny(name, reason)
        self._wait(work)
        self._shelve_unserved(name)

    def _deny(self, name: str, reason: str) -> None:
        if name in self._state.denials and self._is_held(name):
            return
        self._state.denials[name] += 1
        wait = self._state.policy.retrying.pause(name, self._state.denials[name])
        self._state.output.append(Held(name, reason, wait))
        self._hold(name, wait)

    def _conclude_probe(self, tenant: Tenant, outcome: Outcome) -> None:
        """Serve the tenant again, or look again later: a probe that found nothing out must have a successor."""
        del self._state.probing[tenant.name]
        if isinstance(outcome, Delivered | Unchanged):
            self._state.denials.pop(tenant.name, None)
            self._state.vouched_until[tenant.name] = self._state.now + VOUCHED_SECONDS
            self._state.wake(self._state.now, tenant.name)
        elif isinstance(outcome, Throttled):
            self._throttle(tenant.name, outcome)
            wait = outcome.retry_after or self._state.policy.retrying.pause(tenant.name, 1)
            self._state.wake(self._state.now + wait, tenant.name)
        else:
            self._deny(tenant.name, "denied")

    # -- trying again ------------------------------------------------------------------------------------------

    def _retry(self, work: Work, reason: str) -> None:
        if work.assignment.ending:
            return
        work = self.supersede(work)
        item, retrying, now = work.item, self._state.policy.retrying, self._state.now
        item.attempts += 1
        item.first_failed_at = now if item.first_failed_at is None else item.first_failed_at
        if self._must_park(work, item.first_failed_at):
            self._recording.park(work, self._parked_cause(work, reason))
            return
        wait = retrying.back_off(work.lane.entity.key, item.attempts)
        work.lane.phase = "backing_off"
        work.lane.retry_at = now + wait
        self._state.wake(work.lane.retry_at, work.lane.entity)
        self._state.output.append(Retried(work.lane.entity, item.change.version, reason, item.attempts, wait))

    def _must_park(self, work: Work, first_failed_at: float) -> bool:
        """Tell whether a failing item leaves its lane: at once if it was parked for a failure, else after a while."""
        if work.item.origin == "check":
            return False
        if self._is_failure_known(work):
            return True
        return self._state.now - first_failed_at >= self._state.policy.retrying.park_after

    def _is_failure_known(self, work: Work) -> bool:
        """Tell whether the item comes from the ledger, where it was parked for a failure: one try is enough then."""
        parked = work.lane.entry.parked
        return work.item.origin == "parked" and parked is not None and not parked.is_waiting

    def _parked_cause(self, work: Work, reason: str) -> Cause:
        """Return how a failing change is parked: with its next try, or given up after all that time.

        The time in which it waited for a person or another entity is not one in which it failed, nor the reverse.
        """
        retrying, parked, now = self._state.policy.retrying, work.lane.entry.parked, self._state.now
        if parked is None or parked.is_waiting or parked.version != work.item.change.version:
            return Cause(reason=reason, next_try=now + retrying.parked_step(0), attempts=1)
        if parked.is_for_others != (reason in FOR_OTHERS):
            return Cause(reason=reason, next_try=now + retrying.parked_step(0), attempts=1, is_anew=True)
        if now - parked.since >= retrying.give_up_after:
            return Cause(reason="gave_up", attempts=parked.attempts, refusal=_gave_up(reason))
        wait = retrying.parked_step(parked.attempts)
        return Cause(reason=reason, next_try=now + wait, attempts=parked.attempts + 1)


def _is_outdated(lane: Lane, item: Item) -> bool:
    """Tell whether the ledger speaks of a higher version than the one that the lane was to deliver."""
    return item.origin != "check" and item.change.version < lane.entry.highest


def _was_attempted(work: Work, now: float) -> bool:
    """Tell whether a write may have left lately that no entry tells the end of: here, or with the owner before."""
    item, dirty_until = work.item, work.lane.entry.dirty_until
    is_in_tail = item.origin == "record" and item.is_suspect
    return item.attempts > 0 or item.has_written or is_in_tail or (dirty_until is not None and dirty_until > now)


def _denied(reason: str) -> Refused:
    return Refused(
        reason="denied",
        field="",
        value="",
        rule=f"DnB lets us act on the company, but not do this ({reason})",
        repair="give the integration the right or the licence for it in DnB",
        heals=True,
    )


def _gave_up(reason: str) -> Refused:
    return Refused(
        reason="gave_up",
        field="",
        value="",
        rule=f"it was tried until the time for giving up had passed; the last reason was {reason}",
        repair="repair what the reason names, then send a newer version or a replay",
    )
