"""The daemon as a process of its own, as an operator runs it: started, asked, killed, started again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

START_SECONDS = 30.0
"""How long a process may take to answer on a busy machine."""

LOOK_SECONDS = 0.05
"""Between two looks at a process."""


class DaemonProcess:
    """`moment-dnb run` with a given environment; its log is appended to a file."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Take the settings as environment variables, and the folder of its log."""
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("MOMENT_DNB_")}
        self._environment |= environment
        self._log = folder / "daemon.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0

    def start(self, *options: str) -> None:
        """Start the process with these options of `run`; it is not ready yet."""
        self._read_from = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "daemon", "run", *options]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    @property
    def pid(self) -> int | None:
        """Return the number of the present process."""
        return self._process.pid if self._process else None

    def kill(self) -> None:
        """End the process as a power cut would; nothing happens to one that has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def stop(self) -> int:
        """End the process as Kubernetes would, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, START_SECONDS)

    async def ended(self) -> int:
        """Return the exit code of a process that ends by itself."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, START_SECONDS)

    def events(self) -> list[dict[str, object]]:
        """Return the log events of the present process."""
        with self._log.open("rb") as log:
            log.seek(self._read_from)
            lines = log.read().decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    async def metrics(self) -> dict[str, float]:
        """Return the metrics of the present process, by name with labels; empty while it does not answer."""
        port = next((event["ops_port"] for event in self.events() if event["event"] == "daemon.started"), None)
        if port is None:
            return {}
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                response = await client.get(f"http://127.0.0.1:{port}/metrics")
        except httpx.HTTPError:
            return {}
        rows = (line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#"))
        return {name.removeprefix("moment_dnb_"): float(value) for name, _, value in rows}

    def tail(self) -> str:
        """Return the end of the log, for the message of a test that failed."""
        return self._log.read_text(encoding="utf-8")[-3_000:]
