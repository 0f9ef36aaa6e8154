"""The ledger topic lost: a refusal to start, and a rebuild that reads DnB instead of writing it again."""

from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from daemon.sandbox.judging import Verdict
from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka, create_topic

CONFIGURATION_EXIT = 78


async def delete_topic(stage: Scene, topic: str) -> None:
    """Delete a topic, as an accident would."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()


@pytest.mark.parametrize("keeps_disk", [True, False])
async def test_a_lost_ledger_is_refused_and_can_be_rebuilt(kafka: Kafka, tmp_path: Path, *, keeps_disk: bool) -> None:
    """Without its ledger the daemon does not start and says what to do; the rebuild delivers by reading, once."""
    async with scene(kafka, tmp_path, story="customers") as stage:
        records = stage.planted(seed=4, events=300)
        process = stage.process("first")
        process.start()
        await stage.publish(records)
        await stage.rest(process)
        assert 0 == await process.stop()
        await delete_topic(stage, f"{stage.topic}.ledger")
        writes = len(stage.emulator.history.applied)
        again = process if keeps_disk else stage.process("second")
        again.start()
        assert CONFIGURATION_EXIT == await again.ended()
        assert "the ledger is lost" in again.tail()
        assert "run --rebuild-ledger" in again.tail()
        again.start("--rebuild-ledger")
        await stage.rest(again)
        assert 0 == await again.stop()
        assert writes == len(stage.emulator.history.applied)
        verdict = await stage.verdict(records, disk="first" if keeps_disk else "second")
    assert Verdict() == verdict


async def test_a_ledger_of_another_size_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """A ledger topic with another number of partitions than the input is refused, with the command that mends it."""
    async with scene(kafka, tmp_path) as stage:
        await create_topic(stage.bootstrap, f"{stage.topic}.ledger", 3, {"cleanup.policy": "compact"})
        process = stage.process()
        process.start()
        assert CONFIGURATION_EXIT == await process.ended()
        assert "moment-dnb ledger grow" in process.tail()


async def test_a_ledger_that_would_forget_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """A ledger topic that is not compacted is refused, with the setting that mends it."""
    async with scene(kafka, tmp_path) as stage:
        await create_topic(stage.bootstrap, f"{stage.topic}.ledger", 4)
        process = stage.process()
        process.start()
        assert CONFIGURATION_EXIT == await process.ended()
        assert "its cleanup.policy is delete; set it to compact alone" in process.tail()
