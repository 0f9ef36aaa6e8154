"""The demo's broker, seen by the client that the daemon uses."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from daemon.sandbox.broker import embedded_broker

TOPIC = "moment.changes"
GROUP = "moment-dnb"
WAIT_SECONDS = 30.0
SESSION_MS = 6000  # a member that left is forgotten only after this


@asynccontextmanager
async def member(bootstrap: str) -> AsyncGenerator[AIOKafkaConsumer]:
    """The only member of the group, which starts at the commit or else at the beginning."""
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=1000,
    )
    async with consumer:
        yield consumer


async def produce(bootstrap: str, values: list[bytes]) -> None:
    """Write the values with an idempotent producer, each key always to the same partition."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        acknowledgements = [await producer.send(TOPIC, value, key=value[-1:]) for value in values]
        await asyncio.gather(*acknowledgements)


async def take(consumer: AIOKafkaConsumer, count: int) -> list[ConsumerRecord]:
    """Read at least that many records."""
    records: list[ConsumerRecord] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while len(records) < count:
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records.extend(batch)
    return records


def ends(records: list[ConsumerRecord]) -> dict[TopicPartition, int]:
    """Return the offset after the last record of each partition."""
    return {TopicPartition(TOPIC, record.partition): record.offset + 1 for record in records}


async def test_a_group_continues_at_its_commit() -> None:
    """A daemon that was stopped and started again reads on where it had committed, and reads nothing twice."""
    first, second = [b"%04d" % n for n in range(1000)], [b"again-%d" % n for n in range(10)]
    with embedded_broker() as bootstrap:
        await produce(bootstrap, first)
        async with member(bootstrap) as consumer:
            records = await take(consumer, len(first))
            await consumer.commit(ends(records))
        await produce(bootstrap, second)
        async with member(bootstrap) as consumer:
            more = await take(consumer, len(second))
    assert sorted(first) == sorted(record.value or b"" for record in records)
    assert sorted(second) == sorted(record.value or b"" for record in more)


async def test_each_key_keeps_its_order() -> None:
    """Records of one key come back in the order they were written."""
    values = [b"%04d" % n for n in range(200)]
    with embedded_broker() as bootstrap:
        await produce(bootstrap, values)
        async with member(bootstrap) as consumer:
            records = await take(consumer, len(values))
    by_key = {key: [record.value for record in records if record.key == key] for key in {r.key for r in records}}
    assert {b"%d" % n: [b"%04d" % v for v in range(200) if v % 10 == n] for n in range(10)} == by_key


async def test_a_reader_without_a_group_seeks_where_it_likes() -> None:
    """The ledger's reader finds both ends of a partition and starts at any offset between them."""
    with embedded_broker() as bootstrap:
        await produce(bootstrap, [b"%d-same" % n for n in range(10)])
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as reader:
            partitions = [TopicPartition(TOPIC, n) for n in range(4)]
            last = await reader.end_offsets(partitions)
            [partition] = [each for each in partitions if last[each]]
            reader.assign([partition])
            reader.seek(partition, 7)
            async with asyncio.timeout(WAIT_SECONDS):
                assert (10, b"7-same") == (last[partition], (await reader.getone()).value)


def test_the_broker_ends_with_its_block() -> None:
    """After the demo nobody listens on the broker's port any more."""
    with embedded_broker() as bootstrap:
        host, port = bootstrap.split(":")
        socket.create_connection((host, int(port)), timeout=WAIT_SECONDS).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)


def test_without_the_extra_the_error_names_the_remedy() -> None:
    """Where confluent-kafka is not installed, the text says what to install or use instead."""
    script = (
        "import sys; sys.modules['confluent_kafka'] = None\n"
        "from daemon.sandbox.broker import embedded_broker\n"
        "with embedded_broker(): pass\n"
    )
    ended = subprocess.run((sys.executable, "-c", script), check=False, capture_output=True, text=True)
    assert 1 == ended.returncode
    assert "EmbeddedBrokerUnavailable: the embedded broker needs the extra 'demo'" in ended.stderr
