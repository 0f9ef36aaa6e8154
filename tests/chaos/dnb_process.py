"""The emulated DnB, from the side of whoever started it."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TypeVar

import msgspec

from daemon.sandbox.accountant import DeedKind
from tests.chaos.messages import Calm, Done, Dossier, Judge, Judged, Opened, Order, Perform

LONGEST_LINE_BYTES = 64 * 1024 * 1024
"""A verdict with all its findings is one line."""

END_SECONDS = 10.0
"""How long the process may take to end once its input has."""

Answer = TypeVar("Answer", Done, Judged, Opened)


class DnbProcess:
    """Tells the process what to do, one thing at a time."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, opened: Opened) -> None:
        """Take the process, the folder of what it is to read, and what it said first."""
        self._process = process
        self._folder = folder
        self._asking = asyncio.Lock()
        self.opened = opened

    async def perform(self, deed: DeedKind) -> None:
        """Have the accountants put something right."""
        await self._ask(Perform(deed), Done)

    async def calm(self) -> None:
        """Let no call go wrong by chance any more."""
        await self._ask(Calm(), Done)

    async def judge(self, dossier: Dossier) -> Judged:
        """Return the verdict on everything that happened."""
        path = self._folder / "dossier.json"
        path.write_bytes(msgspec.json.encode(dossier))
        return await self._ask(Judge(str(path)), Judged)

    async def _ask(self, order: Order, answer: type[Answer]) -> Answer:
        assert self._process.stdin is not None
        async with self._asking:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            return await read_answer(self._process, answer)


async def read_answer(process: asyncio.subprocess.Process, answer: type[Answer]) -> Answer:
    """Return the next line that the process says; fails if it has ended."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line, "the emulated DnB has ended"
    return msgspec.json.decode(line, type=answer)


@contextlib.asynccontextmanager
async def dnb_process(
    folder: Path, *, seed: int, companies: int, quota: float, faults: float
) -> AsyncGenerator[DnbProcess]:
    """Run an emulated DnB for the length of the block; the daemons' key and tenants file are put into the folder."""
    asked = {"folder": folder, "seed": seed, "companies": companies, "quota": quota, "faults": faults}
    options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    with (folder / "dnb.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.dnb", *options,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=LONGEST_LINE_BYTES,
        )  # fmt: skip
    try:
        yield DnbProcess(process, folder, await read_answer(process, Opened))
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
