"""Writing to the ledger topic: entries and handovers, acknowledged by Kafka and kept locally before anybody is told."""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from typing import Any, cast

import anyio
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from aiokafka.structs import RecordMetadata

from daemon.core.actions import HandOver, Record
from daemon.core.events import Recorded
from daemon.core.ledger import encode
from daemon.core.model import Partition
from daemon.edges.inbox import Inbox
from daemon.edges.kafka_client import watch
from daemon.edges.ledger_keys import HANDOVER_KEY, HandoverRecord, encode_record
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.named_tenants import Named, TenantRecord, encode_tenant_record, tenant_key
from daemon.errors import SourceError

LARGEST_ENTRY_BYTES = 4 * 1024 * 1024
"""An entry may hold two versions of the largest change (1 MiB each) and what is known beside them."""

BATCH_BYTES = 128 * 1024
"""Of a partition's records so many go to Kafka at once: hundreds of entries; the library's own 16 KiB hold few."""

WRITTEN_AT_ONCE = 2_000
"""So many records are written before the planner hears of them: a long queue does not keep it waiting to the end."""

WRITE_AGAIN_SECONDS = 1.0
"""After a refused write: long enough for a new leader to be elected, short beside any time-out."""

Sent = asyncio.Future[RecordMetadata]

log = structlog.get_logger()


def ledger_of(topic: str) -> str:
    """Return the name of the ledger topic beside an input topic."""
    return f"{topic}.ledger"


