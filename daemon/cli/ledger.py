"""`moment-dnb ledger grow`: more partitions for the ledger, after the input topic was given more."""

import argparse
import os
from typing import TYPE_CHECKING

import anyio

from daemon.cli.speaking import Bar
from daemon.errors import ConfigurationError
from daemon.settings import Settings, read_settings

if TYPE_CHECKING:
    from daemon.edges.growth import Growth
    from daemon.edges.kafka_topics import Topics
    from daemon.edges.ledger_growing import Grown
    from daemon.edges.partitioning import Keying

HELP = "look after the ledger topic: `ledger grow` spreads it over as many partitions as the input topic has"

GROW_HELP = "spread the ledger over as many partitions as the input topic has; all replicas must be stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `grow` and its options."""
    doings = parser.add_subparsers(dest="doing", required=True, metavar="DOING")
    grow = doings.add_parser("grow", help=GROW_HELP, description=GROW_HELP)
    text = "by what Moment's records are keyed; by default the newest of them are looked at"
    grow.add_argument("--keyed-by", choices=("tenant", "entity"), help=text)
    grow.add_argument("--dry-run", action="store_true", help="check everything and tell what would be done")


def run(arguments: argparse.Namespace) -> int:
    """Grow the ledgers that need it; returns 0 when all are right, and raises what keeps one from it."""
    from daemon.telemetry.logs import configure_logs

    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    anyio.run(_grow_all, settings, arguments.keyed_by, arguments.dry_run)
    return 0


async def _grow_all(settings: Settings, keyed_by: "Keying | None", is_dry: bool) -> None:  # noqa: FBT001 - anyio.run takes no keywords
    from daemon.edges.growth import growth, require_nobody
    from daemon.edges.kafka_group import Group
    from daemon.edges.kafka_topics import Topics
    from daemon.edges.topic_reading import topic_reading

    async with Group(settings) as group, Topics(settings) as topics, topic_reading(settings) as reading:
        await require_nobody(group, settings)
        for topic in settings.topics:
            partitions = await reading.partitions(topic)
            if await _has_ledger(topics, topic, len(partitions)):
                bar = Bar(f"reading {topic} and its ledger")
                committed = await group.committed(partitions)
                async with growth(settings, reading, partitions, committed, bar) as one:
                    await _grow(one, topics, keyed_by, is_dry=is_dry)
                bar.end()


async def _has_ledger(topics: "Topics", topic: str, wanted: int) -> bool:
    """Tell whether there is a ledger; raises `ConfigurationError` if it is too large."""
    from daemon.edges.ledger_topic import ledger_of

    found = await topics.partitions(ledger_of(topic))
    if found is None:
        print(f"{ledger_of(topic)}: does not exist yet; `run` creates it with {wanted} partitions")
    elif found > wanted:
        text = f"{ledger_of(topic)} has {found} partitions and {topic} only {wanted}: a ledger cannot shrink"
        raise ConfigurationError(text)
    return found is not None


async def _grow(growth: "Growth", topics: "Topics", keyed_by: "Keying | None", *, is_dry: bool) -> None:
    ledger, wanted = f"{growth.topic}.ledger", len(growth.partitions)
    if not growth.is_needed:
        print(f"{ledger}: has {wanted} partitions, as {growth.topic}; nothing to do")
        return
    layout = await growth.layout(keyed_by)
    change = f"{ledger}: {len(growth.copies)} -> {wanted} partitions, keyed by {layout.keyed_by}"
    if is_dry:
        print(f"{change}; would be moved: {_told(await growth.preview(layout))}; nothing was written")
    else:
        print(f"{change}; moved: {_told(await growth.carry_out(layout, topics))}; the replicas may start")


def _told(grown: "Grown") -> str:
    entries = f"{grown.entries:,} entries ({grown.unfinished:,} with work left)"
    return f"{entries}, {grown.holds:,} words on holds, {grown.mails:,} on mails"
