"""Copies of all ledger partitions of a topic for a command: read as the daemon reads them, kept while a block lasts."""

import contextlib
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from daemon.core.model import Partition
from daemon.edges.ledger_reading import LedgerLine, LedgerReading
from daemon.edges.ledger_store import LedgerStore, Marks
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.topic_reading import Progress, TopicReading

READ_AT_ONCE = 2_000
"""So many records are merged in one transaction."""

FOREVER = float("inf")


class LedgerCopy(msgspec.Struct, frozen=True):
    """One ledger partition: its greatest entries, and what it says of itself."""

    store: LedgerStore
    marks: Marks


@contextlib.asynccontextmanager
async def ledger_copies(reading: TopicReading, topic: str, progress: Progress) -> AsyncGenerator[list[LedgerCopy]]:
    """Copy the ledgers of an input topic to a folder that goes with the block; the list is by partition number."""
    with tempfile.TemporaryDirectory(prefix="moment-dnb-") as folder, contextlib.ExitStack() as stack:
        copies: list[LedgerCopy] = []
        for ledger in await reading.partitions(ledger_of(topic)):
            store = LedgerStore(Path(folder) / f"{ledger.number}.sqlite3")
            stack.callback(store.close)
            copies.append(await _copied(reading, Partition(topic, ledger.number), store, progress))
        yield copies


async def _copied(reading: TopicReading, partition: Partition, store: LedgerStore, progress: Progress) -> LedgerCopy:
    ledger = LedgerReading(partition, store)
    lines: list[LedgerLine] = []
    async for record in reading.records([Partition(ledger_of(partition.topic), partition.number)], progress):
        lines.append(LedgerLine(record.offset, record.key, record.value))
        if len(lines) == READ_AT_ONCE:
            ledger.restore(lines, 0.0, FOREVER)
            lines = []
    ledger.restore(lines, 0.0, FOREVER)
    return LedgerCopy(store, ledger.marks)
