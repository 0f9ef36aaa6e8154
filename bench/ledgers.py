"""A ledger as its owner leaves it that has delivered many customers and handed over: written in bulk, not played."""

import random
import time
from collections.abc import Iterator, Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.bounds.changing import FIRST_ID, FIRST_NUMBER, Filling
from daemon.core.ledger import Entry, encode
from daemon.core.model import Entity, Generation
from daemon.edges.ledger_keys import HANDOVER_KEY, LEDGER_KEY, HandoverRecord, LedgerRecord, encode_record
from daemon.edges.ledger_topic import ledger_of
from daemon.tenants import company_of
from tests.kafka_broker import create_topic

GENERATION = Generation(1, 1)
NEWEST_VERSION = 40


class Holder(msgspec.Struct, frozen=True):
    """A tenant that has customers in the ledger: the key of its company, and the partition of its changes."""

    tenant: str
    company_key: str
    partition: int


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """So many entries of delivered customers, in turn of each holder; the first customer is that far from the usual."""

    bootstrap: str
    topic: str
    partitions: int
    holders: Sequence[Holder]
    entries: int
    first: int = 0

    async def write(self) -> None:
        """Write the ledger topic, and commit the input topic's beginning: it was worked with, and is not a new one."""
        ledger = ledger_of(self.topic)
        await create_topic(self.bootstrap, ledger, self.partitions, {"cleanup.policy": "compact"})
        async with Filling(self.bootstrap, ledger) as filling:
            for number in range(self.partitions):
                record = LedgerRecord(f"{number:032x}", GENERATION)
                await filling.add(number, LEDGER_KEY.encode(), encode_record(record))
            for partition, key, value in self._delivered():
                await filling.add(partition, key, value)
            for number in range(self.partitions):
                handover = encode_record(HandoverRecord(GENERATION, 0))
                await filling.add(number, HANDOVER_KEY.encode(), handover)
        await self._commit()

    def _delivered(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield partition, key and value of the records of delivered customers, in random order."""
        chance = random.Random(1)  # noqa: S311 - chance that must repeat, not secrecy
        companies = [company_of(holder.company_key) for holder in self.holders]
        positions = list(range(self.entries))
        chance.shuffle(positions)
        now = time.time()
        for position in positions:
            place, customer = position % len(self.holders), self.first + position
            holder = self.holders[place]
            entry = Entry(
                company=companies[place],
                generation=GENERATION,
                version=chance.randint(1, NEWEST_VERSION),
                fingerprint=f"1:{chance.getrandbits(128):032x}",
                dnb_id=1_000 + customer,
                number=str(FIRST_NUMBER + self.first + position // len(self.holders)),
                delivered_at=now - position,
                occurred_at=now - position - 1.0,
            )
            entity = Entity(holder.tenant, "customer", FIRST_ID + customer)
            yield holder.partition, entity.key.encode(), encode(entry)

    async def _commit(self) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.topic, enable_auto_commit=False)
        partitions = [TopicPartition(self.topic, number) for number in range(self.partitions)]
        async with consumer:
            consumer.assign(partitions)
            await consumer.commit(dict.fromkeys(partitions, 0))
