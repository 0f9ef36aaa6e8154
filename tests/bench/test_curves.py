"""Whether curves are held against the logarithm, and what they let expect is computed from their points."""

import math

import pytest

from bench.curves import COST, GROWTH, Curve, Point, curves
from bench.matrix import SCENARIOS
from tests.bench.rows_of import row


def test_what_is_named_is_measured() -> None:
    """A curve of scenarios that nobody plays would never be missed."""
    assert {f"{kind}-{count}" for kind, counts, _ in GROWTH for count in counts} <= SCENARIOS.keys()


def test_a_curve_is_held_against_the_logarithm() -> None:
    """Counted from a tenth of one on, so that a curve may begin at one."""
    curve = Curve("tenants", COST, [Point(1, 400.0), Point(100, 500.0), Point(10_000, 3_000.0)])
    assert [1.0, 1.25, 7.5] == [curve.growth(point) for point in curve.points]
    assert [1.0, 3.0, 5.0] == [pytest.approx(curve.bound(point)) for point in curve.points]
    assert [True, True, False] == [curve.is_within(point) for point in curve.points]


def test_a_curve_needs_two_points_and_costs_alone_are_bounded() -> None:
    """Of memory and starts it is told how they grow."""
    rows = [
        row("tenants-1", "daemon", cpu_us_per_record=400.0, rss_mib=80.0),
        row("ledger-10000", "daemon", cpu_us_per_record=1.0),
    ]
    assert [] == list(curves(rows))
    rows.append(row("tenants-100", "daemon", cpu_us_per_record=500.0, rss_mib=90.0))
    told = [(one.kind, one.figure, one.is_bounded) for one in curves(rows)]
    assert [("tenants", COST, True), ("tenants", "rss_mib", False)] == told[:2]


def test_a_point_that_failed_is_no_growth_that_is_allowed() -> None:
    """Neither it nor what comes behind it is held against nothing."""
    rows = [
        row("tenants-1", "daemon", failed="it ended"),
        row("tenants-100", "daemon", cpu_us_per_record=500.0),
        row("tenants-5000", "daemon", cpu_us_per_record=2_000.0),
    ]
    curve = next(curves(rows))
    assert [math.inf, 500.0, 2_000.0] == [point.figure for point in curve.points]
    assert [False, True, False] == [curve.is_within(point) for point in curve.points]


def test_what_is_expected_goes_on_from_the_points() -> None:
    """As the logarithm and as a straight line; never less than what was measured last."""
    points = [Point(10_000, 100.0), Point(100_000, 110.0), Point(1_000_000, 120.0)]
    curve = Curve("ledger", "rss_mib", points)
    assert pytest.approx(130.0) == curve.as_logarithm(10_000_000)
    assert pytest.approx(220.0) == curve.as_line(10_000_000)
    falling = Curve("ledger", "rss_mib", [Point(10_000, 120.0), Point(100_000, 110.0), Point(1_000_000, 100.0)])
    assert [100.0, 100.0] == [falling.as_logarithm(10_000_000), falling.as_line(10_000_000)]
