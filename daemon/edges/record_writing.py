"""Writing single records for a command: acknowledged by all in-sync replicas before it says that they are written."""

import contextlib
from collections.abc import AsyncGenerator

from aiokafka import AIOKafkaProducer

from daemon.core.model import Partition
from daemon.edges.kafka_client import disconnect
from daemon.edges.kafka_connection import connection, source_errors
from daemon.edges.ledger_topic import LARGEST_ENTRY_BYTES
from daemon.settings import Settings

Headers = tuple[tuple[str, bytes], ...]


class RecordWriting:
    """Writes records to partitions that are named, not chosen by the key."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        """Take a connected producer."""
        self._producer = producer

    async def partitions(self, topic: str) -> int:
        """Return how many partitions of the topic can be written to; raises `SourceError`."""
        with source_errors(f"looking up the topic {topic}"):
            return len(await self._producer.partitions_for(topic))

    async def write(self, partition: Partition, key: str, value: bytes, headers: Headers = ()) -> int:
        """Write one record, and return its offset; raises `SourceError`."""
        with source_errors(f"writing to {partition.topic}, partition {partition.number}"):
            sent = await self._producer.send_and_wait(
                partition.topic, value, key.encode(), partition.number, headers=list(headers)
            )
        return sent.offset


@contextlib.asynccontextmanager
async def record_writing(settings: Settings) -> AsyncGenerator[RecordWriting]:
    """Connect for as long as the block lasts; raises `SourceError`."""
    producer = AIOKafkaProducer(
        **connection(settings), acks="all", enable_idempotence=True, max_request_size=LARGEST_ENTRY_BYTES
    )
    try:
        with source_errors("connecting to Kafka"):
            await producer.start()
        yield RecordWriting(producer)
    finally:
        await disconnect(producer)
