"""What the tests of the Kafka edges are made of: ledgers with their writer, a member of a group, and topics."""

import contextlib
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import anyio
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from daemon.core.actions import Record
from daemon.core.events import Assigned, Committed, Event, Lost, Recorded, Revoking
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Partition
from daemon.edges.clock import Clock
from daemon.edges.inbox import Batch, Inbox, RawRecord
from daemon.edges.kafka_source import KafkaSource
from daemon.edges.ledger_partition import LedgerPartition
from daemon.edges.ledger_rebuild import Rebuild
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.ledger_topic import LedgerTopic
from daemon.edges.ledgers import Ledgers, Restored
from daemon.settings import Settings
from tests.waiting import until

LONGEST_WAIT_SECONDS = 3_600.0
READ_SECONDS = 20.0

REQUEST_SECONDS = 40.0
"""What aiokafka gives a request by itself."""


class Process:
    """The ledgers of one daemon process: what it holds locally, and its writer, at work."""

    def __init__(self, bootstrap: str, folder: Path, rebuild: Rebuild | None, request_seconds: float) -> None:
        """Take the broker, the local disk, what to rebuild lost ledgers of, and the time of a request."""
        connection = {"bootstrap_servers": bootstrap, "request_timeout_ms": round(request_seconds * 1_000)}
        self.bootstrap = bootstrap
        self.inbox = Inbox()
        self.events: list[Event | Batch] = []
        self.ledgers = Ledgers(folder, connection, Clock(), longest_wait=LONGEST_WAIT_SECONDS)
        self.topic = LedgerTopic(connection, self.ledgers.stores, self.inbox)
        self.ledgers.writing_with(self.topic, rebuild=rebuild)
        self._ticket = 0

    async def record(self, partition: Partition, *written: tuple[Entity, Entry]) -> None:
        """Write entries, and return when they are acknowledged and stored."""
        first = self._ticket
        for entity, entry in written:
            self._ticket += 1
            self.topic.append(Record(self._ticket, partition, entity, entry))
        expected = set(range(first + 1, self._ticket + 1))
        await until(lambda: expected <= self.recorded())

    def recorded(self) -> set[int]:
        """Return the tickets of the writes that are done."""
        self.events += self.inbox.take()
        return {ticket for event in self.events if isinstance(event, Recorded) for ticket in event.tickets}

    @contextlib.asynccontextmanager
    async def assigned(self, partition: Partition, number: int, *, is_new: bool) -> AsyncGenerator["Owned"]:
        """Own a partition for the length of the block, from Kafka's generation `number` on."""
        async with self.ledgers.stored(partition) as store, self.ledgers.reading(partition, store) as ledger:
            restored = await self.ledgers.restore(partition, ledger, number, is_new=is_new)
            yield Owned(store, ledger, restored)


class Owned(msgspec.Struct, frozen=True):
    """A partition's ledger while it is ours."""

    store: LedgerStore
    ledger: LedgerPartition
    restored: Restored


@contextlib.asynccontextmanager
async def process(
    bootstrap: str, folder: Path, *, rebuild: Rebuild | None = None, request_seconds: float = REQUEST_SECONDS
) -> AsyncGenerator[Process]:
    """Run a process's ledger writer for the length of the block."""
    made = Process(bootstrap, folder, rebuild, request_seconds)
    await made.topic.producer.start()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(made.topic.run)
            tasks.start_soon(made.ledgers.run)
            yield made
            tasks.cancel_scope.cancel()
    finally:
        await made.topic.producer.stop()


class Member:
    """A member of a consumer group with a runner that gives partitions up as soon as it is asked."""

    def __init__(self, settings: Settings, at: Process) -> None:
        """Take the settings and the process whose ledgers the member restores."""
        self.at = at
        self.source = KafkaSource(settings, at.ledgers, at.inbox, Clock())
        self.holds: set[Partition] = set()
        self.events: list[Event] = []
        self.records: list[tuple[int, RawRecord]] = []
        self.positions: dict[int, int] = {}
        self.answers_revocations = True
        self.resumes = True

    def owned(self) -> set[int]:
        """Return the numbers of the partitions that were assigned and not given up."""
        return {partition.number for partition in self.holds}

    def offsets(self, number: int) -> list[int]:
        """Return the offsets that were fetched of a partition, in the order they came."""
        return [record.offset for partition, record in self.records if partition == number]

    def assignments(self) -> list[Assigned]:
        """Return every assignment so far."""
        return [event for event in self.events if isinstance(event, Assigned)]

    async def run(self) -> None:
        """Be a member until `leave`."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._take)
            await self.source.run()
            tasks.cancel_scope.cancel()

    async def _take(self) -> None:
        while True:
            await self.at.inbox.filled()
            for event in self.at.inbox.take():
                await self._step(event)

    async def _step(self, event: Event | Batch) -> None:
        if isinstance(event, Batch):
            self.records += [(event.partition.number, record) for record in event.records]
            self.positions[event.partition.number] = event.position
            return
        self.events.append(event)
        if isinstance(event, Assigned):
            self.holds.add(event.partition)
            if self.resumes:
                self.source.resume((event.partition,))
        elif isinstance(event, Revoking | Lost) and self.answers_revocations:
            self.release(event.partitions)

    def release(self, partitions: Sequence[Partition]) -> None:
        """Give partitions up."""
        for partition in partitions:
            self.holds.discard(partition)
            self.source.release(partition)

    async def commit(self, partition: Partition, offset: int) -> Committed:
        """Commit one offset."""
        return await self.source.commit({partition: offset})


@contextlib.asynccontextmanager
async def member(settings: Settings, *, rebuild: Rebuild | None = None) -> AsyncGenerator[Member]:
    """Run a member of the group for the length of the block; it leaves in good order at the end."""
    async with process(settings.kafka_bootstrap, settings.data_dir, rebuild=rebuild) as at:
        made = Member(settings, at)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(made.run)
                yield made
                made.source.leave()
        finally:
            with anyio.CancelScope(shield=True):
                await made.source.aclose()


async def produce(
    bootstrap: str,
    partition: Partition,
    *values: bytes | None,
    key: bytes = b"key",
    headers: Sequence[tuple[str, bytes]] = (),
    largest_bytes: int = 1_048_576,
) -> None:
    """Write values to one partition, each acknowledged."""
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=largest_bytes
    ) as producer:
        for value in values:
            await producer.send_and_wait(partition.topic, value, key, partition.number, headers=list(headers))


async def read(bootstrap: str, partition: Partition) -> list[ConsumerRecord]:
    """Return all records of one partition."""
    at, records = TopicPartition(partition.topic, partition.number), list[ConsumerRecord]()
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([at])
        end = (await consumer.end_offsets([at]))[at]
        with anyio.fail_after(READ_SECONDS):
            while await consumer.position(at) < end:
                records += (await consumer.getmany(timeout_ms=200)).get(at, [])
    return records


def change(number: int, version: int, *, environment: str = "production", tenant: str = "fjellvik") -> bytes:
    """Return the value of a record with a change of a customer."""
    return json.dumps(
        {
            "environment": environment,
            "tenant": tenant,
            "kind": "customer",
            "id": number,
            "version": version,
            "operation": "update",
            "occurredAt": "1970-01-01T00:01:40Z",
            "data": {"v": version},
        }
    ).encode()
