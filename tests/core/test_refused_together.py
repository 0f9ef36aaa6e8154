"""Many tenants, and a DnB that bears less than the operator allows: of all of them together, or of some."""

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import pytest

from daemon.core.adapting import Refusals
from daemon.core.model import Tenant
from daemon.core.pacing import FOREVER, Limits, Pacing

LATENCY_SECONDS, REFUSED_SECONDS, RETRY_AFTER_SECONDS = 0.05, 0.003, 1.0
ALWAYS_BUSY = 8
"""So many calls each tenant has to make at any time."""


class Bucket:
    """A server's token bucket of one second's depth."""

    def __init__(self, rate: float) -> None:
        """Begin full."""
        self._rate = self._tokens = rate
        self._at = 0.0

    def has(self, now: float) -> bool:
        """Tell whether a call may be let in."""
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return self._tokens >= 1.0

    def take(self) -> None:
        """Let a call in."""
        self._tokens -= 1.0


class Server:
    """DnB on virtual time, and tenants that always have calls to make; `accepted` and `refused` count by second."""

    def __init__(self, tenants: Mapping[str, float], *, allowed: float, real: float) -> None:
        """Take what the server bears of each tenant and of all; the operator allows 20 calls a second of each."""
        self.pacing = Pacing(Limits(quota=allowed, concurrency=512, tenant_concurrency=16, burst_seconds=0.1))
        self.accepted: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self._all, self._own = Bucket(real), {name: Bucket(rate) for name, rate in tenants.items()}
        self._tickets: dict[int, str] = {}
        self._answers: list[tuple[float, int, Literal["accepted", "refused"], str]] = []
        self._number = 0
        for name in tenants:
            self.pacing.admit(Tenant(name=name, company=name, quota=20.0))
        self.pacing.share(1.0, 0.0)
        for name in list(tenants) * ALWAYS_BUSY:
            self._ask(name)

    def play(self, seconds: float) -> None:
        """Let so much time pass."""
        now = 0.0
        while now < seconds:
            while (ticket := self.pacing.grant(now)) is not None:
                self._call(self._tickets.pop(ticket), now)
            upcoming = self.pacing.next_grant(now)
            if self._answers and self._answers[0][0] <= upcoming:
                now = self._answers[0][0]
                self._answer(*heapq.heappop(self._answers)[2:], now)
            else:
                assert upcoming < FOREVER
                now = upcoming

    def between(self, counts: Counter[int], first: int, last: int) -> float:
        """Return how many there were in a second, in these seconds."""
        return sum(counts[second] for second in range(first, last)) / (last - first)

    def _ask(self, name: str) -> None:
        self._number += 1
        self._tickets[self._number] = name
        self.pacing.enqueue(name, self._number)

    def _call(self, name: str, now: float) -> None:
        self._number += 1
        if self._all.has(now) and self._own[name].has(now):
            self._all.take()
            self._own[name].take()
            self.accepted[int(now)] += 1
            heapq.heappush(self._answers, (now + LATENCY_SECONDS, self._number, "accepted", name))
        else:
            self.refused[int(now)] += 1
            heapq.heappush(self._answers, (now + REFUSED_SECONDS, self._number, "refused", name))

    def _answer(self, outcome: Literal["accepted", "refused"], name: str, now: float) -> None:
        self.pacing.finish(name)
        if outcome == "accepted":
            self.pacing.succeeded(LATENCY_SECONDS, now)
        else:
            self.pacing.refused(name, now)
            self.pacing.hold(name, now + RETRY_AFTER_SECONDS)
        self._ask(name)


def names(count: int, rate: float) -> dict[str, float]:
    """Return tenants of which the server bears so many calls a second each."""
    return {f"tenant-{number}": rate for number in range(count)}


@pytest.mark.parametrize("count", [20, 200])
def test_the_quota_of_all_is_learned_where_many_are_refused(count: int) -> None:
    """The server bears half of what is allowed: all of it is used, and few calls are wasted on finding that out."""
    server = Server(names(count, 20.0), allowed=100.0, real=50.0)
    server.play(120.0)
    assert server.between(server.accepted, 5, 65) >= 0.95 * 50.0
    assert server.between(server.accepted, 60, 120) >= 0.99 * 50.0
    assert server.between(server.refused, 60, 120) <= 0.03 * 50.0


def test_tenants_that_are_refused_for_their_own_quota_do_not_slow_the_others() -> None:
    """Ten of fifty get half of what is allowed for them; the rest get all of it."""
    server = Server(names(50, 20.0) | names(10, 10.0), allowed=1_000.0, real=10_000.0)
    server.play(60.0)
    assert server.between(server.accepted, 5, 60) >= 0.98 * (40 * 20.0 + 10 * 10.0)
    assert 1_000.0 == server.pacing.rate


def test_all_tenants_get_their_own_quotas_though_each_is_less_than_allowed() -> None:
    """Refused all at once, as if the quota of all were meant, they are soon back at what each of them has."""
    server = Server(names(50, 10.0), allowed=1_000.0, real=10_000.0)
    server.play(60.0)
    assert server.between(server.accepted, 10, 60) >= 0.95 * 500.0


def test_a_few_refusals_or_tenants_say_nothing_of_all() -> None:
    """Four tenants, and more than a twentieth of the calls; and what was is forgotten after two seconds."""
    refusals = Refusals()
    for number in range(100):
        refusals.call(number / 100.0)
    for name in "aaaabb":
        refusals.refuse(name)
    assert not refusals.are_of_all
    refusals.refuse("c")
    assert not refusals.are_of_all
    refusals.refuse("d")
    assert refusals.are_of_all
    refusals.call(2.5)
    assert not refusals.are_of_all


def test_what_was_learned_of_the_quota_of_all_is_kept_with_a_smaller_share_and_anew_with_a_larger() -> None:
    """A replica that gets partitions back begins with what the operator allows of them."""
    server = Server(names(50, 20.0), allowed=100.0, real=50.0)
    server.play(30.0)
    assert server.pacing.rate <= 60.0
    server.pacing.share(0.25, 30.0)
    assert 25.0 == server.pacing.rate
    server.pacing.share(1.0, 31.0)
    server.pacing.grant(40.0)
    assert server.pacing.rate >= 99.0
