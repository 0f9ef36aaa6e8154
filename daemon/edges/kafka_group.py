"""What the cluster says of the consumer group: how far it has committed, and who is in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self, TypeVar

import anyio
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
    for_code,
)

from daemon.core.model import Partition
from daemon.edges.kafka_connection import connection, source_errors
from daemon.errors import SourceError
from daemon.settings import Settings

T = TypeVar("T")

ATTEMPTS = 20
AGAIN_SECONDS = 0.5
"""A cluster whose coordinator is moving, or that has never had a group, needs some seconds to name one."""


class Group:
    """The daemon's consumer group seen from outside: asking does not make one a member."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is connected yet."""
        self._name = settings.group
        self._admin = AIOKafkaAdminClient(**connection(settings))

    async def __aenter__(self) -> Self:
        """Connect; raises `SourceError`."""
        with source_errors("connecting to Kafka"):
            await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._admin.close()

    async def committed(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Return the committed offsets of those partitions that have one."""
        at = [TopicPartition(partition.topic, partition.number) for partition in partitions]
        with source_errors(f"reading the offsets of the group {self._name}"):
            found = await _patient(lambda: self._admin.list_consumer_group_offsets(self._name, partitions=at))
        return {Partition(*one): offset.offset for one, offset in found.items() if offset.offset >= 0}

    async def members(self) -> int:
        """Return how many members the group has now."""
        with source_errors(f"looking up the group {self._name}"):
            [reply] = await _patient(lambda: self._admin.describe_consumer_groups([self._name]))
        [(code, _, _, _, _, members, *_)] = reply.groups
        if code and for_code(code).__name__ != "GroupIdNotFound":
            text = f"looking up the group {self._name}: {for_code(code).__name__}"
            raise SourceError(text)
        return len(members)


async def _patient(ask: Callable[[], Awaitable[T]]) -> T:
    """Return the coordinator's answer, asked again while the cluster has none to name."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await ask()
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError):
            await anyio.sleep(AGAIN_SECONDS)
    return await ask()
