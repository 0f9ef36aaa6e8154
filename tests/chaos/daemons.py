"""The daemons of the chaos: processes that are killed, stopped and watched, and what their metrics and logs told."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from tests.integration.daemon_process import DaemonProcess
from tests.kafka_broker import free_ports

WATCH_SECONDS = 0.5
"""Between two looks at a daemon's metrics: what it counted after the last one before a kill is not known."""

ANSWER_SECONDS = 2.0
"""A daemon that does not tell its metrics within this is stopped, or ending."""

WORKING_SECONDS = 60.0
"""How long a daemon may take to start and to get partitions, while brokers come and go."""

LAST_WORDS = 500
"""So many characters of a log tell why a process has ended."""

RESIDUALS = ("conservation_residual", "parked_residual")
"""Gauges that must be 0 at every instant."""

GIVING_UP = re.compile(r"moment-dnb: .*(check the brokers|looking up the topic|created by another)")
"""The last line of a daemon that could not use Kafka, and leaves it to Kubernetes to try again."""

Event = dict[str, object]


class Daemon(DaemonProcess):
    """One daemon over all its lives."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path) -> None:
        """Take its name, its settings as environment variables, and its folder; nothing runs yet."""
        self._ops_port = free_ports(1)[0]
        super().__init__({**environment, "MOMENT_DNB_OPS_PORT": str(self._ops_port)}, folder)
        self.name = name
        self._data = Path(environment["MOMENT_DNB_DATA_DIR"])
        self.gauges: dict[str, float] = {}
        self.troubles: list[str] = []
        self.given_up = 0
        self._is_expected = False
        self._life: Counter[str] = Counter()
        self._former_lives: Counter[str] = Counter()

    @property
    def counters(self) -> Counter[str]:
        """What its lives have counted together, by metric with labels."""
        return self._former_lives + self._life

    def begin(self) -> None:
        """Start it."""
        self._former_lives += self._life
        self._life, self.gauges = Counter(), {}
        self.start()
        self._is_expected = True

    def crash(self) -> None:
        """Kill it."""
        self._is_expected = False
        self.gauges = {}
        self.kill()

    def lose_disk(self) -> None:
        """Remove the local copies of its ledgers, if it has any yet; it must not be running."""
        if self._data.exists():
            shutil.rmtree(self._data)

    async def leave(self) -> None:
        """Let it hand over and end; that it does not, or with another exit code than 0, is a trouble."""
        self._is_expected = False
        try:
            code = await self.stop()
        except subprocess.TimeoutExpired:
            self.troubles.append(f"{self.name} did not end after SIGTERM: {self.tail()[-LAST_WORDS:]}")
            self.kill()
        else:
            if code != 0:
                self.troubles.append(f"{self.name} ended with {code} after SIGTERM: {self.tail()[-LAST_WORDS:]}")
        self.gauges = {}

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if no time had passed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def watch(self) -> None:
        """Look at it for ever; one that ends by itself is noted and started again, as Kubernetes would."""
        async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS) as client:
            while True:
                if self._is_expected and self._has_ended:
                    self._note_end()
                    self.begin()
                await self._look(client)
                await asyncio.sleep(WATCH_SECONDS)

    async def working(self) -> None:
        """Wait until it has partitions; that it gets none in time is a trouble."""
        deadline = time.monotonic() + WORKING_SECONDS
        while not self.gauges.get("partitions"):
            if time.monotonic() > deadline:
                self.troubles.append(f"{self.name} has no partitions after {WORKING_SECONDS:g} s")
                return
            await asyncio.sleep(WATCH_SECONDS)

    def all_events(self) -> Iterator[Event]:
        """Return the log events of all its lives."""
        with self._log.open(encoding="utf-8") as log:
            for line in log:
                if line.startswith("{") and line.endswith("}\n"):
                    yield json.loads(line)

    def _note_end(self) -> None:
        """Note why it ended by itself: it may give up with a word on Kafka when it cannot start, and nothing else."""
        last_words = self.tail().rstrip().rpartition("\n")[2]
        if GIVING_UP.match(last_words):
            self.given_up += 1
        else:
            self.troubles.append(f"{self.name} ended by itself: {self.tail()[-LAST_WORDS:]}")

    @property
    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    async def _look(self, client: httpx.AsyncClient) -> None:
        life = self._process
        try:
            response = await client.get(f"http://127.0.0.1:{self._ops_port}/metrics")
        except httpx.HTTPError:
            return
        if life is not self._process or not self._is_expected:
            return
        rows = (line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#"))
        metrics = {name.removeprefix("moment_dnb_"): float(value) for name, _, value in rows}
        self.gauges = metrics
        self._life = Counter({name: int(value) for name, value in metrics.items() if _is_counter(name)})
        for name in RESIDUALS:
            if metrics.get(name):
                self.troubles.append(f"{self.name}: {name} is {metrics[name]:g}")


def _is_counter(name: str) -> bool:
    """Tell a counter by its name, which ends so by Prometheus' convention."""
    return name.partition("{")[0].endswith("_total")
