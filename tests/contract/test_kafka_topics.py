"""The topics the daemon needs, on a real Kafka: created where they are missing, refused where they are wrong."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from daemon.edges.kafka_topics import COMPACTION_LAG_MILLISECONDS, Topics, prepare_topics
from daemon.edges.ledger_topic import LARGEST_ENTRY_BYTES, ledger_of
from daemon.errors import ConfigurationError, SourceError
from daemon.settings import Settings
from tests.kafka_broker import Kafka, create_topic, free_ports, fresh_name

COMPACTED = {"cleanup.policy": "compact"}


def settings(bootstrap: str, *topics: str, replication: int = 1) -> Settings:
    """Return settings for these topics, with dead letters beside the first."""
    return Settings(
        kafka_bootstrap=bootstrap,
        topics=topics,
        dead_letter_topic=f"{topics[0]}.dead-letters",
        replication=replication,
        min_insync=1,
        tenants_file=Path("unused"),
        dnb_base_url="http://unused",
        dnb_client_id="unused",
        dnb_private_key="unused",
    )


async def configs(bootstrap: str, topic: str) -> dict[str, str]:
    """Return the configuration of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        replies = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    return {str(entry[0]): str(entry[1]) for entry in replies[0].resources[0][4]}


async def test_ledger_and_dead_letters_are_created_where_they_are_missing(kafka: Kafka) -> None:
    """A first start makes a compacted ledger with as many partitions as the input, and a topic for dead letters."""
    first, second = fresh_name("input"), fresh_name("input")
    await create_topic(kafka.bootstrap, first, 3)
    await create_topic(kafka.bootstrap, second, 2)
    wanted = settings(kafka.bootstrap, first, second)
    await prepare_topics(wanted)
    await prepare_topics(wanted)
    async with Topics(wanted) as topics:
        made = [await topics.partitions(one) for one in (ledger_of(first), ledger_of(second), f"{first}.dead-letters")]
    assert [3, 2, 1] == made
    found = await configs(kafka.bootstrap, ledger_of(first))
    assert ("compact", str(COMPACTION_LAG_MILLISECONDS), str(LARGEST_ENTRY_BYTES), "1") == (
        found["cleanup.policy"],
        found["min.compaction.lag.ms"],
        found["max.message.bytes"],
        found["min.insync.replicas"],
    )


async def test_a_missing_input_topic_is_refused(kafka: Kafka) -> None:
    """The daemon does not make up its input: a misspelt topic would look like an idle one."""
    topic = fresh_name("missing")
    with pytest.raises(ConfigurationError, match=f"topic {topic} of MOMENT_DNB_TOPICS does not exist"):
        await prepare_topics(settings(kafka.bootstrap, topic))


async def test_a_ledger_of_another_size_is_refused(kafka: Kafka) -> None:
    """Entries lie beside their records: a ledger with other partitions is refused with the command that mends it."""
    topic = fresh_name("input")
    await create_topic(kafka.bootstrap, topic, 3)
    await create_topic(kafka.bootstrap, ledger_of(topic), 2, COMPACTED)
    with pytest.raises(ConfigurationError, match=r"has 2 partitions and .* has 3: .*`moment-dnb ledger grow`"):
        await prepare_topics(settings(kafka.bootstrap, topic))


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
async def test_a_ledger_that_would_forget_is_refused(kafka: Kafka, policy: str) -> None:
    """A ledger that is not compacted loses entries after some days, and so does one that is compacted and deleted."""
    topic = fresh_name("input")
    await create_topic(kafka.bootstrap, topic, 1)
    await create_topic(kafka.bootstrap, ledger_of(topic), 1, {"cleanup.policy": policy})
    with pytest.raises(ConfigurationError, match=rf"would forget: its cleanup.policy is {policy}; set it to compact"):
        await prepare_topics(settings(kafka.bootstrap, topic))


async def test_a_topic_that_cannot_be_created_names_the_settings(kafka: Kafka) -> None:
    """With fewer brokers than replicas nothing can be created: the operator reads which settings to see."""
    topic = fresh_name("input")
    await create_topic(kafka.bootstrap, topic, 1)
    with pytest.raises(ConfigurationError, match=r"creating .*ReplicationFactor.* MOMENT_DNB_REPLICATION and"):
        await prepare_topics(settings(kafka.bootstrap, topic, replication=30))


async def test_another_replica_that_was_faster_is_no_error(kafka: Kafka) -> None:
    """Replicas that start at once all find their topics, and whoever was slower looks at what the other made."""
    topic = fresh_name("input")
    await create_topic(kafka.bootstrap, topic, 1)
    wanted = settings(kafka.bootstrap, topic)
    await asyncio.gather(*(prepare_topics(wanted) for _ in range(4)))
    async with Topics(wanted) as topics:
        assert not await topics.create(ledger_of(topic), 1, {})
        assert 1 == await topics.partitions(ledger_of(topic))


async def test_a_broker_that_is_not_there_is_told_with_where_to_look() -> None:
    """A dead broker, a wrong address: one line that names the settings."""
    [port] = free_ports(1)
    with pytest.raises(SourceError, match=r"connecting to Kafka: .*MOMENT_DNB_KAFKA_BOOTSTRAP"):
        await prepare_topics(settings(f"127.0.0.1:{port}", "any"))
