"""One cell of the matrix at work: a fresh topic and group, the sink as it was told, and processes of one contender."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bench.bounds.staging import HERE, Measured
from bench.contending import Contender, Contending, Program
from bench.far_end import FarEnd, Progress
from bench.feeding import Tenant, Topic
from bench.metering import has_ended
from daemon.edges.ledger_topic import ledger_of
from daemon.sandbox.credentials import issued
from tests.kafka_broker import create_topic, fresh_name

CLIENT_ID = "moment-dnb-bench"
CONCURRENCY = 64
NO_QUOTA = 1_000_000.0
PATIENCE_SECONDS = 300.0
"""After this nothing more is waited for."""

READY_SECONDS = 120.0
LAST_NUMBER = 2_000_000_000
COMMITTED_LOOK_SECONDS = 0.2


class Ended(Exception):  # noqa: N818 - named for what has happened
    """A contender's process has ended though nobody asked it to; the text is the end of its log."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What all cells share: the broker, the sink, a folder, and how many records a scenario is asked to take."""

    bootstrap: str
    sink: FarEnd
    folder: Path
    records: int | None = None


class Trial(msgspec.Struct, kw_only=True):
    """A cell at work."""

    ground: Ground
    contender: Contender
    tenants: Sequence[Tenant]
    topic: Topic
    folder: Path
    concurrency: int
    settings: Mapping[str, str]
    started: dict[str, Contending] = {}

    @property
    def sink(self) -> FarEnd:
        """The far end."""
        return self.ground.sink

    @property
    def daemon(self) -> Measured:
        """The daemon's first process, which tells more of itself than others."""
        process = self.started["a"]
        assert isinstance(process, Measured)  # noqa: S101 - asked where the contender is the daemon
        return process

    @property
    def dead_letters(self) -> str:
        """The topic for records that are no change: the daemon makes it."""
        return f"{self.topic.name}.dead-letters"

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes that were started."""
        return [process.pid for process in self.started.values() if process.pid is not None]

    def start(self, name: str = "a") -> Contending:
        """Start the process of that name, or start it again: the daemon's comes back under its member id."""
        process = self._named(name)
        process.start()
        return process

    async def ready(self, *names: str) -> float:
        """Start daemons, the first one unless others are named; return after how many seconds all were ready."""
        processes = [self._named(name) for name in names or ("a",)]
        seconds = [process.ready(READY_SECONDS) for process in processes if isinstance(process, Measured)]
        return max(await asyncio.gather(*seconds))

    async def stop(self, name: str = "a") -> None:
        """Stop the process of that name in good order."""
        await self.started[name].stop()

    def check(self) -> None:
        """Raise `Ended` if a process has ended by itself."""
        for process in self.started.values():
            if process.pid is not None and has_ended(process.pid):
                raise Ended(process.tail())

    async def until(self, holds: Callable[[Progress], bool], seconds: float = PATIENCE_SECONDS) -> Progress:
        """Wait until the sink's progress is as wanted, or that time has passed."""
        return await self.sink.until(holds, seconds, self.check)

    async def committed(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the group has committed all there is; raises `TimeoutError`."""
        topic = self.topic
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        consumer = AIOKafkaConsumer(bootstrap_servers=topic.bootstrap, group_id=topic.name, enable_auto_commit=False)
        async with consumer, asyncio.timeout(seconds):
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while any([(await consumer.committed(one) or 0) < ends[one] for one in partitions]):
                self.check()
                await asyncio.sleep(COMMITTED_LOOK_SECONDS)

    def _named(self, name: str) -> Contending:
        if name not in self.started:
            self.started[name] = self._process(name)
        return self.started[name]

    def _process(self, name: str) -> Contending:
        folder = self.folder / name
        folder.mkdir()
        if self.contender.is_daemon:
            return Measured(self._daemon_environment(name, folder), folder)
        environment = {
            "BENCH_BOOTSTRAP": self.topic.bootstrap,
            "BENCH_TOPIC": self.topic.name,
            "BENCH_GROUP": self.topic.name,
            "BENCH_SINK": self.sink.address,
            "BENCH_CONCURRENCY": str(self.concurrency),
            "BENCH_FOLDER": str(folder),
        }
        return Program(self.contender.command(), environment, folder / "log")

    def _daemon_environment(self, name: str, folder: Path) -> dict[str, str]:
        settings = {
            "kafka_bootstrap": self.topic.bootstrap,
            "topics": self.topic.name,
            "group": self.topic.name,
            "dead_letter_topic": self.dead_letters,
            "replication": "1",
            "min_insync": "1",
            "tenants_file": str(self.folder / "tenants.yaml"),
            "dnb_base_url": self.sink.address,
            "dnb_issuer": self.sink.address,
            "dnb_client_id": CLIENT_ID,
            "dnb_private_key_file": str(self.folder / "private_key.pem"),
            "client_quota": f"{NO_QUOTA:g}",
            "tenant_quota": f"{NO_QUOTA:g}",
            "concurrency": str(self.concurrency),
            "ops_host": HERE,
            "data_dir": str(folder / "data"),
            "member_id": f"{self.topic.name}-{name}",
            **self.settings,
        }
        return {f"MOMENT_DNB_{setting.upper()}": value for setting, value in settings.items()}


@contextlib.asynccontextmanager
async def trying(
    ground: Ground,
    contender: Contender,
    tenants: Sequence[Tenant],
    *,
    concurrency: int = CONCURRENCY,
    partitions: int = 4,
    **settings: str | float,
) -> AsyncGenerator[Trial]:
    """Set up a cell for the length of the block; `settings` are the daemon's, besides the usual ones."""
    name = fresh_name("bench")
    folder = ground.folder / name
    folder.mkdir()
    (folder / "private_key.pem").write_bytes(issued(CLIENT_ID, dt.datetime.now(dt.UTC)).bundle)
    (folder / "tenants.yaml").write_text(_registry(tenants), encoding="utf-8")
    await create_topic(ground.bootstrap, name, partitions)
    await ground.sink.begin(tenants={tenant.company_key: tenant.name for tenant in tenants})
    trial = Trial(
        ground=ground,
        contender=contender,
        tenants=tenants,
        topic=Topic(ground.bootstrap, name, partitions),
        folder=folder,
        concurrency=concurrency,
        settings={
            setting: f"{value:.12g}" if isinstance(value, float) else str(value) for setting, value in settings.items()
        },
    )
    try:
        yield trial
    finally:
        for process in trial.started.values():
            process.kill()
        await _delete(ground.bootstrap, name, ledger_of(name), trial.dead_letters)


async def _delete(bootstrap: str, *topics: str) -> None:
    """Delete topics, so that a run fills no disk: a million changes and the ledger of them are more than a gigabyte."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(list(topics))
    finally:
        await admin.close()


def _registry(tenants: Sequence[Tenant]) -> str:
    entries: dict[str, dict[str, object]] = {}
    for tenant in tenants:
        entry: dict[str, object] = {"company_key": tenant.company_key, "kinds": ["customer"], "weight": tenant.weight}
        if tenant.quota is not None:
            entry["quota"] = tenant.quota
        entries[tenant.name] = {**entry, "number_range": [100_000, LAST_NUMBER]}
    return yaml.safe_dump({"tenants": entries})
