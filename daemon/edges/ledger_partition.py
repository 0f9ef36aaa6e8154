"""Reading one ledger partition from Kafka: restoring it at the assignment, following it afterwards."""

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from daemon.core.ledger import Entry
from daemon.core.model import Entity, Generation, Partition
from daemon.edges.inbox import Inbox
from daemon.edges.kafka_client import disconnect
from daemon.edges.kafka_reading import Fetched, fetch, fetch_before
from daemon.edges.ledger_reading import LedgerLine, LedgerReading
from daemon.edges.ledger_store import LedgerStore, Marks
from daemon.edges.ledger_topic import ledger_of

READ_AT_ONCE = 4_000
"""So many ledger records are taken at once: about what one fetch brings."""

READS_STORED_TOGETHER = 8
"""So many reads of a restore are one transaction of the local store: what is done again after a kill."""


class LedgerPartition:
    """The consumer of one ledger partition, and what is made of what it reads."""

    def __init__(self, partition: Partition, connection: Mapping[str, Any], store: LedgerStore) -> None:
        """Take the input partition, how to connect, and the store, which the caller closes."""
        self._store = store
        self._reading = LedgerReading(partition, store)
        self._topic_partition = TopicPartition(ledger_of(partition.topic), partition.number)
        self._consumer = AIOKafkaConsumer(
            **connection, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def open(self) -> None:
        """Connect, and assign the partition by hand."""
        await self._consumer.start()
        self._consumer.assign([self._topic_partition])

    async def close(self) -> None:
        """Disconnect; what was read stays in the store."""
        await disconnect(self._consumer)

    @property
    def marks(self) -> Marks:
        """Return how far the partition was read, and what it said about itself."""
        return self._reading.marks

    async def restore(self, now: Callable[[], float], longest_wait: float, cached: Callable[[], int]) -> None:
        """Read what the local store lacks, or everything if the store is of another life of the topic.

        `cached` says how many bytes of the store may be kept in memory while that lasts: entries come in any order,
        and what is not there is read from the disk and written to it again for each batch.

        Raises `OffsetOutOfRangeError` if the topic loses its end meanwhile, as to a leader that was behind: the store
        may then hold what the topic does not, and must be looked at anew.
        """
        end = await self._end()
        if not self._reading.is_same_life(await self._first_known(), end):
            self._reading.begin_anew()
        self._consumer.seek(self._topic_partition, self.marks.position)
        while await self._consumer.position(self._topic_partition) < end:
            self._store.cache(cached())
            with self._store.together():
                for _ in range(READS_STORED_TOGETHER):
                    if await self._consumer.position(self._topic_partition) >= end:
                        break
                    ends = {self._topic_partition: end}
                    fetched = await fetch_before(self._consumer, ends, at_most=READ_AT_ONCE)
                    self._reading.restore(self._lines(fetched), now(), longest_wait)
        self._store.cache()

    def count(self) -> int:
        """Return how many partitions the ledger topic has."""
        return len(self._consumer.partitions_for_topic(self._topic_partition.topic) or ())

    def outranked(self) -> list[tuple[Entity, Entry]]:
        """Return the entries that must be written again, because the topic holds a lesser one behind them."""
        return self._reading.outranked()

    async def follow(self, generation: Generation, inbox: Inbox) -> None:
        """Tell the planner of every entry that another process writes into the partition, for as long as it is ours."""
        self._consumer.seek(self._topic_partition, self.marks.position)
        while True:
            fetched = await fetch(self._consumer, self._topic_partition, at_most=READ_AT_ONCE)
            for told in self._reading.follow(self._lines(fetched), generation):
                inbox.put(told)

    async def _first_known(self) -> LedgerLine | None:
        """Return what the topic has where the store saw the newest `_ledger` record, or behind it."""
        if self.marks.record is None:
            return None
        self._consumer.seek(self._topic_partition, self.marks.record_offset)
        fetched = await fetch(self._consumer, self._topic_partition, at_most=1)
        return next(iter(self._lines(fetched)), None)

    async def _end(self) -> int:
        return (await self._consumer.end_offsets([self._topic_partition]))[self._topic_partition]

    def _lines(self, fetched: Fetched) -> list[LedgerLine]:
        return [_line(record) for record in fetched.get(self._topic_partition, [])]


def _line(record: ConsumerRecord) -> LedgerLine:
    return LedgerLine(record.offset, record.key, record.value)
