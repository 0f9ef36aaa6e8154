"""Two daemons of one group on a real Kafka: one joins and one leaves in the middle of the work."""

from pathlib import Path

from daemon.sandbox.judging import Verdict
from tests.integration.scene import scene
from tests.integration.test_kill import calls
from tests.kafka_broker import Kafka


async def test_a_daemon_that_joins_and_one_that_leaves_lose_nothing(kafka: Kafka, tmp_path: Path) -> None:
    """While changes arrive a second daemon joins and the first one leaves; nothing is lost, repeated or reversed."""
    async with scene(kafka, tmp_path, story="whole") as stage:
        records = stage.planted(seed=5, events=900)
        first, second = stage.process("first"), stage.process("second")
        first.start()
        await stage.publish(records[:300])
        await calls(stage, 60)
        second.start()
        await stage.publish(records[300:600])
        await calls(stage, 200)
        assert 0 == await first.stop()
        await stage.publish(records[600:])
        await stage.rest(second)
        assert 0 == await second.stop()
        verdict = await stage.verdict(records, disk="second")
    assert any(event["event"] == "partitions.revoked" for event in first.events())
    assert Verdict() == verdict
