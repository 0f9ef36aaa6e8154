"""Moment's changes for a measurement: tenants, what a change says, and how changes come into Kafka."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterable
from uuid import UUID

import msgspec
from aiokafka import AIOKafkaProducer

from bench.bounds.changing import FIRST_ID, FIRST_NUMBER, Filling
from daemon.edges.kafka_source import REPLAY_HEADER

MICROSECONDS = 1_000_000


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant of a measurement, at its place among the others."""

    name: str
    position: int
    weight: float = 1.0
    quota: float | None = None

    @property
    def company_key(self) -> str:
        """The key of its company in DnB."""
        return str(UUID(int=self.position, version=4))


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one customer, meant to be sent at an instant (UTC µs).

    What DnB is told names the version, the tenant and that instant; `told` is the version it names where that is not
    the change's own, so that nothing DnB can see has changed. A replay is published one by one.
    """

    tenant: Tenant
    customer: int
    version: int = 1
    intended_us: int = 0
    told: int | None = None
    is_replay: bool = False

    @property
    def mark(self) -> str:
        """What the sink calls the customer."""
        return f"{self.tenant.name}-{self.customer}"


def tenants(count: int, stem: str = "tenant", *, first: int = 0) -> list[Tenant]:
    """Return so many equal tenants."""
    return [Tenant(name=f"{stem}{number:03d}", position=first + number) for number in range(count)]


def spread(owners: list[Tenant], count: int, *, version: int = 1, told: int | None = None) -> list[Change]:
    """Return one change of each of so many customers, in turn of each tenant; meant to be sent now."""
    now = now_us()
    return [
        Change(
            tenant=owners[number % len(owners)],
            customer=number // len(owners),
            version=version,
            intended_us=now if told is None else 0,
            told=told,
        )
        for number in range(count)
    ]


def now_us() -> int:
    """Return this instant in UTC microseconds."""
    return time.time_ns() // 1_000


def record(change: Change) -> tuple[bytes, bytes]:
    """Return key and value of the change as Moment publishes it."""
    told = change.version if change.told is None else change.told
    body = {
        "environment": "production",
        "tenant": change.tenant.name,
        "kind": "customer",
        "id": FIRST_ID + change.customer,
        "version": change.version,
        "operation": "update",
        "occurredAt": "2026-03-14T10:11:12.345Z",
        "data": {
            "customerNumber": str(FIRST_NUMBER + change.customer),
            "name": f"Kunde {change.mark} utgave {told} av {change.intended_us}",
            "email": f"post@kunde-{change.customer}.example",
            "phoneNumber": "22334455",
            "address": {"addressLine1": f"Storgata {change.customer % 200}", "postalCode": "0155", "city": "Oslo"},
            "currencyCode": "NOK",
            "creditTermDays": 14,
        },
    }
    return change.tenant.name.encode(), msgspec.json.encode(body)


class Topic(msgspec.Struct, frozen=True):
    """Where changes go: a tenant's all into one partition."""

    bootstrap: str
    name: str
    partitions: int

    def partition_of(self, tenant: Tenant) -> int:
        """Return the partition of a tenant."""
        return tenant.position % self.partitions

    async def fill(self, changes: Iterable[Change]) -> None:
        """Publish changes, as many to a second as Kafka takes; they need not be in memory all at once."""
        async with Filling(self.bootstrap, self.name) as filling:
            for change in changes:
                await filling.add(self.partition_of(change.tenant), *record(change))

    @contextlib.asynccontextmanager
    async def publishing(self) -> AsyncGenerator["Publisher"]:
        """Connect a publisher of single changes for the length of the block."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True)
        async with producer:
            yield Publisher(producer, self)


class Publisher:
    """Publishes changes one by one, each at its instant."""

    def __init__(self, producer: AIOKafkaProducer, topic: Topic) -> None:
        """Take the producer and the topic."""
        self._producer = producer
        self._topic = topic

    async def publish(self, change: Change) -> None:
        """Publish a change; returns when it is on its way."""
        key, value = record(change)
        headers = [(REPLAY_HEADER, b"bench")] if change.is_replay else []
        partition = self._topic.partition_of(change.tenant)
        await self._producer.send(self._topic.name, value, key, partition, headers=headers)

    async def play(self, changes: Iterable[Change]) -> None:
        """Publish changes in their order, each when it is meant to be sent, or at once if that is past."""
        for change in changes:
            wait = (change.intended_us - now_us()) / MICROSECONDS
            if wait > 0:
                await asyncio.sleep(wait)
            await self.publish(change)
