"""Measures what the daemon's memory, restores and stalls are bounded by: `make bounds ARGS="--scenario outage"`.

On a real Kafka, `KAFKA_BOOTSTRAP` if it is set, else one of its own. Each figure is printed against its goal; the exit
code is 1 if a goal is missed.
"""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from bench.bounds import kill, outage, restore, rolling
from bench.bounds.figures import Figure, Size
from tests.kafka_broker import Kafka, open_kafka

SCENARIOS = {one.NAME: one.measure for one in (outage, restore, kill, rolling)}


def main() -> int:
    """Measure what is asked for, print, and write the figures if asked for."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that broker and daemons do not outlive the command
    logging.disable()  # Kafka's client tells of what it repairs by itself
    size = msgspec.convert(vars(asked), Size, from_attributes=True)
    with open_kafka() as kafka, tempfile.TemporaryDirectory(prefix="moment-dnb-bounds-") as folder:
        figures = asyncio.run(_measured(kafka, Path(folder), asked.scenario or list(SCENARIOS), size))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode({"size": size, "figures": figures})) + b"\n")
    return int(any(figure.is_missed for figure in figures))


async def _measured(kafka: Kafka, folder: Path, names: list[str], size: Size) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        for figure in await SCENARIOS[name](kafka, folder / name, size):
            print(figure, flush=True)
            figures.append(figure)
    return figures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bounds", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    for name, value in msgspec.structs.asdict(Size()).items():
        if isinstance(value, bool):
            parser.add_argument(f"--{name}", action="store_true", help=HELP[name])
        else:
            kind = float if isinstance(value, float) else int
            parser.add_argument(f"--{name}", type=kind, default=value, help=f"{HELP[name]} ({value:,})")
    return parser.parse_args()


HELP = {
    "changes": "changes published while the API is down",
    "entities": "customers whose changes these are",
    "entries": "entries of the ledger that is restored",
    "partitions": "partitions that they are spread over",
    "repetitions": "how often a daemon is killed",
    "seconds": "how long there is load on the replicas that are restarted",
    "refuses": "while the API is down no connection is taken, instead of 503 to every call",
}


if __name__ == "__main__":
    sys.exit(main())
