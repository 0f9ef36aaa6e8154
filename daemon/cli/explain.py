"""`moment-dnb explain`: what has become of one customer, project or invoice, in words, out of the ledger."""

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import anyio

from daemon.cli.speaking import Bar, add_entity_arguments, entities_of, instant, named
from daemon.core.model import Entity
from daemon.settings import Settings, read_settings

if TYPE_CHECKING:
    from daemon.core.ledger import Entry, Parked
    from daemon.edges.entity_search import Findings
    from daemon.edges.ledger_keys import HoldRecord

HELP = "tell what has become of one entity: delivered, parked and why, and its last steps"

UNKNOWN_EXIT = 1
"""The ledger has never heard of the entity."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the entity, and whether its refused value may be shown."""
    add_entity_arguments(parser, several=False)
    parser.add_argument(
        "--show-values", action="store_true", help="show the refused value, which may be personal data of the tenant's"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the story; returns 1 if the ledger has never heard of the entity."""
    [entity] = entities_of(arguments)
    findings = anyio.run(search, read_settings(os.environ), [entity])
    for line in story(entity, findings, time.time(), shows_values=arguments.show_values):
        print(line)
    return 0 if entity in findings.entities else UNKNOWN_EXIT


async def search(settings: Settings, entities: list[Entity]) -> "Findings":
    """Return what the ledgers say of the entities."""
    from daemon.edges.entity_search import search_ledgers
    from daemon.edges.topic_reading import topic_reading

    bar = Bar("reading the ledger")
    async with topic_reading(settings) as reading:
        findings = await search_ledgers(reading, settings.topics, entities, bar)
    bar.end()
    return findings


def story(entity: Entity, findings: "Findings", now: float, *, shows_values: bool) -> Iterator[str]:
    """Yield the lines that tell of an entity."""
    from daemon.edges.ledger_topic import ledger_of

    found = findings.entities.get(entity)
    yield named(entity)
    if found is None:
        yield "  not in the ledger: no change of it has come, or all were ignored (drafts, deletes, another environment"
        yield "  or tenant), or its first one is still in hand or could not be decoded (see the dead-letter topic)"
    else:
        yield from _delivered(found.entry)
        if found.entry.parked is not None:
            yield from _parked(found.entry.parked, now, shows_values=shows_values)
        yield from _doubt(found.entry, now)
        yield f"  ledger: {ledger_of(found.partition.topic)}, partition {found.partition.number}, offset {found.offset}"
    yield from _held(entity, findings.holds, now)


def _delivered(entry: "Entry") -> Iterator[str]:
    if entry.version == 0 or entry.delivered_at is None:
        yield "  nothing of it has been delivered yet"
        return
    voucher = f", voucher {entry.voucher}" if entry.voucher else ""
    yield f"  delivered: version {entry.version} at {instant(entry.delivered_at)}"
    yield f"  in DnB: id {entry.dnb_id}, number {entry.number}{voucher}"
    if entry.remarks:
        yield f"  remarked: {', '.join(entry.remarks)}"


def _parked(parked: "Parked", now: float, *, shows_values: bool) -> Iterator[str]:
    yield f"  parked: version {parked.version} since {instant(parked.since)}, {parked.reason}"
    refusal = parked.refusal
    if refusal is not None:
        shown = f" = {refusal.value!r}" if shows_values else " (its value: --show-values)"
        yield f"  field: {refusal.field or 'none in particular'}{shown if refusal.value else ''}"
        yield f"  rule: {refusal.rule}"
        yield f"  repair: {refusal.repair}"
    if parked.blocked_by:
        yield f"  released by: the delivery of {parked.blocked_by.replace('/', ' ')}"
    if parked.next_try is not None:
        yield f"  next try: {instant(parked.next_try)}" + (" (due)" if parked.next_try <= now else "")
    if parked.steps:
        yield "  last steps:"
        yield from (f"    {_step(step)}" for step in parked.steps)


def _step(step: str) -> str:
    seconds, _, reason = step.partition(" ")
    return f"{instant(float(seconds))}  {reason}" if seconds.isdigit() else step


def _doubt(entry: "Entry", now: float) -> Iterator[str]:
    if entry.dirty_until is not None:
        when = "now" if entry.dirty_until <= now else instant(entry.dirty_until)
        yield f"  in doubt: a request may have been applied late; DnB is read again from {when} on"


def _held(entity: Entity, holds: "Mapping[str, HoldRecord]", now: float) -> Iterator[str]:
    for scope, whom in ((entity.tenant, "the tenant"), ("*", "everything")):
        hold = holds.get(scope)
        ends_at = hold.ends_at() if hold else None
        if hold is not None and ends_at is not None and ends_at > now:
            until = "it is released" if hold.until is None else instant(hold.until)
            reason = f": {hold.reason}" if hold.reason else ""
            yield f"  held: {whom}, since {instant(hold.since)} until {until}{reason}"
