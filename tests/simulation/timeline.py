"""Virtual time: what will happen, in order; nothing waits for a clock on the wall."""

import heapq
from collections.abc import Callable

import msgspec

Act = Callable[[], None]

START_SECONDS = 1_790_000_000.0
"""When every schedule begins, in UTC seconds: a day on which all invented books are open."""


class Planned(msgspec.Struct, order=True):
    """Something that will happen; `number` keeps the order of what was planned for one instant."""

    at: float
    number: int
    act: Act


class Timeline:
    """The one queue of a simulated world."""

    def __init__(self) -> None:
        """Begin with nothing planned."""
        self.now = START_SECONDS
        self._queue: list[Planned] = []
        self._number = 0

    def after(self, seconds: float, act: Act) -> None:
        """Plan something."""
        self._number += 1
        heapq.heappush(self._queue, Planned(self.now + max(0.0, seconds), self._number, act))

    def step(self, until: float) -> bool:
        """Let the next thing happen, if it is planned before that instant; else time passes up to it."""
        if not self._queue or self._queue[0].at > until:
            self.now = max(self.now, until)
            return False
        planned = heapq.heappop(self._queue)
        self.now = planned.at
        planned.act()
        return True

    @property
    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return self.now - START_SECONDS
