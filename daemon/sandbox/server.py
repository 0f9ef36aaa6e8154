"""The emulator behind a real port, so that any HTTP client can talk to it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Final

import msgspec
from aiohttp import web

from daemon.sandbox.emulator import Emulator
from daemon.sandbox.exchange import Request, Response

TICK_SECONDS: Final = 0.05  # how exactly a late request meets its instant while nobody calls
SHUTDOWN_SECONDS: Final = 1.0  # how long calls still being answered are waited for at the end


class Server(msgspec.Struct, frozen=True):
    """Where the emulator is reached."""

    port: int
    base_url: str


@contextlib.asynccontextmanager
async def serving(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[Server]:
    """Serve `emulator` inside the block, on a free port unless `port` names one.

    The port answers when the block begins. Raises OSError if it cannot be had.
    """
    runner = web.ServerRunner(web.Server(_Handler(emulator), access_log=None), shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = int(runner.addresses[0][1])
        server = Server(bound, f"http://{host}:{bound}")
        emulator.reached_at(server.base_url)
        async with _ticking(emulator):
            yield server
    finally:
        await runner.cleanup()


class _Handler:
    """Carries each exchange between aiohttp and the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, incoming: web.BaseRequest) -> web.StreamResponse:
        path, _, query = incoming.raw_path.partition("?")
        request = Request(
            method=incoming.method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in incoming.headers.items()},
            body=await incoming.read() if incoming.body_exists else b"",
        )
        response = self._emulator.handle(request, time.time())
        if response.delay_seconds > 0:
            await asyncio.sleep(response.delay_seconds)
        return _cut(incoming) if response.lost else _outgoing(response)


def _outgoing(response: Response) -> web.Response:
    return web.Response(status=response.status, headers=response.headers, body=response.body)


def _cut(incoming: web.BaseRequest) -> web.Response:
    """End the connection at once, without a goodbye; what is returned is never sent."""
    if incoming.transport is not None:
        incoming.transport.abort()
    return web.Response(status=500)


@contextlib.asynccontextmanager
async def _ticking(emulator: Emulator) -> AsyncGenerator[None]:
    """Apply late requests also while no call comes in."""
    task = asyncio.create_task(_tick(emulator))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _tick(emulator: Emulator) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        emulator.tick(time.time())
