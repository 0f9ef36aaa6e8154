"""The files that belong to the project, as git sees them: tracked or new, not ignored."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def project_files() -> Iterator[Path]:
    """Yield every file of the project, in the order of their names."""
    listing = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in sorted(listing.stdout.split("\0")) if name)
    return (path for path in paths if path.is_file())
