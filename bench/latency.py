"""How long a change takes from Kafka into DnB's books while nothing else happens: `make latency ARGS="--count 200"`.

One customer of one tenant is changed again and again, one change at a time, on a real Kafka: `KAFKA_BOOTSTRAP` if it
is set, else one of its own. Measured is from before the record is produced to the instant at which the emulated DnB
commits the update; the daemon is a process of its own. Between two changes the machine rests for a random while, so
that no interval of the daemon's falls into step with the changes.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from daemon.sandbox.history import Applied
from daemon.sandbox.publishing import publishing
from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka, open_kafka

CUSTOMER = 70_311_802
REST_SECONDS = (0.05, 0.35)
LOOK_SECONDS = 0.001
TIMEOUT_SECONDS = 30.0
PERCENTILES = (50, 90, 99)


class Result(msgspec.Struct, frozen=True):
    """The latencies of so many changes, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    longest_ms: float

    def __str__(self) -> str:
        """Return the figures on one line."""
        head = f"{self.count} changes one at a time, from produce to DnB's commit"
        percentiles = f"p50 {self.p50_ms:.0f} ms, p90 {self.p90_ms:.0f} ms, p99 {self.p99_ms:.0f} ms"
        return f"{head}: {percentiles}, longest {self.longest_ms:.0f} ms"


def main() -> int:
    """Measure, print, and write the result if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many changes")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    arguments = parser.parse_args()
    with open_kafka() as kafka, tempfile.TemporaryDirectory() as folder:
        seconds = asyncio.run(measured(kafka, Path(folder), arguments.count))
    result = summary(seconds)
    print(result)
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.encode(result))
    return 0


def summary(seconds: list[float]) -> Result:
    """Return the figures of these latencies."""
    ordered = sorted(1_000.0 * one for one in seconds)
    cuts = statistics.quantiles(ordered, n=100, method="inclusive")
    p50, p90, p99 = (round(cuts[one - 1], 1) for one in PERCENTILES)
    return Result(len(ordered), p50, p90, p99, round(ordered[-1], 1))


async def measured(kafka: Kafka, folder: Path, count: int) -> list[float]:
    """Return the latency of each change, in seconds."""
    chance = random.Random(1)  # noqa: S311 - chance that must repeat, not secrecy
    seconds: list[float] = []
    async with scene(kafka, folder, companies=1) as stage:
        stage.process().start()
        async with publishing(stage.bootstrap, stage.topic) as publisher:
            for version in range(1, count + 2):
                await asyncio.sleep(chance.uniform(*REST_SECONDS))
                produced_at = time.time()
                await publisher.publish([change(stage, version)])
                applied = await written(stage, version)
                seconds.append(applied.at - produced_at)
    return seconds[1:]  # the first one is a creation, and waits for the daemon to start


def change(stage: Scene, version: int) -> tuple[bytes, bytes]:
    """Return key and value of a change of the customer."""
    [tenant] = stage.companies
    record = {
        "environment": "production",
        "tenant": tenant,
        "kind": "customer",
        "id": CUSTOMER,
        "version": version,
        "operation": "update",
        "occurredAt": "2026-03-14T10:11:12.345Z",
        "data": {"customerNumber": "100042", "name": f"Fjellvik {version} AS"},
    }
    return tenant.encode(), json.dumps(record).encode()


async def written(stage: Scene, version: int) -> Applied:
    """Return the write that brought this version into the books, as soon as it is there."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        for applied in stage.emulator.history.applied[-3:]:
            if applied.route == "customers" and f"Fjellvik {version} AS" in json.dumps(applied.row):
                return applied
        if time.monotonic() > deadline:
            sys.exit(f"version {version} did not arrive within {TIMEOUT_SECONDS:g} s: {stage.processes[0].tail()}")
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
