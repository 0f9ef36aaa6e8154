"""Reading a partition until an end that was seen: what a leader has lost meanwhile is not waited for."""

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from daemon.edges.kafka_reading import fetch_before
from tests.contract.bench import READ_SECONDS, produce
from tests.contract.conftest import Broker


async def test_an_end_that_is_gone_is_told_once_all_there_is_was_read(broker: Broker) -> None:
    """As to a leader that was behind the one whose end was seen; the end it has itself is read up to."""
    partition = await broker.input()
    await produce(broker.bootstrap, partition, b"0", b"1")
    at = TopicPartition(partition.topic, partition.number)
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([at])
        with anyio.fail_after(READ_SECONDS):
            for value in (b"0", b"1"):
                assert [value] == [one.value for one in (await fetch_before(consumer, {at: 3}, at_most=1))[at]]
            assert {} == await fetch_before(consumer, {at: 2}, at_most=1)
            with pytest.raises(OffsetOutOfRangeError):
                await fetch_before(consumer, {at: 3}, at_most=1)
