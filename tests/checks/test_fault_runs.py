"""What counts as a test that failed by itself, and what as nothing."""

from pathlib import Path

import pytest

from checks.fault_runs import Run, copy_tree, plant, played, run_tests
from tests.simulation.planted_faults import FAULTS

A_TEST = "def test_it{}:\n    {}\n"
PASSES = A_TEST.format("()", "pass")
FIXTURE = "import pytest\n\n@pytest.fixture\ndef room():\n    {}\n\n"
USES_IT = A_TEST.format("(room)", "pass")
TWO = "import pytest\n\n@pytest.mark.parametrize('it', [1, 2])\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, in which nothing is planted."""
    folder = tmp_path_factory.mktemp("sound")
    copy_tree(folder)
    return folder


def run_of(folder: Path, text: str, *, options: tuple[str, ...] = (), seconds: float = 60.0) -> Run:
    """Return what a file of tests comes to."""
    (folder / "test_one.py").write_text(text)
    return run_tests(folder, "test_one.py", options=options, seconds=seconds)


def test_a_test_that_passes_is_sound(tmp_path: Path) -> None:
    """It ran, and nothing else is to be said."""
    run = run_of(tmp_path, PASSES)
    assert (Run(passed=1), True) == (run, run.is_sound)


@pytest.mark.parametrize("body", ["assert 1 == 2", "raise KeyError(1)", "import pytest; pytest.fail('no')"])
def test_a_test_whose_body_does_not_pass_has_failed(tmp_path: Path, body: str) -> None:
    """Whether it finds something else than it expects, or what it calls breaks down."""
    run = run_of(tmp_path, A_TEST.format("()", body))
    assert (Run(failed=("test_one::test_it",)), False) == (run, run.is_sound)


def test_one_set_of_values_that_fails_is_enough(tmp_path: Path) -> None:
    """A test is run with all its values, or until one fails."""
    text = TWO + A_TEST.format("(it)", "assert it == 1")
    assert Run(passed=1, failed=("test_one::test_it[2]",)) == run_of(tmp_path, text)
    assert Run(passed=1, failed=("test_one::test_it[2]",)) == run_of(tmp_path, text, options=("-x",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import daemon.nothing\n\n" + PASSES, "error: collection failure"),
        ("def test_it(:\n", "error: collection failure"),
        (FIXTURE.format("assert 1 == 2") + USES_IT, "error: failed on setup"),
        (FIXTURE.format("pytest.fail('no real Kafka')") + USES_IT, "error: failed on setup"),
        (FIXTURE.format("yield\n    assert 1 == 2") + USES_IT, "error: failed on teardown"),
        (FIXTURE.format("pytest.skip('no real Kafka')") + USES_IT, "skipped: no real Kafka"),
        (A_TEST.format("(nobody)", "pass"), "error: failed on setup"),
        (A_TEST.format("()", "import os; os._exit(1)"), "pytest ended with 1"),
        (A_TEST.format("()", "import os; os.kill(os.getpid(), 9)"), "pytest ended with -9"),
        (A_TEST.format("()", "raise KeyboardInterrupt"), "pytest ended with 2"),
        ("", "pytest ended with 5"),
    ],
)
def test_what_kept_a_test_from_a_verdict_is_no_failure(tmp_path: Path, text: str, told: str) -> None:
    """A program that is broken altogether makes every test go wrong, and so does a machine that lacks something."""
    run = run_of(tmp_path, text)
    assert ((), False) == (run.failed, run.is_sound)
    assert told in run.troubles[0]


def test_a_test_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    """It has another name by now."""
    run = run_tests(tmp_path, "test_nowhere.py::test_it")
    assert ((), False) == (run.failed, run.is_sound)
    assert "pytest ended with 4" in run.troubles[0]


def test_a_test_without_end_is_told_as_that(tmp_path: Path) -> None:
    """It is stopped after a while; whoever asked decides what that means."""
    run = run_of(tmp_path, A_TEST.format("()", "while True: pass"), seconds=3.0)
    assert (Run(is_endless=True), False) == (run, run.is_sound)


@pytest.mark.parametrize("ci", ["", "1"])
def test_a_kafka_that_is_not_there_is_no_failure(tree: Path, monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    """The project's own tests without Kafka: on a developer's machine they are skipped, and in CI they break off."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tree}/nothing")
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    run = run_tests(tree, "tests/contract/test_kafka_source.py::test_a_commit_is_told_as_accepted_or_refused[real]")
    assert ((), False) == (run.failed, run.is_sound)
    assert "NO REAL KAFKA" in run.troubles[0]


def test_a_simulator_that_does_not_run_has_neither_kept_nor_broken_a_promise(tree: Path, tmp_path: Path) -> None:
    """It must end with a verdict: how many schedules have passed, and how many have not."""
    assert Run(passed=1) == played(tree, 1)
    copy_tree(tmp_path, tree)
    (tmp_path / "daemon/core/planner.py").write_text("import daemon.nothing\n")
    broken = played(tmp_path, 1)
    assert (False, False) == (broken.is_failing, broken.is_sound)
    assert "the simulator ended without a verdict" in broken.troubles[0]


def test_random_schedules_tell_how_many_it_took(tree: Path, tmp_path: Path) -> None:
    """A fault that loses changes shows in the first few."""
    copy_tree(tmp_path, tree)
    [fault] = [fault for fault in FAULTS if fault.name == "commit the newest offset"]
    plant(fault, tmp_path)
    run = played(tmp_path, 50)
    assert (("random schedules",), ()) == (run.failed, run.troubles)
    assert 1 <= (run.schedules or 0) <= 50
