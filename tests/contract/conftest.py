"""The brokers that the contract is tested on: the real Kafka, and the embedded one of the demo."""

from collections.abc import Generator
from typing import Literal

import msgspec
import pytest

from daemon.core.model import Partition
from daemon.edges.ledger_topic import ledger_of
from daemon.sandbox.broker import embedded_broker
from tests.kafka_broker import Kafka, create_topic, fresh_name

PARTITIONS = 4
"""As many as the embedded broker gives every topic on its first use."""


class Broker(msgspec.Struct, frozen=True):
    """A broker, and whether topics must be created on it."""

    bootstrap: str
    kind: Literal["real", "embedded"]

    async def input(self) -> Partition:
        """Return partition 1 of a new input topic, which has a ledger beside it."""
        topic = fresh_name("input")
        if self.kind == "real":
            await create_topic(self.bootstrap, topic, PARTITIONS)
            await create_topic(self.bootstrap, ledger_of(topic), PARTITIONS, {"cleanup.policy": "compact"})
        return Partition(topic, 1)


@pytest.fixture(params=["real", "embedded"])
def broker(request: pytest.FixtureRequest) -> Generator[Broker]:
    """Each broker in turn, for what both of them can do."""
    if request.param == "embedded":
        with embedded_broker() as bootstrap:
            yield Broker(bootstrap, "embedded")
    else:
        kafka: Kafka = request.getfixturevalue("kafka")
        yield Broker(kafka.bootstrap, "real")


@pytest.fixture
def real(kafka: Kafka) -> Broker:
    """The real Kafka, for what the embedded broker cannot do."""
    return Broker(kafka.bootstrap, "real")
