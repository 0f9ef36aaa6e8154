"""The list of planted faults is kept: every mutation still fits the code it mutates."""

import pytest

from checks.tree import ROOT
from tests.simulation.planted_faults import FAULTS
from tests.simulation.planting import Fault


def test_there_are_enough_faults_with_names_of_their_own() -> None:
    """A fault that was caught is not taken off the list, and none stands in for another."""
    names = [fault.name for fault in FAULTS]
    assert len(names) >= 30
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    """The text that it replaces is in the file, once."""
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    assert [1] * len(fault.replaced) == [text.count(before) for before, _ in fault.replaced]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if "::" in fault.first], ids=lambda fault: fault.name)
def test_a_faults_own_test_is_there(fault: Fault) -> None:
    """The test that was made for the mechanism has not been renamed."""
    path, _, name = fault.first.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
