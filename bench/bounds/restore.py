"""Restoring a large ledger: onto an empty disk, and with the disk that the last process left."""

import statistics
from pathlib import Path

from bench.bounds.figures import MEBIBYTE, Figure, Size
from bench.bounds.serving import served
from bench.bounds.staging import PATIENCE_SECONDS, Measured, Stage, staged
from bench.ledgers import Holder, Ledger
from tests.kafka_broker import Kafka

NAME = "restore"
COLD_SECONDS = 20.0
KEPT_SECONDS = 1.0
STARTS = 3

PATIENCE_FOR_ENTRIES = 1_000.0
"""So many entries are restored in a second even by the slowest machine."""


async def measure(kafka: Kafka, folder: Path, size: Size) -> list[Figure]:
    """Start a process with an empty ledger, then one that must restore a large one, then that one again."""
    async with staged(kafka, folder / "empty", partitions=size.partitions) as stage, served(stage):
        process = stage.process()
        await process.ready(PATIENCE_SECONDS)
        empty_bytes = process.peak_bytes
        empty_seconds = await _again(process)
    async with staged(kafka, folder / "full", partitions=size.partitions) as stage, served(stage):
        await _ledger(stage, size.entries).write()
        process, patience = stage.process(), PATIENCE_SECONDS + size.entries / PATIENCE_FOR_ENTRIES
        cold_seconds = await process.ready(patience)
        cold_cpu, cold_bytes = process.cpu_seconds, process.peak_bytes
        kept_seconds = await _again(process)
        kept_cpu = process.cpu_seconds
    return [
        _figure(f"cold restore of {size.entries:,} entries, start to ready", cold_seconds, "s", COLD_SECONDS),
        _figure("processor time of it", cold_cpu, "s"),
        _figure("peak memory of it", cold_bytes / MEBIBYTE, "MiB"),
        _figure(f"start to ready with an empty ledger, median of {STARTS}", empty_seconds, "s"),
        _figure("peak memory of it", empty_bytes / MEBIBYTE, "MiB"),
        _figure(f"start to ready with its disk kept, median of {STARTS}", kept_seconds, "s"),
        _figure("processor time of the last", kept_cpu, "s"),
        _figure("its disk kept, beyond an empty ledger", kept_seconds - empty_seconds, "s", KEPT_SECONDS),
    ]


def _figure(name: str, value: float, unit: str, at_most: float | None = None) -> Figure:
    return Figure(scenario=NAME, name=name, value=value, unit=unit, at_most=at_most)


async def _again(process: Measured) -> float:
    """Start the process some more times on the disk that it leaves, and return the median of what that took."""
    seconds: list[float] = []
    for _ in range(STARTS):
        await process.stop()
        seconds.append(await process.ready(PATIENCE_SECONDS))
    return statistics.median(seconds)


def _ledger(stage: Stage, entries: int) -> Ledger:
    """Return a ledger in which the stage's tenants have so many customers."""
    return Ledger(
        bootstrap=stage.bootstrap,
        topic=stage.topic,
        partitions=stage.partitions,
        holders=[Holder(name, key, stage.partition_of(name)) for name, key in stage.companies.items()],
        entries=entries,
    )
