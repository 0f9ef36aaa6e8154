"""Whether a row tells which commit it is of."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.runs import UNKNOWN, commit, present

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def git(root: Path, *arguments: str) -> str:
    """Run git there, and return what it says."""
    identity = ("-c", "user.name=test", "-c", "user.email=test@moment.example")
    return subprocess.run(("git", *identity, *arguments), cwd=root, check=True, capture_output=True, text=True).stdout


@needs_git
def test_what_is_measured_and_was_changed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that a run writes, and files that nothing runs, change nothing of what is measured."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert UNKNOWN == commit(tmp_path)
    git(tmp_path, "init", "--quiet")
    for name in ("daemon/app.py", "bench/results.json", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "all")
    head = git(tmp_path, "rev-parse", "--short", "HEAD").strip()
    for name in ("bench/results.json", "bench/RESULTS.md", "README.md"):
        (tmp_path / name).write_text("2")
    assert head == commit(tmp_path)
    (tmp_path / "daemon" / "new.py").write_text("1")
    assert f"{head}+" == commit(tmp_path)


def test_a_run_tells_when_it_began_and_where() -> None:
    """Both are in every row, so that figures of two runs or machines are not taken for one."""
    run = present()
    assert run.began_at.endswith("Z")
    assert "processors" in run.machine
