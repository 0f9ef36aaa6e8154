"""Whether a project's change of status leads to the status that a version of it asks for."""

from typing import Final

from daemon.sandbox.statuses import PROJECT_COMPLETED, PROJECT_DISCARDED
from daemon.sandbox.transitions import TRANSITIONS

_ENDED: Final = frozenset({PROJECT_COMPLETED, PROJECT_DISCARDED})
"""No way leads through these to elsewhere: a project must not look finished on its way."""


def leads(start: int, now: int, wanted: int | None) -> bool:
    """Whether a project that must have the status `wanted` may go from `start` to `now`: it is there, or on its way."""
    if wanted is None or wanted == start:
        return False
    return now == wanted or (now not in _ENDED and wanted in _reached_from(now))


def _reached_from(start: int) -> set[int]:
    """The statuses that are reached from `start` by one transition or more."""
    reached: set[int] = set()
    ways = [start]
    while ways:
        status = ways.pop()
        onward = {each.leads_to for each in TRANSITIONS["Project"] if status in each.legal_from} - reached
        reached |= onward
        ways += onward - _ENDED
    return reached
