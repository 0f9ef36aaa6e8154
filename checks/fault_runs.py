"""Tests in a copy of the tree: run there, and judged by whether they failed by themselves.

That a run went wrong says nothing by itself: a copy that cannot be imported, a fixture that fails and a Kafka that
is not there make every test go wrong, whatever it is about.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec

from checks.tree import ROOT
from tests.simulation.planting import Fault, mutated

COPIED = ("daemon", "tests", "pyproject.toml", "typings")

SECONDS_AT_MOST = 600.0
"""A fault may make tests or the simulator run for ever."""

REPORT = "report.xml"

OPTIONS = ("-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", f"--junitxml={REPORT}")
"""What is drawn is the same with a fault as without."""

NOTHING_FAILED, SOMETHING_FAILED = 0, 1
"""pytest's exit codes for a run that came to its end."""

TROUBLES = ("error", "skipped")
"""What pytest's report calls a test that was kept from being run."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of tests came to: how many passed, which failed by themselves, and whether it had no end.

    `troubles` are all else that is no pass: what could not be imported, a fixture that failed, what was skipped, or a
    program that ended without a verdict. They show nothing, neither that a fault is caught nor that it is not.
    `schedules` tells after how many random ones a promise was broken.
    """

    passed: int = 0
    failed: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    is_endless: bool = False
    schedules: int | None = None

    @property
    def is_sound(self) -> bool:
        """Tell whether all that was asked for ran, and passed."""
        return self.passed > 0 and not self.troubles and not self.is_failing

    @property
    def is_failing(self) -> bool:
        """Tell whether something failed by itself, or had no end."""
        return bool(self.failed) or self.is_endless


def copy_tree(target: Path, source: Path = ROOT) -> None:
    """Copy what the tests need into an empty folder.

    From a copy goes along what Python has compiled of it: so copies of it need half the time.
    """
    ignored = shutil.ignore_patterns("__pycache__") if source == ROOT else None
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=ignored)
        elif (source / name).exists():
            shutil.copy2(source / name, target / name)


def plant(fault: Fault, tree: Path) -> None:
    """Put the fault into a copy."""
    path = tree / fault.file
    path.write_text(mutated(fault, path.read_text(encoding="utf-8")), encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()


def run_tests(tree: Path, *tests: str, options: tuple[str, ...] = (), seconds: float = SECONDS_AT_MOST) -> Run:
    """Run tests in the tree, and judge the run."""
    report = tree / REPORT
    report.unlink(missing_ok=True)
    done = run(tree, "-m", "pytest", *OPTIONS, *options, *tests, seconds=seconds)
    if done is None:
        return Run(is_endless=True)
    return judged(report.read_bytes() if report.exists() else b"", done.returncode, done.stdout + done.stderr)


def judged(report: bytes, code: int, said: str) -> Run:
    """Return what pytest's report and exit code tell; `said` is what it wrote besides."""
    cases = list(ET.fromstring(report).iter("testcase")) if report else []  # noqa: S314 - pytest's own
    failed = tuple(_name(case) for case in cases if case.find("failure") is not None)
    troubles = [trouble for case in cases for trouble in _troubles(case)]
    passed = sum(all(case.find(kind) is None for kind in ("failure", *TROUBLES)) for case in cases)
    if not troubles and code != (SOMETHING_FAILED if failed else NOTHING_FAILED):
        troubles.append(f"pytest ended with {code}: {said.strip()[-500:]}")
    return Run(passed=passed, failed=failed, troubles=tuple(troubles))


def _troubles(case: ET.Element) -> Iterator[str]:
    for kind in TROUBLES:
        for found in case.findall(kind):
            told = " ".join((found.get("message") or "").split())
            yield f"{_name(case)}: {kind}: {told[:300]}"


def _name(case: ET.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def played(tree: Path, at_most: int) -> Run:
    """Play random schedules in the tree until one breaks a promise."""
    done = run(tree, "-m", "tests.simulation", "--schedules", str(at_most), "--stop")
    if done is None:
        return Run(is_endless=True)
    told = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
    if told is None:
        said = (done.stdout + done.stderr).strip()[-500:]
        return Run(troubles=(f"the simulator ended without a verdict: {said}",))
    kept, broken = int(told.group(1)), int(told.group(2))
    if not broken:
        return Run(passed=kept)
    return Run(passed=kept, failed=("random schedules",), schedules=kept + broken)


def run(tree: Path, *arguments: str, seconds: float = SECONDS_AT_MOST) -> subprocess.CompletedProcess[str] | None:
    """Run Python in the tree; None if it did not end in time."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tree, env=environment, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
