"""Whether the comparison with kept results tells a dearer daemon from a slower machine."""

from pathlib import Path

import pytest

from bench.regress import SCENARIOS, Incomparable, Row, compared, read_rows


def rows(daemon: float, loop: float, run: str = "2026-03-14T10:11:12Z") -> list[Row]:
    """Return three repetitions of each cell, one of them far off."""
    costs = {"daemon": (daemon, daemon, 9 * daemon), "loop": (loop, loop / 9, loop)}
    return [Row(name, one, cost, run) for name in SCENARIOS for one, three in costs.items() for cost in three]


@pytest.mark.parametrize(
    ("daemon", "loop", "is_regression"),
    [(350.0, 700.0, False), (700.0, 1_400.0, False), (430.0, 700.0, False), (440.0, 700.0, True), (350.0, 500.0, True)],
)
def test_a_dearer_daemon_is_told_from_a_slower_machine(daemon: float, loop: float, *, is_regression: bool) -> None:
    """What counts is the ratio of the medians in one run."""
    found = list(compared(rows(350.0, 700.0), rows(daemon, loop)))
    assert [is_regression] * len(SCENARIOS) == [one.is_regression for one in found]
    assert ("REGRESSION" in str(found[0])) == is_regression


def test_only_what_one_run_measured_makes_a_ratio() -> None:
    """Of several runs that measured both the newest counts; a daemon and a loop of two runs are no pair."""
    newer = rows(350.0, 700.0, "2026-03-15T10:11:12Z")
    older = rows(700.0, 700.0)
    assert [1.0] * len(SCENARIOS) == [one.growth for one in compared([*newer, *older], newer)]
    apart = [row for row in newer if row.contender == "daemon"] + [row for row in older if row.contender == "loop"]
    with pytest.raises(Incomparable, match="both of one run"):
        list(compared(apart, newer))


def test_rows_that_lack_something_are_not_compared(tmp_path: Path) -> None:
    """A benchmark that was ended before its time proves nothing."""
    whole = rows(1.0, 2.0)
    with pytest.raises(Incomparable, match="this run: unchanged lacks"):
        list(compared(whole, [row for row in whole if (row.scenario, row.contender) != ("unchanged", "loop")]))
    with pytest.raises(Incomparable, match="kept results: unique lacks"):
        list(compared([], whole))
    path = tmp_path / "rows.json"
    for text in ("", "{}", '[{"scenario": 3}]'):
        path.write_text(text)
        with pytest.raises(Incomparable, match="no rows"):
            read_rows(path)
    with pytest.raises(Incomparable, match="no rows"):
        read_rows(tmp_path / "nowhere.json")
