"""Dead letters on Kafka: the record unaltered, and beside it where it came from and why it is there."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import structlog
from aiokafka import ConsumerRecord

from daemon.core.actions import DeadLetter
from daemon.core.events import DeadLettered
from daemon.core.model import Partition, Undecodable
from daemon.edges.dead_letters import DeadLetters
from daemon.edges.inbox import Batch, RawRecord
from daemon.edges.intake import Intake
from tests.contract.bench import Process, process, read
from tests.contract.conftest import Broker
from tests.edges.ledger_entries import OURS
from tests.kafka_broker import create_topic, fresh_name
from tests.waiting import until

CAUSE = Undecodable("not_json", "the value is not JSON")
LARGE = b"x" * 2_000_000


class Office:
    """Dead letters at work: what was fetched, and what is written of it."""

    def __init__(self, at: Process, topic: str, source: Partition) -> None:
        """Take the process, the dead-letter topic, and the partition that records come from."""
        self._at = at
        self._source = source
        self.intake = Intake("production", at.ledgers.stores)
        self.letters = DeadLetters({"bootstrap_servers": at.bootstrap}, topic, self.intake, at.inbox)

    async def write(self, *records: RawRecord) -> None:
        """Fetch records that are no changes, write their letters, and return when that is told."""
        self.intake.fetched(Batch(self._source, OURS, list(records), records[-1].offset + 1))
        for record in records:
            self.letters.append(DeadLetter(record.offset, self._source, record.offset, CAUSE))
        tickets = {record.offset for record in records}
        await until(lambda: tickets <= self._told())

    def _told(self) -> set[int]:
        self._at.events += self._at.inbox.take()
        return {ticket for event in self._at.events if isinstance(event, DeadLettered) for ticket in event.tickets}


@contextlib.asynccontextmanager
async def office(broker: Broker, folder: Path, topic: str, source: Partition) -> AsyncGenerator[Office]:
    """Write dead letters for the length of the block."""
    async with process(broker.bootstrap, folder) as at, at.ledgers.stored(source):
        made = Office(at, topic, source)
        async with made.letters.producer, anyio.create_task_group() as tasks:
            tasks.start_soon(made.letters.run)
            yield made
            tasks.cancel_scope.cancel()


async def written(broker: Broker, topic: str, partitions: int) -> list[ConsumerRecord]:
    """Return all dead letters, by the offset of their record."""
    records = [one for number in range(partitions) for one in await read(broker.bootstrap, Partition(topic, number))]
    return sorted(records, key=lambda one: dict(one.headers)["moment-dnb-offset"])


async def test_a_dead_letter_is_the_record_as_it_came(broker: Broker, tmp_path: Path) -> None:
    """Key and value are byte for byte those of the record; the headers tell its place and the reason."""
    source, topic, partitions = await broker.input(), fresh_name("dead"), 4
    if broker.kind == "real":
        await create_topic(broker.bootstrap, topic, partitions)
    async with office(broker, tmp_path, topic, source) as at:
        await at.write(RawRecord(40, b"\xffkey", b"\xff\x00value", None), RawRecord(41, None, b"", None))
    first, second = await written(broker, topic, partitions)
    assert (b"\xffkey", b"\xff\x00value", None, b"") == (first.key, first.value, second.key, second.value)
    assert {
        "moment-dnb-reason": b"not_json",
        "moment-dnb-detail": b"the value is not JSON",
        "moment-dnb-topic": source.topic.encode(),
        "moment-dnb-partition": b"1",
        "moment-dnb-offset": b"40",
    } == dict(first.headers)


async def test_a_letter_of_a_partition_that_has_gone_is_the_next_owners(broker: Broker, tmp_path: Path) -> None:
    """What we no longer hold the bytes of is not written, and stands in nobody's way."""
    source, topic, partitions = await broker.input(), fresh_name("dead"), 4
    if broker.kind == "real":
        await create_topic(broker.bootstrap, topic, partitions)
    async with office(broker, tmp_path, topic, source) as at:
        await at.write(RawRecord(40, b"k", b"nonsense", None))
        at.intake.fetched(Batch(source, OURS, [RawRecord(41, b"k", b"nonsense", None)], 42))
        at.intake.forget(source)
        at.letters.append(DeadLetter(41, source, 41, CAUSE))
        await at.write(RawRecord(42, b"k", b"nonsense", None))
    offsets = [dict(one.headers)["moment-dnb-offset"] for one in await written(broker, topic, partitions)]
    assert [b"40", b"42"] == offsets


async def test_a_record_too_large_for_the_topic_is_told_without_its_value(real: Broker, tmp_path: Path) -> None:
    """A topic with a lower limit than the input's does not stop the partition: the letter says where the value is."""
    source, topic = await real.input(), fresh_name("dead")
    await create_topic(real.bootstrap, topic, 1)
    with structlog.testing.capture_logs() as logs:
        async with office(real, tmp_path, topic, source) as at:
            await at.write(RawRecord(39, b"k", b"nonsense", None))
            await at.write(RawRecord(40, None, LARGE, None), RawRecord(41, b"k", b"nonsense", None))
    _, large, small = await written(real, topic, 1)
    assert (b"", None, b"2000000") == (large.key, large.value, dict(large.headers)["moment-dnb-omitted-bytes"])
    assert b"nonsense" == small.value
    assert [("dead_letter.shortened", 40)] == [(line["event"], line["offset"]) for line in logs]
