"""Reading one ledger partition while it is ours: restoring it at the assignment, following it afterwards."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from daemon.core.events import Followed, HoldChanged
from daemon.core.ledger import Entry, clamped, decode
from daemon.core.model import Entity, Generation, Partition, entity_of
from daemon.edges.inbox import Inbox
from daemon.edges.ledger_keys import (
    HANDOVER_KEY,
    LEDGER_KEY,
    LedgerRecord,
    decode_hold_record,
    decode_ledger_record,
    held_scope,
)
from daemon.edges.ledger_store import LedgerStore, Marks
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.mail_state import decode_mail_record, mailed_tenant

READ_AT_ONCE = 2_000
"""So many ledger records go into one transaction of the local store."""

READ_WAIT_MILLISECONDS = 1_000
"""How long a read of the ledger waits for records; the loops around it look up in between."""

log = structlog.get_logger()

Found = tuple[Entity, Entry, int]


class LedgerPartition:
    """The reading side of one ledger partition: its consumer, its local store, and what was read last."""

    def __init__(self, partition: Partition, connection: Mapping[str, Any], store: LedgerStore) -> None:
        """Take the input partition, how to connect, and the store, which the caller closes."""
        self._partition = partition
        self._store = store
        self._marks = store.marks
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
        await self._consumer.stop()

    @property
    def marks(self) -> Marks:
        """Return how far the partition was read, and what it said about itself."""
        return self._marks

    async def restore(self, now: Callable[[], float], longest_wait: float) -> None:
        """Read what the local store lacks, or everything if the store is of another life of the topic."""
        end = (await self._consumer.end_offsets([self._topic_partition]))[self._topic_partition]
        if not await self._is_same_life(end):
            self._store.reset()
            self._marks = Marks()
        self._consumer.seek(self._topic_partition, self._marks.position)
        while await self._consumer.position(self._topic_partition) < end:
            found = [(entity, clamped(entry, now(), longest_wait), at) for entity, entry, at in await self._read()]
            self._store.merge(found)
            self._store.remember(self._marks)

    async def follow(self, generation: Generation, inbox: Inbox) -> None:
        """Tell the planner of every entry that another process writes into the partition, for as long as it is ours."""
        self._consumer.seek(self._topic_partition, self._marks.position)
        while True:
            found = await self._read()
            self._store.merge([one for one in found if one[1].generation == generation])
            for foreign in self._foreign(found, generation):
                inbox.put(foreign)
            for change in self._held_or_released(generation):
                inbox.put(change)
            if found or self._marks != self._store.marks:
                self._store.remember(self._marks)

    def _held_or_released(self, generation: Generation) -> Iterator[HoldChanged]:
        """Return what a person has said about tenants since the store was last told."""
        known = self._store.marks.holds
        for scope, hold in self._marks.holds.items():
            if known.get(scope) != hold:
                yield HoldChanged(self._partition, generation, scope, hold.ends_at())

    def _foreign(self, found: list[Found], generation: Generation) -> Iterator[Followed]:
        """Return what another process wrote and the local store has not seen yet."""
        foreign = [one for one in found if one[1].generation != generation]
        present = self._store.get([entity for entity, _, _ in foreign])
        for entity, entry, offset in foreign:
            held = present.get(entity)
            if held is None:
                yield Followed(self._partition, generation, entity, entry, offset, None, -1)
            elif held.offset < offset:
                yield Followed(self._partition, generation, entity, entry, offset, held.entry, held.offset)

    async def _is_same_life(self, end: int) -> bool:
        """Tell whether the store is a copy of this topic: the `_ledger` record it last saw is still where it was."""
        record, at = self._marks.record, self._marks.record_offset
        if record is None or self._marks.position > end:
            return False
        self._consumer.seek(self._topic_partition, at)
        fetched = await self._consumer.getmany(timeout_ms=READ_WAIT_MILLISECONDS, max_records=1)
        for first in fetched.get(self._topic_partition, []):
            return first.offset == at and first.key == LEDGER_KEY.encode() and _record(first) == record
        return False

    async def _read(self) -> list[Found]:
        """Read on, and return the entries that came."""
        fetched = await self._consumer.getmany(timeout_ms=READ_WAIT_MILLISECONDS, max_records=READ_AT_ONCE)
        found: list[Found] = []
        for record in fetched.get(self._topic_partition, []):
            self._mark(record)
            entry = self._entry(record)
            if entry is not None:
                found.append(entry)
        return found

    def _entry(self, record: ConsumerRecord) -> Found | None:
        key = (record.key or b"").decode(errors="replace")
        entity = entity_of(key)
        if entity is None or record.value is None:
            return None
        entry = decode(record.value)
        if isinstance(entry, Entry):
            return entity, entry, record.offset
        log.error("ledger.entry_unreadable", partition=record.partition, offset=record.offset, reason=entry.reason)
        return None

    def _mark(self, record: ConsumerRecord) -> None:
        self._marks = msgspec.structs.replace(self._marks, position=record.offset + 1, **_told(record, self._marks))


def _told(record: ConsumerRecord, marks: Marks) -> dict[str, Any]:
    """Return what a record changes in the marks; a person's hold is no record of an owner, nor what was mailed."""
    key = (record.key or b"").decode(errors="replace")
    scope = held_scope(key)
    if scope is not None:
        hold = decode_hold_record(record.value or b"")
        return {"holds": {**marks.holds, scope: hold}} if hold else {}
    tenant = mailed_tenant(key)
    if tenant is not None:
        told = decode_mail_record(record.value or b"")
        return {"mailed": {**marks.mailed, tenant: told}} if told else {}
    if key == LEDGER_KEY:
        return {"record": _record(record) or marks.record, "record_offset": record.offset, "last_offset": record.offset}
    if key == HANDOVER_KEY:
        return {"handover_offset": record.offset, "last_offset": record.offset}
    return {"last_offset": record.offset}


def _record(record: ConsumerRecord) -> LedgerRecord | None:
    return decode_ledger_record(record.value or b"")
