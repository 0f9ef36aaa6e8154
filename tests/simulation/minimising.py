"""Making a failing schedule small: fewer records and fewer troubles that still break a promise in the same way."""

from collections.abc import Iterator

import msgspec

from tests.simulation.schedules import Schedule
from tests.simulation.verdicts import play

TRIES_AT_MOST = 150
"""So many schedules are played to make one small; each takes a fraction of a second."""


class Cut(msgspec.Struct, frozen=True):
    """Which troubles of a schedule are kept, by their places, and how many of its first records."""

    troubles: tuple[int, ...]
    records: int


def whole(schedule: Schedule) -> Cut:
    """Return the cut that keeps everything."""
    return Cut(tuple(range(len(schedule.troubles))), len(schedule.records))


def minimised(schedule: Schedule, violation: str) -> Cut:
    """Return a smaller cut with a violation of the same sort; the whole one if none is found."""
    sort, best, tries = sort_of(violation), whole(schedule), 0
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in candidates(best):
            tries += 1
            if tries > TRIES_AT_MOST:
                return best
            outcome = play(schedule.only(smaller.troubles, smaller.records))
            if outcome.violation and sort_of(outcome.violation) == sort:
                best, is_smaller = smaller, True
                break
    return best


def candidates(cut: Cut) -> Iterator[Cut]:
    """Return smaller cuts, the much smaller ones first."""
    for share in (0.25, 0.5, 0.75, 0.9):
        if 1 <= int(cut.records * share) < cut.records:
            yield Cut(cut.troubles, int(cut.records * share))
    size = max(1, len(cut.troubles) // 2)
    while cut.troubles and size >= 1:
        for start in range(0, len(cut.troubles), size):
            yield Cut(cut.troubles[:start] + cut.troubles[start + size :], cut.records)
        size //= 2
    if cut.records > 1:
        yield Cut(cut.troubles, cut.records - 1)


def sort_of(violation: str) -> str:
    """Return what sort of violation it is: its words without names, numbers and versions."""
    first = violation.partition(";")[0]
    return " ".join(word for word in first.split() if word.isalpha())
