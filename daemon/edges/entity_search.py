"""Finding entities from outside: what the ledger topic holds of them, and their newest changes in the input topic."""

from collections.abc import Collection, Mapping

import msgspec

from daemon.core.ledger import Entry, decode, replaces
from daemon.core.model import Change, Entity, Partition
from daemon.edges.ledger_keys import HoldRecord, decode_hold_record, held_scope
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.topic_reading import Progress, TopicReading
from daemon.moment.envelope import decode as decode_change


class Found(msgspec.Struct, frozen=True):
    """An entity's entry, the input partition that it belongs to, and the offset of the ledger record."""

    entry: Entry
    partition: Partition
    offset: int


class Findings(msgspec.Struct, frozen=True):
    """What the ledgers of all input topics say: of the entities that were asked for, and of holds in force."""

    entities: Mapping[Entity, Found]
    holds: Mapping[str, HoldRecord]


async def search_ledgers(
    reading: TopicReading, topics: Collection[str], entities: Collection[Entity], progress: Progress
) -> Findings:
    """Read the ledgers of these input topics from beginning to end, and return what they hold of the entities.

    The greatest entry of an entity is its truth, whichever record came last; of a hold it is the newest record.
    """
    wanted = {entity.key.encode(): entity for entity in entities}
    found: dict[Entity, Found] = {}
    holds: dict[str, HoldRecord] = {}
    for topic in topics:
        ledgers = await reading.partitions(ledger_of(topic))
        async for record in reading.records(ledgers, progress):
            entity = wanted.get(record.key or b"")
            if entity is not None and record.value is not None:
                one = decode(record.value)
                if isinstance(one, Entry):
                    _keep(found, entity, Found(one, Partition(topic, record.partition), record.offset))
            scope = held_scope((record.key or b"").decode(errors="replace"))
            hold = decode_hold_record(record.value or b"") if scope is not None else None
            if scope is not None and hold is not None and hold.since >= _since(holds.get(scope)):
                holds[scope] = hold
    return Findings(found, holds)


def _keep(found: dict[Entity, Found], entity: Entity, new: Found) -> None:
    old = found.get(entity)
    if old is None or replaces(new.entry, new.offset, old.entry, old.offset):
        found[entity] = new


def _since(hold: HoldRecord | None) -> float:
    return hold.since if hold else 0.0


class Newest(msgspec.Struct, frozen=True):
    """The newest change of an entity in the input topic, and the partition and offset where it stands."""

    change: Change
    partition: Partition
    offset: int


async def search_input(
    reading: TopicReading,
    partitions: Collection[Partition],
    entities: Collection[Entity],
    environment: str,
    progress: Progress,
) -> Mapping[Entity, Newest]:
    """Read these input partitions from beginning to end, and return the newest change of each entity.

    Of two records with the same version the first counts, as it does for the daemon.
    """
    wanted = frozenset(entities)
    newest: dict[Entity, Newest] = {}
    async for record in reading.records(list(partitions), progress):
        change = decode_change(record.value, environment=environment)
        if not isinstance(change, Change) or change.entity not in wanted:
            continue
        old = newest.get(change.entity)
        if old is None or change.version > old.change.version:
            newest[change.entity] = Newest(change, Partition(record.topic, record.partition), record.offset)
    return newest
