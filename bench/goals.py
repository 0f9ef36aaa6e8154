"""What is to be reached: each goal names the figure that tells, and rows tell whether it was."""

import math
import statistics
from collections.abc import Iterator, Sequence

import msgspec

from bench.contending import DAEMON
from bench.rows import Flat


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A bound on the median of one of the daemon's figures, or on that divided by another contender's.

    `hindrance` says of a goal that is known to be missed what stands in its way, and what would reach it.
    """

    what: str
    scenario: str
    figure: str
    at_least: float = -math.inf
    at_most: float = math.inf
    beside: str | None = None
    hindrance: str = ""

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.at_least == self.at_most:
            return f"{self.at_most:,g}"
        return f"at least {self.at_least:,g}" if self.at_most == math.inf else f"at most {self.at_most:,g}"

    def values(self, rows: Sequence[Flat]) -> list[float]:
        """Return the figure of each repetition, as a share of the other contender's median where that is the goal."""
        values = figures(rows, self.scenario, DAEMON, self.figure)
        if self.beside is None:
            return values
        others = figures(rows, self.scenario, self.beside, self.figure)
        return [value / statistics.median(others) for value in values] if others else []

    def is_reached(self, values: Sequence[float]) -> bool:
        """Tell whether the median is within the bound."""
        return self.at_least <= statistics.median(values) <= self.at_most


GOALS = (
    Goal(what="share of the quota that is used", scenario="quota", figure="utilisation", at_least=0.995),
    Goal(what="calls beyond the quota", scenario="quota", figure="rejected", at_least=0, at_most=0),
    Goal(what="seconds until the quota is used", scenario="quota", figure="converged_s", at_most=5),
    Goal(
        what="share of the quota where twice as much is configured",
        scenario="quota-double",
        figure="of_allowed",
        at_least=0.95,
    ),
    Goal(what="the same, without Retry-After", scenario="quota-bare", figure="of_allowed", at_least=0.95),
    Goal(
        what="share of what is configured, where that is half the quota",
        scenario="quota-half",
        figure="of_allowed",
        at_least=0.95,
    ),
    Goal(what="calls earlier than Retry-After", scenario="retry-after", figure="early", at_least=0, at_most=0),
    Goal(what="how much later, as a share of it", scenario="retry-after", figure="late_share", at_most=0.05),
    Goal(what="share of the quota that three replicas use", scenario="replicas", figure="utilisation", at_least=0.95),
    Goal(
        what="their most calls in a second: the quota of 100 and one burst",
        scenario="replicas",
        figure="most_in_a_second",
        at_most=200,
    ),
    Goal(
        what="seconds from the kill of one until the others use 95 %: the session timeout of 30, and 10",
        scenario="replicas",
        figure="settled_s",
        at_most=40,
    ),
    Goal(what="records read past in a second", scenario="fairness", figure="read_per_second", at_least=8_000),
    Goal(
        what="p99 behind the backlog, beyond an idle system's", scenario="fairness", figure="beyond_idle_s", at_most=1
    ),
    Goal(what="p99 while it is read, other partitions", scenario="fairness", figure="p99_reading_s", at_most=3),
    Goal(
        what="p99 while it is read, behind it in its own partition",
        scenario="fairness",
        figure="p99_same_partition_s",
        at_most=3,
        hindrance="a partition is read in order, so what lies behind a backlog in it is seen when that has been read "
        "past; more partitions concern fewer tenants, and only a second reader at its end would see it before",
    ),
    Goal(what="Jain's index of equal tenants", scenario="jain", figure="jain", at_least=0.99),
    Goal(what="distance from the weights' shares", scenario="jain", figure="weights_off", at_most=0.02),
    Goal(what="what a customer of 12 s a call costs the others", scenario="slow-entity", figure="lost", at_most=0.02),
    Goal(
        what="share of concurrency ÷ latency",
        scenario="concurrency",
        figure="of_possible",
        at_least=0.98,
        hindrance="each call waits some two milliseconds for the one event loop, twice: before it leaves, and when it "
        "is answered; less where other processors carry Kafka and the far end",
    ),
    Goal(
        what="calls in flight after 10 s at a tenth of the pace, of 100",
        scenario="concurrency",
        figure="slow_in_flight",
        at_most=50,
    ),
    Goal(what="seconds from its end to 95 %", scenario="concurrency", figure="recovered_s", at_most=15),
    Goal(what="calls about a customer at once", scenario="concurrency", figure="overlaps", at_least=0, at_most=0),
    Goal(what="calls for what is unchanged", scenario="unchanged", figure="calls", at_least=0, at_most=0),
    Goal(what="writes for twenty queued edits", scenario="edits", figure="writes_per_customer", at_most=1.1),
    Goal(
        what="stale changes for a second of one core",
        scenario="stale",
        figure="records_per_cpu_second",
        at_least=20_000,
    ),
    Goal(
        what="unchanged ones for a second of one core",
        scenario="unchanged",
        figure="records_per_cpu_second",
        at_least=8_000,
    ),
    Goal(
        what="processor time of a change against one client per slot",
        scenario="unique",
        figure="cpu_us_per_record",
        beside="slots",
        at_most=0.7,
    ),
    Goal(
        what="the same against the stream processor's core",
        scenario="unique",
        figure="cpu_us_per_record",
        beside="benthos",
        at_most=1.3,
        hindrance="reading, sending and keeping a ledger in Python; aiokafka and aiohttp alone, without any of the "
        "daemon's work, are the contender `aiohttp`",
    ),
    Goal(what="MiB at 1,000,000 entries", scenario="ledger-1000000", figure="ready_mib", at_most=150),
    Goal(what="seconds from start to first delivery", scenario="start", figure="first_delivery_s", at_most=2),
    Goal(what="calls in an outage of 20 s", scenario="outage", figure="calls_while_down", at_most=25),
    Goal(what="seconds from its end to work", scenario="outage", figure="resumed_s", at_most=2),
    Goal(what="seconds from a start after SIGKILL to work", scenario="restart", figure="first_delivery_s", at_most=3),
)

