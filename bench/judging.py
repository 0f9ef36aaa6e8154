"""What a goal is, and how rows are judged by it: a repetition without the figure is a missed one."""

import math
import statistics
from collections.abc import Sequence
from typing import Literal

import msgspec

from bench.contending import DAEMON
from bench.rows import Flat

By = Literal["median", "worst"]
"""Which repetition counts: the median, or the worst one, for what may never happen."""


class Reading(msgspec.Struct, frozen=True):
    """What one repetition tells of a figure, None if it has none: it failed, or what it waited for never came."""

    run: str
    value: float | None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What rows tell of a goal: `count` repetitions, of which some are `lacking` the figure, and the others' values.

    Those are comparable if what they are divided by is of their run.
    """

    goal: "Goal"
    count: int
    values: Sequence[float]
    lacking: int
    is_comparable: bool

    @property
    def figure(self) -> float:
        """The value that counts; there must be one."""
        if self.goal.by == "median":
            return statistics.median(self.values)
        return min(self.values) if self.goal.at_most == math.inf else max(self.values)

    @property
    def is_measured(self) -> bool:
        """Tell whether there are repetitions that can be judged."""
        return self.is_comparable and self.count > 0

    @property
    def is_reached(self) -> bool:
        """Tell whether every repetition has the figure, and the one that counts is within the bound."""
        if not self.is_comparable or self.lacking or not self.values:
            return False
        return self.goal.at_least <= self.figure <= self.goal.at_most

    @property
    def is_missed(self) -> bool:
        """Tell whether it was measured, and is not reached."""
        return self.is_measured and not self.is_reached


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A bound on one of the daemon's figures, or on that divided by another contender's median of the same run.

    `by` tells which repetition counts. `hindrance` says of a goal that is known to be missed what stands in its way,
    and what would reach it.
    """

    what: str
    scenario: str
    figure: str
    at_least: float = -math.inf
    at_most: float = math.inf
    by: By = "median"
    beside: str | None = None
    hindrance: str = ""

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.at_least == self.at_most:
            return f"{self.at_most:,g}"
        return f"at least {self.at_least:,g}" if self.at_most == math.inf else f"at most {self.at_most:,g}"

    def judged(self, rows: Sequence[Flat]) -> Judged:
        """Return what the rows tell."""
        mine = readings(rows, self.scenario, DAEMON, self.figure)
        has = [(one.run, one.value) for one in mine if one.value is not None]
        bases = self._bases(rows) if self.beside else {run: 1.0 for run, _ in has}
        return Judged(
            goal=self,
            count=len(mine),
            values=[value / bases[run] for run, value in has if run in bases],
            lacking=len(mine) - len(has),
            is_comparable=all(run in bases for run, _ in has),
        )

    def _bases(self, rows: Sequence[Flat]) -> dict[str, float]:
        """Return, for each run, the median of what the figure is compared with."""
        by_run: dict[str, list[float]] = {}
        for one in readings(rows, self.scenario, str(self.beside), self.figure):
            if one.value is not None:
                by_run.setdefault(one.run, []).append(one.value)
        return {run: statistics.median(values) for run, values in by_run.items()}


def never(what: str, scenario: str, figure: str, *, hindrance: str = "") -> Goal:
    """Return the goal that something happens in no repetition."""
    return Goal(what=what, scenario=scenario, figure=figure, at_least=0, at_most=0, by="worst", hindrance=hindrance)


def readings(rows: Sequence[Flat], scenario: str, contender: str, figure: str) -> list[Reading]:
    """Return what each repetition of a cell tells of a figure."""
    cell = (row for row in rows if row["scenario"] == scenario and row["contender"] == contender)
    found = ((str(row.get("run")), row.get(figure)) for row in cell)
    return [Reading(run, value if isinstance(value, int | float) else None) for run, value in found]
