"""The ledgers of the partitions that are ours: opened, restored or rebuilt at an assignment, closed at its end."""

import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Protocol

import anyio
import anyio.to_thread
import msgspec
import structlog

from daemon.core.ledger import encode
from daemon.core.model import Generation, Partition
from daemon.edges.clock import Clock
from daemon.edges.ledger_file import discard
from daemon.edges.ledger_keys import LEDGER_KEY, LedgerRecord, encode_record
from daemon.edges.ledger_partition import LedgerPartition
from daemon.edges.ledger_reading import beginning, is_lost
from daemon.edges.ledger_rebuild import Rebuild, Rebuilding
from daemon.edges.ledger_store import PAGE_CACHE_BYTES, LedgerStore, Summary
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.named_tenants import Named, to_be_named
from daemon.edges.open_mark import OpenMark
from daemon.errors import ConfigurationError
from daemon.settings import variable

RESTORING_CACHE_BYTES = 16 * 1024 * 1024
"""What a store that is being restored keeps of its file in memory: the index of some hundred thousand entries."""

ALL_RESTORING_CACHE_BYTES = 128 * 1024 * 1024
"""What all stores that are being restored keep together."""

log = structlog.get_logger()


class Writer(Protocol):
    """Who writes to the ledger topic."""

    async def write(self, partition: Partition, key: str, value: bytes) -> int | None:
        """Write a record, and return its offset; None if the partition is no longer ours."""
        ...

    async def name(self, partition: Partition, tenants: Named) -> bool:
        """Write down tenants and their kinds, and tell whether all is acknowledged."""
        ...


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger partition ready for work: the generation of the assignment, and what is known and to be doubted.

    `former_kinds` are those that owners may have transferred since the last handover, by tenant.
    """

    generation: Generation
    is_handed_over: bool
    former_kinds: Named
    summary: Summary
    holds: Mapping[str, float]
    rebuilt_to: int | None


class Ledgers:
    """Opens and restores ledger partitions.

    `stores` holds those that are ours, for writes; `restored` those of them that have been read to their end, for
    look-ups, metrics and mails: a copy that has not may be of long ago, or of another life of the topic.
    """

    def __init__(self, folder: Path, connection: Mapping[str, Any], clock: Clock, *, longest_wait: float) -> None:
        """Take the folder of the local copies, how to connect, the clock, and the longest wait an entry may ask for."""
        self.stores: dict[Partition, LedgerStore] = {}
        self.restored: dict[Partition, LedgerStore] = {}
        self._folder = folder
        self._connection = connection
        self._clock = clock
        self._longest_wait = longest_wait
        self._writer: Writer | None = None
        self._tenants: Named = {}
        self._are_others_named = anyio.Event()
        self._rebuild: Rebuild | None = None
        self._restoring = 0

    def writing_with(self, writer: Writer, *, rebuild: Rebuild | None) -> None:
        """Take who writes ledger records, and what to rebuild a lost ledger of; None: refuse to start."""
        self._writer = writer
        self._rebuild = rebuild

    def name(self, tenants: Named) -> None:
        """Let every ledger remember that these tenants are named, now and where one is restored later.

        A tenant that is gone from the file for a while is told from one that nobody has ever heard of by this, and a
        kind that was switched off lately from one that is none of our business: also after a restart, and where the
        ledger partition has no entry of them.
        """
        self._tenants = tenants
        self._are_others_named.set()

    async def run(self) -> None:
        """Write down whom the tenants file names whenever that has changed, for ever."""
        while True:
            await self._are_others_named.wait()
            self._are_others_named = anyio.Event()
            async with anyio.create_task_group() as tasks:
                for partition, store in self.restored.items():
                    tasks.start_soon(self._name, partition, store)

    def retire(self, partition: Partition) -> None:
        """Let nothing more be looked up or written for a partition that is no longer ours."""
        self.stores.pop(partition, None)
        self.restored.pop(partition, None)

    @contextlib.asynccontextmanager
    async def stored(self, partition: Partition) -> AsyncGenerator[LedgerStore]:
        """Open the partition's local copy for as long as the partition is ours; raises `ConfigurationError`."""
        path = self._folder / f"{partition.topic}-{partition.number}.sqlite3"
        store = await anyio.to_thread.run_sync(_opened, path)  # a large file is seen to for a second
        self.stores[partition] = store
        try:
            yield store
        finally:
            self.retire(partition)
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_closed, store)

    @contextlib.asynccontextmanager
    async def reading(self, partition: Partition, store: LedgerStore) -> AsyncGenerator[LedgerPartition]:
        """Connect the reading side of the partition's ledger."""
        ledger = LedgerPartition(partition, self._connection, store)
        try:
            await ledger.open()
            yield ledger
        finally:
            with anyio.CancelScope(shield=True):
                await ledger.close()

    async def restore(self, partition: Partition, ledger: LedgerPartition, number: int, *, is_new: bool) -> Restored:
        """Bring the local copy up to date and begin Kafka's generation `number` in the ledger.

        A partition that is not new (it has a committed offset) and whose ledger says nothing was committed against a
        ledger that is lost: raises `ConfigurationError`, unless lost ledgers are to be rebuilt. So does a ledger whose
        entries are still spread over another number of partitions than it has.
        """
        assert self._writer is not None  # noqa: S101 - app wires it before anything runs
        self.restored.pop(partition, None)  # it may be restored once more, and from the beginning
        self._restoring += 1
        try:
            await ledger.restore(self._clock.now, self._longest_wait, self._cached)
        finally:
            self._restoring -= 1
        marks, store = ledger.marks, self.stores[partition]
        _require_arranged(partition, marks.record, ledger.count())
        rebuilt_to: int | None = None
        if is_lost(marks, is_new=is_new):
            if self._rebuild is None:
                raise ConfigurationError(_lost(partition))
            rebuilding = Rebuilding(partition, self._rebuild, store, self._writer.write)
            rebuilt_to = await rebuilding.run(self._connection, self._clock.now())
        begun = beginning(marks, number, is_new=is_new)
        await self._writer.write(partition, LEDGER_KEY, encode_record(begun.record))
        for entity, entry in ledger.outranked():
            offset = await self._writer.write(partition, entity.key, encode(entry))
            if offset is not None:
                store.put([(entity, entry, offset)])
        former_kinds: Named = {} if begun.is_handed_over else store.named
        await self._name(partition, store, is_handed_over=begun.is_handed_over)
        self.restored[partition] = store
        return Restored(
            generation=begun.record.generation,
            is_handed_over=begun.is_handed_over,
            former_kinds=former_kinds,
            summary=store.summary(),
            holds=marks.held(),
            rebuilt_to=rebuilt_to,
        )

    async def _name(self, partition: Partition, store: LedgerStore, *, is_handed_over: bool = False) -> None:
        """Write down whom the tenants file names, as it stands when that is done, unless the ledger remembers it."""
        assert self._writer is not None  # noqa: S101 - app wires it before anything runs
        tenants: Named | None = None
        while tenants is not self._tenants and self.stores.get(partition) is store:
            tenants = self._tenants
            named = to_be_named(tenants, store.named, is_handed_over=is_handed_over)
            if await self._writer.name(partition, named) and self.stores.get(partition) is store:
                store.name(named)

    def _cached(self) -> int:
        """Return how many bytes of its file each store that is restored now may keep in memory."""
        return max(min(RESTORING_CACHE_BYTES, ALL_RESTORING_CACHE_BYTES // self._restoring), PAGE_CACHE_BYTES)


def _opened(path: Path) -> LedgerStore:
    mark = OpenMark(path)
    try:
        if mark.is_of_another_boot():
            log.warning("ledger.copy_not_trusted", path=path.name)
            discard(path)
        mark.set()
        return LedgerStore(path)
    except (OSError, sqlite3.Error) as error:
        text = f"{variable('data_dir')}={str(path.parent)!r}: no local copy of the ledger can be kept there ({error})"
        raise ConfigurationError(text) from None


def _closed(store: LedgerStore) -> None:
    """Close the store; a disk that cannot take it now costs no more than a re-read after the machine's next boot."""
    store.close()
    with contextlib.suppress(OSError):
        OpenMark(store.path).clear()


def _require_arranged(partition: Partition, record: LedgerRecord | None, count: int) -> None:
    arranged_for = None if record is None else record.arranged_for
    if arranged_for not in (None, count):
        text = (
            f"the entries of {ledger_of(partition.topic)} are spread over {arranged_for} partitions, and it has "
            f"{count}: stop all replicas and run `moment-dnb ledger grow` once more, to its end"
        )
        raise ConfigurationError(text)


def _lost(partition: Partition) -> str:
    return (
        f"partition {partition.number} of {partition.topic} has a committed offset, but {ledger_of(partition.topic)} "
        "says nothing about it: the ledger is lost. Restore the topic, or run once with `run --rebuild-ledger`, which "
        "reads the input from its beginning and compares every entity with DnB"
    )
