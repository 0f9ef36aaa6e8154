"""Refuses files that name the host of a package registry: which one serves a machine is that machine's own setting."""

import re
import sys

from checks.tree import ROOT, project_files

HOSTS = (
    ("crates", "io"),
    ("deb.debian", "org"),
    ("files.pythonhosted", "org"),
    ("npmjs", "com"),
    ("proxy.golang", "org"),
    ("pypi", "org"),
    ("registry.npmjs", "org"),
    ("repo.maven.apache", "org"),
    ("repo1.maven", "org"),
    ("rubygems", "org"),
)
"""Each host in two pieces, so that this file does not name one either."""

PATTERN = re.compile("|".join(re.escape(".".join(pieces)) for pieces in HOSTS), re.IGNORECASE)


def named_hosts() -> list[str]:
    """Return one line for each line of the project that names a registry's host."""
    return [
        f"{path.relative_to(ROOT)}:{number}: names a package registry"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), start=1)
        if PATTERN.search(line)
    ]


if __name__ == "__main__":
    sys.exit("\n".join(named_hosts()) or 0)
