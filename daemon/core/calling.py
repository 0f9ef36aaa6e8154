"""The calls of the attempts: queueing, sending, sharing and fencing them, and stepping who waits for a reply."""

from collections.abc import Iterator

from daemon.core.actions import Send
from daemon.core.events import NotSent, Replied, TokenRenewed
from daemon.core.lanes import Lane
from daemon.core.notices import Fenced, Held
from daemon.core.procedure import Answered, Call, Outcome, Reply
from daemon.core.state import Assignment, Attempt, State, Ticket, Work
from daemon.core.stepping import step

SERVER_ERROR_STATUS = 500
"""The HTTP status from which on an answer tells nothing but that DnB is in trouble."""

TOO_MANY_REQUESTS_STATUS = 429

DISPLACED_AT_MOST = 5
"""So many times in a row a newer version takes a write's turn; then the write goes, however fast versions come."""


class Calling:
    """Brings the calls of attempts to DnB in their turn, and the replies back to the attempts."""

    def __init__(self, state: State) -> None:
        """Share the planner's memory."""
        self._state = state

    def step(self, attempt: Attempt, reply: Reply | None) -> Outcome | None:
        """Step an attempt: queue the call it asks for, or return the outcome it ends with."""
        match step(attempt.procedure, reply):
            case Call() as call:
                self._ask(attempt, call)
                return None
            case outcome:
                return outcome

    def send(self, number: int, not_after: float) -> None:
        """Send the call of a granted ticket."""
        ticket = self._state.tickets[number]
        ticket.is_granted = True
        ticket.granted_at = self._state.now
        for attempt in ticket.attempts:
            attempt.has_written = attempt.has_written or ticket.call.writes
            if attempt.work is not None and ticket.call.writes:
                attempt.work.item.has_written = True
                attempt.work.lane.note_number(attempt.number)
        work = ticket.attempts[0].work
        entity = work.lane.entity if work and not ticket.call.shared else None
        self._state.output.append(Send(number, ticket.tenant, ticket.company, ticket.call, not_after, entity))

    def outdated(self, number: int) -> Attempt | None:
        """Return the attempt that a granted call begins, or writes for, while a newer version queues in its lane.

        A check gives way to none: the newer version may be refused, and what is wrong in DnB would stay so.
        """
        ticket = self._state.tickets[number]
        attempt = ticket.attempts[0]
        work = attempt.work
        if work is None or work.lane.queued is None or work.assignment.ending or work.item.origin == "check":
            return None
        is_beginning = not attempt.has_turn and not ticket.call.shared
        is_outdated = (is_beginning or ticket.call.writes) and work.item.displaced < DISPLACED_AT_MOST
        return attempt if is_outdated else None

    def hurry(self, attempt: Attempt) -> None:
        """Let a call that queues behind the live ones go with them: something live is waiting for it."""
        ticket = self._state.tickets.get(attempt.ticket)
        if ticket and ticket.is_background and not ticket.is_granted:
            self._state.pacing.withdraw(ticket.tenant, attempt.ticket)
            ticket.is_background = False
            begun = any(one.has_turn for one in ticket.attempts)
            self._state.pacing.enqueue(ticket.tenant, attempt.ticket, begun=begun)

    def give_back(self, number: int, work: Work) -> None:
        """End the attempt of a granted call that is not made after all; its quota is free again."""
        ticket = self._state.tickets.pop(number)
        self._state.pacing.give_back(ticket.tenant)
        self._abandon(work.assignment, work.lane, ticket.attempts[0])

    def replied(self, event: Replied) -> Iterator[tuple[Attempt, Outcome | None]]:
        """Step every attempt that waits for the reply, one at a time, and return each with its outcome."""
        ticket, now = self._state.tickets[event.ticket], self._state.now
        if not isinstance(event.reply, Answered) or event.reply.status >= SERVER_ERROR_STATUS:
            self._state.pacing.failed(now)
        elif event.reply.status == TOO_MANY_REQUESTS_STATUS:
            self._state.pacing.refused(ticket.tenant, now)
        else:
            self._state.pacing.succeeded(now - ticket.granted_at, now, writes=ticket.call.writes)
        is_shared = ticket.call.shared
        for attempt in self._finish(event.ticket):
            if attempt.is_alive:
                attempt.has_turn = attempt.has_turn or not is_shared
                yield attempt, self.step(attempt, event.reply)

    def not_sent(self, event: NotSent) -> tuple[Attempt, ...]:
        """Queue a call again that was not sent, and return whose it is; without a token the whole client pauses."""
        if event.reason == "no_token":
            self._state.pacing.hold_client(self._state.now + self._state.policy.retrying.first)
        ticket = self._state.tickets[event.ticket]
        alive = [attempt for attempt in self._finish(event.ticket) if attempt.is_alive]
        if alive:
            again = Ticket(ticket.tenant, ticket.company, ticket.call, is_background=ticket.is_background)
            again.attempts = alive
            self._enqueue(again)
        return tuple(alive)

    def token_renewed(self, event: TokenRenewed) -> None:
        """Charge the client for the call to the identity server; while that refuses, nobody can be served."""
        self._state.pacing.charge(self._state.now)
        if event.refused is None:
            self._state.token_refusals, wait = 0, event.retry_after
        else:
            self._state.token_refusals += 1
            wait = self._state.policy.retrying.pause("client", self._state.token_refusals)
        if wait is not None:
            self._state.pacing.hold_client(self._state.now + wait)
            self._state.output.append(Held(None, event.refused or "token_unavailable", wait))

    def cancel(self, assignment: Assignment, lane: Lane) -> bool:
        """End what the lane does unless a call is in flight or an entry is being written; tell whether it is free."""
        attempt = assignment.attempts.get(lane.entity)
        if lane.phase == "recording" or (attempt and self.is_in_flight(attempt)):
            return False
        if attempt:
            self._leave(attempt)
            self._abandon(assignment, lane, attempt)
        lane.phase = "idle"
        return True

    def drop(self, assignment: Assignment, lane: Lane, attempt: Attempt) -> None:
        """End an attempt whatever it waits for: its partition is gone, and a reply that still comes is fenced."""
        if not self.is_in_flight(attempt):
            self._leave(attempt)
        self._abandon(assignment, lane, attempt)

    def end(self, probe: Attempt) -> None:
        """End a probe that nobody waits for any more; a reply that still comes is fenced."""
        if not self.is_in_flight(probe):
            self._leave(probe)
        probe.is_alive = False
        probe.procedure.close()

    def is_in_flight(self, attempt: Attempt) -> bool:
        """Tell whether the attempt's call was granted and its reply has not been acted on."""
        ticket = self._state.tickets.get(attempt.ticket)
        return ticket is None or ticket.is_granted

    def _abandon(self, assignment: Assignment, lane: Lane, attempt: Attempt) -> None:
        attempt.is_alive = False
        attempt.procedure.close()
        lane.must_read = lane.must_read or attempt.has_written
        assignment.attempts.pop(lane.entity, None)

    def _leave(self, attempt: Attempt) -> None:
        """Take an attempt off a ticket that is not granted, and the ticket out of the queue with its last attempt."""
        ticket = self._state.tickets[attempt.ticket]
        ticket.attempts.remove(attempt)
        if not ticket.attempts:
            del self._state.tickets[attempt.ticket]
            self._state.shared.pop((ticket.company, ticket.call.target), None)
            self._state.pacing.withdraw(ticket.tenant, attempt.ticket)

    def _finish(self, number: int) -> list[Attempt]:
        ticket = self._state.tickets.pop(number)
        self._state.pacing.finish(ticket.tenant)
        if ticket.call.shared:
            del self._state.shared[ticket.company, ticket.call.target]
        if not any(attempt.is_alive for attempt in ticket.attempts):
            self._state.output.append(Fenced(number))
        return ticket.attempts

    def _ask(self, attempt: Attempt, call: Call) -> None:
        if attempt.work:
            attempt.work.lane.phase = "calling"
            attempt.work.assignment.attempts[attempt.work.lane.entity] = attempt
        is_background = attempt.work is not None and attempt.work.item.is_background
        known = self._state.shared.get((attempt.tenant.company, call.target)) if call.shared else None
        if known is not None:
            attempt.ticket = known
            self._state.tickets[known].attempts.append(attempt)
            if not is_background:
                self.hurry(attempt)
            return
        ticket = Ticket(attempt.tenant.name, attempt.tenant.company, call, is_background=is_background)
        ticket.attempts = [attempt]
        self._enqueue(ticket)

    def _enqueue(self, ticket: Ticket) -> None:
        number = self._state.serial()
        self._state.tickets[number] = ticket
        for attempt in ticket.attempts:
            attempt.ticket = number
        if ticket.call.shared:
            self._state.shared[ticket.company, ticket.call.target] = number
        begun = any(attempt.has_turn for attempt in ticket.attempts)
        self._state.pacing.enqueue(ticket.tenant, number, background=ticket.is_background, begun=begun)
