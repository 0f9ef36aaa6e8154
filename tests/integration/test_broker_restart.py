"""The broker taken away and brought back in the middle of the work, in good order and by a crash."""

import asyncio
from pathlib import Path

import pytest

from daemon.sandbox.judging import Verdict
from tests.integration.scene import scene
from tests.integration.test_kill import calls
from tests.kafka_broker import LocalKafka

AWAY_SECONDS = 4.0
"""Long enough for every client to notice, short beside the session timeout."""


@pytest.mark.parametrize("way", ["stopped", "killed"])
async def test_a_broker_that_comes_back_finds_the_daemon_at_work(
    restartable_kafka: LocalKafka, tmp_path: Path, way: str
) -> None:
    """The daemon outlives its only broker: it waits, goes on, and nothing is lost, repeated or reversed."""
    async with scene(restartable_kafka, tmp_path, story="whole") as stage:
        records = stage.planted(seed=8, events=600)
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
    assert Verdict() == verdict
