"""A scene for tests from end to end: a topic on a real Kafka, the emulated DnB, a daemon process, and the judge."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from daemon.edges.ledger_store import LedgerStore
from daemon.sandbox.accountant import DEEDS, Accountant
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.generating import Planted, planted, transferred
from daemon.sandbox.judging import DeadLetter, Evidence, Parked, Verdict, judge_all
from daemon.sandbox.publishing import publishing, read_back
from daemon.sandbox.server import serving
from daemon.sandbox.settings import Client, Settings
from tests.integration.daemon_process import LOOK_SECONDS, DaemonProcess
from tests.kafka_broker import Kafka, create_topic, fresh_name

PARTITIONS = 4
REST_SECONDS = 120.0
"""How long a daemon may take to come to rest on a busy machine."""

HEAL_SECONDS = 2.0
LATE_SECONDS = 4.0

QUIET_SECONDS = 7.0
"""Longer than any wait of the scene's daemons: what is tried again by time has been tried, and nothing came of it."""

Story = Literal["customers", "whole"]
"""What the generator plays: customers alone, or everything, with accountants who put right what lacks."""


class Scene(msgspec.Struct, kw_only=True):
    """What a test from end to end plays with."""

    bootstrap: str
    topic: str
    folder: Path
    emulator: Emulator
    companies: dict[str, str]
    environment: dict[str, str]
    kinds: dict[str, frozenset[str]]
    accountants: tuple[Accountant, ...] = ()
    processes: list[DaemonProcess] = []

    def planted(self, *, seed: int, events: int) -> tuple[Planted, ...]:
        """Return changes of the scene's tenants, of the kinds they transfer, with every trouble a producer can make."""
        return planted(
            seed=seed, events=events, tenants=tuple(self.companies), started_at=time.time(), kinds=self.kinds
        )

    def put_right(self) -> None:
        """Have the accountants open, add and unlock all that their companies lacked at first."""
        for accountant in self.accountants:
            for deed in DEEDS:
                accountant.perform(deed, time.time())

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
        """Wait until the daemon has settled everything, committed it, and nothing comes of trying again.

        The accountants do their work first. What only a person can repair is tried again for ever, and is at rest.
        """
        self.put_right()
        deadline = time.monotonic() + REST_SECONDS
        quiet_since, before = time.monotonic(), -1.0
        while True:
            metrics = await process.metrics()
            now, done = time.monotonic(), _done(metrics)
            if done != before or not _is_idle(metrics) or await self.uncommitted():
                quiet_since, before = now, done
            if (_is_settled(metrics) and now > quiet_since) or now >= quiet_since + QUIET_SECONDS:
                return
            assert now < deadline, f"no rest: {metrics} {process.tail()}"
            await asyncio.sleep(LOOK_SECONDS)

    async def verdict(self, records: Sequence[Planted], disk: str = "a") -> Verdict:
        """Return the judge's verdict; the daemon whose disk is named must have ended."""
        letters = await read_back(self.bootstrap, f"{self.topic}.dead-letters")
        evidence = Evidence(
            companies=self.companies,
            history=self.emulator.history,
            parked=[one for path in sorted((self.folder / disk / "data").glob("*.sqlite3")) for one in _parked(path)],
            dead_letters=[DeadLetter(one.key, one.value, one.headers["moment-dnb-reason"]) for one in letters],
            books={tenant: self.emulator.books(key) for tenant, key in self.companies.items()},
            kinds=self.kinds,
        )
        return judge_all(records, evidence)


@contextlib.asynccontextmanager
async def scene(
    kafka: Kafka, folder: Path, *, companies: int = 3, seed: int = 1, story: Story | None = None
) -> AsyncGenerator[Scene]:
    """Set a scene for the length of the block: a fresh topic, and a DnB without faults and quota.

    Without a story all tenants transfer everything, and their books stand as they were opened.
    """
    now = dt.datetime.now(dt.UTC)
    credentials = issued("tests", now)
    clients = (Client("tests", credentials.certificate),)
    emulator = Emulator(Settings(companies=invented(companies, seed, None), clients=clients, opened_at=now.timestamp()))
    keys = {tenant_name(company.name): company.key for company in emulator.settings.companies}
    (folder / "private_key.pem").write_bytes(credentials.bundle)
    kinds = {name: frozenset({"customer"}) for name in keys} if story == "customers" else transferred(tuple(keys))
    if story is None:
        kinds = dict.fromkeys(keys, frozenset({"customer", "project", "invoice"}))
    tenants = {name: _tenant(at, key, kinds[name], story) for at, (name, key) in enumerate(keys.items())}
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
            kinds=kinds,
            accountants=_accountants(emulator, keys, kinds) if story == "whole" else (),
        )
        try:
            yield stage
        finally:
            for process in stage.processes:
                process.kill()


def _tenant(position: int, key: str, kinds: frozenset[str], story: Story | None) -> dict[str, object]:
    """Return a tenant as the tenants file has it; in a whole story the second one has vouchers posted directly."""
    name: dict[str, object] = {"company_key": key, "notify": ["regnskap@example.com"], "kinds": sorted(kinds)}
    if story != "whole":
        return name
    flow = "voucher" if position == 1 else "invoice"
    return {**name, "vat_codes": dict(ACCOUNT_VAT_CODES), "flow": flow}


def _accountants(emulator: Emulator, keys: dict[str, str], kinds: dict[str, frozenset[str]]) -> tuple[Accountant, ...]:
    now = emulator.settings.opened_at
    accountants = tuple(Accountant(emulator, key, kinds[name], now) for name, key in keys.items())
    for accountant in accountants:
        accountant.begin(now)
    return accountants


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
        "late_bound": f"{LATE_SECONDS:g}",
        "dependency_wait": "1",
        "heal_every": f"{HEAL_SECONDS:g}",
        "ops_host": "127.0.0.1",
        "ops_port": "0",
    }
    return {f"MOMENT_DNB_{name.upper()}": value for name, value in settings.items()}


def _is_idle(metrics: dict[str, float]) -> bool:
    """Tell whether nothing is in hand and nothing waits for its turn."""
    waiting = metrics.get('parked{reason="waiting"}', 0.0)
    return metrics.get("partitions") == PARTITIONS and not metrics.get("in_hand", 1.0) and not waiting


def _is_settled(metrics: dict[str, float]) -> bool:
    """Tell whether nothing will ever be tried again by itself."""
    return _is_idle(metrics) and not metrics.get("scheduled", 1.0) and not metrics.get("calls_in_flight", 1.0)


def _done(metrics: dict[str, float]) -> float:
    """Return a number that grows with every record that settles and every parked change that leaves."""
    return sum(count for name, count in metrics.items() if name.startswith(("settled_total{", "released_total{")))


def _parked(path: Path) -> list[Parked]:
    store = LedgerStore(path)
    entries = store.parked()
    store.close()
    return [
        Parked(entity.tenant, entity.kind, entity.id, entry.parked.version, entry.parked.reason)
        for entity, entry in entries
        if entry.parked
    ]
