"""Moment's changes of customers, in bulk: as many to a second as Kafka takes."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

import msgspec
from aiokafka import AIOKafkaProducer

from bench.bounds.staging import Stage

if TYPE_CHECKING:
    from aiokafka.producer import BatchBuilder  # the library shows the class nowhere but in what it returns

BATCH_BYTES = 512 * 1024
FIRST_ID = 70_000_000
FIRST_NUMBER = 100_000
NAME = re.compile(r"Kunde (\d+) utgave (\d+) AS")


class Subject(msgspec.Struct, frozen=True):
    """One version of one customer: of the tenants' customers the one at `position`."""

    position: int
    version: int


def drawn(count: int, entities: int) -> Iterator[Subject]:
    """Yield so many changes of so many customers, in random order; the versions of each follow each other."""
    chance = random.Random(1)  # noqa: S311 - chance that must repeat, not secrecy
    versions: Counter[int] = Counter()
    for _ in range(count):
        position = chance.randrange(entities)
        versions[position] += 1
        yield Subject(position, versions[position])


def tenant_of(stage: Stage, position: int) -> str:
    """Return whose customer that is."""
    return stage.tenants[position % len(stage.tenants)]


def record(stage: Stage, subject: Subject, occurred_at: str = "2026-03-14T10:11:12.345Z") -> tuple[bytes, bytes]:
    """Return key and value of the change as Moment publishes it."""
    position, tenant = subject.position, tenant_of(stage, subject.position)
    change = {
        "environment": "production",
        "tenant": tenant,
        "kind": "customer",
        "id": FIRST_ID + position,
        "version": subject.version,
        "operation": "update",
        "occurredAt": occurred_at,
        "data": {
            "customerNumber": str(FIRST_NUMBER + position // len(stage.tenants)),
            "name": f"Kunde {position} utgave {subject.version} AS",
            "email": f"post@kunde-{position}.example",
            "phoneNumber": "22334455",
            "address": {"addressLine1": f"Storgata {position % 200}", "postalCode": "0155", "city": "Oslo"},
            "currencyCode": "NOK",
            "creditTermDays": 14,
        },
    }
    return tenant.encode(), msgspec.json.encode(change)


def told(name: str) -> Subject | None:
    """Return which version a customer's name in DnB tells of."""
    found = NAME.search(name)
    return Subject(int(found[1]), int(found[2])) if found else None


async def publish(stage: Stage, subjects: Iterable[Subject]) -> None:
    """Publish changes in bulk, each to its tenant's partition."""
    async with Filling(stage.bootstrap, stage.topic) as filling:
        for subject in subjects:
            key, value = record(stage, subject)
            await filling.add(stage.partition_of(key.decode()), key, value)


class Filling:
    """Writes records to the partitions of a topic in large batches."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        """Take the broker and the topic."""
        self._topic = topic
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES)
        self._batches: dict[int, BatchBuilder] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is left, and disconnect."""
        for partition in list(self._batches):
            await self._send(partition)
        await self._producer.stop()

    async def add(self, partition: int, key: bytes, value: bytes) -> None:
        """Add a record; it is written by the end of the block."""
        batch = self._batches.get(partition)
        if batch is not None and batch.append(key=key, value=value, timestamp=None) is not None:
            return
        if batch is not None:
            await self._send(partition)
        self._batches[partition] = self._producer.create_batch()
        self._batches[partition].append(key=key, value=value, timestamp=None)

    async def _send(self, partition: int) -> None:
        batch = self._batches.pop(partition)
        await (await self._producer.send_batch(batch, self._topic, partition=partition))
