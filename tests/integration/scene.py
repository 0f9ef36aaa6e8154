"""A scene for tests from end to end: a topic on a real Kafka, the emulated DnB, a daemon process, and the judge."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from daemon.edges.ledger_store import LedgerStore
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.generating import Planted
from daemon.sandbox.judging import DeadLetter, Parked, Verdict, judge
from daemon.sandbox.publishing import publishing, read_back
from daemon.sandbox.server import serving
from daemon.sandbox.settings import Client, Settings
from tests.integration.daemon_process import LOOK_SECONDS, DaemonProcess
from tests.kafka_broker import Kafka, create_topic, fresh_name

PARTITIONS = 4
REST_SECONDS = 90.0
"""How long a daemon may take to come to rest on a busy machine."""


class Scene(msgspec.Struct, kw_only=True):
    """What a test from end to end plays with."""

    bootstrap: str
    topic: str
    folder: Path
    emulator: Emulator
    companies: dict[str, str]
    environment: dict[str, str]
    processes: list[DaemonProcess] = []

    def process(self, name: str = "a") -> DaemonProcess:
        """Return a daemon of this scene, not started: its own disk and static member id."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        own = {"MOMENT_DNB_DATA_DIR": str(folder / "data"), "MOMENT_DNB_MEMBER_ID": f"{self.topic}-{name}"}
        self.processes.append(DaemonProcess(self.environment | own, folder))
        return self.processes[-1]

    async def publish(self, records: Sequence[Planted]) -> None:
        """Publish records as Moment would."""
        async with publishing(self.bootstrap, self.topic) as publisher:
            await publisher.publish([(record.key, record.value) for record in records])

    async def uncommitted(self) -> int:
        """Return how many records of the topic the group has not committed."""
        partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.topic, enable_auto_commit=False)
        async with consumer:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            committed = [await consumer.committed(partition) or 0 for partition in partitions]
        return sum(ends.values()) - sum(committed)

    async def rest(self, process: DaemonProcess) -> None:
        """Wait until the daemon has settled everything, committed it, and checked all it was in doubt about."""
        deadline = time.monotonic() + REST_SECONDS
        while not _is_at_rest(await process.metrics()) or await self.uncommitted():
            assert time.monotonic() < deadline, f"no rest: {await process.metrics()} {process.tail()}"
            await asyncio.sleep(LOOK_SECONDS)

    async def verdict(self, records: Sequence[Planted], disk: str = "a") -> Verdict:
        """Return the judge's verdict; the daemon whose disk is named must have ended."""
        letters = await read_back(self.bootstrap, f"{self.topic}.dead-letters")
        return judge(
            records,
            companies=self.companies,
            history=self.emulator.history,
            parked=[one for path in sorted((self.folder / disk / "data").glob("*.sqlite3")) for one in _parked(path)],
            dead_letters=[DeadLetter(one.key, one.value, one.headers["moment-dnb-reason"]) for one in letters],
        )


@contextlib.asynccontextmanager
async def scene(kafka: Kafka, folder: Path, *, companies: int = 3, seed: int = 1) -> AsyncGenerator[Scene]:
    """Set a scene for the length of the block: a fresh topic, and a DnB without faults and quota."""
    now = dt.datetime.now(dt.UTC)
    credentials = issued("tests", now)
    clients = (Client("tests", credentials.certificate),)
    emulator = Emulator(Settings(companies=invented(companies, seed, None), clients=clients, opened_at=now.timestamp()))
    keys = {tenant_name(company.name): company.key for company in emulator.settings.companies}
    (folder / "private_key.pem").write_bytes(credentials.bundle)
    tenants = {name: {"company_key": key, "notify": [f"{name}@example.com"]} for name, key in keys.items()}
    (folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": tenants}), encoding="utf-8")
    topic = fresh_name("scene")
    await create_topic(kafka.bootstrap, topic, PARTITIONS)
    async with serving(emulator) as server:
        stage = Scene(
            bootstrap=kafka.bootstrap,
            topic=topic,
            folder=folder,
            emulator=emulator,
            companies=keys,
            environment=_environment(kafka.bootstrap, topic, server.base_url, folder),
        )
        try:
            yield stage
        finally:
            for process in stage.processes:
                process.kill()


def _environment(bootstrap: str, topic: str, dnb: str, folder: Path) -> dict[str, str]:
    settings = {
        "kafka_bootstrap": bootstrap,
        "topics": topic,
        "group": topic,
        "dead_letter_topic": f"{topic}.dead-letters",
        "replication": "1",
        "min_insync": "1",
        "tenants_file": str(folder / "tenants.yaml"),
        "dnb_base_url": dnb,
        "dnb_client_id": "tests",
        "dnb_private_key_file": str(folder / "private_key.pem"),
        "client_quota": "400",
        "tenant_quota": "150",
        "session": "9",
        "request": "3",
        "rebalance": "20",
        "drain": "5",
        "retry_first": "0.2",
        "retry_longest": "2",
        "parked_retries": "1,2",
        "late_bound": "4",
        "ops_host": "127.0.0.1",
        "ops_port": "0",
    }
    return {f"MOMENT_DNB_{name.upper()}": value for name, value in settings.items()}


def _is_at_rest(metrics: dict[str, float]) -> bool:
    waiting = metrics.get('parked{reason="waiting"}', 0.0)
    busy = (metrics.get(name, 1.0) for name in ("in_hand", "scheduled", "calls_in_flight"))
    return metrics.get("partitions") == PARTITIONS and not any(busy) and not waiting


def _parked(path: Path) -> list[Parked]:
    store = LedgerStore(path)
    entries = store.parked()
    store.close()
    return [
        Parked(entity.tenant, entity.kind, entity.id, entry.parked.version, entry.parked.reason)
        for entity, entry in entries
        if entry.parked
    ]
