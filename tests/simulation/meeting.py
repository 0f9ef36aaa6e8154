"""Troubles that last a while: they have struck when a call or a change meets them first, not when they are set."""

from collections.abc import Callable

import msgspec

from tests.simulation.schedules import Trouble
from tests.simulation.timeline import Timeline

NOTICED_LATE_SECONDS = 1.0
"""So long after its end a process may still go by what has ended: it reads its files and ledgers every so often."""

EVERYBODY = ""
"""The scope of what befalls every tenant."""


class Lasting(msgspec.Struct, frozen=True):
    """A trouble that is set and has met nothing yet, whom it befalls, and until when."""

    trouble: Trouble
    scope: str
    until: float


class Meeting:
    """Knows what is set, and tells of each trouble once, when it is met."""

    def __init__(self, timeline: Timeline, struck: Callable[[Trouble], None]) -> None:
        """Begin with nothing set; take whom to tell of each that is met."""
        self._timeline = timeline
        self._struck = struck
        self._set: list[Lasting] = []

    def set(self, trouble: Trouble, scope: str, seconds: float) -> None:
        """Wait for what meets a trouble that lasts so long."""
        self._set.append(Lasting(trouble, scope, self._timeline.now + seconds + NOTICED_LATE_SECONDS))

    def met(self, kind: str, scope: str = EVERYBODY) -> None:
        """Tell of every trouble of that kind which is set there now."""
        now = self._timeline.now
        found = [one for one in self._set if (one.trouble.kind, one.scope) == (kind, scope)]
        for one in found:
            self._set.remove(one)
            if now <= one.until:
                self._struck(one.trouble)

    def calm_down(self) -> None:
        """Wait for nothing any more."""
        self._set.clear()
