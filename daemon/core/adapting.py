"""What the API bears, learned from its answers: how many calls at once, and how many a second.

Both go by additive increase and multiplicative decrease (Chiu and Jain, 1989): a little more while all is well, much
less as soon as it is not, and never more than the operator allows.
"""

import math
import statistics
from collections import deque

LOOK_SECONDS = 1.0
"""So long answers are gathered before they are judged: more than one round of an API that is well."""

REMEMBERED_LOOKS = 60
"""The median of so many looks is the API's usual pace: what is slow for half a minute is usual from then on."""

FEW_ANSWERS = 3
"""Fewer answers in a look tell nothing of the API's pace: one call may be slow for its own sake."""

SLOWER_TIMES = 5.0
SLOWER_SECONDS = 0.3
"""Answers that take five times as long as usual and a third of a second more are slow: less may be another kind of
call, or this machine's own business.
"""

WINDOW_GROWTH = 0.1
"""The part of what is allowed by which the window grows in a look in which it was full: from nothing in ten."""

LEAST_WINDOW = 0.1
"""The part of what is allowed that always remains: an API that is slow for everybody is not helped by one call less."""


class Pace:
    """How long the answers to calls of one kind take: of those gathered now, and usually."""

    def __init__(self) -> None:
        """Begin without any answer."""
        self.answers: list[float] = []
        self.looks: deque[float] = deque(maxlen=REMEMBERED_LOOKS)

    @property
    def is_slow(self) -> bool:
        """Tell whether most answers of this look took much longer than usual."""
        if len(self.answers) < FEW_ANSWERS or not self.looks:
            return False
        return statistics.median(self.answers) > SLOWER_TIMES * statistics.median(self.looks) + SLOWER_SECONDS

    def end_look(self) -> None:
        """Remember this look, unless too few answers came, and begin another."""
        if len(self.answers) >= FEW_ANSWERS:
            self.looks.append(statistics.median(self.answers))
        self.answers = []


class Window:
    """How many calls may be in flight: half as many when answers become slow or fail, slowly more while they do not."""

    def __init__(self, allowed: int) -> None:
        """Begin with all that is allowed."""
        self._allowed = allowed
        self._size = float(allowed)
        self._reads, self._writes = Pace(), Pace()
        self._until = 0.0
        self._failures = 0
        self._was_full = False

    @property
    def size(self) -> int:
        """Return how many calls may be in flight."""
        return max(1, int(self._size))

    @property
    def calls_per_second(self) -> float:
        """Return how many calls a second can be made with all that is allowed; infinite while no pace is known."""
        looks = [*self._reads.looks, *self._writes.looks]
        pace = statistics.median(looks) if looks else 0.0
        return self._allowed / pace if pace else float("inf")

    def fill(self) -> None:
        """Note that the window is full while tenants have calls to make."""
        self._was_full = True

    def answered(self, seconds: float, now: float, *, writes: bool = False) -> None:
        """Take an answer that came after so many seconds; reads and writes have paces of their own."""
        (self._writes if writes else self._reads).answers.append(seconds)
        self._look(now)

    def failed(self, now: float) -> None:
        """Take a call that got no sensible answer."""
        self._failures += 1
        self._look(now)

    def _look(self, now: float) -> None:
        if now < self._until:
            return
        if self._are_most_failed() or self._reads.is_slow or self._writes.is_slow:
            self._size = max(self._allowed * LEAST_WINDOW, self._size / 2.0)
        elif self._was_full:
            self._size = min(float(self._allowed), self._size + self._allowed * WINDOW_GROWTH)
        self._reads.end_look()
        self._writes.end_look()
        self._until, self._failures, self._was_full = now + LOOK_SECONDS, 0, False

    def _are_most_failed(self) -> bool:
        return self._failures >= FEW_ANSWERS and self._failures > len(self._reads.answers) + len(self._writes.answers)


FIRST_CUT = 0.7
"""What remains of a rate that was refused for the first time, or far from where one was refused before."""

FINE_CUT = 0.95
"""What remains of a rate that is refused where one was refused before: the limit is near."""

NEAR = 0.1
"""Two refused rates that differ by less, as a part of the greater, speak of the same limit."""

QUICK_GROWTH = 0.05
SLOW_GROWTH = 0.002
"""The part of the refused rate by which a rate grows in a second: well below that rate, and close to it."""

BOLDER_AFTER_SECONDS = 10.0
"""In each such time without a refusal the slow growth doubles: a limit that was taken for too low is found out."""

DOUBLINGS_AT_MOST = 10.0
"""By then it is the quick growth many times."""

