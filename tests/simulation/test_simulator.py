"""The simulator itself: a seed is one story for ever, and a broken promise is told in its shortest form."""

import os
import subprocess
import sys

import pytest

from checks.tree import ROOT
from tests.simulation.__main__ import Report, wanting
from tests.simulation.minimising import Cut, candidates, minimised, sort_of, whole
from tests.simulation.schedules import EVERY_FAULT, Schedule, Trouble, schedule_of
from tests.simulation.verdicts import play
from tests.simulation.watching import ViolationError
from tests.simulation.world import World

SEED = 7


def transcript() -> str:
    """Return the transcript of a seed, played in a process of its own."""
    command = [sys.executable, "-m", "tests.simulation", "--replay", str(SEED)]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ))
    return played.stdout


def test_the_same_seed_gives_the_same_transcript_twice() -> None:
    """Nothing but the seed decides: a violation can be looked at as often as one likes."""
    first = transcript()
    assert first.count("\n") > 100
    assert first == transcript()


def test_two_seeds_give_two_schedules() -> None:
    """The seeds do not all tell one story."""
    assert schedule_of(SEED) == schedule_of(SEED)
    assert schedule_of(SEED).records != schedule_of(SEED + 1).records


def test_a_planted_violation_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a schedule whose promise one sort of trouble breaks, hardly more than that trouble and a record are left."""
    broken = World.struck

    def struck(self: World, trouble: object) -> None:
        broken(self, trouble)  # type: ignore[arg-type]
        if self.counts["restart"]:
            raise ViolationError("a process was told to end")

    monkeypatch.setattr(World, "struck", struck)
    troubled = (one for one in map(schedule_of, range(100)) if _troubles(one, "restart") and len(one.troubles) > 9)
    schedule, violation = next((one, violation) for one in troubled if (violation := play(one).violation))
    assert "a process was told to end" == violation
    cut = minimised(schedule, violation)
    assert (1, 1) == (len(cut.troubles), cut.records)
    assert "restart" == schedule.troubles[cut.troubles[0]].kind


def test_smaller_cuts_are_smaller() -> None:
    """Every candidate leaves something out, so that making small comes to an end."""
    cut = whole(schedule_of(SEED))
    for smaller in candidates(cut):
        assert len(smaller.troubles) + smaller.records < len(cut.troubles) + cut.records
    assert [] == list(candidates(Cut((), 1)))


def test_violations_of_a_sort_differ_in_names_and_numbers_alone() -> None:
    """A smaller schedule that breaks another promise does not stand for the one that was found."""
    assert sort_of("a#1: 3 received are not 2 + 0") == sort_of("b#2: 9 received are not 4 + 1")
    assert sort_of("a#1: 3 received are not 2 + 0") != sort_of("a#1: 3 records are in hand at rest")


def test_an_exception_is_told_behind_the_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever replays a schedule that ends in one sees what led there, and where it was raised."""
    _raise_when_struck(monkeypatch, KeyError("lane"))
    outcome = play(schedule_of(SEED), tells=True)
    assert "KeyError was raised: 'lane'" == outcome.violation
    begins = outcome.transcript.index("Traceback (most recent call last):")
    assert any(line.split()[1:2] == ["trouble"] for line in outcome.transcript[:begins])
    assert "KeyError: 'lane'" == outcome.transcript[-1]


def test_exceptions_of_two_classes_are_two_sorts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller schedule that raises another exception does not stand for the one that was found."""
    sorts = set[str]()
    for error in (KeyError("lane"), ValueError("lane"), ViolationError("lane")):
        _raise_when_struck(monkeypatch, error)
        sorts.add(sort_of(play(schedule_of(SEED)).violation))
    assert len(sorts) == 3


def _raise_when_struck(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Raise it as soon as a trouble has struck."""

    def struck(world: World, trouble: Trouble) -> None:
        world.say("trouble", trouble.kind)
        raise error

    monkeypatch.setattr(World, "struck", struck)


def _troubles(schedule: Schedule, kind: str) -> int:
    return sum(trouble.kind == kind for trouble in schedule.troubles)


def report(**changed: object) -> Report:
    """Return the report of a sound run, the shortest of which everything is asked, but for what is changed."""
    fields: dict[str, object] = {
        "schedules": 1_000, "first_seed": 0, "violations": 0, "faults_injected": dict.fromkeys(EVERY_FAULT, 1),
        "seen": {}, "median_records": 44.0, "median_steps": 2_000.0, "median_faults": 14.0, "seconds": 1.0,
        "failing_seeds": [],
    }  # fmt: skip
    return Report(**{**fields, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"faults_injected": {"crash": 0, "zombie": 3}}, ["no crash has struck"]),
        ({"median_records": 29.0}, ["half of the schedules have less than 30 records"]),
        ({"median_steps": 299.0}, ["half of the schedules have less than 300 steps"]),
        ({"median_faults": 2.5}, ["half of the schedules have less than 3 faults"]),
        ({"schedules": 999, "faults_injected": {"crash": 0}}, []),
        ({"schedules": 100, "median_faults": 0.0}, ["half of the schedules have less than 3 faults"]),
        ({"schedules": 99, "median_faults": 0.0}, []),
    ],
)
def test_a_run_that_shows_little_is_no_proof(changed: dict[str, object], said: list[str]) -> None:
    """A kind of fault that never struck, or schedules too small to mean anything, are told and fail the command."""
    assert said == wanting(report(**changed))
