"""Whether the results tell a goal that is reached from one that is missed."""

import math
import re
from pathlib import Path

import pytest

from bench import results
from bench.goals import GOALS, GROWTH, Curve, Goal, Point, curves
from bench.matrix import SCENARIOS
from bench.rows import Flat, added, markdown, read, write


def row(scenario: str, contender: str, **figures: float | None) -> Flat:
    """Return a row of one repetition."""
    return {"scenario": scenario, "contender": contender, "repetition": 1, **figures}


def test_what_is_named_is_measured() -> None:
    """A goal or a curve of a scenario that nobody plays would never be missed."""
    named = {goal.scenario for goal in GOALS} | {f"{kind}-{n}" for kind, _, counts in GROWTH for n in counts}
    assert named <= SCENARIOS.keys()


@pytest.mark.parametrize(
    ("least", "most", "costs", "is_reached", "bound"),
    [
        (-math.inf, 2.0, [1.0, 2.0, 9.0], True, "at most 2"),
        (-math.inf, 2.0, [1.0, 2.1, 9.0], False, "at most 2"),
        (8_000.0, math.inf, [7_000.0, 8_000.0, 8_001.0], True, "at least 8,000"),
        (8_000.0, math.inf, [7_000.0, 7_999.0, 9_000.0], False, "at least 8,000"),
        (0.0, 0.0, [0.0, 0.0, 1.0], True, "0"),
    ],
)
def test_the_median_is_what_counts(
    least: float, most: float, costs: list[float], *, is_reached: bool, bound: str
) -> None:
    """One repetition that is far off decides nothing."""
    goal = Goal(what="a figure", scenario="unique", figure="x", at_least=least, at_most=most)
    values = goal.values([row("unique", "daemon", x=cost) for cost in costs] + [row("unique", "loop", x=1.0)])
    assert (costs, is_reached, bound) == (values, goal.is_reached(values), goal.bound)


def test_a_share_is_of_the_other_contenders_median() -> None:
    """Where the other was not measured there is no share."""
    goal = Goal(what="a share", scenario="unique", figure="x", beside="slots", at_most=0.7)
    mine = [row("unique", "daemon", x=350.0)]
    assert [0.7] == goal.values([*mine, *(row("unique", "slots", x=cost) for cost in (1.0, 500.0, 900.0))])
    assert [] == goal.values(mine)


def test_a_curve_is_held_against_the_logarithm() -> None:
    """Counted from a tenth of one on, so that a curve may begin at one."""
    curve = Curve("tenants", [Point(1, 400.0), Point(100, 500.0), Point(10_000, 3_000.0)])
    assert [1.0, 1.25, 7.5] == [curve.growth(point) for point in curve.points]
    assert [1.0, 3.0, 5.0] == [pytest.approx(curve.bound(point)) for point in curve.points]
    rows = [row("tenants-1", "daemon", cpu_us_per_record=400.0), row("ledger-10000", "daemon", cpu_us_per_record=1.0)]
    assert [] == list(curves(rows))
    rows.append(row("tenants-100", "daemon", cpu_us_per_record=500.0))
    assert ["tenants"] == [curve.kind for curve in curves(rows)]


def test_a_cell_that_is_measured_anew_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """All other cells stay as they were."""
    path = tmp_path / "rows.json"
    assert [] == read(path)
    kept = [row("unique", "daemon", x=1.0), row("unique", "loop", x=2.0)]
    write(path, added(kept, [row("unique", "daemon", x=3.0)]))
    assert [row("unique", "loop", x=2.0), row("unique", "daemon", x=3.0)] == read(path)


def test_a_table_has_what_was_measured() -> None:
    """Medians with their spread; a figure that nobody has is no column."""
    rows = [row("unique", "daemon", x=value, y=None) for value in (1.0, 2.0, 3_000.0)]
    assert ["### unique", "", "| contender | x |", "|---|--:|", "| daemon | 2 (1..3,000) |"] == markdown(rows).split(
        "\n"
    )


def test_the_written_results_name_what_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each goal has a line, also where nothing was measured yet."""
    monkeypatch.setattr(results, "ROWS", tmp_path / "results.json")
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    assert 1 == results.main()
    assert "no rows yet" in capsys.readouterr().err
    write(results.ROWS, [row("quota", "daemon", utilisation=0.9, rejected=0.0)])
    assert 0 == results.main()
    text = results.RESULTS.read_text()
    assert len(GOALS) == len(re.findall(r"\| (reached|\*\*missed\*\*|not measured) \|", text))
    assert 1 == text.count("**missed**")
    assert "- share of the quota that is used (`quota`): " in text
