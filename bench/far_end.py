"""The far end of every measurement: builds the sink, runs it, and asks and tells it things."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec

SOURCES = Path(__file__).parent / "sink"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "bench"
T = TypeVar("T")

LOOK_SECONDS = 0.02
"""Between two looks at what is waited for: small beside everything that is measured."""


class FarEndUnavailable(Exception):  # noqa: N818 - named for the state of the machine, it is no fault of the caller
    """The sink cannot be built here; the text says what is missing."""


class Began(msgspec.Struct, frozen=True):
    """When rules took effect (UTC µs), and how many calls were in flight then."""

    at_us: int
    in_flight: int


class Progress(msgspec.Struct, frozen=True):
    """What the sink tells often: `reached` counts the customers that have the version it was told to watch."""

    calls: int
    writes: int
    in_flight: int
    reached: int
    first_us: int
    last_write_us: int


class Latency(msgspec.Struct, frozen=True):
    """Seconds from the intended instant of a change to its write; None where nothing was written."""

    count: int
    p50_s: float | None = None
    p99_s: float | None = None
    longest_s: float | None = None


class Stats(msgspec.Struct, frozen=True):
    """Everything the sink knows of a span: calls by status and tenant, let in by second, and how writes went.

    The seconds of `series` count from the span's beginning, or from the first call where none is given. Of all calls,
    let in or not, `most_in_a_second` are those of the second that saw the most, wherever it begins. `early` are the
    calls of a tenant in a time that Retry-After told it to wait, `late_s` the seconds from each such time's end to the
    tenant's next call; `held_s` is how long the sink has held the calls of the span, all together. `committed` and what
    is told of calls are of the span, `latency` is of changes meant to be sent in it; all else is of the whole time.
    """

    calls: int
    statuses: dict[str, int]
    tenants: dict[str, int]
    series: list[int]
    first_us: int
    last_us: int
    held_s: float
    most_in_a_second: int
    committed: int
    early: int
    late_s: list[float]
    latency: Latency
    tokens: int
    in_flight: int
    in_flight_most: int
    writes: int
    overlaps: int
    misordered: int
    customers: int
    reached: int

    @property
    def accepted(self) -> int:
        """How many calls were let in and answered well."""
        return sum(count for status, count in self.statuses.items() if status.startswith("2"))

    @property
    def rejected(self) -> int:
        """How many calls were answered by 429."""
        return self.statuses.get("429", 0)


class Write(msgspec.Struct, frozen=True, array_like=True):
    """One write of a customer `tenant-customer`: the version, when it was meant to be sent, and when it came."""

    mark: str
    version: int
    intended_us: int
    committed_us: int


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """One call as it came: `target` is its path with what it asks for."""

    method: str
    target: str
    company_key: str
    body: str


class FarEnd:
    """The running sink; its rules stay until they are changed."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        """Take its address and what to ask it with."""
        self.address = address
        self._session = session
        self._rules: dict[str, Any] = {}

    async def obey(self, **rules: Any) -> Began:  # noqa: ANN401 - the sink's own rules, see sink/rules.go
        """Change some of the rules."""
        self._rules |= rules
        return await self._told(Began, "control", self._rules)

    async def forget(self, *, books: bool = False, **rules: Any) -> Began:  # noqa: ANN401 - as above
        """Forget all that came, and DnB's books too if told so; those rules besides stay as they are."""
        self._rules |= rules
        return await self._told(Began, "control", {**self._rules, "reset": True, "clear": books})

    async def begin(self, **rules: Any) -> Began:  # noqa: ANN401 - as above
        """Begin anew: nothing came, empty books, and these rules alone."""
        self._rules = {}
        return await self.forget(books=True, **rules)

    async def progress(self) -> Progress:
        """Return what can be asked for often."""
        return await self._asked(Progress, "progress")

    async def stats(self, **span: int | str) -> Stats:
        """Return everything, for a span: `since` and `until` (UTC µs), `tenants` (a prefix of names), `version`."""
        names = {"since": "from", "until": "to"}
        query = "&".join(f"{names.get(name, name)}={value}" for name, value in span.items())
        return await self._asked(Stats, f"stats?{query}")

    async def writes(self, tenants: str = "") -> list[Write]:
        """Return the writes of the tenants whose names begin so, in their order."""
        return await self._asked(list[Write], f"writes?tenants={tenants}")

    async def kept(self) -> list[Kept]:
        """Return the calls that were let in since they were to be kept (rule `keep`), in their order."""
        return await self._asked(list[Kept], "kept")

    async def until(self, holds: Callable[[Progress], bool], seconds: float, check: Callable[[], None]) -> Progress:
        """Wait until the progress is as wanted, or that time has passed; `check` raises if waiting is in vain."""
        deadline = time.monotonic() + seconds
        while not holds(progress := await self.progress()) and time.monotonic() < deadline:
            check()
            await asyncio.sleep(LOOK_SECONDS)
        return progress

    async def _asked(self, kind: type[T], path: str) -> T:
        async with self._session.get(f"{self.address}/{path}") as response:
            return msgspec.json.decode(await response.read(), type=kind)

    async def _told(self, kind: type[T], path: str, what: dict[str, Any]) -> T:
        async with self._session.post(f"{self.address}/{path}", data=msgspec.json.encode(what)) as response:
            return msgspec.json.decode(await response.read(), type=kind)


@contextlib.asynccontextmanager
async def far_end() -> AsyncGenerator[FarEnd]:
    """Run a sink for the length of the block."""
    program = await asyncio.to_thread(built)
    process = await asyncio.create_subprocess_exec(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - it was asked for in the line above
    try:
        address = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as session:
            yield FarEnd(address, session)
    finally:
        process.kill()
        await process.wait()


def built() -> Path:
    """Return the sink's program, compiled of its sources."""
    if shutil.which("go") is None:
        raise FarEndUnavailable("there is no Go to build the sink with")
    CACHE.mkdir(parents=True, exist_ok=True)
    program = CACHE / "sink"
    command = ("go", "build", "-o", str(program), ".")
    done = subprocess.run(command, check=False, cwd=SOURCES, env=os.environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise FarEndUnavailable(f"the sink does not compile: {done.stderr[-500:]}")
    return program
