"""Whether rows are kept, and whether the tables tell what was measured and what was not."""

from pathlib import Path

from bench.rows import Figures, Row, Skipped, added, markdown, read, write
from bench.runs import Run
from tests.bench.rows_of import RUN, row

MEASURED_BY = f"run {RUN} of commit abc1234"


def test_a_cell_that_is_measured_anew_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """All other cells stay as they were."""
    path = tmp_path / "rows.json"
    assert [] == read(path)
    kept = [row("unique", "daemon", x=1.0), row("unique", "loop", x=2.0)]
    write(path, added(kept, [row("unique", "daemon", x=3.0)]))
    assert [row("unique", "loop", x=2.0), row("unique", "daemon", x=3.0)] == read(path)


def test_a_row_tells_of_which_run_it_is_and_why_it_has_no_figures() -> None:
    """What failed is a row like any other, so that nobody takes the rest for all."""
    run = Run(began_at=RUN, commit="abc1234", machine="2 processors")
    good = Row(scenario="unique", contender="daemon", repetition=1, run=run, figures=Figures(calls=3, more={"x": 1.0}))
    bad = Row(scenario="unique", contender="daemon", repetition=2, run=run, failed="it ended")
    identity = {"run": RUN, "commit": "abc1234", "machine": "2 processors"}
    assert good.flat | identity | {"calls": 3, "x": 1.0} == good.flat
    assert "failed" not in good.flat
    assert bad.flat | identity | {"repetition": 2, "calls": None, "failed": "it ended"} == bad.flat


def test_a_table_has_what_was_measured() -> None:
    """Medians with their spread; a figure that nobody has is no column."""
    rows = [row("unique", "daemon", x=value, y=None) for value in (1.0, 2.0, 3_000.0)]
    table = ["| contender | x |", "|---|--:|", "| daemon | 2 (1..3,000) |"]
    assert ["### unique", "", *table, "", f"- daemon: {MEASURED_BY}"] == markdown(rows).split("\n")


def test_a_table_tells_what_it_lacks() -> None:
    """Repetitions that failed or never got there, and contenders that were left out."""
    rows = [row("unique", "daemon", x=1.0), row("unique", "daemon", x=None), row("unique", "daemon", failed="it ended")]
    text = markdown(rows, [Skipped(scenario="unique", contender="bento", reason="there is none")])
    assert "| daemon | 1, none in 2 |" in text
    assert ["- daemon (1): failed: it ended", "- bento: there is none"] == text.split("\n")[-2:]
