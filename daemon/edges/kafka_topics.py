"""The topics the daemon needs: checked at start, the ledger and the dead letters created where they are missing."""

from collections.abc import Mapping
from typing import Any, Self

import anyio
import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from daemon.edges.kafka_connection import connection, source_errors
from daemon.edges.ledger_topic import LARGEST_ENTRY_BYTES, ledger_of
from daemon.errors import ConfigurationError, SourceError
from daemon.settings import Settings, variable

LOOK_AGAIN_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""The waits before another look: the client asks any broker, and one that is away is soon replaced or back."""

log = structlog.get_logger()

COMPACTION_LAG_MILLISECONDS = 24 * 3_600 * 1_000
"""Entries stay uncompacted this long, so that what happened yesterday can still be read in the ledger."""


class Topics:
    """What the cluster says of its topics, and the ones made here."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is connected yet."""
        self._settings = settings
        self._admin = AIOKafkaAdminClient(**connection(settings))

    async def __aenter__(self) -> Self:
        """Connect; raises `SourceError`."""
        with source_errors("connecting to Kafka"):
            await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._admin.close()

    async def partitions(self, topic: str) -> int | None:
        """Return how many partitions a topic has, None if it does not exist."""
        with source_errors(f"looking up the topic {topic}"):
            described = await self._admin.describe_topics([topic])
        code = described[0]["error_code"]
        if code and for_code(code).__name__ == "UnknownTopicOrPartitionError":
            return None
        if code:
            text = f"looking up the topic {topic}: {for_code(code).__name__}"
            raise SourceError(text)
        return len(described[0]["partitions"])

    async def cleanup_policy(self, topic: str) -> str:
        """Return the topic's cleanup policy, as in `compact`."""
        with source_errors(f"reading the configuration of the topic {topic}"):
            replies = await self._admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        entries = replies[0].resources[0][4]
        return next(str(entry[1]) for entry in entries if entry[0] == "cleanup.policy")

    async def create(self, topic: str, partitions: int, configs: Mapping[str, str]) -> bool:
        """Create a topic with the replication of the settings; False if it was there, as another replica was faster."""
        new = NewTopic(
            topic,
            partitions,
            self._settings.replication,
            topic_configs={"min.insync.replicas": str(self._settings.min_insync), **configs},
        )
        reply = await self._created(topic, new)
        for _, code, *rest in reply.topic_errors:
            if code and issubclass(for_code(code), TopicAlreadyExistsError):
                return False
            if code:
                names = f"{variable('replication')} and {variable('min_insync')}"
                text = f"creating the topic {topic}: {for_code(code).__name__} {rest}; create it by hand or see {names}"
                raise ConfigurationError(text)
        return True

    async def grow(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions, `partitions` in all."""
        with source_errors(f"giving the topic {topic} more partitions"):
            await self._admin.create_partitions({topic: NewPartitions(partitions)})

    async def _created(self, topic: str, new: NewTopic) -> Any:  # noqa: ANN401 - aiokafka's reply has no type
        with source_errors(f"creating the topic {topic}"):
            return await self._admin.create_topics([new])


async def prepare_topics(settings: Settings) -> None:
    """Check the input topics, and create ledgers and dead letters where they are missing.

    Raises `ConfigurationError` naming the topic and the repair, `SourceError` if Kafka cannot be asked.
    """
    async with Topics(settings) as topics:
        for seconds in LOOK_AGAIN_SECONDS:
            try:
                await _prepare(topics, settings)
            except SourceError as error:
                log.warning("topics.not_looked_up", error=str(error), again_in=seconds)
                await anyio.sleep(seconds)
            else:
                return
        await _prepare(topics, settings)


async def _prepare(topics: Topics, settings: Settings) -> None:
    for topic in settings.topics:
        partitions = await topics.partitions(topic)
        if partitions is None:
            text = f"the topic {topic} of {variable('topics')} does not exist: create it, or name the right one"
            raise ConfigurationError(text)
        await _prepare_ledger(topics, topic, partitions)
    if await topics.partitions(settings.dead_letter_topic) is None:
        await topics.create(settings.dead_letter_topic, 1, {"max.message.bytes": str(LARGEST_ENTRY_BYTES)})


def other_size(topic: str, partitions: int, found: int) -> str:
    """Return what is told of a ledger that has other partitions than its input topic."""
    return (
        f"the ledger topic {ledger_of(topic)} has {found} partitions and {topic} has {partitions}: "
        "stop all replicas and run `moment-dnb ledger grow`"
    )


async def _prepare_ledger(topics: Topics, topic: str, partitions: int) -> None:
    ledger = ledger_of(topic)
    found = await topics.partitions(ledger)
    if found is None:
        configs = {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(COMPACTION_LAG_MILLISECONDS),
            "max.message.bytes": str(LARGEST_ENTRY_BYTES),
        }
        if not await topics.create(ledger, partitions, configs):
            text = f"the ledger topic {ledger} has just been created by another, and is not seen everywhere yet"
            raise SourceError(text)
    elif found != partitions:
        raise ConfigurationError(other_size(topic, partitions, found))
    elif (policy := await topics.cleanup_policy(ledger)) != "compact":
        text = f"the ledger topic {ledger} would forget: its cleanup.policy is {policy}; set it to compact alone"
        raise ConfigurationError(text)
