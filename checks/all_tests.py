"""Runs all tests as two pytests at once: one of those that compute, and one of those that wait, several side by side.

What waits leaves the cores to the others, so that the whole takes about as long as the slower part. Arguments are
handed to a single pytest instead, as in `make test ARGS=tests/core`.
"""

import subprocess
import sys
import tempfile
import time
from typing import IO

from checks.tree import ROOT

WAITING = ("tests/cli", "tests/contract", "tests/integration")
"""Folders whose tests start Kafka, daemons and commands, and mostly wait for them."""

WAITING_AT_ONCE = 3
"""So many of them wait side by side, each row with a Kafka of its own; with more, two cores are what they wait for."""

PARTS = {
    "computing": [f"--ignore={folder}" for folder in WAITING],
    "waiting": [f"--numprocesses={WAITING_AT_ONCE}", "--dist=worksteal", *WAITING],
}
"""The arguments of each part's pytest, by its name."""


def start(name: str, report: IO[str]) -> subprocess.Popen[str]:
    """Start one part, with a cache of its own, for two must not write one; what it says goes into the report."""
    options = ["-o", f"cache_dir=.pytest_cache/{name}", "--durations=15"]
    command = [sys.executable, "-m", "pytest", *options, *PARTS[name]]
    return subprocess.Popen(command, cwd=ROOT, stdout=report, stderr=subprocess.STDOUT, text=True)


def main() -> int:
    """Run the tests, print the reports one after the other, and return the worst exit code."""
    if len(sys.argv) > 1:
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]], cwd=ROOT)
    started_at, worst = time.monotonic(), 0
    reports = {name: tempfile.TemporaryFile("w+") for name in PARTS}  # noqa: SIM115 - closed with the process
    running = {name: start(name, reports[name]) for name in PARTS}
    for name, part in running.items():
        worst = max(worst, abs(part.wait()))
        reports[name].seek(0)
        print(f"== {name}: {time.monotonic() - started_at:.0f} s\n{reports[name].read()}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
