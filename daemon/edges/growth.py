"""One topic's ledger on its way to more partitions: what must hold before, what would be done, and the doing."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence

import anyio
import msgspec

from daemon.core.model import Change, Partition
from daemon.edges.kafka_group import Group
from daemon.edges.kafka_topics import Topics
from daemon.edges.keying import sampled
from daemon.edges.ledger_arranging import Arranging, Layout
from daemon.edges.ledger_copies import LedgerCopy, ledger_copies
from daemon.edges.ledger_growing import Growing, Grown
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.partitioning import Keying
from daemon.edges.record_writing import RecordWriting, record_writing
from daemon.edges.topic_reading import Progress, TopicReading
from daemon.errors import ConfigurationError, SourceError
from daemon.moment.envelope import decode
from daemon.settings import Settings, variable

ATTEMPTS = 40
AGAIN_SECONDS = 0.5
"""New partitions are known to every broker within seconds."""

MARGIN_SECONDS = 5.0
"""The coordinator looks for ended sessions every so often."""


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """An input topic and copies of its ledgers, while no replica runs."""

    settings: Settings
    reading: TopicReading
    partitions: tuple[Partition, ...]
    copies: tuple[LedgerCopy, ...]
    committed: Mapping[Partition, int]
    progress: Progress

    @property
    def topic(self) -> str:
        """Return the input topic."""
        return self.partitions[0].topic

    @property
    def is_needed(self) -> bool:
        """Tell whether the ledger has fewer partitions than the input, or its entries are not where they belong yet."""
        wanted = len(self.partitions)
        return len(self.copies) < wanted or Arranging(self.copies, Layout("tenant", wanted)).is_unfinished

    async def layout(self, keyed_by: Keying | None) -> Layout:
        """Return how the entries must be spread; raises `ConfigurationError` naming what stands against it."""
        self._require_ledger()
        if keyed_by is None:
            sample = await sampled(self.reading, self.partitions, self._sizes(), self.progress)
            keyed_by = sample.keyed_by(self.topic)
        layout = Layout(keyed_by, len(self.partitions))
        await self._require_no_lag(layout)
        return layout

    async def preview(self, layout: Layout) -> Grown:
        """Return what would be moved; nothing is written."""
        return await Growing(self.topic, self.copies, layout, self.committed, _unwritten).carry()

    async def carry_out(self, layout: Layout, topics: Topics) -> Grown:
        """Make the partitions and move the entries, each write acknowledged; raises `SourceError`."""
        ledger = ledger_of(self.topic)
        async with record_writing(self.settings) as writing:
            await Growing(self.topic, self.copies, layout, self.committed, writing.write).announce()
        if len(self.copies) < layout.partitions:
            await topics.grow(ledger, layout.partitions)
        async with writing_to(self.settings, ledger, layout.partitions) as writing:
            growing = Growing(self.topic, self.copies, layout, self.committed, writing.write)
            grown = await growing.carry()
            await growing.finish()
        return grown

    def _sizes(self) -> set[int]:
        """Return the numbers of partitions that the input has had while its ledger was arranged."""
        records = [copy.marks.record for copy in self.copies]
        known = {one.arranged_for for one in records if one and one.arranged_for is not None}
        return known | {len(self.copies), len(self.partitions)}

    def _require_ledger(self) -> None:
        for partition, copy in zip(self.partitions, self.copies, strict=False):
            if copy.marks.record is None and partition in self.committed:
                text = (
                    f"partition {partition.number} of {self.topic} has a committed offset, but {ledger_of(self.topic)} "
                    "says nothing about it: the ledger is lost. Restore the topic; or delete it, and "
                    "`run --rebuild-ledger` makes it again with as many partitions as the input"
                )
                raise ConfigurationError(text)

    async def _require_no_lag(self, layout: Layout) -> None:
        """Raise unless each change that is not settled lies where its entity's entry will be, and its next ones."""
        old = self.partitions[: len(self.copies)]
        since = {partition: self.committed.get(partition, 0) for partition in old}
        lag = 0
        async for record in self.reading.records(old, self.progress, since=since):
            change = decode(record.value, environment=self.settings.environment)
            lag += isinstance(change, Change) and layout.home(change.entity) != record.partition
        if lag:
            text = (
                f"{lag} changes of {self.topic} are not settled, and those after them will come in other partitions: "
                f"`moment-dnb hold --all`, start a replica with {variable('kafka_check_topics')}=false, which takes "
                "them into the ledger and sends nothing; when nothing lags stop it, run this again, start the replicas "
                "and `moment-dnb release --all`"
            )
            raise ConfigurationError(text)


@contextlib.asynccontextmanager
async def growth(
    settings: Settings,
    reading: TopicReading,
    partitions: Sequence[Partition],
    committed: Mapping[Partition, int],
    progress: Progress,
) -> AsyncGenerator[Growth]:
    """Copy the ledgers of an input topic with these partitions for as long as the block lasts."""
    async with ledger_copies(reading, partitions[0].topic, progress) as copies:
        yield Growth(
            settings=settings,
            reading=reading,
            partitions=tuple(partitions),
            copies=tuple(copies),
            committed=committed,
            progress=progress,
        )


async def require_nobody(group: Group, settings: Settings) -> None:
    """Return when the group is empty; raises `ConfigurationError` if it is not within the session of one that left.

    A static member is in its group until its session has ended, also when its process has.
    """
    deadline = anyio.current_time() + settings.session + MARGIN_SECONDS
    while members := await group.members():
        if anyio.current_time() > deadline:
            raise ConfigurationError(f"the group {settings.group} has {members} members: stop all replicas first")
        await anyio.sleep(AGAIN_SECONDS)


async def _unwritten(partition: Partition, key: str, value: bytes) -> None:
    """Write nothing."""


@contextlib.asynccontextmanager
async def writing_to(settings: Settings, topic: str, partitions: int) -> AsyncGenerator[RecordWriting]:
    """Connect a writer that knows all partitions; raises `SourceError` if the brokers do not name them in time."""
    for _ in range(ATTEMPTS):
        async with record_writing(settings) as writing:
            if await writing.partitions(topic) >= partitions:
                yield writing
                return
        await anyio.sleep(AGAIN_SECONDS)
    raise SourceError(f"the topic {topic} was given {partitions} partitions, but no broker knows them; run this again")
