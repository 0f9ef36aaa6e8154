"""Batches on aiohttp: as `batches`, with the quicker client."""

import asyncio

import aiohttp
from aiokafka import AIOKafkaConsumer

from bench.contenders.loop import POLL_MILLISECONDS
from bench.contenders.told import (
    ADDRESS,
    BACK_OFF_SECONDS,
    BOOTSTRAP,
    CONCURRENCY,
    GROUP,
    HEADERS,
    TOPIC,
    pause_seconds,
)


async def main() -> None:
    """Send what comes, for ever."""
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id=GROUP, auto_offset_reset="earliest", enable_auto_commit=False
    )
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with consumer, aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
        while True:
            batch = await consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=CONCURRENCY)
            bodies = [record.value or b"" for records in batch.values() for record in records]
            await asyncio.gather(*(send(session, body) for body in bodies))
            if bodies:
                await consumer.commit()


async def send(session: aiohttp.ClientSession, body: bytes) -> None:
    """Send one record until it is taken."""
    while True:
        try:
            async with session.post(ADDRESS, data=body) as response:
                await response.read()
                pause = pause_seconds(response.status, response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError):
            pause = BACK_OFF_SECONDS
        if pause is None:
            return
        await asyncio.sleep(pause)


if __name__ == "__main__":
    asyncio.run(main())
