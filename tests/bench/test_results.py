"""Whether the written results tell what is reached, what is missed, and of which run each figure is."""

import re
from pathlib import Path

import pytest

from bench import results
from bench.goals import GOALS
from bench.rows import Flat, write
from tests.bench.rows_of import RUN, row

VERDICT = re.compile(r"\| (reached|\*\*missed\*\*|not measured|not comparable: [^|]*) \|")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep rows and results apart from those of the project."""
    monkeypatch.setattr(results, "ROWS", tmp_path / "results.json")
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")


def written(*rows: Flat) -> str:
    """Return the results of these rows."""
    write(results.ROWS, rows)
    assert 0 == results.main()
    return results.RESULTS.read_text()


def test_without_rows_there_are_no_results(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither with rows of which nobody knows how they were measured."""
    assert 1 == results.main()
    assert "no rows yet" in capsys.readouterr().err
    write(results.ROWS, [{"scenario": "quota", "contender": "daemon", "repetition": 1, "utilisation": 1.0}])
    assert 1 == results.main()
    assert "without run and commit, to be measured anew: quota" in capsys.readouterr().err


def test_the_written_results_name_what_is_missed() -> None:
    """Each goal has a line, also where nothing was measured yet; a figure that a row lacks is a missed one."""
    text = written(row("quota", "daemon", utilisation=0.9, rejected=0.0))
    goals = text.partition("## Goals")[2].partition("## Growth")[0]
    assert len(GOALS) == len(VERDICT.findall(goals))
    assert ["**missed**", "reached", "**missed**"] == VERDICT.findall("\n".join(re.findall(r".*`quota`.* \|", goals)))
    assert f"Of {len(GOALS)} goals 1 are reached, 2 missed, and {len(GOALS) - 3} not measured" in text
    assert "- share of the quota that is used (`quota`): " in text
    assert "| at most 5 | median | none in 1 | 1 | **missed** |" in text


def test_the_written_results_tell_by_what_a_goal_is_judged() -> None:
    """By the median, or by the worst repetition."""
    text = written(*(row("quota", "daemon", utilisation=1.0, rejected=value, converged_s=1.0) for value in (0, 0, 7)))
    assert "| calls beyond the quota | `quota`: `rejected` | 0 | worst | 7 (0..7) | 3 | **missed** |" in text


def test_the_written_results_tell_runs_and_refuse_to_compare_two() -> None:
    """The commit and the machine of each, and how many rows are of it."""
    other = row("unique", "slots", run="2026-03-15T10:11:12Z", cpu_us_per_record=500.0)
    text = written(row("unique", "daemon", cpu_us_per_record=350.0), other)
    assert f"| {RUN} | abc1234 | 2 processors | 1 |" in text
    assert "| 1 | not comparable: `slots` has no figure of the same run |" in text


def test_the_written_results_state_what_is_expected_of_more_entries() -> None:
    """Computed from the points; a curve with a point that failed states nothing."""
    counts = ((10_000, 300.0), (100_000, 310.0), (1_000_000, 320.0))
    rows = [row(f"ledger-{count}", "daemon", cpu_us_per_record=cost, rss_mib=None) for count, cost in counts]
    text = written(*rows)
    assert "Expected of ledger-10,000,000, computed from the points above and not measured:" in text
    assert "- `cpu_us_per_record`: 330 if it goes on as the logarithm nearest to all points, 420 as" in text
    assert "- `rss_mib`:" not in text
    assert "| ledger | 10,000 | `rss_mib` | none | |  |  |" in text
