"""Running a command of moment-dnb as an operator does: a process of its own, with an environment and nothing else."""

import asyncio
import os
import sys
from collections.abc import Mapping

import msgspec

SECONDS = 30.0
"""Within this every command that ends by itself must have ended, also while nothing answers it."""


class Ended(msgspec.Struct, frozen=True):
    """What a process left behind."""

    code: int
    out: str
    err: str

    def failures(self) -> list[str]:
        """Return the lines that tell of something to repair."""
        return [line for line in self.out.splitlines() if line.startswith("FAIL ")]


async def ran(*arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run the command to its end and return what came of it; fails if it takes too long."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOMENT_DNB_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        *arguments,
        env=clean | dict(environment or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
