"""Restoring a large ledger: onto an empty disk, and with the disk that the last process left."""

import random
import statistics
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.bounds.changing import FIRST_ID, FIRST_NUMBER, Filling, tenant_of
from bench.bounds.figures import MEBIBYTE, Figure, Size
from bench.bounds.serving import served
from bench.bounds.staging import PATIENCE_SECONDS, Measured, Stage, staged
from daemon.core.ledger import Entry, encode
from daemon.core.model import Entity, Generation
from daemon.edges.ledger_keys import HANDOVER_KEY, LEDGER_KEY, HandoverRecord, LedgerRecord, encode_record
from daemon.edges.ledger_topic import ledger_of
from tests.kafka_broker import Kafka, create_topic

NAME = "restore"
COLD_SECONDS = 20.0
KEPT_SECONDS = 1.0
GENERATION = Generation(1, 1)
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
        await _fill(stage, size.entries)
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


async def _fill(stage: Stage, entries: int) -> None:
    """Write a ledger as an owner leaves it that has delivered so many customers and handed over."""
    ledger = ledger_of(stage.topic)
    await create_topic(stage.bootstrap, ledger, stage.partitions, {"cleanup.policy": "compact"})
    async with Filling(stage.bootstrap, ledger) as filling:
        for number in range(stage.partitions):
            record = LedgerRecord(f"{number:032x}", GENERATION)
            await filling.add(number, LEDGER_KEY.encode(), encode_record(record))
        for tenant, key, value in _delivered(stage, entries):
            await filling.add(stage.partition_of(tenant), key, value)
        for number in range(stage.partitions):
            handover = encode_record(HandoverRecord(GENERATION, 0))
            await filling.add(number, HANDOVER_KEY.encode(), handover)
    await _commit(stage)


def _delivered(stage: Stage, entries: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield tenant, key and value of the records of delivered customers, in random order."""
    chance = random.Random(1)  # noqa: S311 - chance that must repeat, not secrecy
    companies = {name: sha256(key.encode()).hexdigest()[:16] for name, key in stage.companies.items()}
    positions = list(range(entries))
    chance.shuffle(positions)
    now = time.time()
    for position in positions:
        tenant = tenant_of(stage, position)
        entry = Entry(
            company=companies[tenant],
            generation=GENERATION,
            version=chance.randint(1, 40),
            fingerprint=f"1:{chance.getrandbits(128):032x}",
            dnb_id=1_000 + position,
            number=str(FIRST_NUMBER + position // len(stage.tenants)),
            delivered_at=now - position,
            occurred_at=now - position - 1.0,
        )
        yield tenant, Entity(tenant, "customer", FIRST_ID + position).key.encode(), encode(entry)


async def _commit(stage: Stage) -> None:
    """Commit the beginning of every input partition: the ledger was worked with, and is not a new one."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stage.bootstrap, group_id=stage.topic, enable_auto_commit=False)
    partitions = [TopicPartition(stage.topic, number) for number in range(stage.partitions)]
    async with consumer:
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
