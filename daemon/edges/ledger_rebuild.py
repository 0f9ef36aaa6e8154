"""Making a lost ledger again: the newest change of each entity that the input topic still holds, to be read back.

Each becomes a waiting change of a former life, so that its delivery begins by reading what DnB has.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from daemon.core.ledger import WAITING, Entry, Parked, encode
from daemon.core.model import Change, Entity, Partition
from daemon.edges.kafka_client import disconnect
from daemon.edges.kafka_reading import fetch_before
from daemon.edges.ledger_store import LedgerStore
from daemon.moment.envelope import decode

READ_AT_ONCE = 2_000
"""So many records are compared and written at once."""

Write = Callable[[Partition, str, bytes], Awaitable[int | None]]

log = structlog.get_logger()


class Rebuild(msgspec.Struct, frozen=True):
    """What a lost ledger is made of: those changes of this environment that are wanted."""

    environment: str
    is_wanted: Callable[[Change], bool]


class Rebuilding:
    """Reads one input partition from its beginning to its end and writes the newest change of each entity."""

    def __init__(self, partition: Partition, rebuild: Rebuild, store: LedgerStore, write: Write) -> None:
        """Take the partition, what is wanted of it, the empty store, and how to write a ledger record."""
        self._partition = partition
        self._rebuild = rebuild
        self._store = store
        self._write = write

    async def run(self, connection: Mapping[str, Any], now: float) -> int:
        """Rebuild, and return the offset of the input up to which it was read; tell what retention has removed.

        Raises what `fetch_before` does.
        """
        consumer = AIOKafkaConsumer(**connection, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
        at = TopicPartition(self._partition.topic, self._partition.number)
        await consumer.start()
        try:
            consumer.assign([at])
            first = (await consumer.beginning_offsets([at]))[at]
            end = (await consumer.end_offsets([at]))[at]
            consumer.seek(at, first)
            while await consumer.position(at) < end:
                fetched = await fetch_before(consumer, {at: end}, at_most=READ_AT_ONCE)
                await self._keep(fetched.get(at, []), now)
        finally:
            with anyio.CancelScope(shield=True):
                await disconnect(consumer)
        log.warning("ledger.rebuilt", partition=at.partition, topic=at.topic, removed_by_retention=first, end=end)
        return end

    async def _keep(self, records: list[ConsumerRecord], now: float) -> None:
        newest: dict[Entity, Change] = {}
        for record in records:
            change = decode(record.value, environment=self._rebuild.environment)
            if isinstance(change, Change) and self._is_wanted(change, newest.get(change.entity)):
                newest[change.entity] = change
        present = self._store.get(list(newest))
        for entity, change in newest.items():
            if entity not in present or present[entity].entry.highest < change.version:
                await self._park(change, now)

    def _is_wanted(self, change: Change, other: Change | None) -> bool:
        is_newer = other is None or change.version > other.version
        return is_newer and self._rebuild.is_wanted(change)

    async def _park(self, change: Change, now: float) -> None:
        parked = Parked(
            version=change.version, data=change.data, occurred_at=change.occurred_at, reason=WAITING, since=now
        )
        entry = Entry(parked=parked)
        offset = await self._write(self._partition, change.entity.key, encode(entry))
        if offset is not None:
            self._store.put([(change.entity, entry, offset)])
