"""Reading whole topics for a command: from their beginning to where they end now, outside any consumer group."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from daemon.core.model import Partition
from daemon.edges.kafka_client import disconnect
from daemon.edges.kafka_connection import connection, source_errors
from daemon.edges.kafka_reading import fetch_before
from daemon.edges.kafka_topics import Topics
from daemon.errors import ConfigurationError
from daemon.settings import Settings, variable

READ_AT_ONCE = 5_000
"""So many records come at once: cheap to read, and progress is still seen several times a second."""

Progress = Callable[[int, int], None]
"""Told how many records of a topic have been read, and how many there are, by their offsets."""


class TopicReading:
    """Reads topics; nothing is committed, and the daemon does not notice."""

    def __init__(self, consumer: AIOKafkaConsumer, topics: Topics) -> None:
        """Take a connected consumer, and who knows of the cluster's topics."""
        self._consumer = consumer
        self._topics = topics

    async def partitions(self, topic: str) -> list[Partition]:
        """Return the topic's partitions; raises `ConfigurationError` if there is no such topic."""
        count = await self._topics.partitions(topic)
        if count is None:
            text = f"the topic {topic} does not exist: see {variable('topics')}, and whether the daemon has ever run"
            raise ConfigurationError(text)
        return [Partition(topic, number) for number in range(count)]

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        """Return the offset of the first record that is still there, and the one behind the last."""
        at = TopicPartition(partition.topic, partition.number)
        with source_errors("reading a topic"):
            first = await self._consumer.beginning_offsets([at])
            end = await self._consumer.end_offsets([at])
        return first[at], end[at]

    async def records(
        self, partitions: Sequence[Partition], progress: Progress, *, since: Mapping[Partition, int] | None = None
    ) -> AsyncIterator[ConsumerRecord]:
        """Yield every record of the partitions that is there now; those of one partition in order.

        `since` names the offset to begin at, for partitions that are not wanted from their beginning.
        """
        at = [TopicPartition(partition.topic, partition.number) for partition in partitions]
        with source_errors("reading a topic"):
            self._consumer.assign(at)
            first = await self._consumer.beginning_offsets(at)
            end = await self._consumer.end_offsets(at)
            for one in at:
                first[one] = min(end[one], max(first[one], (since or {}).get(Partition(*one), 0)))
                self._consumer.seek(one, first[one])
            total = sum(end[one] - first[one] for one in at)
            while open_ones := [one for one in at if await self._consumer.position(one) < end[one]]:
                ends = {one: end[one] for one in open_ones}
                fetched = await fetch_before(self._consumer, ends, at_most=READ_AT_ONCE)
                for one, records in fetched.items():
                    for record in records:
                        if record.offset < end[one]:
                            yield record
                left = [max(0, end[one] - await self._consumer.position(one)) for one in at]
                progress(total - sum(left), total)


@contextlib.asynccontextmanager
async def topic_reading(settings: Settings) -> AsyncGenerator[TopicReading]:
    """Connect for as long as the block lasts; raises `SourceError`."""
    consumer = AIOKafkaConsumer(
        **connection(settings), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        with source_errors("connecting to Kafka"):
            await consumer.start()
        async with Topics(settings) as topics:
            yield TopicReading(consumer, topics)
    finally:
        await disconnect(consumer)
