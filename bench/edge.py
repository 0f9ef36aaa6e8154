"""What the daemon's HTTP edge costs by itself: sends the calls again that the far end has kept.

`python -m bench.edge ADDRESS IN_FLIGHT` prints the microseconds of processor time for each call. It takes the daemon's
transport and its event loop, and nothing else of it: no token to renew, no Kafka, no ledger.
"""

import asyncio
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable

import aiohttp
import anyio

from bench.far_end import FarEnd, Kept
from bench.feeding import MICROSECONDS
from daemon.edges.http_sink import CONNECT_SECONDS, IDLE_SECONDS
from daemon.edges.http_transport import OnceTransport, time_out

REQUEST_SECONDS = 15.0
LET_IN = 300
"""Statuses below this mean that a call was carried out."""


async def call_us(address: str, in_flight: int) -> float:
    """Return what a process of its own needs for each of the kept calls, so many at once."""
    command = (sys.executable, "-m", "bench.edge", address, str(in_flight))
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    return float(done.stdout)


async def _measured(address: str, in_flight: int) -> None:
    async with aiohttp.ClientSession() as session:
        calls = await FarEnd(address, session).kept()
    transport = OnceTransport(
        max_connections=in_flight, keepalive_seconds=IDLE_SECONDS, tls=ssl.create_default_context()
    )
    left = iter(calls)
    cpu = time.process_time()
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(in_flight):
                tasks.create_task(_send(transport, address, left))
    finally:
        await transport.aclose()
    print((time.process_time() - cpu) * MICROSECONDS / len(calls))


async def _send(transport: OnceTransport, address: str, calls: Iterable[Kept]) -> None:
    """Send one call after the other while any are left, with the headers that the daemon gives them."""
    times = time_out(total=REQUEST_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
    for call in calls:
        headers = {"Authorization": "Bearer bench", "Accept": "application/json", "CompanyKey": call.company_key}
        if call.body:
            headers["Content-Type"] = "application/json"
        answer = await transport.exchange(call.method, address + call.target, headers, call.body.encode(), times)
        if answer.status >= LET_IN:
            raise RuntimeError(f"the far end answered {answer.status}")


if __name__ == "__main__":
    anyio.run(_measured, sys.argv[1], int(sys.argv[2]), backend_options={"use_uvloop": sys.platform != "win32"})
