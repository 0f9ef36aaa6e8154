"""Signals to a process of its own."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Generator

import pytest

WATCHING = """
import anyio
from functools import partial
from daemon.edges.signals import watch_signals

async def main():
    asked = anyio.Event()
    async with anyio.create_task_group() as tasks:
        await tasks.start(partial(watch_signals, asked.set))
        print("watching", flush=True)
        await asked.wait()
        print("asked", flush=True)
        await anyio.sleep_forever()

try:
    anyio.run(main)
except BaseExceptionGroup as group:
    raise group.exceptions[0]
"""
PATIENCE_SECONDS = 20.0


@contextlib.contextmanager
def watching() -> Generator[subprocess.Popen[str]]:
    """Run a process that watches signals and never ends by itself."""
    with subprocess.Popen([sys.executable, "-c", WATCHING], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "watching\n" == process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_the_second_ends(number: signal.Signals) -> None:
    """One signal asks the process to hand over; who will not wait sends another, and gets a shell's exit code."""
    with watching() as process:
        assert process.stdout is not None
        process.send_signal(number)
        assert "asked\n" == process.stdout.readline()
        assert None is process.poll()
        process.send_signal(number)
        assert 128 + number == process.wait(PATIENCE_SECONDS)
