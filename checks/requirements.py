"""Refuses a lock that does not answer pyproject.toml: every direct dependency pinned, inside its range, with a hash."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checks.tree import ROOT

PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+).*\\\n +--hash=sha256:", re.MULTILINE
)
Pins = Mapping[str, str]


def pins(path: Path) -> Pins:
    """Return the locked version of each package that has at least one hash."""
    return {canonicalize_name(m["name"]): m["version"] for m in PIN.finditer(path.read_text(encoding="utf-8"))}


def group(groups: Mapping[str, list[object]], name: str) -> Iterator[str]:
    """Yield the requirements of a dependency group, those of the groups it includes too."""
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(groups, cast("dict[str, str]", entry)["include-group"])


def unanswered(wanted: list[str], locked: Pins) -> Iterator[str]:
    """Yield one line for each requirement that the lock does not answer."""
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{requirement}: locked is {version}"


def differences() -> list[str]:
    """Return what `make lock` would have to put right, one line each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run, dev = pins(ROOT / "requirements/run.txt"), pins(ROOT / "requirements/dev.txt")
    runtime: list[str] = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["demo"]
    groups: dict[str, list[object]] = project["dependency-groups"]
    return [
        *unanswered([*runtime, *group(groups, "build")], run),
        *unanswered([*runtime, *group(groups, "dev")], dev),
        *(
            f"{name}: run.txt has {version}, dev.txt {dev.get(name)}"
            for name, version in run.items()
            if dev.get(name) != version
        ),
    ]


if __name__ == "__main__":
    found = differences()
    sys.exit("\n".join([*found, "run: make lock"]) if found else 0)