OBSERVED_SECONDS = 2.0
"""Over so long calls are counted, to know what rate it is that is refused: a tenant may use less than it is allowed."""

OBSERVED_TIMES = 3
"""The most calls in one of so many of these times are the rate: the work may only just have begun."""

FEW_CALLS = 10
"""Fewer calls in that time are no rate: a tenant that has little to do and is refused once would hardly call again."""

LEAST_RATE = 0.05
"""The part of what is allowed that always remains."""

CUT_AFTER_SECONDS = 1.0
"""Refusals of calls that left together speak for each other: a rate is cut once in this time."""


class LearnedRate:
    """How many calls a second are taken: what is allowed, or less where DnB refuses that."""

    def __init__(self, allowed: float) -> None:
        """Begin with what is allowed."""
        self._allowed = allowed
        self._rate = allowed
        self._refused_at_rate = 0.0
        self._cut_at = float("-inf")
        self._used_at = 0.0
        self._counted_since = 0.0
        self._count = 0
        self._observed: deque[float] = deque([allowed], maxlen=OBSERVED_TIMES)

    @property
    def is_cut(self) -> bool:
        """Tell whether it is less than what is allowed."""
        return self._rate < self._allowed

    @property
    def rate(self) -> float:
        """Return the calls per second."""
        return self._rate

    def allow(self, allowed: float) -> None:
        """Take another limit of the operator's; what was learned below it stays learned."""
        if allowed != self._allowed:
            self._rate = min(self._rate if self.is_cut else allowed, allowed)
            self._allowed = allowed

    def use(self, now: float) -> float:
        """Count a call, take a little more for the time since the last one (at most a second), and return the rate."""
        seconds = min(max(0.0, now - self._used_at), 1.0)
        self._used_at = now
        self._observe(now)
        if self.is_cut:
            self._rate = min(self._allowed, self._rate + self._growth(now) * seconds)
        return self._rate

    def refuse(self, now: float) -> None:
        """Take less than what was called of late, because a call was refused for its quota."""
        if now < self._cut_at + CUT_AFTER_SECONDS:
            return
        rate = min(self._rate, max(self._observed))
        is_near = abs(rate - self._refused_at_rate) <= NEAR * max(rate, self._refused_at_rate)
        self._refused_at_rate = rate
        self._rate = max(self._allowed * LEAST_RATE, rate * (FINE_CUT if is_near else FIRST_CUT))
        self._cut_at = now

    def _growth(self, now: float) -> float:
        """Return the growth in calls per second, for each second."""
        if self._rate < self._refused_at_rate * FINE_CUT:
            return self._refused_at_rate * QUICK_GROWTH
        doublings = min(DOUBLINGS_AT_MOST, (now - self._cut_at) / BOLDER_AFTER_SECONDS)
        return self._refused_at_rate * SLOW_GROWTH * math.exp2(doublings)

    def _observe(self, now: float) -> None:
        """Count calls; after a rest, or few of them, nothing is known of the rate: it may be all that is allowed."""
        self._count += 1
        seconds = now - self._counted_since
        if seconds >= OBSERVED_SECONDS:
            is_busy = seconds < 2 * OBSERVED_SECONDS and self._count >= FEW_CALLS
            self._observed.append(self._count / seconds if is_busy else self._allowed)
            self._counted_since, self._count = now, 0


REFUSALS_SECONDS = 2.0
"""So long refusals are gathered before they are forgotten."""

MANY_REFUSED = 0.05
"""Refusals that are a greater part of the calls are no mere probing of limits that are known."""

SEVERAL_TENANTS = 4
"""Fewer are refused each for its own quota, and learn that by themselves."""


class Refusals:
    """Who was refused for a quota of late: one tenant for its own, or many for that of all together."""

    def __init__(self) -> None:
        """Begin without any call."""
        self._since = 0.0
        self._calls = 0
        self._refusals = 0
        self._refused: set[str] = set()

    @property
    def are_of_all(self) -> bool:
        """Tell whether so many calls of so many tenants are refused that the quota of all is meant."""
        return self._refusals > MANY_REFUSED * self._calls and len(self._refused) >= SEVERAL_TENANTS

    def call(self, now: float) -> None:
        """Count a call."""
        if now >= self._since + REFUSALS_SECONDS:
            self._since, self._calls, self._refusals = now, 0, 0
            self._refused.clear()
        self._calls += 1

    def refuse(self, tenant: str) -> None:
        """Count a refusal of one."""
        self._refusals += 1
        self._refused.add(tenant)