class Queue:
    """What is to be written to one ledger partition."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._records: list[Record | HandOver] = []
        self._filled = anyio.Event()

    def append(self, record: Record | HandOver) -> None:
        """Add a record."""
        self._records.append(record)
        self._filled.set()

    async def take(self) -> list[Record | HandOver]:
        """Return all there is, once there is something."""
        await self._filled.wait()
        self._filled = anyio.Event()
        records, self._records = self._records, []
        return records


class LedgerTopic:
    """The producer of entries: idempotent, acknowledged by all in-sync replicas, in order for each partition.

    `append` queues; `run` writes what is queued, puts it into the local store, and only then tells the planner. A write
    that Kafka refuses is repeated for as long as its partition is ours; the other partitions' writes go on meanwhile.

    The producer numbers the batches of each partition, and counts one that has failed: Kafka takes no later one from it
    any more. So no batch fails for waiting long, as aiokafka would have it where a partition has no leader. Where Kafka
    has refused one for another reason, and would take the next, `SourceError` ends the process: the next one's producer
    begins to count anew, and what was not acknowledged is not committed past.
    """

    def __init__(self, connection: Mapping[str, Any], stores: Mapping[Partition, LedgerStore], inbox: Inbox) -> None:
        """Take how to connect, the stores of the partitions that are ours, and where `Recorded` goes."""
        self.producer = AIOKafkaProducer(
            **connection,
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=LARGEST_ENTRY_BYTES,
        )
        producer = cast("Any", self.producer)
        producer._message_accumulator._batch_ttl = math.inf  # noqa: SLF001 - as a setting it is every request's too
        self._stores = stores
        self._inbox = inbox
        self._queues: dict[Partition, Queue] = {}
        self._queued_for: dict[int, LedgerStore | None] = {}
        self._has_new = anyio.Event()

    def append(self, record: Record | HandOver) -> None:
        """Queue a record for its ledger partition."""
        queue = self._queues.get(record.partition)
        if queue is None:
            queue = self._queues[record.partition] = Queue()
            self._has_new.set()
        queue.append(record)
        self._queued_for[record.ticket] = self._stores.get(record.partition)

    async def run(self) -> None:
        """Write what is queued, each partition's by itself, for ever; raises `SourceError` if Kafka cannot be used."""
        served: set[Partition] = set()
        async with anyio.create_task_group() as writers:
            writers.start_soon(watch, self.producer)
            while True:
                for partition in self._queues.keys() - served:
                    writers.start_soon(self._serve, partition, self._queues[partition])
                served |= self._queues.keys()
                self._has_new = anyio.Event()
                await self._has_new.wait()

    async def _serve(self, partition: Partition, queue: Queue) -> None:
        while True:
            records = await queue.take()
            for start in range(0, len(records), WRITTEN_AT_ONCE):
                await self._write_all(partition, records[start : start + WRITTEN_AT_ONCE])

    async def write(self, partition: Partition, key: str, value: bytes) -> int | None:
        """Write one record, and return its offset; None if the partition is no longer ours."""
        while partition in self._stores:
            try:
                sent = await self.producer.send_and_wait(
                    ledger_of(partition.topic), value, key.encode(), partition.number
                )
            except MessageSizeTooLargeError:
                raise _too_large(partition, value) from None
            except OutOfOrderSequenceNumber:
                raise _out_of_order(partition) from None
            except KafkaError as error:
                log.warning("ledger.write_refused", error=type(error).__name__, partition=partition.number)
                await anyio.sleep(WRITE_AGAIN_SECONDS)
            else:
                return sent.offset
        return None

    async def name(self, partition: Partition, tenants: Named) -> bool:
        """Write down tenants and their kinds, and tell whether all is acknowledged."""
        lines = [(tenant_key(tenant), encode_tenant_record(TenantRecord(kinds))) for tenant, kinds in tenants.items()]
        return None not in await self._all_acknowledged(partition, lines)

    async def _write_all(self, partition: Partition, records: list[Record | HandOver]) -> None:
        """Write records of a partition, put them into its store and tell the planner.

        A store that was opened since for another assignment of the partition reads them in the topic, like any former
        owner's: put into it they would hide what is greater.
        """
        lines = [_line(record) for record in records]
        offsets = await self._all_acknowledged(partition, lines)
        written = [(record, offset) for record, offset in zip(records, offsets, strict=True) if offset is not None]
        queued_for = {record.ticket: self._queued_for.pop(record.ticket, None) for record in records}
        store = self._stores.get(partition)
        if store is not None:
            store.keep(
                [
                    (one.entity, one.entry, at)
                    for one, at in written
                    if isinstance(one, Record) and queued_for[one.ticket] is store
                ]
            )
        self._inbox.put(Recorded(tuple(record.ticket for record, _ in written)))

    async def _all_acknowledged(self, partition: Partition, lines: list[tuple[str, bytes]]) -> list[int | None]:
        """Write records, and return their offsets.

        They are handed to the producer one by one: were each a task of its own, every batch that Kafka takes would wake
        all that wait for room, and the work would grow with the square of their number.
        """
        sent = [await self._sent(partition, *line) for line in lines]
        return [await self._acknowledged(one, partition, *line) for one, line in zip(sent, lines, strict=True)]

    async def _sent(self, partition: Partition, key: str, value: bytes) -> Sent | None:
        """Hand a record to the producer, and return what its acknowledgement comes by; None if it was not taken."""
        if partition not in self._stores:
            return None
        with contextlib.suppress(KafkaError):
            return await self.producer.send(ledger_of(partition.topic), value, key.encode(), partition.number)
        return None

    async def _acknowledged(self, sent: Sent | None, partition: Partition, key: str, value: bytes) -> int | None:
        """Return the offset of a record; if Kafka did not take it, it is written for as long as that needs."""
        if sent is not None:
            try:
                return (await sent).offset
            except MessageSizeTooLargeError:
                raise _too_large(partition, value) from None
            except KafkaError as error:
                log.warning("ledger.write_refused", error=type(error).__name__, partition=partition.number)
        return await self.write(partition, key, value)


def _line(record: Record | HandOver) -> tuple[str, bytes]:
    """Return key and value of a record."""
    if isinstance(record, Record):
        return record.entity.key, encode(record.entry)
    return HANDOVER_KEY, encode_record(HandoverRecord(record.generation, record.watermark))


def _too_large(partition: Partition, value: bytes) -> SourceError:
    """Return what is told of a record that the topic does not take, by itself or with those it is written with."""
    topic = ledger_of(partition.topic)
    return SourceError(
        f"the ledger topic {topic} refuses a record of {len(value)} bytes, or what is written together with it: "
        "raise its max.message.bytes"
    )


def _out_of_order(partition: Partition) -> SourceError:
    return SourceError(
        f"partition {partition.number} of {ledger_of(partition.topic)} takes no entries from this process any more, "
        "as it has refused some (the log tells why): start it again, nothing is lost"
    )
