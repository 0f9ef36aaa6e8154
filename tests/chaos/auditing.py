"""The audit that an operator would make: `moment-dnb audit --conservation`, as a command, after the chaos."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

COMMAND = ("-m", "daemon", "audit", "--conservation", "--json")


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What the command said: `exit_code` and `unaccounted` must be 0; `said` are its last words if they are not."""

    exit_code: int
    records: int
    unaccounted: int
    said: str


async def audited(environment: Mapping[str, str]) -> Audit:
    """Run the command with the settings of a daemon, and return what it found."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "figures.json")
        command = await asyncio.create_subprocess_exec(
            sys.executable, *COMMAND, str(figures), env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await command.communicate()
        total = _total(figures)
    exit_code = command.returncode or 0
    return Audit(
        exit_code=exit_code,
        records=total.get("records", 0),
        unaccounted=total.get("unaccounted", 0),
        said=output.decode(errors="replace").strip()[-500:] if exit_code else "",
    )


def _total(figures: Path) -> dict[str, Any]:
    """Return the sums over all partitions; none where the command ended before it wrote any."""
    if not figures.exists():
        return {}
    total: dict[str, Any] = msgspec.json.decode(figures.read_bytes())["total"]
    return total
