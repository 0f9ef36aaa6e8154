"""What goes wrong at a turn: at the nth append, commit, fetch or step of all replicas together, among others."""

from collections import Counter, deque
from collections.abc import Callable

from tests.simulation.schedules import TURN_FAULTS, Schedule, Trouble

LATE_APPEND_SECONDS = 4.0
LATE_COMMIT_SECONDS = 3.0
LATE_FETCH_SECONDS = 9.0

APPLIED_SHARE = 0.5
"""Of the writes and commits that are told as refused have been applied: only their answer was lost."""


class Turns:
    """Counts turns, and says what befalls each."""

    def __init__(self, schedule: Schedule, struck: Callable[[Trouble], None]) -> None:
        """Take the schedule's troubles of this sort, and whom to tell of each that strikes."""
        self.is_calm = False
        self._struck = struck
        self._counts: Counter[str] = Counter()
        self._troubles: dict[tuple[str, int], deque[Trouble]] = {}
        for trouble in schedule.troubles:
            if trouble.kind in TURN_FAULTS:
                self._troubles.setdefault((_sort(trouble), int(trouble.at)), deque()).append(trouble)

    def append(self) -> tuple[bool, float]:
        """Return whether the next append is refused, and by how many seconds its acknowledgement is late."""
        trouble = self._take("append")
        if trouble is None:
            return False, 0.0
        is_refused = trouble.kind == "append_refused"
        return is_refused, 0.0 if is_refused else LATE_APPEND_SECONDS * trouble.seconds

    def letter(self) -> tuple[bool, float]:
        """Return whether the next dead letter is refused, and by how many seconds its acknowledgement is late."""
        trouble = self._take("letter")
        return trouble is not None, 0.0

    def restore(self) -> bool:
        """Tell whether the process dies before the next step of a restore."""
        return self._take("restore") is not None

    def commit(self) -> tuple[bool, float]:
        """Return whether the next commit is refused, and by how many seconds it is late."""
        trouble = self._take("commit")
        if trouble is None:
            return False, 0.0
        is_refused = trouble.kind == "commit_refused"
        return is_refused, 0.0 if is_refused else LATE_COMMIT_SECONDS * trouble.seconds

    def fetch(self) -> tuple[bool, float]:
        """Return whether what the next fetch brings is brought again, and by how many seconds it is late."""
        trouble = self._take("fetch")
        if trouble is None:
            return False, 0.0
        is_repeated = trouble.kind == "fetch_repeated"
        return is_repeated, 0.0 if is_repeated else LATE_FETCH_SECONDS * trouble.seconds

    def crash(self) -> float | None:
        """Return after which share of its actions the process dies in this step, None if it lives on."""
        trouble = self._take("crash")
        return None if trouble is None else trouble.seconds

    def _take(self, sort: str) -> Trouble | None:
        self._counts[sort] += 1
        troubles = self._troubles.get((sort, self._counts[sort]))
        if not troubles or self.is_calm:
            return None
        trouble = troubles.popleft()
        self._struck(trouble)
        return trouble


def _sort(trouble: Trouble) -> str:
    """Return at whose turns a trouble strikes: `append_late` at an append's."""
    return trouble.kind.partition("_")[0]
