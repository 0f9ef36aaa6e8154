"""`make faults`: plants one fault after the other in a copy of the tree, and shows which test catches it.

First everything that is to fail with a fault must pass without one, in the very copy that the faults are planted in
copies of; if it does not, nothing is planted and the exit code is 2. Then the test that was made for each fault's
mechanism is run, then random schedules until one breaks a promise, and where neither shows the fault the rules' own
tests. With `--own` nothing but the tests that were made for the mechanisms is run: enough to see in two minutes that
they still notice.

A fault is caught where a test fails by itself: what cannot be imported, a fixture that fails, and a Kafka that is not
there catch nothing. A test without end catches it too, since it has ended without the fault, and that is told. A fault
that survives fails the command (exit code 1), and so does one that its own test misses: each wants a better test.
"""

import argparse
import asyncio
import concurrent.futures
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from aiokafka.errors import KafkaError

from checks.fault_runs import Run, copy_tree, plant, played, run_tests
from tests.kafka_broker import KafkaUnavailable, create_topic, fresh_name, open_kafka
from tests.simulation.planted_faults import FAULTS
from tests.simulation.planting import CONTRACT, Fault

SCHEDULES_AT_MOST = 400
"""So many schedules are played for a fault; most faults show in the first ten."""

SCHEDULES_BESIDE = 50
"""So many are played for a fault that its own test has caught: to tell whether chance shows it too."""

RULES = ("tests/core", "tests/dnb", "tests/edges/test_ledger_store.py", "tests/edges/test_ledger_reading.py")

OWN_SECONDS_AT_MOST = 120.0
"""A test that was made for a mechanism takes seconds; one that takes as long as this has no end."""

CHANCE = "random schedules"

CANNOT_TELL = 2
"""The exit code where something fails already without a fault."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What caught a fault: a test, random schedules (how many were played until then), or nothing.

    `is_missed` tells that the fault's own test passed, `troubles` what kept a test or the simulator from a verdict.
    """

    fault: str
    file: str
    caught_by: tuple[str, ...]
    schedules: int | None
    is_missed: bool
    troubles: tuple[str, ...]
    seconds: float

    @property
    def verdict(self) -> str:
        """Return what became of the fault, in a few words."""
        if self.troubles:
            return "NOT JUDGED"
        if not self.caught_by:
            return "SURVIVED"
        return "MISSED by its own test" if self.is_missed else "caught"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All faults and what caught them, as the JSON file has it."""

    planted: int
    caught: int
    faults: list[Result]


class Judge:
    """Plants faults in copies of a tree, and tells what catches them.

    `kafka` is the address of the broker that the tests use, empty where none of them needs one. With `is_own` only the
    faults' own tests are run.
    """

    def __init__(self, tree: Path, *, is_own: bool, kafka: str = "") -> None:
        """Take the sound tree."""
        self._tree = tree
        self._is_own = is_own
        self._kafka = kafka

    def objections(self, faults: list[Fault], jobs: int = 1) -> list[str]:
        """Return what does not pass though no fault is planted: that it fails with one shows nothing."""
        side_by_side = (f"--numprocesses={jobs}",) if jobs > 1 else ()
        own = run_tests(self._tree, *sorted({fault.own for fault in faults}), options=side_by_side)
        told = _objections("the faults' own tests", own)
        if not self._is_own:
            told += _objections("the rules' tests", run_tests(self._tree, *RULES, options=side_by_side))
            told += _objections(CHANCE, played(self._tree, SCHEDULES_AT_MOST))
        return told

    def judge(self, fault: Fault) -> Result:
        """Plant a fault in a copy, and see what catches it."""
        started_at = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            tree = Path(folder)
            copy_tree(tree, self._tree)
            plant(fault, tree)
            runs = dict(self._runs(fault, tree))
        return Result(
            fault=fault.name,
            file=fault.file,
            caught_by=tuple(by for what, run in runs.items() for by in _catching(what, run)),
            schedules=runs[CHANCE].schedules if CHANCE in runs else None,
            is_missed=runs[fault.own].is_sound,
            troubles=tuple(trouble for run in runs.values() for trouble in run.troubles),
            seconds=round(time.monotonic() - started_at, 1),
        )

    def _runs(self, fault: Fault, tree: Path) -> Iterator[tuple[str, Run]]:
        """Yield what may catch the fault, and what it comes to; the rules' tests only where nothing else has."""
        own = self._own_run(fault, tree)
        yield fault.own, own
        if not self._is_own:
            chance = played(tree, SCHEDULES_BESIDE if own.is_failing else SCHEDULES_AT_MOST)
            yield CHANCE, chance
            if not (own.is_failing or chance.is_failing):
                yield "the rules' tests", run_tests(tree, *RULES, options=("-x",))

    def _own_run(self, fault: Fault, tree: Path) -> Run:
        own = run_tests(tree, fault.own, options=("-x",), seconds=OWN_SECONDS_AT_MOST)
        has_kafka = not fault.own.startswith(CONTRACT) or not own.is_failing or is_there(self._kafka)
        return own if has_kafka else Run(troubles=("Kafka has gone",))


