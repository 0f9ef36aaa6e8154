"""The broker taken away and brought back in the middle of the work, in good order and by a crash."""

import asyncio
import time
from pathlib import Path

import pytest

from daemon.sandbox.generating import planted
from tests.integration.scene import scene
from tests.integration.test_kill import ZEROS, calls, numbers
from tests.kafka_broker import LocalKafka

AWAY_SECONDS = 4.0
"""Long enough for every client to notice, short beside the session timeout."""


@pytest.mark.parametrize("way", ["stopped", "killed"])
async def test_a_broker_that_comes_back_finds_the_daemon_at_work(
    restartable_kafka: LocalKafka, tmp_path: Path, way: str
) -> None:
    """The daemon outlives its only broker: it waits, goes on, and nothing is lost, repeated or reversed."""
    async with scene(restartable_kafka, tmp_path) as stage:
        records = planted(seed=8, events=600, tenants=tuple(stage.companies), started_at=time.time())
        process = stage.process()
        process.start()
        await stage.publish(records[:400])
        await calls(stage, 60)
        await asyncio.to_thread(restartable_kafka.stop if way == "stopped" else restartable_kafka.kill)
        await asyncio.sleep(AWAY_SECONDS)
        await asyncio.to_thread(restartable_kafka.start)
        await stage.publish(records[400:])
        await stage.rest(process)
        assert 0 == await process.stop()
        verdict = await stage.verdict(records)
    assert ((), ZEROS) == (verdict.findings, numbers(verdict))
