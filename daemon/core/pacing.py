"""Whose call goes next, and when: quotas, fair turns among tenants, holds and bounded concurrency.

Tenants take turns by deficit round robin over their weights (Shreedhar and Varghese, 1996): each visit adds the
weight to a tenant's credit, each call costs one. A tenant that may not call now leaves the round until it may, so
that ten thousand blocked tenants cost the others nothing.
"""

import heapq
from collections import deque
from typing import Literal

import msgspec

from daemon.core.adapting import LearnedRate, Refusals, Window
from daemon.core.model import Tenant
from daemon.core.quota import Quota

OUTAGE_AFTER_FAILURES = 5
"""So many failed calls in a row, whosever they were, are an outage and not one tenant's bad luck."""

PROBE_SECONDS = 1.0
"""In an outage the whole client makes one call in this time: enough to notice the end within a second."""

GROW_AFTER_SECONDS = 1.0
"""A grown share of the client's quota is used after this pause: the former owner's last burst must have passed."""

FOREVER = float("inf")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The client's limits: calls per second, calls in flight (all and per tenant), burst in seconds of a quota."""

    quota: float = 100.0
    concurrency: int = 64
    tenant_concurrency: int = 16
    burst_seconds: float = 0.1


class Turn:
    """One tenant's place in the round: its queued tickets, its quota and what blocks it."""

    def __init__(self, tenant: Tenant, burst_seconds: float) -> None:
        self.name = tenant.name
        self.weight = tenant.weight
        self.learned = LearnedRate(tenant.quota)
        self.quota = Quota(tenant.quota, tenant.quota * burst_seconds)
        self._burst_seconds = burst_seconds
        self.live: deque[int] = deque()
        self.background: deque[int] = deque()
        self.in_flight = 0
        self.held_until = 0.0
        self.credit = 0.0
        self.place: Literal["out", "round", "blocked", "full"] = "out"

    def allow(self, tenant: Tenant) -> None:
        """Take the tenant's new terms."""
        self.weight = tenant.weight
        self.learned.allow(tenant.quota)
        self._use(self.learned.rate)

    def refuse(self, now: float) -> None:
        """Call less often: DnB refused a call for its quota."""
        self.learned.refuse(now)
        self._use(self.learned.rate)

    def take(self, now: float) -> None:
        """Count one call made now; each makes a rate that was cut a little greater."""
        was_cut = self.learned.is_cut
        rate = self.learned.use(now)
        if was_cut:
            self._use(rate)
        self.quota.take(now)
        self.in_flight += 1

    def _use(self, rate: float) -> None:
        self.quota.change_rate(rate, rate * self._burst_seconds)

    @property
    def calls(self) -> int:
        """Return how many calls queue or are in flight."""
        return len(self.live) + len(self.background) + self.in_flight

    def queue(self) -> deque[int]:
        """Return the queue to serve: live changes go before parked ones and verifications."""
        return self.live or self.background

    def earliest(self) -> float:
        """Return the first instant at which the tenant's quota and hold let a call go."""
        return max(self.held_until, self.quota.earliest())


