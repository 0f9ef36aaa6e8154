"""Giving partitions up: finishing what is in flight, handing over, committing, releasing; or dropping at once."""

from daemon.core.actions import HandOver, Release
from daemon.core.calling import Calling
from daemon.core.notices import ParkedMoved, Settled
from daemon.core.state import Assignment, EntryPending, HandOverPending, Pending, State


class Parting:
    """Ends assignments so that nothing is lost and as little as possible is doubted by the next owner."""

    def __init__(self, state: State, calling: Calling) -> None:
        """Share the planner's memory and its way to DnB."""
        self._state = state
        self._calling = calling

    def begin(self, assignment: Assignment, deadline: float) -> None:
        """Start nothing new; what was not sent yet is handed back, what is in flight may finish until `deadline`."""
        if assignment.ending:
            return
        assignment.ending = "finishing"
        assignment.deadline = deadline
        for lane in assignment.lanes.values():
            self._calling.cancel(assignment, lane)

    def step(self) -> None:
        """Move every ending assignment as far as it can go now."""
        for assignment in list(self._state.assignments.values()):
            if assignment.ending and assignment.deadline <= self._state.now:
                self.release(assignment)
            elif assignment.ending == "finishing" and self._is_finished(assignment):
                self._hand_over(assignment)
            elif assignment.ending == "handing_over" and not self._is_writing(assignment):
                assignment.ending = "committing"

    def release(self, assignment: Assignment) -> None:
        """Drop the assignment and let the rebalance go on."""
        self._drop(assignment)
        self._state.output.append(Release(assignment.partition))

    def _drop(self, assignment: Assignment) -> None:
        """Forget the assignment: open records are handed back, replies that still come are fenced."""
        for entity, attempt in list(assignment.attempts.items()):
            self._calling.drop(assignment, assignment.lanes[entity], attempt)
        for ticket, pending in list(self._state.pending.items()):
            if _assignment_of(pending) is assignment:
                del self._state.pending[ticket]
        for lane in list(assignment.lanes.values()):
            self._state.close_lane(assignment, lane)
        for offset in assignment.offsets.open_offsets():
            self._state.output.append(Settled(settlement="handed_back", partition=assignment.partition, offset=offset))
        self._state.output.append(ParkedMoved("handed_back", assignment.parked))
        del self._state.assignments[assignment.partition]
        for name in self._state.denied_elsewhere():
            self._forget_denial(name)
        self._state.are_holds_changed = True

    def _forget_denial(self, name: str) -> None:
        """Probe a denied tenant no more: whoever has its partition now finds out whether it may be served.

        What there is of it here when its partition comes back, or in another one, is served again.
        """
        self._state.denials.pop(name, None)
        self._state.wake(self._state.now, name)
        probe = self._state.probing.pop(name, None)
        if probe is not None:
            self._calling.end(probe)

    def _is_writing(self, assignment: Assignment) -> bool:
        return any(_assignment_of(pending) is assignment for pending in self._state.pending.values())

    def _is_finished(self, assignment: Assignment) -> bool:
        return not assignment.attempts and not self._is_writing(assignment)

    def _hand_over(self, assignment: Assignment) -> None:
        """Write the handover if the next owner need doubt nothing."""
        if not _is_certain(assignment):
            assignment.ending = "committing"
            return
        assignment.ending = "handing_over"
        ticket = self._state.serial()
        self._state.pending[ticket] = HandOverPending(assignment)
        self._state.output.append(
            HandOver(ticket, assignment.partition, assignment.generation, assignment.offsets.watermark)
        )


def _assignment_of(pending: Pending) -> Assignment:
    return pending.work.assignment if isinstance(pending, EntryPending) else pending.assignment


def _is_certain(assignment: Assignment) -> bool:
    """Tell whether nothing of the partition can have been attempted without the ledger's knowing.

    No item here was left with an unknown outcome; and what a former owner without a handover may have attempted, its
    tail and its parked changes, has been read again: otherwise its doubts are the next owner's too.
    """
    if any(lane.is_dirty for lane in assignment.lanes.values()):
        return False
    has_read_tail = assignment.offsets.watermark >= assignment.suspect_before and not assignment.parked
    return assignment.is_handed_over or has_read_tail
