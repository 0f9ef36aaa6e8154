"""A rolling restart of three replicas under load: how long a change is stalled, and what calls it costs.

Played in the two ways that Kubernetes has: each replica stopped and started again under its member id and with its
disk, as a StatefulSet does, and each replaced by a new member with an empty disk that is started first, as a Deployment
does.
"""

import asyncio
import bisect
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import msgspec

from bench.bounds.changing import Subject, drawn, record, told
from bench.bounds.figures import Figure, Size
from bench.bounds.serving import served
from bench.bounds.staging import PATIENCE_SECONDS, Measured, Stage, staged
from daemon.sandbox.publishing import publishing
from tests.kafka_broker import Kafka

NAME = "rolling"
REPLICAS = ("a", "b", "c")
ENTITIES = 2_000
CHANGES_PER_SECOND = 50.0
DRAIN_SECONDS = 20.0
"""The usual time for calls in flight, when a partition is given up."""

P99_SECONDS = 5.0
BEYOND_DRAIN_SECONDS = 5.0
IN_FLIGHT = 64
"""Calls that one replica has in flight at most: so many reads may be made again for each restart, and no write."""

TICK_SECONDS = 0.1
REST_SECONDS = 3.0
"""Nothing has been written for so long when all is delivered."""


Roll = Callable[[Stage, Measured], Awaitable[None]]
"""What is done to each replica in its turn."""


class Played(msgspec.Struct, frozen=True):
    """What a load cost: the stall of each change in seconds, the calls, and the writes that brought something twice."""

    stalls: list[float]
    calls: int
    writes: int
    twice: int

    @property
    def calls_per_write(self) -> float:
        """What one delivery costs."""
        return self.calls / self.writes

    def stall_at(self, percent: int) -> float:
        """Return the stall that so many percent of the changes do not exceed."""
        ordered = sorted(self.stalls)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def measure(kafka: Kafka, folder: Path, size: Size) -> list[Figure]:
    """Play the same load on replicas that are let alone, that are restarted in turn, and that are replaced in turn."""
    quiet = await _played(kafka, folder / "quiet", size.seconds, _let_alone)
    restarted = await _played(kafka, folder / "restarted", size.seconds, _restart)
    replaced = await _played(kafka, folder / "replaced", size.seconds, _replace)
    return [
        _figure("stall of a change without restarts, p99", quiet.stall_at(99), "s"),
        _figure("calls for each delivery without restarts", quiet.calls_per_write, "calls"),
        *_figures("restarted", restarted, quiet),
        *_figures("replaced", replaced, quiet),
    ]


def _figures(how: str, played: Played, quiet: Played) -> list[Figure]:
    again = played.calls - quiet.calls_per_write * played.writes
    return [
        _figure(f"{how}: stall of a change, p50", played.stall_at(50), "s"),
        _figure(f"{how}: stall of a change, p99", played.stall_at(99), "s", P99_SECONDS),
        _figure(f"{how}: stall of a change, longest", max(played.stalls), "s", DRAIN_SECONDS + BEYOND_DRAIN_SECONDS),
        _figure(f"{how}: calls for each delivery", played.calls_per_write, "calls"),
        _figure(f"{how}: calls beyond those without restarts", again, "calls", float(IN_FLIGHT * len(REPLICAS))),
        _figure(f"{how}: versions written twice", played.twice, "writes", 0.0),
    ]


def _figure(name: str, value: float, unit: str, at_most: float | None = None) -> Figure:
    return Figure(scenario=NAME, name=name, value=value, unit=unit, at_most=at_most)


async def _played(kafka: Kafka, folder: Path, seconds: float, roll: Roll) -> Played:
    async with staged(kafka, folder, partitions=6) as stage, served(stage):
        replicas = [stage.process(name, is_static=roll is not _replace) for name in REPLICAS]
        for replica in replicas:
            await replica.ready(PATIENCE_SECONDS)
        await asyncio.sleep(REST_SECONDS)
        async with asyncio.TaskGroup() as tasks:
            load = tasks.create_task(_load(stage, seconds))
            tasks.create_task(_rolled(stage, replicas, seconds, roll))
        await _rest(stage)
        return _judged(stage, load.result())


async def _rolled(stage: Stage, replicas: list[Measured], seconds: float, roll: Roll) -> None:
    """Roll one after the other, spread over the time of the load."""
    for replica in replicas:
        await asyncio.sleep(seconds / (len(replicas) + 1))
        await roll(stage, replica)


async def _let_alone(stage: Stage, replica: Measured) -> None:
    """Do nothing to it."""


async def _restart(stage: Stage, replica: Measured) -> None:  # noqa: ARG001 - as all of them
    """Stop it, and start it again."""
    await replica.stop()
    await replica.ready(PATIENCE_SECONDS)


async def _replace(stage: Stage, replica: Measured) -> None:
    """Start another, and stop it when that one is ready."""
    await stage.process(f"next-{len(stage.processes)}", is_static=False).ready(PATIENCE_SECONDS)
    await replica.stop()


async def _load(stage: Stage, seconds: float) -> dict[Subject, float]:
    """Publish changes at an even pace, and return when each was published."""
    subjects = list(drawn(round(seconds * CHANGES_PER_SECOND), ENTITIES))
    published: dict[Subject, float] = {}
    started_at = time.monotonic()
    async with publishing(stage.bootstrap, stage.topic) as publisher:
        while len(published) < len(subjects):
            elapsed = time.monotonic() - started_at
            due = subjects[len(published) : int(elapsed * CHANGES_PER_SECOND)]
            published.update(dict.fromkeys(due, time.time()))
            await publisher.publish([record(stage, subject) for subject in due])
            await asyncio.sleep(TICK_SECONDS)
    return published


async def _rest(stage: Stage) -> None:
    """Wait until nothing has been written for a while."""
    writes, since = -1, time.monotonic()
    while time.monotonic() < since + REST_SECONDS:
        if len(stage.emulator.history.applied) != writes:
            writes, since = len(stage.emulator.history.applied), time.monotonic()
        await asyncio.sleep(TICK_SECONDS)


def _judged(stage: Stage, published: dict[Subject, float]) -> Played:
    """Return what became of every change: it has arrived when its version, or a newer one, was written."""
    written: dict[int, list[tuple[int, float]]] = {}
    versions: Counter[Subject] = Counter()
    for one in stage.emulator.history.applied:
        subject = told(cast("Any", one.row)["Info"]["Name"]) if one.route == "customers" else None
        if subject is not None:
            written.setdefault(subject.position, []).append((subject.version, one.at))
            versions[subject] += 1
    stalls = [_arrived(written.get(subject.position, []), subject.version) - at for subject, at in published.items()]
    return Played(
        stalls=stalls,
        calls=stage.emulator.history.calls_total,
        writes=versions.total(),
        twice=versions.total() - len(versions),
    )


def _arrived(writes: list[tuple[int, float]], version: int) -> float:
    """Return when this version or a newer one was written; never, if it was not."""
    ordered = sorted(writes)
    place = bisect.bisect_left(ordered, (version, 0.0))
    return min((at for _, at in ordered[place:]), default=float("inf"))
