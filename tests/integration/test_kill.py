"""The daemon killed in the middle of its work, on a real Kafka, judged by DnB's books."""

import asyncio
import random
import shutil
import time
from pathlib import Path

import pytest

from daemon.sandbox.judging import Verdict
from tests.integration.daemon_process import LOOK_SECONDS
from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka

KILLS = 10
CALLS_BETWEEN_KILLS = (5, 120)
SECONDS_BETWEEN_KILLS = 10.0


async def calls(stage: Scene, count: int) -> None:
    """Wait until DnB has been called so many times more, or the daemon seems to have nothing left to call for."""
    target = stage.emulator.history.calls_total + count
    deadline = time.monotonic() + SECONDS_BETWEEN_KILLS
    while stage.emulator.history.calls_total < target and time.monotonic() < deadline:  # noqa: ASYNC110 - DnB tells nobody
        await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.parametrize("seed", [1, 2])
async def test_ten_kills_lose_nothing_and_repeat_nothing(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """A daemon killed at ten random instants during 1,000 changes leaves the books equal to Moment."""
    instants = random.Random(seed)
    async with scene(kafka, tmp_path, seed=seed, story="whole") as stage:
        records = stage.planted(seed=seed, events=1_000)
        process = stage.process()
        process.start()
        for number in range(KILLS):
            await stage.publish(records[number * 100 : (number + 1) * 100])
            await calls(stage, instants.randint(*CALLS_BETWEEN_KILLS))
            process.kill()
            process.start()
        await stage.rest(process)
        assert 0 == await process.stop()
        verdict = await stage.verdict(records)
    assert Verdict() == verdict


async def test_an_empty_disk_costs_a_restore_and_nothing_else(kafka: Kafka, tmp_path: Path) -> None:
    """A daemon that comes back without its disk knows everything again and sends nothing twice."""
    async with scene(kafka, tmp_path, story="whole") as stage:
        records = stage.planted(seed=3, events=300)
        process = stage.process()
        process.start()
        await stage.publish(records)
        await stage.rest(process)
        process.kill()
        shutil.rmtree(tmp_path / "a" / "data")
        writes = len(stage.emulator.history.applied)
        process.start()
        await stage.publish(records)
        await stage.rest(process)
        assert 0 == await process.stop()
        verdict = await stage.verdict(records + records)
        assert writes == len(stage.emulator.history.applied)
    assert Verdict() == verdict
