"""`make faults`: plants one fault after the other in a copy of the tree, and shows which test catches it.

For each fault the test that was made for its mechanism is run first, if there is one, and then random schedules until
one breaks a promise; where neither shows it, the rules' own tests are asked. A fault that survives them all fails the
command, and so does one that its own test does not notice: each wants a better test. With `--own` nothing but the tests
that were made for the mechanisms is run: enough to see in two minutes that they still notice.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import msgspec

from checks.tree import ROOT
from tests.simulation.planted_faults import FAULTS
from tests.simulation.planting import Fault

COPIED = ("daemon", "tests", "pyproject.toml", "typings")

SCHEDULES_AT_MOST = 400
"""So many schedules are played for a fault; most faults show in the first ten."""

SCHEDULES_BESIDE = 50
"""So many are played for a fault that its own test has caught: to tell whether chance shows it too."""

RULES = ("tests/core", "tests/dnb", "tests/edges/test_ledger_store.py", "tests/edges/test_ledger_reading.py")

SOUND = Fault("none", "daemon/__init__.py", ())
"""The tree as it is: it must pass what the faults are to fail."""

SECONDS_AT_MOST = 600.0
"""A fault may make a test run for ever: that is caught too."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What caught a fault: a test, random schedules (how many were played until then), or nothing.

    `is_missed` tells that a test was made for just this fault, and passed.
    """

    fault: str
    file: str
    caught_by: tuple[str, ...]
    schedules: int | None
    is_missed: bool
    seconds: float

    @property
    def verdict(self) -> str:
        """Return what became of the fault, in a word."""
        if not self.caught_by:
            return "SURVIVED"
        return "MISSED by its own test" if self.is_missed else "caught"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All faults and what caught them, as the JSON file has it."""

    planted: int
    caught: int
    faults: list[Result]


def main() -> int:
    """Plant every fault that is asked for; the exit code is 1 if one survives."""
    asked = _arguments()
    faults = [fault for fault in FAULTS if asked.only in fault.name and (fault.first or not asked.own)]
    results: list[Result] = []
    sound = _caught(SOUND, own=asked.own)
    if sound.caught_by:
        print(f"without any fault something fails already{_how(sound)}")
        return 1
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as workers:
        for number, result in enumerate(workers.map(partial(_caught, own=asked.own), faults), start=1):
            results.append(result)
            print(f"{number:3}/{len(faults)} {result.verdict}  {result.fault}{_how(result)}", flush=True)
    caught = sum(result.verdict == "caught" for result in results)
    report = Report(planted=len(results), caught=caught, faults=results)
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    print(f"planted {report.planted}, caught {report.caught}")
    return 0 if report.planted == report.caught else 1


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
    return ": " + ", ".join(result.caught_by) + "".join(told) + f" ({result.seconds:.0f} s)"


def _caught(fault: Fault, *, own: bool) -> Result:
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        tree = Path(folder)
        plant(fault, tree)
        by: list[str] = []
        if fault.first:
            by += _failing_test(tree, fault.first)
        is_missed = "::" in fault.first and not by
        schedules = None if own else _violated(tree, SCHEDULES_BESIDE if by else SCHEDULES_AT_MOST)
        if schedules is not None:
            by.append("random schedules")
        if not by and not own:
            by += _failing_test(tree, *RULES)
    seconds = round(time.monotonic() - started_at, 1)
    return Result(
        fault=fault.name,
        file=fault.file,
        caught_by=tuple(by),
        schedules=schedules,
        is_missed=is_missed,
        seconds=seconds,
    )


def plant(fault: Fault, tree: Path) -> None:
    """Copy what the tests need into an empty folder, with the fault in it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    path = tree / fault.file
    text = path.read_text(encoding="utf-8")
    for before, after in fault.replaced:
        assert text.count(before) == 1, f"{fault.name}: {before!r} is not in {fault.file} exactly once"  # noqa: S101
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def _failing_test(tree: Path, *tests: str) -> list[str]:
    """Run tests in the tree until one fails, and return its name; nothing if all pass."""
    done = run(tree, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
    if done is None:
        return [f"{tests[0]} (without end)"]
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return [failed.group(1)] if failed and done.returncode else []


def _violated(tree: Path, at_most: int) -> int | None:
    """Return after how many schedules a promise was broken, None if all were kept.

    A simulator that ends without a verdict shows nothing: that is a fault of this list, or of the simulator.
    """
    done = run(tree, "-m", "tests.simulation", "--schedules", str(at_most), "--stop")
    if done is None:
        return at_most
    told = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
    if told is None:
        raise RuntimeError("the simulator ended without a verdict:\n" + (done.stdout + done.stderr)[-2_000:])
    return int(told.group(1)) + int(told.group(2)) if int(told.group(2)) else None


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Run Python in the tree; None if it did not end in time."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS_AT_MOST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None


if __name__ == "__main__":
    sys.exit(main())
