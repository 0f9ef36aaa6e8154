"""Reading partitions that are assigned by hand: what never comes any more is told, and not waited for."""

import contextlib
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError, OffsetOutOfRangeError

from daemon.edges.kafka_client import require_working

READ_WAIT_MILLISECONDS = 1_000
"""How long a read waits for records; the loop around it looks up in between."""

Fetched = dict[TopicPartition, list[ConsumerRecord]]


async def fetch(consumer: AIOKafkaConsumer, *partitions: TopicPartition, at_most: int) -> Fetched:
    """Return what these partitions have next, in all so many records; nothing if there is none for a second.

    Raises `ClientEndedError` if the consumer does not work any more.
    """
    fetched = await consumer.getmany(*partitions, timeout_ms=READ_WAIT_MILLISECONDS, max_records=at_most)
    require_working(consumer)
    return fetched


async def fetch_before(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], *, at_most: int) -> Fetched:
    """Return what partitions have next that are read until these offsets, as `fetch` does.

    Raises `OffsetOutOfRangeError` if one of them ends before by now: a leader that was behind has taken over, and has
    never had what is waited for. A partition that has no leader is waited for.
    """
    fetched = await fetch(consumer, *ends, at_most=at_most)
    if not fetched:
        found: Mapping[TopicPartition, int] = ends
        with contextlib.suppress(KafkaTimeoutError):
            found = await consumer.end_offsets(list(ends))
        if any(found[partition] < end for partition, end in ends.items()):
            raise OffsetOutOfRangeError
    return fetched
