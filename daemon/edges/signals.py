"""SIGTERM and SIGINT: the first asks the daemon to hand over and end; a second one ends it at once."""

import signal
from collections.abc import Callable

import anyio
import anyio.abc

SIGNAL_EXIT_BASE = 128
"""A process that a signal ended exits with this plus the signal's number, as shells report it."""


async def watch_signals(
    stop: Callable[[], None], *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Call `stop` at the first signal; at the second raise `SystemExit`, as one who will not wait asks for."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        is_asked = False
        async for received in signals:
            if is_asked:
                raise SystemExit(SIGNAL_EXIT_BASE + received)
            is_asked = True
            stop()
