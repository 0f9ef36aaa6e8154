"""A client of Kafka that ends its work by itself: noticed and told, where aiokafka would stay silent for ever."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Never, cast

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from daemon.cli.run import first_cause
from daemon.core.actions import DeadLetter, Record
from daemon.core.model import Undecodable
from daemon.edges.dead_letters import DeadLetters
from daemon.edges.inbox import Batch, RawRecord
from daemon.edges.intake import Intake
from daemon.edges.kafka_client import Client, ClientEndedError, disconnect, watch
from daemon.errors import SourceError
from tests.contract.bench import READ_SECONDS, member, process
from tests.contract.conftest import Broker
from tests.contract.test_kafka_source import settings
from tests.edges.ledger_entries import OURS, customer, delivered
from tests.kafka_broker import create_topic, fresh_name
from tests.waiting import until

TOLD = "Kafka's client works no more (RuntimeError; the log tells more): start again, nothing is lost"

METADATA_MILLISECONDS = 200
"""How old a client lets the metadata become where a test waits for the next."""


async def defective(*_: object, **__: object) -> Never:
    """Fail as the library does not expect."""
    raise RuntimeError("a defect of the library")


def connections(client: Client) -> list[tuple[Any, bool]]:
    """Return a client's connections to brokers, each with whether it is open now."""
    its = cast("Any", client)
    held = (its.client if isinstance(client, AIOKafkaProducer) else its._client)._conns  # noqa: SLF001 - public nowhere
    return [(one, one.connected()) for one in held.values()]


async def ended(run: Callable[[], Awaitable[None]]) -> str:
    """Return the text of the `SourceError` that ends a run."""
    with anyio.fail_after(READ_SECONDS), pytest.raises((SourceError, BaseExceptionGroup)) as caught:
        await run()
    cause = first_cause(caught.value)
    assert isinstance(cause, SourceError)
    return str(cause)


async def test_a_ledger_whose_writer_has_ended_ends_the_process(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise every entry would be refused, and written again, for ever."""
    partition = await real.input()

    async def run() -> None:
        """Write one entry, and one more with a client that has ended."""
        async with process(real.bootstrap, tmp_path) as at, at.ledgers.stored(partition):
            await at.record(partition, (customer(1), delivered(1)))
            monkeypatch.setattr("aiokafka.producer.sender.Sender._send_produce_req", defective)
            at.topic.append(Record(50, partition, customer(1), delivered(2)))
            await anyio.sleep_forever()

    assert TOLD == await ended(run)


async def test_dead_letters_whose_writer_has_ended_end_the_process(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter that is never acknowledged would hold up its partition for ever."""
    source, topic = await real.input(), fresh_name("dead")
    await create_topic(real.bootstrap, topic, 1)

    async def run() -> None:
        """Write a letter with a client that has ended."""
        async with process(real.bootstrap, tmp_path) as at, at.ledgers.stored(source):
            intake = Intake("production", at.ledgers.stores)
            intake.fetched(Batch(source, OURS, [RawRecord(40, b"k", b"nonsense", None)], 41))
            letters = DeadLetters({"bootstrap_servers": real.bootstrap}, topic, intake, at.inbox)
            async with letters.producer:
                monkeypatch.setattr("aiokafka.producer.sender.Sender._send_produce_req", defective)
                letters.append(DeadLetter(40, source, 40, Undecodable("not_json", "the value is not JSON")))
                await letters.run()

    assert TOLD == await ended(run)


async def test_a_member_that_fetches_no_more_ends_the_process(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would stay in the group, and its partitions would be read by nobody."""
    partition = await real.input()

    async def run() -> None:
        """Be a member whose client ends."""
        async with member(settings(real, partition.topic, tmp_path)) as one:
            await until(lambda: one.source.is_ready)
            monkeypatch.setattr("aiokafka.consumer.fetcher.Fetcher._proc_fetch_request", defective)
            await anyio.sleep_forever()

    assert TOLD == await ended(run)


async def test_a_ledger_that_is_followed_no_more_is_opened_again(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late write of another process must be seen; what was read already stays."""
    partition = await real.input()
    async with process(real.bootstrap, tmp_path) as at, at.ledgers.stored(partition) as store:
        async with at.ledgers.reading(partition, store) as ledger:
            await at.ledgers.restore(partition, ledger, 5, is_new=True)
            with monkeypatch.context() as patching, anyio.fail_after(READ_SECONDS):
                patching.setattr("aiokafka.consumer.fetcher.Fetcher._proc_fetch_request", defective)
                with pytest.raises(ClientEndedError, match="RuntimeError"):
                    await ledger.follow(OURS, at.inbox)
        async with at.ledgers.reading(partition, store) as ledger, anyio.create_task_group() as tasks:
            tasks.start_soon(ledger.follow, OURS, at.inbox)
            await at.record(partition, (customer(1), delivered(1)))
            tasks.cancel_scope.cancel()


async def test_a_client_that_sees_no_more_of_the_cluster_has_ended_too(
    real: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on asking brokers that lead no longer."""
    connection: dict[str, Any] = {"bootstrap_servers": real.bootstrap, "metadata_max_age_ms": METADATA_MILLISECONDS}
    partition, producer, consumer = await real.input(), AIOKafkaProducer(**connection), AIOKafkaConsumer(**connection)
    clients: list[Client] = [producer, consumer]
    try:
        for client in clients:
            await client.start()
        await producer.send_and_wait(partition.topic, b"v", partition=partition.number)
        await consumer.end_offsets([TopicPartition(partition.topic, partition.number)])
        monkeypatch.setattr("aiokafka.client.AIOKafkaClient._metadata_update", defective)
        for client in clients:
            with anyio.fail_after(READ_SECONDS), pytest.raises(SourceError) as caught:
                await watch(client)
            assert TOLD == str(caught.value)
    finally:
        opened = [one for client in clients for one in connections(client)]
        for client in clients:
            await disconnect(client)
    assert {True} == {was_open for _, was_open in opened}
    assert not any(one.connected() for one, _ in opened)


async def test_a_client_at_work_is_left_alone(real: Broker) -> None:
    """Nothing is told of one that idles, writes, or is stopped."""
    partition = await real.input()
    async with AIOKafkaProducer(bootstrap_servers=real.bootstrap) as producer:
        with anyio.move_on_after(1.0) as watching:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch, producer)
                await producer.send_and_wait(partition.topic, b"v", partition=1)
        assert watching.cancelled_caught
