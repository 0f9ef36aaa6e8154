"""The list of planted faults is kept: every mutation still fits the code it mutates."""

import subprocess
import sys
from pathlib import Path

import pytest

from checks.tree import ROOT
from tests.simulation.planted_faults import FAULTS
from tests.simulation.planting import Fault, mutated

NOT_A_PROGRAM = "E9,F63,F7,F82"
"""ruff's rules on what cannot be compiled, and on names that nobody has defined."""


def text_of(fault: Fault) -> str:
    """Return the file that the fault is planted in, without it."""
    return (ROOT / fault.file).read_text(encoding="utf-8")


def test_there_are_enough_faults_with_names_of_their_own() -> None:
    """A fault that was caught is not taken off the list, and none stands in for another."""
    names = [fault.name for fault in FAULTS]
    assert len(names) >= 90
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    """The text that it replaces is in the file, once."""
    assert text_of(fault) != mutated(fault, text_of(fault))


def test_with_a_fault_the_daemon_is_a_program_still(tmp_path: Path) -> None:
    """One that could not run, or that named what is not there, would be noticed by any test."""
    for number, fault in enumerate(FAULTS):
        (tmp_path / f"fault_{number}.py").write_text(mutated(fault, text_of(fault)), encoding="utf-8")
    options = ("--isolated", "--no-cache", "--ignore-noqa", "--select", NOT_A_PROGRAM, "--output-format", "concise")
    command = (sys.executable, "-m", "ruff", "check", *options, str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "All checks passed!\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_faults_own_test_is_there(fault: Fault) -> None:
    """Each has one that is played in two minutes, and that has not been renamed."""
    path, _, name = fault.own.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
