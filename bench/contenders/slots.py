"""What one writes after reading on: a worker and an httpx client for each call in flight, and entities kept in order.

Each entity has its worker, so its changes are sent one after the other; offsets are committed once a second, each
partition's up to the first record that is still open.
"""

import asyncio
import contextlib
import ssl
from collections import deque

import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from bench.contenders.loop import POLL_MILLISECONDS, send
from bench.contenders.told import BOOTSTRAP, CONCURRENCY, GROUP, TOPIC

QUEUED_AT_MOST = 64
"""Records that wait for one worker; then no more are fetched."""

COMMIT_SECONDS = 1.0


class Entity(msgspec.Struct, frozen=True):
    """Whose record it is."""

    tenant: str
    kind: str
    id: int


class Watermark:
    """The open records of a partition, in order."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._begun: deque[int] = deque()
        self._ended: set[int] = set()
        self.position = 0

    def begin(self, offset: int) -> None:
        """Note a record that is fetched."""
        self._begun.append(offset)

    def end(self, offset: int) -> None:
        """Note that it was taken, and move to the first that is still open."""
        self._ended.add(offset)
        while self._begun and self._begun[0] in self._ended:
            self.position = self._begun.popleft() + 1
            self._ended.remove(self.position - 1)


class Slots:
    """The workers and their queues, and how far each partition has come."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        """Take what records come from."""
        self._consumer = consumer
        self._queues = [asyncio.Queue[ConsumerRecord](QUEUED_AT_MOST) for _ in range(CONCURRENCY)]
        self._watermarks: dict[TopicPartition, Watermark] = {}

    async def run(self) -> None:
        """Fetch, send and commit, for ever."""
        tls = ssl.create_default_context()
        async with contextlib.AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            for queue in self._queues:
                client = await stack.enter_async_context(httpx.AsyncClient(verify=tls))
                tasks.create_task(self._work(queue, client))
            tasks.create_task(self._commit())
            await self._fetch()

    async def _fetch(self) -> None:
        while True:
            for partition, records in (await self._consumer.getmany(timeout_ms=POLL_MILLISECONDS)).items():
                watermark = self._watermarks.setdefault(partition, Watermark())
                for record in records:
                    watermark.begin(record.offset)
                    entity = msgspec.json.decode(record.value or b"", type=Entity)
                    await self._queues[hash(entity) % CONCURRENCY].put(record)

    async def _work(self, queue: asyncio.Queue[ConsumerRecord], client: httpx.AsyncClient) -> None:
        while True:
            record = await queue.get()
            await send(client, record.value or b"")
            self._watermarks[TopicPartition(record.topic, record.partition)].end(record.offset)

    async def _commit(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            positions = {one: mark.position for one, mark in self._watermarks.items() if mark.position}
            owned = {one: position for one, position in positions.items() if one in self._consumer.assignment()}
            if owned:
                await self._consumer.commit(owned)


async def main() -> None:
    """Send what comes, for ever."""
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id=GROUP, auto_offset_reset="earliest", enable_auto_commit=False
    )
    async with consumer:
        await Slots(consumer).run()


if __name__ == "__main__":
    asyncio.run(main())
