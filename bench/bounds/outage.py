"""An outage of the API while a large backlog is published and read: what it costs in memory, and how it ends."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from bench.bounds.changing import drawn, publish
from bench.bounds.figures import MEBIBYTE, Figure, Size
from bench.bounds.serving import first_write, served, unavailable
from bench.bounds.staging import PATIENCE_SECONDS, Measured, Stage, staged
from tests.kafka_broker import Kafka

NAME = "outage"
MOST_MEBIBYTES = 256.0
RETURN_SECONDS = 5.0

WATCH_SECONDS = 1.0
"""Between two looks at the daemon's metrics, which cost it time."""

DELIVERING_SECONDS = 60.0
"""So long, or until all is delivered, the daemon is watched at work on what has waited."""

READ_PER_SECOND_AT_LEAST = 200.0
"""A daemon that reads slower than this does not read."""


async def measure(kafka: Kafka, folder: Path, size: Size) -> list[Figure]:
    """Publish the backlog, let a daemon read it while the API is down, and bring the API back."""
    async with staged(kafka, folder) as stage:
        await publish(stage, drawn(size.changes, size.entities))
        process = stage.process()
        async with _down(stage, refuses=size.refuses):
            await process.ready(PATIENCE_SECONDS)
            reading = await _read(process, size.changes)
            peak_bytes = process.peak_bytes
        returned_at = time.time()
        async with served(stage):
            first = await first_write(stage, 0, PATIENCE_SECONDS)
            first_bytes = process.peak_bytes
            await _deliver(stage, size.entities)
            return [
                _figure("peak memory while the API is down", peak_bytes / MEBIBYTE, "MiB", MOST_MEBIBYTES),
                _figure("from the API's return to the first delivery", first.at - returned_at, "s", RETURN_SECONDS),
                _figure("peak memory by the first delivery", first_bytes / MEBIBYTE, "MiB", MOST_MEBIBYTES),
                _figure("peak memory a minute later", process.peak_bytes / MEBIBYTE, "MiB", MOST_MEBIBYTES),
                _figure("records read past into the ledger", size.changes / reading.seconds, "records/s"),
                _figure("the same for a second of processor time", size.changes / reading.cpu_seconds, "records/s"),
            ]


class Reading(msgspec.Struct, frozen=True):
    """How long it took to read a backlog, by the clock and in processor time."""

    seconds: float
    cpu_seconds: float


def _figure(name: str, value: float, unit: str, at_most: float | None = None) -> Figure:
    return Figure(scenario=NAME, name=name, value=value, unit=unit, at_most=at_most)


@contextlib.asynccontextmanager
async def _down(stage: Stage, *, refuses: bool) -> AsyncGenerator[None]:
    """Keep the API down: every call is answered by 503, or no connection is taken at all."""
    async with contextlib.nullcontext() if refuses else unavailable(stage.dnb_port):
        yield


async def _read(process: Measured, changes: int) -> Reading:
    """Wait until so many changes are taken in hand."""
    started_at, cpu_before = time.monotonic(), process.cpu_seconds
    async with asyncio.timeout(PATIENCE_SECONDS + changes / READ_PER_SECOND_AT_LEAST):
        while (await process.metrics()).get("received_total", 0.0) < changes:  # noqa: ASYNC110 - the daemon tells nobody
            await asyncio.sleep(WATCH_SECONDS)
    return Reading(time.monotonic() - started_at, process.cpu_seconds - cpu_before)


async def _deliver(stage: Stage, entities: int) -> None:
    """Let the daemon deliver what has waited, for a while."""
    deadline = time.monotonic() + DELIVERING_SECONDS
    while time.monotonic() < deadline and len(stage.emulator.history.applied) < entities:  # noqa: ASYNC110 - DnB tells nobody
        await asyncio.sleep(WATCH_SECONDS)
