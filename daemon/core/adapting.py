"""What the API bears, learned from its answers: how many calls at once, and how many a second.

Both go by additive increase and multiplicative decrease (Chiu and Jain, 1989): a little more while all is well, much
less as soon as it is not, and never more than the operator allows.
"""

import statistics
from collections import deque

LOOK_SECONDS = 1.0
"""So long answers are gathered before they are judged: more than one round of an API that is well."""

REMEMBERED_LOOKS = 60
"""The median of so many looks is the API's usual pace: what is slow for half a minute is usual from then on."""

FEW_ANSWERS = 3
"""Fewer answers in a look tell nothing of the API's pace: one call may be slow for its own sake."""

SLOWER_TIMES = 5.0
SLOWER_SECONDS = 0.1
"""Answers that take five times as long as usual and a tenth of a second more are slow: less may be another kind of
call, or this machine's own business.
"""

WINDOW_GROWTH = 0.1
"""The part of what is allowed by which the window grows in a look in which it was full: from nothing in ten."""

LEAST_WINDOW = 0.1
"""The part of what is allowed that always remains: an API that is slow for everybody is not helped by one call less."""


class Window:
    """How many calls may be in flight: half as many when answers become slow or fail, slowly more while they do not."""

    def __init__(self, allowed: int) -> None:
        """Begin with all that is allowed."""
        self._allowed = allowed
        self._size = float(allowed)
        self._paces: deque[float] = deque(maxlen=REMEMBERED_LOOKS)
        self._until = 0.0
        self._seconds: list[float] = []
        self._failures = 0
        self._was_full = False

    @property
    def size(self) -> int:
        """Return how many calls may be in flight."""
        return max(1, int(self._size))

    @property
    def calls_per_second(self) -> float:
        """Return how many calls a second can be made at the usual pace; infinite while that is not known."""
        pace = statistics.median(self._paces) if self._paces else 0.0
        return self.size / pace if pace else float("inf")

    def fill(self) -> None:
        """Note that a call waits for no other reason than the window."""
        self._was_full = True

    def answered(self, seconds: float, now: float) -> None:
        """Take an answer that came after so many seconds."""
        self._seconds.append(seconds)
        self._look(now)

    def failed(self, now: float) -> None:
        """Take a call that got no sensible answer."""
        self._failures += 1
        self._look(now)

    def _look(self, now: float) -> None:
        if now < self._until:
            return
        pace = statistics.median(self._seconds) if len(self._seconds) >= FEW_ANSWERS else None
        if self._is_troubled(pace):
            self._size = max(self._allowed * LEAST_WINDOW, self._size / 2.0)
        elif self._was_full:
            self._size = min(float(self._allowed), self._size + self._allowed * WINDOW_GROWTH)
        if pace is not None:
            self._paces.append(pace)
        self._until = now + LOOK_SECONDS
        self._seconds, self._failures, self._was_full = [], 0, False

    def _is_troubled(self, pace: float | None) -> bool:
        """Tell whether most calls failed, or most answers took much longer than usual."""
        if self._failures >= FEW_ANSWERS and self._failures > len(self._seconds):
            return True
        if pace is None or not self._paces:
            return False
        return pace > SLOWER_TIMES * statistics.median(self._paces) + SLOWER_SECONDS


FIRST_CUT = 0.7
"""What remains of a rate that was refused for the first time, or far from where one was refused before."""

FINE_CUT = 0.95
"""What remains of a rate that is refused where one was refused before: the limit is near."""

NEAR = 0.1
"""Two refused rates that differ by less, as a part of the greater, speak of the same limit."""

QUICK_GROWTH = 0.05
SLOW_GROWTH = 0.002
"""The part of what is allowed by which a rate grows in a second: well below where it was refused, and close to that."""

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
        self._grown_at = 0.0

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

    def refuse(self, now: float) -> None:
        """Take less, because a call was refused for its quota."""
        if now < self._cut_at + CUT_AFTER_SECONDS:
            return
        is_near = abs(self._rate - self._refused_at_rate) <= NEAR * max(self._rate, self._refused_at_rate)
        self._refused_at_rate = self._rate
        self._rate = max(self._allowed * LEAST_RATE, self._rate * (FINE_CUT if is_near else FIRST_CUT))
        self._cut_at = self._grown_at = now

    def grow(self, now: float) -> float:
        """Take a little more for the time since the last call, at most a second of it, and return the rate."""
        seconds = min(max(0.0, now - self._grown_at), 1.0)
        is_far = self._rate < self._refused_at_rate * FINE_CUT
        growth = self._allowed * (QUICK_GROWTH if is_far else SLOW_GROWTH) * seconds
        self._rate = min(self._allowed, self._rate + growth)
        self._grown_at = now
        return self._rate
