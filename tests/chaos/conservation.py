"""Conservation: every record of the input topic held against the ledger and the dead letters, read from Kafka.

What must become of a record is known from the script, and not from the daemon's own reading of it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from daemon.core.ledger import Entry
from daemon.core.model import Entity, Kind
from daemon.edges.entity_search import search_ledgers
from daemon.edges.topic_reading import topic_reading
from daemon.sandbox.generating import Planted
from daemon.sandbox.judging import DeadLetter, Parked
from daemon.sandbox.planting import Fate
from daemon.sandbox.publishing import read_back
from daemon.settings import Settings

KINDS: dict[str, Kind] = {"customer": "customer", "project": "project", "invoice": "invoice"}

Record = tuple[bytes | None, bytes | None]
"""A record's key and value."""


class Conservation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the records of the input topic are; `missing` must be 0, and names how many are nowhere.

    `in_ledger`: the ledger has their version, or one that took its place. `foreign`: records nobody published.
    """

    records: int
    in_ledger: int
    superseded: int
    dead_lettered: int
    ignorable: int
    missing: int
    foreign: int
    findings: tuple[str, ...]


class Remains(msgspec.Struct, frozen=True):
    """What the topics hold at the end: the input, the truth of each entity by its key, the dead letters."""

    records: Sequence[Record]
    entries: dict[str, Entry]
    dead_letters: tuple[DeadLetter, ...]

    @property
    def parked(self) -> tuple[Parked, ...]:
        """The changes that are parked at the end."""
        return tuple(
            Parked(*_parts(key), version=entry.parked.version, reason=entry.parked.reason)
            for key, entry in self.entries.items()
            if entry.parked
        )


async def read_remains(settings: Settings, planted: Sequence[Planted]) -> Remains:
    """Read the topics from their beginnings to their ends."""
    entities = {
        Entity(one.tenant, KINDS[one.kind], one.id) for one in planted if one.kind in KINDS and one.id is not None
    }
    async with topic_reading(settings) as reading:
        found = await search_ledgers(reading, settings.topics, entities, lambda _done, _all: None)
    records = await read_back(settings.kafka_bootstrap, settings.topics[0])
    letters = await read_back(settings.kafka_bootstrap, settings.dead_letter_topic)
    return Remains(
        records=[(one.key, one.value) for one in records],
        entries={entity.key: one.entry for entity, one in found.entities.items()},
        dead_letters=tuple(DeadLetter(one.key, one.value, one.headers["moment-dnb-reason"]) for one in letters),
    )


def conserved(planted: Sequence[Planted], remains: Remains) -> Conservation:
    """Hold every record of the input topic, and every one that was published, against what remains."""
    where: Counter[str] = Counter()
    known: dict[Record, Planted] = {(one.key, one.value): one for one in planted}
    letters: Counter[Record] = Counter((one.key, one.value) for one in remains.dead_letters)
    findings: list[str] = []
    for record in remains.records:
        one = known.get(record)
        place = "foreign" if one is None else _place(one, remains.entries, letters)
        where[place] += 1
        if one is not None and place == "missing":
            findings.append(f"missing: {one.tenant}/{one.kind}/{one.id} version {one.version}, {one.fate}")
    unpublished = list(_unpublished(planted, remains.records))
    return Conservation(
        records=len(remains.records),
        in_ledger=where["in_ledger"],
        superseded=where["superseded"],
        dead_lettered=where["dead_lettered"],
        ignorable=where["ignorable"],
        missing=where["missing"] + len(unpublished),
        foreign=where["foreign"],
        findings=(*findings, *unpublished),
    )


def _place(one: Planted, entries: dict[str, Entry], letters: Counter[Record]) -> str:
    """Return where a record is; a dead letter is used up by the record that it was written for."""
    fate: Fate = one.fate
    if fate == "ignore":
        return "ignorable"
    if fate == "dead_letter":
        letters[one.key, one.value] -= 1
        return "dead_lettered" if letters[one.key, one.value] >= 0 else "missing"
    entry = entries.get(f"{one.tenant}/{one.kind}/{one.id}")
    if entry is None or one.version is None or entry.highest < one.version:
        return "missing"
    return "in_ledger" if one.version in {entry.version, entry.parked and entry.parked.version} else "superseded"


def _unpublished(planted: Sequence[Planted], records: Sequence[Record]) -> Iterator[str]:
    """Yield what was acknowledged and is not in the topic: then Kafka lost it, and nothing can be judged."""
    lost: Counter[Record] = Counter((one.key, one.value) for one in planted)
    lost.subtract(records)
    return (f"Kafka has lost a record of {key!r} ({count} times)" for (key, _), count in lost.items() if count > 0)


def _parts(key: str) -> tuple[str, str, int]:
    tenant, kind, number = key.rsplit("/", 2)
    return tenant, kind, int(number)
