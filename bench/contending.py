"""Contenders: what is started to do the work, with what environment, and why one cannot run here."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

STOP_SECONDS = 30.0

DAEMON = "daemon"
"""The name of the one contender that is this project's own."""


class CannotRun(Exception):  # noqa: N818 - named for the state of the machine, it is no fault of the caller
    """This machine lacks what a contender needs; the text says what."""


class Contending(Protocol):
    """A process that contends: started, stopped, killed, started again."""

    @property
    def pid(self) -> int | None:
        """The number of the present process."""
        ...

    def start(self) -> None:
        """Start it."""
        ...

    def kill(self) -> None:
        """End it as a power cut would."""
        ...

    async def stop(self) -> int:
        """End it in good order, and return its exit code."""
        ...

    def tail(self) -> str:
        """Return the end of its log."""
        ...


class Program:
    """A contender's process of a given command and environment; its log is appended to a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Take what to start; nothing runs yet."""
        self._command = command
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The number of the present process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End the process at once; nothing happens to one that has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def stop(self) -> int:
        """End the process in good order, and return its exit code."""
        assert self._process is not None  # noqa: S101 - asked of a process that was started
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, STOP_SECONDS)

    def tail(self) -> str:
        """Return the end of the log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2_000:]


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """One of those who contend: `command` returns how it is started, or raises `CannotRun`."""

    name: str
    command: Callable[[], Sequence[str]]

    @property
    def is_daemon(self) -> bool:
        """Tell whether it is this project's own daemon, which has settings, tenants and metrics of its own."""
        return self.name == DAEMON


def module(name: str) -> Callable[[], Sequence[str]]:
    """Return the command of a contender that is a module of this project."""
    return lambda: (sys.executable, "-m", f"bench.contenders.{name}")


def daemon_command() -> Sequence[str]:
    """Return how this project's daemon is started."""
    return (sys.executable, "-m", "daemon", "run")
