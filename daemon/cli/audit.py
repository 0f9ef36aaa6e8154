"""`moment-dnb audit --conservation`: whether every record of the input topic is accounted for, over any crash."""

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from daemon.cli.speaking import Bar
from daemon.core.conserving import Figures, Lacking
from daemon.core.model import Partition
from daemon.errors import ConfigurationError
from daemon.settings import Settings, read_settings

if TYPE_CHECKING:
    from daemon.core.conserving import Conserving, Letters
    from daemon.edges.conservation import Contract
    from daemon.edges.topic_reading import TopicReading

HELP = "tell whether every record of the input topic is accounted for by the ledger or a dead letter"

LOST_EXIT = 1
"""A record was committed, and nothing accounts for it."""

LISTED = 10_000
"""So many lost records are named for a partition; what goes beyond is counted."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One input partition: up to where it was judged, how its records are accounted for, and what is lost."""

    topic: str
    partition: int
    committed: int | None
    figures: Figures
    lacking: tuple[Lacking, ...]
    unreadable: int


class Report(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    partitions: tuple[Audited, ...]
    total: Figures
    is_conserved: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which audit is wanted, and where its figures go."""
    parser.add_argument(
        "--conservation", action="store_true", required=True, help="the input topic against ledger and dead letters"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there too")


def run(arguments: argparse.Namespace) -> int:
    """Print how every record is accounted for; returns 1 if one is not."""
    audited = anyio.run(_audit, read_settings(os.environ))
    total = sum((one.figures for one in audited), Figures())
    report = Report(tuple(audited), total, total.is_conserved)
    for line in _lines(report):
        print(line)
    if arguments.json is not None:
        _write(arguments.json, report)
    return 0 if report.is_conserved else LOST_EXIT


async def _audit(settings: Settings) -> list[Audited]:
    from daemon.edges.conservation import NO_LETTERS, Contract, read_letters
    from daemon.edges.kafka_group import Group
    from daemon.edges.topic_reading import topic_reading
    from daemon.tenants import Reading

    tenants = Reading(settings.tenants_file, default_quota=settings.tenant_quota).read().tenants
    contract = Contract(settings.environment, tenants)
    async with topic_reading(settings) as reading:
        partitions = [one for topic in settings.topics for one in await reading.partitions(topic)]
        async with Group(settings) as group:
            committed = await group.committed(partitions)  # before anything is read: see daemon.edges.conservation
        bar = Bar("reading the dead letters")
        letters = await read_letters(reading, settings.dead_letter_topic, time.time(), bar)
        bar.end()
        return [
            await _one(reading, partition, contract, letters.get(partition, letters[NO_LETTERS]), committed)
            for partition in partitions
        ]


async def _one(
    reading: "TopicReading",
    partition: Partition,
    contract: "Contract",
    letters: "Letters",
    committed: Mapping[Partition, int],
) -> Audited:
    from daemon.edges.conservation import PartitionAudit

    bar = Bar(f"reading {partition.topic}, partition {partition.number}, and its ledger")
    audit = PartitionAudit(reading, partition, contract)
    account: Conserving = await audit.run(letters, committed.get(partition), bar)
    bar.end()
    return Audited(
        topic=partition.topic,
        partition=partition.number,
        committed=committed.get(partition),
        figures=account.figures(),
        lacking=tuple(account.lacking()[:LISTED]),
        unreadable=audit.unreadable,
    )


def _lines(report: Report) -> Iterator[str]:
    for one in report.partitions:
        upto = "nothing committed yet" if one.committed is None else f"committed up to offset {one.committed:,}"
        yield f"{one.topic}, partition {one.partition}: {upto}"
        yield from (f"  {line}" for line in _told(one.figures))
        if one.unreadable:
            yield f"  {one.unreadable:,} records of its ledger cannot be read, and account for nothing"
        yield from (f"  UNACCOUNTED  {_named(lost)}" for lost in one.lacking)
    yield "total:"
    yield from (f"  {line}" for line in _told(report.total))
    yield from _verdict(report.total)


def _told(figures: Figures) -> Iterator[str]:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(figures.ignored.items()))
    ignored = f"{sum(figures.ignored.values()):,} ignored" + (f" ({reasons})" if reasons else "")
    yield (
        f"{figures.records:,} records = {figures.delivered:,} delivered or older + {figures.parked:,} parked + "
        f"{figures.superseded:,} superseded + {ignored} + {figures.dead_lettered:,} dead-lettered + "
        f"{figures.letters_removed:,} too old for a dead letter + {figures.unaccounted:,} unaccounted"
    )
    yield f"{figures.beyond:,} beyond the committed offset, not judged; {figures.removed:,} removed by retention"
    if figures.removed_unread:
        yield f"UNACCOUNTED  {figures.removed_unread:,} of them were removed before they were committed"


def _named(lost: Lacking) -> str:
    what = f"{lost.key.replace('/', ' ')}, version {lost.version}" if lost.key else "no change, and no dead letter"
    again = f" and {lost.count - 1} more with that version" if lost.count > 1 else ""
    return f"{what} (offset {lost.offset}{again})"


def _verdict(total: Figures) -> Iterator[str]:
    if total.is_conserved:
        yield "verdict: every record is accounted for"
        return
    yield f"verdict: {total.unaccounted + total.removed_unread:,} records are accounted for by nothing"
    yield "A record that came before its tenant or kind was enabled was ignored then, and is told here too. `explain`"
    yield "says what is known of an entity; `replay` sends its newest change once more."


def _write(path: Path, report: Report) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    except OSError as error:
        raise ConfigurationError(f"--json {str(path)!r}: cannot be written ({error.strerror})") from None
