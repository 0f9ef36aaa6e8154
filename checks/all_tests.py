"""Runs all tests as two processes at once: those that wait for Kafka and daemons, and those that compute.

Each has a core of its own then, so that the whole takes as long as the slower one. Arguments are handed to a single
pytest instead, as in `make test ARGS=tests/core`.
"""

import subprocess
import sys
import tempfile

from checks.tree import ROOT

WAITING = ("tests/cli", "tests/contract", "tests/integration")
"""Folders whose tests start Kafka, daemons and commands, and mostly wait for them."""


def command(name: str, *arguments: str) -> list[str]:
    """Return one pytest with a cache of its own, for two must not write one."""
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{name}", *arguments]


def main() -> int:
    """Run the tests, print both reports one after the other, and return the worse exit code."""
    if len(sys.argv) > 1:
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]], cwd=ROOT)
    others = [f"--ignore={folder}" for folder in WAITING]
    with tempfile.TemporaryFile("w+") as report:
        computing = subprocess.Popen(
            command("computing", *others), cwd=ROOT, stdout=report, stderr=subprocess.STDOUT, text=True
        )
        waiting = subprocess.call(command("waiting", *WAITING), cwd=ROOT)
        computed = computing.wait()
        report.seek(0)
        print(report.read())
    return max(abs(waiting), abs(computed))


if __name__ == "__main__":
    sys.exit(main())
