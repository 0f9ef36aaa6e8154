"""The API that is out of order, and comes back."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from aiohttp import web

from bench.bounds.staging import HERE, LOOK_SECONDS, Stage
from daemon.sandbox.history import Applied
from daemon.sandbox.server import serving

SHUTDOWN_SECONDS = 0.1


@contextlib.asynccontextmanager
async def unavailable(port: int) -> AsyncGenerator[None]:
    """Answer 503 to everything, for the length of the block."""
    runner = web.ServerRunner(web.Server(_refuse, access_log=None), shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, HERE, port).start()
        yield
    finally:
        await runner.cleanup()


async def _refuse(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)


def served(stage: Stage) -> contextlib.AbstractAsyncContextManager[object]:
    """Serve the emulated DnB where the daemons look for it, for the length of the block."""
    return serving(stage.emulator, port=stage.dnb_port)


async def first_write(stage: Stage, after: int, seconds: float) -> Applied:
    """Return the first write of a customer behind so many writes of all kinds, as soon as it is there."""
    async with asyncio.timeout(seconds):
        while True:
            found = (one for one in stage.emulator.history.applied[after:] if one.route == "customers")
            if (applied := next(found, None)) is not None:
                return applied
            await asyncio.sleep(LOOK_SECONDS)
