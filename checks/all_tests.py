"""Runs all tests as three processes at once: those that compute, and two that wait for Kafka and daemons.

What waits leaves the cores to the others, so that the whole takes about as long as the slowest part. Arguments are
handed to a single pytest instead, as in `make test ARGS=tests/core`.
"""

import subprocess
import sys
import tempfile
import time
from typing import IO

from checks.tree import ROOT

WAITING = {"operating": ("tests/cli", "tests/contract"), "integration": ("tests/integration",)}
"""Folders whose tests start Kafka, daemons and commands, and mostly wait for them; each part has a Kafka of its own."""


def parts() -> dict[str, list[str]]:
    """Return the arguments of each part's pytest, by its name."""
    waiting = [folder for folders in WAITING.values() for folder in folders]
    computing = [f"--ignore={folder}" for folder in waiting]
    return {"computing": computing, **{name: list(folders) for name, folders in WAITING.items()}}


def command(name: str, *arguments: str) -> list[str]:
    """Return one pytest with a cache of its own, for two must not write one."""
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{name}", "--durations=8", *arguments]


def start(name: str, arguments: list[str], report: IO[str]) -> subprocess.Popen[str]:
    """Start one part; what it says goes into the report."""
    return subprocess.Popen(command(name, *arguments), cwd=ROOT, stdout=report, stderr=subprocess.STDOUT, text=True)


def main() -> int:
    """Run the tests, print the reports one after the other, and return the worst exit code."""
    if len(sys.argv) > 1:
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]], cwd=ROOT)
    started_at, worst = time.monotonic(), 0
    reports = {name: tempfile.TemporaryFile("w+") for name in parts()}  # noqa: SIM115 - closed with the process
    running = {name: start(name, arguments, reports[name]) for name, arguments in parts().items()}
    for name, part in running.items():
        worst = max(worst, abs(part.wait()))
        reports[name].seek(0)
        print(f"== {name}: {time.monotonic() - started_at:.0f} s\n{reports[name].read()}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
