"""Looking whether the topics are still what they were, on a real Kafka."""

import anyio
import msgspec
import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from daemon.edges import topic_watch
from daemon.edges.kafka_topics import prepare_topics
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.topic_watch import topics_changed
from daemon.errors import SourceError
from tests.contract.conftest import PARTITIONS, Broker
from tests.contract.test_kafka_topics import settings
from tests.kafka_broker import free_ports

SEVERAL_LOOKS_SECONDS = 1.0
SECONDS = 20.0


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than a daemon would."""
    monkeypatch.setattr(topic_watch, "LOOK_SECONDS", 0.1)


async def test_nothing_is_told_while_nothing_changes(real: Broker) -> None:
    """It looks for ever."""
    topic = (await real.input()).topic
    await prepare_topics(settings(real.bootstrap, topic))
    with anyio.move_on_after(SEVERAL_LOOKS_SECONDS) as looking:
        await topics_changed(settings(real.bootstrap, topic))
    assert looking.cancelled_caught


async def test_a_topic_that_was_given_partitions_is_told_with_the_repair(real: Broker) -> None:
    """Of several topics the one that has changed is named."""
    same, grown = (await real.input()).topic, (await real.input()).topic
    await prepare_topics(settings(real.bootstrap, same, grown))
    client = AIOKafkaAdminClient(bootstrap_servers=real.bootstrap)
    await client.start()
    await client.create_partitions({grown: NewPartitions(PARTITIONS + 2)})
    await client.close()
    with anyio.fail_after(SECONDS):
        told = await topics_changed(settings(real.bootstrap, same, grown))
    assert f"{ledger_of(grown)} has {PARTITIONS} partitions and {grown} has {PARTITIONS + 2}: " in told
    assert "moment-dnb ledger grow" in told


@pytest.mark.parametrize("which", ["input", "ledger", "dead letters"])
async def test_a_topic_that_is_gone_is_told(real: Broker, which: str) -> None:
    """The input, the ledger or the dead letters: without any of them what comes in cannot be settled."""
    topic = (await real.input()).topic
    asked = msgspec.structs.replace(settings(real.bootstrap, topic), dead_letter_topic=f"{topic}.dead")
    await prepare_topics(asked)
    name = {"input": topic, "ledger": ledger_of(topic), "dead letters": asked.dead_letter_topic}[which]
    client = AIOKafkaAdminClient(bootstrap_servers=real.bootstrap)
    await client.start()
    await client.delete_topics([name])
    await client.close()
    with anyio.fail_after(SECONDS), pytest.raises(SourceError, match=f"the topic {name} is gone"):
        await topics_changed(asked)


async def test_a_kafka_that_cannot_be_asked_is_no_change() -> None:
    """A broker that is away for a while stops nobody here: it is looked again, and told in the log."""
    [port] = free_ports(1)
    with structlog.testing.capture_logs() as logs, anyio.move_on_after(SEVERAL_LOOKS_SECONDS) as looking:
        await topics_changed(settings(f"127.0.0.1:{port}", "any"))
    assert looking.cancelled_caught
    assert {"topics.look_failed"} == {line["event"] for line in logs}