def _objections(what: str, run: Run) -> list[str]:
    if run.is_sound:
        return []
    if run.is_endless:
        return [f"{what}: no end"]
    return [*(f"fails: {name}" for name in run.failed), *run.troubles] or [f"{what}: there are none"]


def _catching(what: str, run: Run) -> tuple[str, ...]:
    """Return what catches a fault in a run: tests that failed by themselves, or that have no end any more."""
    return (f"{what} by a time-out: no end",) if run.is_endless else run.failed


def is_there(kafka: str) -> bool:
    """Tell whether the broker does what tests ask of it: else they fail for that, and not for what they are about."""
    try:
        asyncio.run(create_topic(kafka, fresh_name("there")))
    except (KafkaError, OSError, RuntimeError):
        return False
    return True


def main() -> int:
    """Plant every fault that is asked for; the exit code is 1 if one survives, 2 if that cannot be told."""
    asked = _arguments()
    faults = [fault for fault in FAULTS if asked.only in fault.name]
    if not faults:
        return _stop(["no fault has these words in its name"])
    with contextlib.ExitStack() as stack:
        kafka = ""
        if any(fault.own.startswith(CONTRACT) for fault in faults):
            try:
                kafka = stack.enter_context(open_kafka()).bootstrap
            except KafkaUnavailable as reason:
                return _stop([f"some of the tests need a real Kafka, and there is none: {reason}"])
            os.environ["KAFKA_BOOTSTRAP"] = kafka
        tree = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sound-")))
        copy_tree(tree)
        return _show(Judge(tree, is_own=asked.own, kafka=kafka), faults, asked)


def _show(judge: Judge, faults: list[Fault], asked: argparse.Namespace) -> int:
    started_at = time.monotonic()
    if objections := judge.objections(faults, asked.jobs):
        return _stop(objections)
    seconds = time.monotonic() - started_at
    print(f"what is to catch {len(faults)} faults passes without any ({seconds:.0f} s)", flush=True)
    results: list[Result] = []
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as workers:
        for number, result in enumerate(workers.map(judge.judge, faults), start=1):
            results.append(result)
            print(f"{number:3}/{len(faults)} {result.verdict}  {result.fault}{_how(result)}", flush=True)
    caught = sum(result.verdict == "caught" for result in results)
    report = Report(planted=len(results), caught=caught, faults=results)
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    print(f"planted {report.planted}, caught {report.caught}")
    return 0 if report.planted == report.caught else 1


def _stop(objections: list[str]) -> int:
    """Say why nothing is planted."""
    print("nothing is planted: what is to catch a fault does not pass without any", *objections, sep="\n  ")
    return CANNOT_TELL


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--own", action="store_true", help="run only the tests that were made for the mechanisms")
    parser.add_argument("--jobs", type=int, default=1, help="how many faults are looked at side by side (1)")
    parser.add_argument("--json", type=Path, help="write what caught each fault to this file")
    parser.add_argument(
        "--only", default="", metavar="WORDS", help="plant only the faults whose names have these words"
    )
    return parser.parse_args()


def _how(result: Result) -> str:
    told = [f" in {result.schedules} schedules"] if result.schedules is not None else []
    by = ", ".join((*result.caught_by, *result.troubles))
    return f": {by}{''.join(told)} ({result.seconds:.1f} s)"


if __name__ == "__main__":
    sys.exit(main())
