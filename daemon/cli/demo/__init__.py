"""`moment-dnb demo`: the daemon at work between an own broker and an own DnB, with every trouble, judged at the end."""

import argparse
import sys
from pathlib import Path

import anyio

HELP = "show the daemon at work: its own broker, its own DnB, every trouble, and a verdict"

DEFAULT_EVENTS = 600
"""Enough for every trouble to happen and few enough to end in half a minute."""

MOST_EVENTS_EMBEDDED = 6_000
"""The embedded broker keeps about 5 MB in each of 4 partitions and then drops the oldest, the ledger included."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--events", type=_events, default=DEFAULT_EVENTS, help="how many changes Moment publishes")
    parser.add_argument("--seed", type=int, default=1, help="what customers, changes and troubles are drawn from")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    parser.add_argument("--bootstrap", help="use this Kafka (host:port) instead of the embedded broker")
    parser.add_argument("--serve", action="store_true", help="keep everything running at the end, until Ctrl-C")


def run(arguments: argparse.Namespace) -> int:
    """Play the story; returns 0 only if the judge found nothing and every record is accounted for."""
    from daemon.cli.demo.playing import Play, play
    from daemon.sandbox.broker import EmbeddedBrokerUnavailable

    if arguments.bootstrap is None and arguments.events > MOST_EVENTS_EMBEDDED:
        print(f"the embedded broker keeps at most {MOST_EVENTS_EMBEDDED} events: name a Kafka with --bootstrap")
        return 2
    asked = Play(
        events=arguments.events,
        seed=arguments.seed,
        json=arguments.json,
        bootstrap=arguments.bootstrap,
        stays=arguments.serve,
    )
    try:
        return anyio.run(play, asked)
    except EmbeddedBrokerUnavailable as missing:
        print(f"moment-dnb demo: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _events(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number
