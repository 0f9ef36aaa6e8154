"""How figures grow as there is more of something, held against the logarithm, and what is to be expected beyond."""

import math
import statistics
from collections.abc import Iterator, Sequence

import msgspec

from bench.contending import DAEMON
from bench.judging import readings
from bench.rows import Flat

COST = "cpu_us_per_record"
"""What may grow no faster than the logarithm; nothing is said of how memory and starts may grow."""

GROWTH = (
    ("tenants", (1, 100, 5_000), (COST, "rss_mib", "ready_s", "cold_ready_s")),
    ("ledger", (10_000, 100_000, 1_000_000), (COST, "rss_mib", "ready_s", "cold_ready_s")),
    ("replicas", (1, 2, 4), (COST,)),
)
"""Of what there is more, where that is measured (scenario `kind-number`), and which figures tell what it costs."""


class Point(msgspec.Struct, frozen=True):
    """A place on a curve: so many of something, and the figure's median there; infinite if a repetition has none."""

    count: int
    figure: float


class Curve(msgspec.Struct, frozen=True):
    """How a figure grows with the number of something."""

    kind: str
    figure: str
    points: Sequence[Point]

    @property
    def is_bounded(self) -> bool:
        """Tell whether it may grow no faster than the logarithm."""
        return self.figure == COST

    @property
    def first(self) -> Point:
        """The first point that has the figure, or the last of all."""
        return next((point for point in self.points if point.figure < math.inf), self.points[-1])

    def growth(self, point: Point) -> float:
        """Return the figure as a multiple of the first."""
        return point.figure / self.first.figure

    def bound(self, point: Point) -> float:
        """Return the multiple at which it would have grown as the logarithm does, counted from a tenth of one on."""
        return math.log(10 * point.count) / math.log(10 * self.first.count)

    def is_within(self, point: Point) -> bool:
        """Tell whether it has grown no faster than the logarithm; not so where a repetition has no figure."""
        return point.figure < math.inf and self.growth(point) <= self.bound(point)

    def as_logarithm(self, count: int) -> float:
        """Return what is expected there if the logarithm that is nearest to all points goes on, at least the last."""
        fit = statistics.linear_regression(
            [math.log(point.count) for point in self.points], [point.figure for point in self.points]
        )
        return max(self.points[-1].figure, fit.intercept + fit.slope * math.log(count))

    def as_line(self, count: int) -> float:
        """Return what is expected there if the straight line through the last two points goes on, at least the last."""
        before, last = self.points[-2:]
        slope = (last.figure - before.figure) / (last.count - before.count)
        return max(last.figure, last.figure + slope * (count - last.count))


def curves(rows: Sequence[Flat]) -> Iterator[Curve]:
    """Yield the curves of which at least two points were measured."""
    for kind, counts, figures in GROWTH:
        for figure in figures:
            points = list(_points(rows, kind, counts, figure))
            if len(points) > 1:
                yield Curve(kind, figure, points)


def _points(rows: Sequence[Flat], kind: str, counts: Sequence[int], figure: str) -> Iterator[Point]:
    for count in counts:
        values = [one.value for one in readings(rows, f"{kind}-{count}", DAEMON, figure)]
        has = [value for value in values if value is not None]
        if values:
            yield Point(count, statistics.median(has) if len(has) == len(values) else math.inf)