GROWTH = (
    ("tenants", "cpu_us_per_record", (1, 100, 5_000)),
    ("ledger", "cpu_us_per_record", (10_000, 100_000, 1_000_000)),
    ("replicas", "cpu_us_per_record", (1, 2, 4)),
)
"""Of what there is more, which figure tells what that costs, and where it is measured (scenario `kind-number`)."""


class Point(msgspec.Struct, frozen=True):
    """A place on a curve: so many of something, and the median of what a change costs there."""

    count: int
    cost: float


class Curve(msgspec.Struct, frozen=True):
    """What a change costs as something grows."""

    kind: str
    points: Sequence[Point]

    def growth(self, point: Point) -> float:
        """Return the cost as a multiple of that at the first point."""
        return point.cost / self.points[0].cost

    def bound(self, point: Point) -> float:
        """Return the multiple at which it would have grown as the logarithm does, counted from a tenth of one on."""
        return math.log(10 * point.count) / math.log(10 * self.points[0].count)


def curves(rows: Sequence[Flat]) -> Iterator[Curve]:
    """Yield the curves of which at least two points were measured."""
    for kind, figure, counts in GROWTH:
        measured = ((count, figures(rows, f"{kind}-{count}", DAEMON, figure)) for count in counts)
        points = [Point(count, statistics.median(values)) for count, values in measured if values]
        if len(points) > 1:
            yield Curve(kind, points)


def figures(rows: Sequence[Flat], scenario: str, contender: str, figure: str) -> list[float]:
    """Return one figure of all repetitions of a cell, without those in which it has no meaning."""
    cell = (row for row in rows if row["scenario"] == scenario and row["contender"] == contender)
    return [value for row in cell if isinstance(value := row.get(figure), float | int)]
