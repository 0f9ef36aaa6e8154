"""Planting faults in a small tree: caught, survived, or not judged."""

import sys
from pathlib import Path

import pytest

from checks import faults
from checks.fault_runs import plant
from checks.faults import CANNOT_TELL, Judge, main
from tests.kafka_broker import free_ports
from tests.simulation.planting import CONTRACT, Fault

SHOWN = "tests.test_adding::test_a_sum"
SUM = "    return one + other\n"
OWN = "tests/test_adding.py::test_a_sum"
TEST = "from daemon.adding import add\n\n\ndef test_a_sum():\n    assert 4 == add(2, 2)\n"
RULE = "tests/test_rules.py"
SIMULATOR = """\
from daemon.adding import add

broken = int(add(3, 2) != 5)
print(f"{3 - broken} passed, {broken} failed")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A program that adds, and its test."""
    for name, text in {
        "daemon/__init__.py": "",
        "daemon/adding.py": "def add(one, other):\n" + SUM,
        "tests/__init__.py": "",
        "tests/test_adding.py": TEST,
        RULE: TEST.replace("4 == add(2, 2)", "0 == add(0, 0) == add(1, -1)"),
        "tests/simulation/__init__.py": "",
        "tests/simulation/__main__.py": SIMULATOR,
        "tests/contract/test_adding.py": TEST,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def fault(text: str, own: str = OWN) -> Fault:
    """Return a fault in what the sum is."""
    return Fault("add in another way", "daemon/adding.py", ((SUM, text),), own)


def judged(
    tree: Path, text: str, own: str = OWN, *, is_own: bool = True, kafka: str = ""
) -> tuple[str, tuple[str, ...]]:
    """Return the verdict on a fault, and what caught it, or kept it from being caught."""
    result = Judge(tree, is_own=is_own, kafka=kafka).judge(fault(text, own))
    return result.verdict, (*result.caught_by, *result.troubles)


def test_a_fault_is_caught_by_its_own_test_alone(tree: Path) -> None:
    """The tree that it is planted in a copy of stays sound, also with what Python has compiled of it."""
    assert [] == Judge(tree, is_own=True).objections([fault("")])
    assert list(tree.rglob("adding.*.pyc"))
    assert ("caught", (SHOWN,)) == judged(tree, "    return one - other\n")
    assert ("SURVIVED", ()) == judged(tree, "    return one * other\n")
    assert [] == Judge(tree, is_own=True).objections([fault("")])


def test_where_a_faults_own_test_misses_it_others_are_asked(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First chance, and then the rules; that its own test is not what it should be is told nevertheless."""
    monkeypatch.setattr(faults, "RULES", (RULE,))
    judge, by_rules = Judge(tree, is_own=False), "tests.test_rules::test_a_sum"
    assert [] == judge.objections([fault("")])
    missed = "MISSED by its own test"
    assert ("caught", (SHOWN, "random schedules")) == judged(tree, "    return one - other\n", is_own=False)
    assert (missed, ("random schedules",)) == judged(tree, "    return one * other\n", is_own=False)
    assert (missed, (by_rules,)) == judged(tree, "    return abs(one) + abs(other)\n", is_own=False)
    assert ("SURVIVED", ()) == judged(tree, "    return other + one\n", is_own=False)


def test_all_that_may_catch_a_fault_must_pass_without_it(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise that is broken in any case, or a rule, is told, and not taken for what a fault has done."""
    monkeypatch.setattr(faults, "RULES", (RULE,))
    plant(fault("    return abs(one) * abs(other)\n"), tree)
    told = Judge(tree, is_own=False).objections([fault("")])
    assert ["fails: tests.test_rules::test_a_sum", "fails: random schedules"] == told


@pytest.mark.parametrize("text", ["    return one +\n", "import nothing\n"])
def test_a_fault_that_cannot_run_is_not_caught(tree: Path, text: str) -> None:
    """Every test would show that, whatever it is about."""
    verdict, (told,) = judged(tree, text)
    assert "NOT JUDGED" == verdict
    assert "collection failure" in told


def test_a_fault_that_makes_its_test_run_for_ever_is_caught(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the fault it has an end. That it was stopped is told, since a slow machine might do that too."""
    monkeypatch.setattr(faults, "OWN_SECONDS_AT_MOST", 3.0)
    told = f"{OWN} by a time-out: no end"
    assert ("caught", (told,)) == judged(tree, "    while True: pass\n")


def test_a_fault_is_not_caught_where_kafka_has_gone(tree: Path) -> None:
    """A test that needs it fails then with any fault, and without."""
    own, away = f"{CONTRACT}/test_adding.py::test_a_sum", f"127.0.0.1:{free_ports(1)[0]}"
    assert ("NOT JUDGED", ("Kafka has gone",)) == judged(tree, "    return one - other\n", own, kafka=away)


def test_what_fails_without_a_fault_is_told_before_any_is_planted(tree: Path) -> None:
    """The tree may be broken, or a test: what fails in any case catches nothing."""
    judge = Judge(tree, is_own=True)
    assert "pytest ended with 4" in judge.objections([fault("", "tests/test_adding.py::test_nothing")])[0]
    plant(fault("    return one - other\n"), tree)
    assert [f"fails: {SHOWN}"] == judge.objections([fault("")])
    (tree / "daemon/adding.py").unlink()
    assert "collection failure" in judge.objections([fault("")])[0]


@pytest.mark.parametrize(
    ("own", "only", "told"), [("tests/core/test_quota.py::test_it", "", "pytest ended with 4"), (OWN, "x", "no fault")]
)
def test_the_command_ends_with_2_where_it_cannot_tell(
    own: str, only: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says why in a sentence, and plants nothing."""
    monkeypatch.setattr(faults, "FAULTS", (fault("", own),))
    monkeypatch.setattr(sys, "argv", ["faults", "--own", "--only", only])
    assert CANNOT_TELL == main()
    said = capsys.readouterr().out
    assert said.startswith("nothing is planted: ")
    assert told in said
