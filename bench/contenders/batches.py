"""The better one: as many records as may be in flight are fetched, sent at once through one httpx client, committed."""

import asyncio

import httpx
from aiokafka import AIOKafkaConsumer

from bench.contenders.loop import POLL_MILLISECONDS, send
from bench.contenders.told import BOOTSTRAP, CONCURRENCY, GROUP, TOPIC


async def main() -> None:
    """Send what comes, for ever."""
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id=GROUP, auto_offset_reset="earliest", enable_auto_commit=False
    )
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with consumer, httpx.AsyncClient(limits=limits) as client:
        while True:
            batch = await consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=CONCURRENCY)
            bodies = [record.value or b"" for records in batch.values() for record in records]
            await asyncio.gather(*(send(client, body) for body in bodies))
            if bodies:
                await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main())
