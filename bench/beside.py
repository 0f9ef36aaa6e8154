"""Work that goes on beside a measurement, until that is over."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine


@contextlib.asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Do the work for the length of the block; what ends the block keeps its own exception."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
