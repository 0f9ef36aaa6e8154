"""Whether a goal that is reached is told from one that is missed, and from one that cannot be judged."""

import math

import pytest

from bench.goals import GOALS
from bench.judging import Goal, never
from bench.matrix import SCENARIOS
from tests.bench.rows_of import row


def test_what_is_named_is_measured() -> None:
    """A goal of a scenario that nobody plays would never be missed."""
    assert {goal.scenario for goal in GOALS} <= SCENARIOS.keys()


def test_what_may_never_happen_is_judged_by_the_worst() -> None:
    """A median of 0 would let it happen in two repetitions of five."""
    assert {"worst"} == {goal.by for goal in GOALS if goal.at_most == 0}


@pytest.mark.parametrize(
    ("least", "most", "costs", "is_reached", "bound"),
    [
        (-math.inf, 2.0, [1.0, 2.0, 9.0], True, "at most 2"),
        (-math.inf, 2.0, [1.0, 2.1, 9.0], False, "at most 2"),
        (8_000.0, math.inf, [7_000.0, 8_000.0, 8_001.0], True, "at least 8,000"),
        (8_000.0, math.inf, [7_000.0, 7_999.0, 9_000.0], False, "at least 8,000"),
    ],
)
def test_the_median_is_what_counts(
    least: float, most: float, costs: list[float], *, is_reached: bool, bound: str
) -> None:
    """One repetition that is far off decides nothing."""
    goal = Goal(what="a figure", scenario="unique", figure="x", at_least=least, at_most=most)
    judged = goal.judged([row("unique", "daemon", x=cost) for cost in costs] + [row("unique", "loop", x=1.0)])
    assert (costs, is_reached, bound) == (judged.values, judged.is_reached, goal.bound)


def test_the_worst_is_what_counts_where_something_may_never_happen() -> None:
    """Once is enough to miss the goal."""
    goal = never("what is forbidden", "unique", "x")
    rows = [row("unique", "daemon", x=0.0) for _ in range(4)]
    assert goal.judged(rows).is_reached
    judged = goal.judged([*rows, row("unique", "daemon", x=1.0)])
    assert (1.0, "0", True) == (judged.figure, goal.bound, judged.is_missed)
    least = Goal(what="a share", scenario="unique", figure="x", at_least=0.5, by="worst")
    assert 0.0 == least.judged(rows).figure


@pytest.mark.parametrize(
    "lacking",
    [row("unique", "daemon", x=None), row("unique", "daemon"), row("unique", "daemon", failed="the broker ended")],
)
def test_a_repetition_without_the_figure_is_a_missed_one(lacking: dict[str, str | int | float | None]) -> None:
    """What never settled, or failed, is not left out of the median."""
    goal = Goal(what="seconds", scenario="unique", figure="x", at_most=5)
    judged = goal.judged([row("unique", "daemon", x=1.0), row("unique", "daemon", x=2.0), lacking])
    assert ([1.0, 2.0], 1) == (judged.values, judged.lacking)
    assert judged.is_missed
    assert goal.judged([lacking]).is_missed


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    """Rows of others tell nothing of the daemon."""
    judged = Goal(what="a figure", scenario="unique", figure="x", at_most=5).judged([row("unique", "loop", x=1.0)])
    assert (False, False, False) == (judged.is_measured, judged.is_reached, judged.is_missed)


def test_a_share_is_of_the_other_contenders_median() -> None:
    """One of the other's repetitions that is far off decides nothing."""
    goal = Goal(what="a share", scenario="unique", figure="x", beside="slots", at_most=0.7)
    others = [row("unique", "slots", x=cost) for cost in (1.0, 500.0, 900.0)]
    assert [0.7] == goal.judged([row("unique", "daemon", x=350.0), *others]).values


def test_figures_of_two_runs_are_not_compared() -> None:
    """A machine differs from hour to hour: neither reached nor missed is true of them."""
    goal = Goal(what="a share", scenario="unique", figure="x", beside="slots", at_most=0.7)
    mine = row("unique", "daemon", x=1.0)
    for others in ([], [row("unique", "slots", x=500.0, run="2026-03-15T10:11:12Z")], [row("unique", "slots")]):
        judged = goal.judged([mine, *others])
        assert (False, False, False) == (judged.is_comparable, judged.is_reached, judged.is_missed)
    other_run = row("unique", "daemon", x=2.0, run="2026-03-15T10:11:12Z")
    assert not goal.judged([mine, other_run, row("unique", "slots", x=500.0)]).is_comparable
