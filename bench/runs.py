"""Which run of the benchmark measured something: when it began, of which commit, and on which machine."""

import datetime as dt
import platform
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
UNKNOWN = "unknown"

WHAT_RUNS = ("daemon", "bench", "tests", "requirements", "pyproject.toml")
WHAT_IS_WRITTEN = (":(exclude)bench/results.json", ":(exclude)bench/RESULTS.md")
"""What a run writes itself makes no other commit of what it measures."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: `began_at` (UTC, to the second) tells it from others; figures of two runs are not to be compared."""

    began_at: str
    commit: str
    machine: str


def present() -> Run:
    """Return the run that begins now."""
    now = dt.datetime.now(dt.UTC)
    return Run(began_at=f"{now:%Y-%m-%dT%H:%M:%SZ}", commit=commit(ROOT), machine=machine())


def commit(root: Path) -> str:
    """Return the commit that is checked out there, with a + if what is measured has been changed since."""
    head = _git(root, "rev-parse", "--short", "HEAD")
    if head is None:
        return UNKNOWN
    return f"{head}+" if _git(root, "status", "--porcelain", "--", *WHAT_RUNS, *WHAT_IS_WRITTEN) else head


def machine() -> str:
    """Return what this machine is: processors, memory, system and Python."""
    cpus = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    kib = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    memory = f"{int(kib[1]) / 1024**2:.0f} GiB" if kib else "memory unknown"
    model = f" ({cpus[0]})" if cpus else ""
    return f"{len(cpus)} processors{model}, {memory}, {platform.system()}, Python {platform.python_version()}"


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git answers, None where there is no git or no repository."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run((git, *arguments), check=False, cwd=root, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None
