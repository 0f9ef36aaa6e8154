"""Refuses Python files that are too long to be one idea."""

import sys
from collections.abc import Iterator

from checks.tree import ROOT, project_files

MAX_LINES = 500
"""A file above this holds more than one idea: split it."""


def too_long() -> Iterator[str]:
    """Yield one line for each file above the limit."""
    for path in project_files():
        lines = len(path.read_text(encoding="utf-8").splitlines()) if path.suffix in {".py", ".pyi"} else 0
        if lines > MAX_LINES:
            yield f"{path.relative_to(ROOT)}: {lines} lines, at most {MAX_LINES}"


if __name__ == "__main__":
    sys.exit("\n".join(too_long()) or 0)
