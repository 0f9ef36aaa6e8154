"""Whether a run tells how long it takes, and keeps what failed."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from bench.contending import CannotRun, Contender
from bench.durations import Takes, minutes
from bench.far_end import FarEnd
from bench.field import FIELD
from bench.matrix import SCENARIOS, Matrix, Scenario, seconds_of
from bench.rows import Figures, Skipped
from bench.runs import Run
from bench.trial import Ground

RUN = Run(began_at="2026-03-14T10:11:12Z", commit="abc1234", machine="2 processors")
MOST_MINUTES = 45


def matrix(*scenarios: Scenario, contenders: list[Contender], repetitions: int = 1) -> Matrix:
    """Return what is to be measured, nothing of it done."""
    return Matrix(run=RUN, scenarios=scenarios, contenders=contenders, repetitions=repetitions)


def contender(name: str) -> Contender:
    """Return one that can run anywhere."""
    return Contender(name=name, command=lambda: ("true",))


@contextlib.asynccontextmanager
async def grounded(folder: Path) -> AsyncGenerator[Ground]:
    """Yield what all cells share, where nobody asks Kafka or the far end anything."""
    async with aiohttp.ClientSession() as session:
        yield Ground(bootstrap="", sink=FarEnd("", session), folder=folder)


async def measured(_: Ground, who: Contender) -> Figures:
    """Measure one call, or fail if it is the loop's turn."""
    if who.name == "loop":
        raise TimeoutError("of many\nonly 3 were known")
    return Figures(calls=1)


def test_everything_once_is_measured_within_45_minutes() -> None:
    """By the scenarios' own times, where every contender but Bento can run."""
    able = [contender(name) for name in FIELD if name != "bento"]
    asked = matrix(*SCENARIOS.values(), contenders=able)
    asked.skip()
    assert len(SCENARIOS) <= len(asked.cells())
    assert MOST_MINUTES * 60 >= seconds_of(asked.cells())


def test_every_cell_takes_its_time() -> None:
    """One that took none would be left out of what a run tells beforehand."""
    asked = matrix(*SCENARIOS.values(), contenders=[contender(name) for name in FIELD])
    asked.skip()
    assert min(cell.seconds for cell in asked.cells()) > 0


async def test_what_failed_is_a_row_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other cells are measured all the same, and the run tells what is left."""
    scenario = Scenario("unique", measured, Takes(daemon=150.0, others=90.0))
    asked = matrix(scenario, contenders=[contender("loop"), contender("daemon")], repetitions=2)
    async with grounded(tmp_path) as ground:
        await asked.measure(ground)
    assert [("only 3 were known", None), ("", 1)] * 2 == [(row.failed, row.figures.calls) for row in asked.rows]
    assert asked.has_failed
    lines = capsys.readouterr().out.splitlines()
    assert "4 cells, some 8 minutes" == lines[0]
    assert lines[-2].startswith("[4 of 4, some 2 minutes left] unique: daemon (2) …")


async def test_who_cannot_run_here_is_left_out_with_the_reason(tmp_path: Path) -> None:
    """And so is who has nothing to do in a scenario."""

    def lacking() -> tuple[str, ...]:
        """Find nothing to run it with."""
        raise CannotRun("there is no Java")

    alone = Scenario("jain", measured, Takes(daemon=1.0), "it knows of no tenants")
    able = [contender("slots"), contender("daemon"), Contender(name="parallel-consumer", command=lacking)]
    asked = matrix(Scenario("unique", measured, Takes(daemon=1.0, others=1.0)), alone, contenders=able)
    async with grounded(tmp_path) as ground:
        await asked.measure(ground)
    assert [("unique", "slots"), ("unique", "daemon"), ("jain", "daemon")] == [
        (row.scenario, row.contender) for row in asked.rows
    ]
    no_java = "cannot run here: there is no Java"
    assert [
        Skipped(scenario="unique", contender="parallel-consumer", reason=no_java),
        Skipped(scenario="jain", contender="slots", reason="it knows of no tenants"),
        Skipped(scenario="jain", contender="parallel-consumer", reason="it knows of no tenants"),
    ] == asked.skipped
    assert not asked.has_failed


def test_durations_are_told_in_minutes() -> None:
    """Never in none at all."""
    assert ["a minute", "a minute", "2 minutes", "45 minutes"] == [minutes(one) for one in (0.0, 80.0, 100.0, 2_700.0)]
