"""Moment's end of Kafka: publishing changes, and reading back what the daemon could not read."""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

READ_WAIT_MILLISECONDS: Final = 1_000  # for one fetch; the loop around it ends at the end of the topic


class Published(msgspec.Struct, frozen=True):
    """A record of a topic as it was read back."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, str]


class Publisher:
    """Publishes records to one topic, in order."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def publish(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Publish keys and values; returns when Kafka has acknowledged them all."""
        sent = [await self._producer.send(self._topic, value, key) for key, value in records]
        for one in sent:
            await one


@contextlib.asynccontextmanager
async def publishing(bootstrap: str, topic: str) -> AsyncGenerator[Publisher]:
    """Connect a publisher for the length of the block."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        yield Publisher(producer, topic)


async def read_back(bootstrap: str, topic: str) -> list[Published]:
    """Return all records of a topic, none if it does not exist."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        if topic not in await consumer.topics():
            return []
    published: list[Published] = []
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = list(consumer.assignment())
        for partition, end in (await consumer.end_offsets(partitions)).items():
            await consumer.seek_to_beginning(partition)
            while await consumer.position(partition) < end:
                fetched = await consumer.getmany(partition, timeout_ms=READ_WAIT_MILLISECONDS)
                published += [_published(one.key, one.value, one.headers) for one in fetched.get(partition, [])]
    return published


def _published(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Published:
    return Published(key, value, {name: text.decode(errors="replace") for name, text in headers})
