"""The stage of a measurement: a topic on a real Kafka, the emulated DnB, and daemons with the usual times."""

import asyncio
import contextlib
import datetime as dt
import os
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import aiohttp
import msgspec
import yaml

from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.settings import Client, Settings
from tests.integration.daemon_process import DaemonProcess
from tests.kafka_broker import Kafka, create_topic, free_ports, fresh_name

HERE = "127.0.0.1"
CLIENT_ID = "moment-dnb-bounds"
COMPANIES = 8
CLIENT_QUOTA = 400.0
TENANT_QUOTA = 150.0

LOOK_SECONDS = 0.02
"""Between two looks at what is waited for: small beside every goal."""

PATIENCE_SECONDS = 120.0
"""After this nothing more is waited for that should take seconds."""

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Measured(DaemonProcess):
    """A daemon whose memory, processor time and readiness can be asked for."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Take its settings and the folder of its log; nothing runs yet."""
        self._ops_port = free_ports(1)[0]
        super().__init__({**environment, "MOMENT_DNB_OPS_PORT": str(self._ops_port)}, folder)

    @property
    def peak_bytes(self) -> float:
        """The most memory that the present process has ever held."""
        rows = dict(line.split(":", 1) for line in self._proc("status").splitlines())
        return 1_024.0 * float(rows["VmHWM"].split()[0])

    @property
    def cpu_seconds(self) -> float:
        """The processor time that the present process has used."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    async def ready(self, seconds: float) -> float:
        """Start the process, and return how many seconds it took until `/readyz` said yes."""
        started_at = time.monotonic()
        self.start()
        async with aiohttp.ClientSession() as client:
            while not await self._answers(client):
                if time.monotonic() > started_at + seconds:
                    raise TimeoutError(f"not ready within {seconds:g} s: {self.tail()}")
                await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - started_at

    async def metrics(self) -> dict[str, float]:
        """Return the metrics of the present process, by name with labels; empty while it does not answer."""
        async with aiohttp.ClientSession() as client:
            try:
                async with client.get(f"http://{HERE}:{self._ops_port}/metrics") as response:
                    text = await response.text()
            except aiohttp.ClientError:
                return {}
        rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name.removeprefix("moment_dnb_"): float(value) for name, _, value in rows}

    async def _answers(self, client: aiohttp.ClientSession) -> bool:
        try:
            async with client.get(f"http://{HERE}:{self._ops_port}/readyz") as response:
                return response.ok
        except aiohttp.ClientError:
            return False

    def _proc(self, name: str) -> str:
        assert self._process is not None  # noqa: S101 - asked of a process that was started
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")


class Stage(msgspec.Struct, kw_only=True):
    """What a measurement plays with."""

    bootstrap: str
    topic: str
    folder: Path
    partitions: int
    emulator: Emulator
    companies: dict[str, str]
    dnb_port: int
    processes: list[Measured] = []

    @property
    def tenants(self) -> list[str]:
        """The names of the tenants."""
        return list(self.companies)

    def partition_of(self, tenant: str) -> int:
        """Return the partition that holds all changes of the tenant."""
        return self.tenants.index(tenant) % self.partitions

    def process(self, name: str = "a", *, is_static: bool = True) -> Measured:
        """Return a daemon, not started: its own disk, and all times as they are by default.

        It comes back under the same member id if it is static, as in a StatefulSet, and is a new member otherwise.
        """
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        settings = {
            "kafka_bootstrap": self.bootstrap,
            "topics": self.topic,
            "group": self.topic,
            "dead_letter_topic": f"{self.topic}.dead-letters",
            "replication": "1",
            "min_insync": "1",
            "tenants_file": str(self.folder / "tenants.yaml"),
            "dnb_base_url": f"http://{HERE}:{self.dnb_port}",
            "dnb_client_id": CLIENT_ID,
            "dnb_private_key_file": str(self.folder / "private_key.pem"),
            "client_quota": f"{CLIENT_QUOTA:g}",
            "tenant_quota": f"{TENANT_QUOTA:g}",
            "ops_host": HERE,
            "data_dir": str(folder / "data"),
            "member_id": f"{self.topic}-{name}" if is_static else "",
        }
        environment = {f"MOMENT_DNB_{setting.upper()}": value for setting, value in settings.items()}
        self.processes.append(Measured(environment, folder))
        return self.processes[-1]


@contextlib.asynccontextmanager
async def staged(kafka: Kafka, folder: Path, *, partitions: int = 4) -> AsyncGenerator[Stage]:
    """Set the stage for the length of the block: a fresh topic, and books that nobody serves yet at `dnb_port`."""
    folder.mkdir(parents=True)  # noqa: ASYNC240 - nothing runs yet that it could hold up
    opened_at = time.time()
    credentials = issued(CLIENT_ID, dt.datetime.now(dt.UTC))
    emulator = Emulator(
        Settings(
            companies=invented(COMPANIES), clients=(Client(CLIENT_ID, credentials.certificate),), opened_at=opened_at
        )
    )
    companies = {tenant_name(company.name): company.key for company in emulator.settings.companies}
    (folder / "private_key.pem").write_bytes(credentials.bundle)
    tenants = {name: {"company_key": key, "kinds": ["customer"]} for name, key in companies.items()}
    (folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": tenants}), encoding="utf-8")
    topic = fresh_name("bounds")
    await create_topic(kafka.bootstrap, topic, partitions)
    stage = Stage(
        bootstrap=kafka.bootstrap,
        topic=topic,
        folder=folder,
        partitions=partitions,
        emulator=emulator,
        companies=companies,
        dnb_port=free_ports(1)[0],
    )
    try:
        yield stage
    finally:
        for process in stage.processes:
            process.kill()
