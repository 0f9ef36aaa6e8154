"""Seeds and schedules that once broke a promise, each for another reason: they are played on every run.

A seed means another schedule once the drawing of schedules has changed; then it is one more random one. The schedules
are kept as files and stay what they are; only what is drawn while they are played may become something else.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from checks.fault_runs import copy_tree, plant, run
from checks.tree import ROOT
from tests.simulation import keeping
from tests.simulation.keeping import Case, kept, kept_names
from tests.simulation.planted_faults import FAULTS
from tests.simulation.schedules import schedule_of
from tests.simulation.verdicts import play

DRAWS = "20"
"""Beside its own a case is played with so many other later draws: not with each of them its fault comes to light."""

KNOWN = {
    41: "a refused transition of a project, taken for delivered",
    84: "a member that joined twice",
    216: "an older version parked over one that another process had delivered",
    394: "a project created in between two calls, met by a version with another name",
    515: "entries of another process, read past and not kept on disk",
    698: "a token revoked twice in a row, taken for a denied tenant",
    733: "a draft left behind by a renumbered project",
    1201: "acknowledgements of a former assignment, put into the store of a new one",
    1365: "a version in doubt, written over a newer one",
    1488: "a check of a late write, given up because its reading was turned down",
    1495: "a check of a late write, ended by one refusal",
    400581: "a zombie's acknowledged write, kept in its store over a greater one that it had followed to",
    404468: "a dependency that was delivered before a crash, and released nothing after it",
    410716: "a handover of a zombie, taken for that of the owner that had crashed since",
    412298: "a lesser record that a zombie itself had written behind the next owner's, and read past",
    420886: "a token that was revoked before it had let anybody in, and used for a minute",
    441754: "a write of a check in doubt, forgotten when its tenant was denied",
    213654: "a clock that was set before any process had started",
}


@pytest.mark.parametrize("seed", KNOWN)
def test_a_seed_that_once_failed_is_sound(seed: int) -> None:
    """What was mended stays mended."""
    _assert_sound(str(seed))


@pytest.mark.parametrize("name", kept_names())
def test_a_kept_schedule_that_once_failed_is_sound(name: str) -> None:
    """What was mended stays mended, also when schedules are drawn in another way."""
    _assert_sound(name)


@pytest.mark.parametrize("name", [name for name in kept_names() if kept(name).fault])
def test_a_kept_schedule_fails_with_its_fault_planted(name: str, tmp_path: Path) -> None:
    """It still tells what it was kept for; if it does not any more, another schedule must be kept for the fault."""
    [fault] = [fault for fault in FAULTS if fault.name == kept(name).fault]
    copy_tree(tmp_path)
    plant(fault, tmp_path)
    played = run(tmp_path, "-m", "tests.simulation", "--replay", name, "--draws", DRAWS)
    assert played is not None
    assert (1, "") == (played.returncode, played.stderr), played.stdout[-2_000:]


def test_a_schedule_is_kept_as_it_was_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that decides it is left out of the file, and it is played from there in the same way."""
    copy_tree(tmp_path)
    run(tmp_path, "-m", "tests.simulation", "--replay", "7", "--keep", "seven", "A seed.")
    monkeypatch.setattr(keeping, "FOLDER", tmp_path / "tests/simulation/known")
    drawn = schedule_of(7)
    assert Case(sentence="A seed.", schedule=drawn) == kept("seven")
    assert play(drawn, tells=True).transcript == play(kept("seven").schedule, tells=True).transcript


def _assert_sound(what: str) -> None:
    command = [sys.executable, "-m", "tests.simulation", "--replay", what]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == played.returncode, played.stdout[-2_000:]
