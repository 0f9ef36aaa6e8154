"""Waiting for something to become true, within a time."""

import asyncio
import time
from collections.abc import Callable

LOOK_SECONDS = 0.02
"""Between two looks: short beside anything that is waited for."""


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return when the condition holds; fail when it still does not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {condition}"
        await asyncio.sleep(LOOK_SECONDS)
