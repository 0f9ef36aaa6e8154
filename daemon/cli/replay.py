"""`moment-dnb replay`: the newest change of entities once more, through the input topic, so that order is kept."""

import argparse
import datetime as dt
import os
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

import anyio
import msgspec

from daemon.cli.speaking import Bar, add_entity_arguments, entities_of, named
from daemon.core.model import Change, Entity, Partition
from daemon.settings import Settings, read_settings

if TYPE_CHECKING:
    from daemon.edges.entity_search import Findings, Found
    from daemon.edges.topic_reading import TopicReading

HELP = "try the newest change of entities again: a parked one is released, a delivered one compared with DnB"

LACKING_EXIT = 1
"""Something of what was asked for could not be replayed."""


class Replayed(msgspec.Struct, frozen=True):
    """A change that will be written once more, and the partition of its entity."""

    change: Change
    partition: Partition


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the entities."""
    add_entity_arguments(parser, several=True)


def run(arguments: argparse.Namespace) -> int:
    """Write the replays, one line each; returns 1 if the change of one of them is nowhere to be found."""
    return anyio.run(_replay, read_settings(os.environ), entities_of(arguments))


async def _replay(settings: Settings, entities: list[Entity]) -> int:
    from daemon.edges.kafka_source import REPLAY_HEADER
    from daemon.edges.record_writing import record_writing
    from daemon.edges.topic_reading import topic_reading

    replay_id = uuid.uuid4().hex
    async with topic_reading(settings) as reading, record_writing(settings) as writing:
        changes = await _changes(settings, reading, entities)
        for entity in entities:
            found = changes.get(entity)
            if found is None:
                print(f"{named(entity)}: neither parked nor in the input topic any more; save it again in Moment")
                continue
            value = envelope(found.change, settings.environment)
            header = (REPLAY_HEADER, replay_id.encode())
            offset = await writing.write(found.partition, entity.key, value, (header,))
            at = f"{found.partition.topic}, partition {found.partition.number}, offset {offset}"
            print(f"{named(entity)}: version {found.change.version} replayed as {replay_id} ({at})")
    return 0 if all(entity in changes for entity in entities) else LACKING_EXIT


async def _changes(settings: Settings, reading: "TopicReading", entities: list[Entity]) -> Mapping[Entity, Replayed]:
    """Return the newest change of each entity: the parked one out of the ledger, else the one in the input topic."""
    from daemon.edges.entity_search import search_input, search_ledgers

    bar = Bar("reading the ledger")
    findings = await search_ledgers(reading, settings.topics, entities, bar)
    bar.end()
    changes = {entity: one for entity, found in findings.entities.items() if (one := _parked(entity, found))}
    lacking = [entity for entity in entities if entity not in changes]
    if lacking:
        bar = Bar("reading the input topic")
        partitions = await _partitions(settings, reading, lacking, findings)
        newest = await search_input(reading, partitions, lacking, settings.environment, bar)
        bar.end()
        homes = {entity: found.partition for entity, found in findings.entities.items()}
        changes |= {entity: Replayed(one.change, homes.get(entity, one.partition)) for entity, one in newest.items()}
    return changes


def _parked(entity: Entity, found: "Found") -> Replayed | None:
    parked = found.entry.parked
    if parked is None:
        return None
    return Replayed(Change(entity, parked.version, parked.occurred_at, parked.data), found.partition)


async def _partitions(
    settings: Settings, reading: "TopicReading", entities: list[Entity], findings: "Findings"
) -> list[Partition]:
    """Return the partitions where the entities' changes stand: those of their entries, or all if one has none."""
    if all(entity in findings.entities for entity in entities):
        return sorted({findings.entities[entity].partition for entity in entities})
    return [partition for topic in settings.topics for partition in await reading.partitions(topic)]


def envelope(change: Change, environment: str) -> bytes:
    """Return a change as the record of the input topic that says it."""
    occurred_at = dt.datetime.fromtimestamp(change.occurred_at, dt.UTC).isoformat(timespec="milliseconds")
    fields = {
        "environment": environment,
        "tenant": change.entity.tenant,
        "kind": change.entity.kind,
        "id": change.entity.id,
        "version": change.version,
        "operation": "upsert",
        "occurredAt": occurred_at.replace("+00:00", "Z"),
        "data": msgspec.Raw(change.data),
    }
    return msgspec.json.encode(fields)
