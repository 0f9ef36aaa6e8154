"""A daemon that is killed: how long nothing is delivered, with a restart and, by its partner, without one."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

from bench.beside import beside
from bench.bounds.changing import Subject, record
from bench.bounds.figures import Figure, Size
from bench.bounds.serving import first_write, served
from bench.bounds.staging import LOOK_SECONDS, PATIENCE_SECONDS, Measured, Stage, staged
from daemon.sandbox.publishing import publishing
from tests.kafka_broker import Kafka

NAME = "kill"
RESTARTED_SECONDS = 3.0
SESSION_SECONDS = 30.0
"""The usual session timeout: by then Kafka knows that a member is gone."""

PAUSE_SECONDS = 0.2
"""Between two changes of all tenants."""

SETTLING_SECONDS = 0.5
"""After a kill: what DnB had been asked for has been written by then."""


async def measure(kafka: Kafka, folder: Path, size: Size) -> list[Figure]:
    """Kill a daemon again and again while changes arrive, then one of two."""
    async with staged(kafka, folder) as stage, served(stage), _load(stage):
        process = stage.process()
        await process.ready(PATIENCE_SECONDS)
        await first_write(stage, 0, PATIENCE_SECONDS)
        seconds = [await _restarted(stage, process) for _ in range(size.repetitions)]
        partner = stage.process("b")
        await partner.ready(PATIENCE_SECONDS)
        await _all_written(stage, time.time())
        process.kill()
        killed_at = time.time()
        alone = await _all_written(stage, killed_at + SETTLING_SECONDS) - killed_at
    name = "from the start of the next process to the first delivery"
    return [
        _figure(f"{name}, worst of {len(seconds)}", max(seconds), RESTARTED_SECONDS),
        _figure(f"{name}, median", statistics.median(seconds)),
        _figure(f"without a restart, two replicas, session {SESSION_SECONDS:g} s: until all tenants are served", alone),
    ]


def _figure(name: str, value: float, at_most: float | None = None) -> Figure:
    return Figure(scenario=NAME, name=name, value=value, unit="s", at_most=at_most)


async def _restarted(stage: Stage, process: Measured) -> float:
    """Kill the daemon and start it again, and return how long the new process needs to deliver something."""
    process.kill()
    await asyncio.sleep(SETTLING_SECONDS)
    writes, started_at = len(stage.emulator.history.applied), time.time()
    process.start()
    return (await first_write(stage, writes, PATIENCE_SECONDS)).at - started_at


async def _all_written(stage: Stage, after: float) -> float:
    """Return when the last of the tenants had something written that was applied after that instant."""
    begin = len(stage.emulator.history.applied)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            first = dict[str, float]()
            for one in stage.emulator.history.applied[begin:]:
                if one.route == "customers" and one.at > after:
                    first.setdefault(one.company, one.at)
            if len(first) == len(stage.tenants):
                return max(first.values())
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def _load(stage: Stage) -> AsyncGenerator[None]:
    """Change a customer of every tenant again and again, for the length of the block."""
    async with publishing(stage.bootstrap, stage.topic) as publisher:

        async def change() -> None:
            for version in range(1, 1_000_000):
                await publisher.publish(_changes(stage, version))
                await asyncio.sleep(PAUSE_SECONDS)

        async with beside(change()):
            yield


def _changes(stage: Stage, version: int) -> list[tuple[bytes, bytes | None]]:
    subjects: Iterable[Subject] = (Subject(position, version) for position in range(len(stage.tenants)))
    return [record(stage, subject) for subject in subjects]
