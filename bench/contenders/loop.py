"""What one would write first: aiokafka and httpx, one record at a time.

Offsets are committed by hand after each `getmany` of at most 500 records, as kafka-python and the Java client hand
them out by default: automatic commits would lose what a crash interrupts.
"""

import asyncio

import httpx
from aiokafka import AIOKafkaConsumer

from bench.contenders.told import ADDRESS, BACK_OFF_SECONDS, BOOTSTRAP, GROUP, HEADERS, TOPIC, pause_seconds

POLL_RECORDS = 500
POLL_MILLISECONDS = 1_000


async def main() -> None:
    """Send what comes, for ever."""
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=BOOTSTRAP,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=POLL_RECORDS,
    )
    async with consumer, httpx.AsyncClient() as client:
        while True:
            for records in (await consumer.getmany(timeout_ms=POLL_MILLISECONDS)).values():
                for record in records:
                    await send(client, record.value or b"")
                await consumer.commit()


async def send(client: httpx.AsyncClient, body: bytes) -> None:
    """Send one record until it is taken."""
    while True:
        try:
            response = await client.post(ADDRESS, content=body, headers=HEADERS)
        except httpx.TransportError:
            pause: float | None = BACK_OFF_SECONDS
        else:
            pause = pause_seconds(response.status_code, response.headers.get("Retry-After"))
        if pause is None:
            return
        await asyncio.sleep(pause)


if __name__ == "__main__":
    asyncio.run(main())
