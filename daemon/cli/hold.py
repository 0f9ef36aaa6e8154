"""`moment-dnb hold`: nothing is sent for a tenant, or for anyone, until it is released; what comes waits meanwhile."""

import argparse
import os
import time

import anyio

from daemon.cli.speaking import duration, instant, tenant_name
from daemon.settings import Settings, read_settings

HELP = "send nothing for a tenant, or for all, until `release`; durable, and seen by every replica at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add whom to hold, for how long, and why."""
    add_scope(parser, "hold")
    parser.add_argument("--for", dest="seconds", type=duration, metavar="DURATION", help="release by itself after 2h")
    parser.add_argument("--reason", default="", help="why, for whoever asks `explain` later")


def add_scope(parser: argparse.ArgumentParser, doing: str) -> None:
    """Add the tenants, or all of them."""
    scope = parser.add_mutually_exclusive_group(required=True)
    scope.add_argument("tenants", nargs="*", type=tenant_name, default=[], metavar="TENANT", help=f"whom to {doing}")
    scope.add_argument("--all", action="store_true", help=f"{doing} everything")


def run(arguments: argparse.Namespace) -> int:
    """Write the holds into every partition of the ledger; returns 0 when all are acknowledged.

    Raises `ConfigurationError` if a tenant is none: a misspelt name would hold nobody.
    """
    until = None if arguments.seconds is None else time.time() + arguments.seconds
    settings = read_settings(os.environ)
    require_tenants(settings, arguments.tenants)
    return anyio.run(say, settings, scopes_of(arguments), arguments.reason, until, True)  # noqa: FBT003 - anyio.run takes no keywords


def scopes_of(arguments: argparse.Namespace) -> list[str]:
    """Return the tenants that are named, or `*` for all."""
    from daemon.core.state import ALL_TENANTS

    return [ALL_TENANTS] if arguments.all else list(dict.fromkeys(arguments.tenants))


def require_tenants(settings: Settings, names: list[str]) -> None:
    """Raise `ConfigurationError` naming what the tenants file does not know."""
    from daemon.errors import ConfigurationError
    from daemon.tenants import Reading

    known = Reading(settings.tenants_file, default_quota=settings.tenant_quota).read().tenants
    unknown = [name for name in names if name not in known]
    if unknown:
        text = f"no such tenant in {settings.tenants_file}: {', '.join(unknown)}; it names {', '.join(sorted(known))}"
        raise ConfigurationError(text)


async def say(settings: Settings, scopes: list[str], reason: str, until: float | None, is_held: bool) -> int:  # noqa: FBT001 - see above
    """Tell every ledger partition that these are held or released; a partition that failed is named, and raises."""
    from daemon.edges.ledger_keys import HoldRecord, encode_record, hold_key
    from daemon.edges.ledger_topic import ledger_of
    from daemon.edges.record_writing import record_writing
    from daemon.edges.topic_reading import topic_reading

    record = HoldRecord(is_held=is_held, since=time.time(), until=until, reason=reason)
    async with topic_reading(settings) as reading, record_writing(settings) as writing:
        for topic in settings.topics:
            ledgers = await reading.partitions(ledger_of(topic))
            for scope in scopes:
                for ledger in ledgers:
                    await writing.write(ledger, hold_key(scope), encode_record(record))
                print(f"{_words(scope, until, is_held=is_held)} ({ledger_of(topic)}, {len(ledgers)} partitions)")
    return 0


def _words(scope: str, until: float | None, *, is_held: bool) -> str:
    whom = "everything" if scope == "*" else scope
    if not is_held:
        others = "tenants that are held by name" if scope == "*" else "a hold of everything"
        return f"released: {whom}; {others}, if any, must be released too"
    return f"held: {whom}, until {'it is released' if until is None else instant(until)}"