class Pacing:
    """Grants queued tickets their call: within both quotas, in fair turns, and never to one that is held."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turns: dict[str, Turn] = {}
        self._round: deque[Turn] = deque()
        self._blocked: list[tuple[float, str]] = []
        self._client = Quota(limits.quota, limits.quota * limits.burst_seconds)
        self._learned = LearnedRate(limits.quota)
        self._refusals = Refusals()
        self._window = Window(limits.concurrency)
        self._share = 0.0
        self._growth: tuple[float, float] | None = None
        self._in_flight = 0
        self._failures = 0
        self._next_probe = 0.0
        self.held_until = 0.0

    # -- tenants and shares ------------------------------------------------------------------------------------

    def admit(self, tenant: Tenant) -> None:
        """Give a tenant its turn, or its turn the tenant's new terms."""
        turn = self._turns.get(tenant.name)
        if turn is None:
            self._turns[tenant.name] = Turn(tenant, self._limits.burst_seconds)
            return
        turn.allow(tenant)

    def share(self, fraction: float, now: float) -> None:
        """Use this fraction of the client's quota: a smaller one at once, a larger one after a pause."""
        if self._share in (0.0, fraction) or fraction < self._share:
            self._apply_share(fraction)
        elif self._growth is None or self._growth[1] != fraction:
            self._growth = (now + GROW_AFTER_SECONDS, fraction)

    def _apply_share(self, fraction: float) -> None:
        self._share = fraction
        self._growth = None
        if fraction > 0.0:
            self._learned.allow(self._limits.quota * fraction)
            self._use(self._learned.rate)

    def _use(self, rate: float) -> None:
        self._client.change_rate(rate, rate * self._limits.burst_seconds)

    # -- tickets -----------------------------------------------------------------------------------------------

    def enqueue(self, tenant: str, ticket: int, *, background: bool = False, begun: bool = False) -> None:
        """Queue a ticket for one call of the tenant, in the background behind all that is live.

        What is `begun` goes before what is not: else, with a thousand changes in hand, none would be delivered before
        all of them had made their first call, and what that read would be old when the next call writes.
        """
        turn = self._turns[tenant]
        queue = turn.background if background else turn.live
        if begun:
            queue.appendleft(ticket)
        else:
            queue.append(ticket)
        if turn.place == "out":
            self._join(turn)

    def withdraw(self, tenant: str, ticket: int) -> None:
        """Take a queued ticket back."""
        turn = self._turns[tenant]
        queue = turn.live if ticket in turn.live else turn.background
        queue.remove(ticket)

    def finish(self, tenant: str) -> None:
        """Tell that a granted call of the tenant is over."""
        turn = self._turns[tenant]
        turn.in_flight -= 1
        self._in_flight -= 1
        if turn.place == "full":
            self._join(turn)

    def charge(self, now: float) -> None:
        """Count a call of the client that belongs to no tenant: a token."""
        self._client.take(now)

    def grant(self, now: float) -> int | None:
        """Return the ticket whose call goes next, now; None if no call may go."""
        self._unblock(now)
        while self._round and self._client_earliest(now) <= now:
            if self._in_flight >= self._window.size:
                self._window.fill()
                return None
            ticket = self._serve(self._round[0], now)
            if ticket is not None:
                return ticket
        return None

    def give_back(self, tenant: str) -> None:
        """Take a grant back whose call was not made: the quotas are as if it had not been."""
        turn = self._turns[tenant]
        turn.quota.give_back()
        self._client.give_back()
        self.finish(tenant)

    def next_grant(self, now: float) -> float:
        """Return the next instant at which `grant` may return something without another event; FOREVER if at none."""
        growth = self._growth[0] if self._growth else FOREVER
        if self._in_flight >= self._window.size:
            return growth
        if self._round:
            return min(growth, self._client_earliest(now))
        return min(growth, max(self._blocked[0][0], self._client_earliest(now)) if self._blocked else FOREVER)

    # -- holds and outages -------------------------------------------------------------------------------------

    def hold(self, tenant: str, until: float) -> None:
        """Make no call for the tenant until that instant; a longer hold stays."""
        turn = self._turns[tenant]
        turn.held_until = max(turn.held_until, until)

    def hold_client(self, until: float) -> None:
        """Make no call at all until that instant; a longer hold stays."""
        self.held_until = max(self.held_until, until)

    def released_at(self, tenant: str) -> float:
        """Return the instant until which the tenant is held, in the past if it is not."""
        return self._turns[tenant].held_until

    def refused(self, tenant: str, now: float) -> None:
        """Tell that DnB refused a call of the tenant for its quota: what the operator allows is more than DnB does.

        It may be more for the tenant alone, or for all of them together: then many are refused at a time.
        """
        self._failures = 0
        self._turns[tenant].refuse(now)
        self._refusals.refuse(tenant)
        if self._refusals.are_of_all:
            self._learned.refuse(now)
            self._use(self._learned.rate)

    def succeeded(self, seconds: float, now: float, *, writes: bool = False) -> None:
        """Tell that DnB answered a call sensibly, after so many seconds: there is no outage."""
        self._failures = 0
        self._window.answered(seconds, now, writes=writes)

    def failed(self, now: float) -> None:
        """Tell that a call got no sensible answer; many in a row are an outage, probed once a second."""
        self._failures += 1
        self._window.failed(now)
        self._next_probe = now + PROBE_SECONDS

    @property
    def is_outage(self) -> bool:
        """Tell whether the API as a whole seems to be out of order."""
        return self._failures >= OUTAGE_AFTER_FAILURES

    @property
    def rate(self) -> float:
        """Return this replica's share of the client's quota, in calls per second."""
        return self._client.rate if self._share else 0.0

    @property
    def window(self) -> int:
        """Return how many calls may be in flight at present."""
        return self._window.size

    def load(self, now: float) -> float:
        """Return the calls a second that the quotas let go of what there is to do, divided by what can be made.

        Above 1 another replica would help; below it the quotas are what binds, or there is nothing to do. While nothing
        is called, or DnB is out of order, it is 0: no replica would help.
        """
        if self.held_until > now or self.is_outage:
            return 0.0
        at_work = (turn for turn in self._turns.values() if turn.held_until <= now)
        wanted = sum(min(turn.calls, turn.quota.rate) for turn in at_work)
        return min(wanted, self.rate) / self._window.calls_per_second

    @property
    def in_flight(self) -> int:
        """Return how many granted calls are not over."""
        return self._in_flight

    # -- inside ------------------------------------------------------------------------------------------------

    def _client_earliest(self, now: float) -> float:
        if self._share == 0.0:
            return FOREVER
        earliest = max(self.held_until, self._client.earliest())
        if not self.is_outage:
            return earliest
        return max(earliest, self._next_probe if self._in_flight == 0 else now + PROBE_SECONDS)

    def _unblock(self, now: float) -> None:
        if self._growth and self._growth[0] <= now:
            self._apply_share(self._growth[1])
        while self._blocked and self._blocked[0][0] <= now:
            self._join(self._turns[heapq.heappop(self._blocked)[1]])

    def _join(self, turn: Turn) -> None:
        turn.place = "round"
        self._round.append(turn)

    def _leave(self, turn: Turn, place: Literal["out", "blocked", "full"]) -> None:
        self._round.popleft()
        turn.place = place
        turn.credit = 0.0

    def _serve(self, turn: Turn, now: float) -> int | None:
        """Serve the turn at the head of the round: one ticket, or none and the head has moved."""
        queue = turn.queue()
        if not queue:
            self._leave(turn, "out")
        elif turn.in_flight >= self._limits.tenant_concurrency:
            self._leave(turn, "full")
        elif turn.earliest() > now:
            heapq.heappush(self._blocked, (turn.earliest(), turn.name))
            self._leave(turn, "blocked")
        elif self._has_credit(turn):
            return self._take(turn, queue, now)
        return None

    def _has_credit(self, turn: Turn) -> bool:
        """Spend one credit if the turn has it after its visit; the round moves on when nothing more is left."""
        if turn.credit < 1.0:
            turn.credit += turn.weight
        enough = turn.credit >= 1.0
        if enough:
            turn.credit -= 1.0
        if turn.credit < 1.0:
            self._round.rotate(-1)
        return enough

    def _take(self, turn: Turn, queue: deque[int], now: float) -> int:
        turn.take(now)
        was_cut = self._learned.is_cut
        rate = self._learned.use(now)
        if was_cut:
            self._use(rate)
        self._client.take(now)
        self._refusals.call(now)
        self._in_flight += 1
        return queue.popleft()
