"""Consumers that are closed while their broker is away: the embedded broker ends before its clients."""

import asyncio
import contextlib
from pathlib import Path

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from daemon.core.model import Partition
from daemon.edges.inbox import Inbox
from daemon.edges.kafka_client import disconnect
from daemon.edges.ledger_partition import LedgerPartition
from daemon.edges.ledger_rebuild import Rebuild, Rebuilding
from daemon.edges.ledger_store import LedgerStore
from daemon.errors import SourceError
from daemon.sandbox.broker import embedded_broker
from tests.contract.bench import change, produce
from tests.edges.ledger_entries import OURS
from tests.waiting import until

AWAY_SECONDS = 0.5
"""By then a consumer's fetch has failed, and waits before the next."""

INPUT = Partition("changes", 1)


async def test_a_consumer_is_closed_with_all_it_has_begun() -> None:
    """Nobody is cancelled but what waits for the broker, and nothing of the client goes on."""
    before = asyncio.all_tasks()
    with embedded_broker() as bootstrap:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
        await consumer.start()
        consumer.assign([TopicPartition(INPUT.topic, INPUT.number)])
        await consumer.getmany(timeout_ms=200)
    await anyio.sleep(AWAY_SECONDS)
    await disconnect(consumer)
    await until(lambda: asyncio.all_tasks() <= before)


async def test_a_ledger_is_closed_as_ever(tmp_path: Path) -> None:
    """Who gives a partition up goes on after it, as if the broker were there."""
    with contextlib.closing(LedgerStore(tmp_path / "copy.sqlite3")) as store:
        with embedded_broker() as bootstrap:
            ledger = LedgerPartition(INPUT, {"bootstrap_servers": bootstrap}, store)
            await ledger.open()
            await ledger.restore(lambda: 0.0, 1.0, lambda: 0)
            with anyio.move_on_after(AWAY_SECONDS):
                await ledger.follow(OURS, Inbox())
        await anyio.sleep(AWAY_SECONDS)
        await ledger.close()


async def test_a_rebuild_that_cannot_write_tells_that_and_nothing_else(tmp_path: Path) -> None:
    """What ended it comes out of it, not that its consumer was closed."""

    async def write(_partition: Partition, _key: str, _value: bytes) -> int | None:
        """Fail, some time after the broker has ended."""
        kafka.close()
        await anyio.sleep(AWAY_SECONDS)
        raise SourceError("refused")

    with contextlib.ExitStack() as kafka, contextlib.closing(LedgerStore(tmp_path / "copy.sqlite3")) as store:
        bootstrap = kafka.enter_context(embedded_broker())
        await produce(bootstrap, INPUT, change(1, 1))
        rebuilding = Rebuilding(INPUT, Rebuild("production", lambda _: True), store, write)
        with pytest.raises(SourceError, match="refused"):
            await rebuilding.run({"bootstrap_servers": bootstrap}, 0.0)
