"""Moment's project states in DnB's terms, and the way from one status in DnB to another.

DnB changes a project's status through named transitions only. Which are allowed from where is not documented: the
matrix follows from their names. Moment's states are a list of its own that is not published beyond `inProgress`, so
further words that mean a status are understood, and a state that is not among them leaves DnB's status alone.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

Step: TypeAlias = tuple[int, str]
"""A transition taken in a status."""

REGISTERED, OFFER_PHASE, IN_PROGRESS, COMPLETED, DISCARDED = 42201, 42202, 42203, 42204, 42205

ENDS = frozenset({COMPLETED, DISCARDED})
"""No way leads through these to elsewhere: a project must not look finished or lost on its way."""

TRANSITIONS: Mapping[int, Mapping[str, int]] = {
    REGISTERED: {"InitiateProject": OFFER_PHASE, "StartProject": IN_PROGRESS, "DiscardProject": DISCARDED},
    OFFER_PHASE: {"StartProject": IN_PROGRESS, "DiscardProject": DISCARDED},
    IN_PROGRESS: {"CompleteProject": COMPLETED, "DiscardProject": DISCARDED},
    COMPLETED: {"ReactivateProject": IN_PROGRESS},
    DISCARDED: {"ReactivateProject": IN_PROGRESS},
}

_WORDS: Mapping[int, str] = {
    REGISTERED: "registered new planned notstarted draft potential",
    OFFER_PHASE: "offer offersent offerphase lead tender quote quotation awaitinganswer",
    IN_PROGRESS: "inprogress active open ongoing started",
    COMPLETED: "completed finished closed done ended",
    DISCARDED: "discarded lost cancelled canceled rejected declined aborted",
}
_STATUS_OF: Mapping[str, int] = {word: status for status, words in _WORDS.items() for word in words.split()}


def wanted_status(state: str) -> int | None:
    """Return DnB's status for a state of Moment's, None for a state that is not understood."""
    return _STATUS_OF.get(re.sub(r"[^a-z]", "", state.lower()))


def next_transition(current: int, wanted: int, refused: AbstractSet[Step] = frozenset()) -> str | None:
    """Return the first transition of the shortest way between two statuses, None where no way is left."""
    ways = _steps_from(current, refused)
    seen = {current}
    while ways:
        first, status = ways.pop(0)
        if status == wanted:
            return first
        if status not in seen | ENDS:
            seen.add(status)
            ways += [(first, onward) for _, onward in _steps_from(status, refused)]
    return None


def _steps_from(status: int, refused: AbstractSet[Step]) -> list[tuple[str, int]]:
    steps = TRANSITIONS.get(status, {}).items()
    return [(name, onward) for name, onward in steps if (status, name) not in refused]
