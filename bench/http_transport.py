"""What an HTTP request costs this process, by client and by requests in flight: `python bench/http_transport.py`.

The answering side is a process of its own that returns fixed bytes, so the figures are the client's: microseconds of
CPU for each request, and requests a second. Each contender runs in a fresh process; the rounds of all contenders
alternate, so that a busy machine troubles all alike; the medians are printed as a Markdown table.
"""

import argparse
import asyncio
import json
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from daemon.edges.http_transport import OnceTransport, time_out

IN_FLIGHT = (1, 16, 64)
REQUESTS = 2000
WARM_UP_REQUESTS = 200
TIMEOUT_SECONDS = 15.0
BODY = json.dumps({"CustomerNumber": 100001, "Info": {"Name": "x" * 40, "Note": "y" * 500}}).encode()
REPLY_BODY = json.dumps({"ID": 4711, "StatusCode": 30001, "Text": "z" * 400}).encode()
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(REPLY_BODY),
    REPLY_BODY,
)
HEADERS = {"authorization": "Bearer x", "companykey": "k", "content-type": "application/json"}

Post = Callable[[int], Awaitable[bytes]]
"""Sends one request from the slot of that number and returns the answer's body."""


class Answering(asyncio.Protocol):
    """Answers each complete request with the same bytes; every request here has the same length after its head."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- a TCP server's transport is one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as are complete."""
        self._received += data
        while (head := self._received.find(b"\r\n\r\n")) >= 0 and len(self._received) >= head + 4 + len(BODY):
            self._received = self._received[head + 4 + len(BODY) :]
            self._transport.write(REPLY)


async def answer() -> None:
    """Print the port and answer until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def posting(client: httpx.AsyncClient, url: str) -> Post:
    """Return what sends one request through the client."""

    async def post(_slot: int) -> bytes:
        """Send one request from any slot."""
        return (await client.post(url, content=BODY, headers=HEADERS)).content

    return post


@asynccontextmanager
async def httpx_pool(url: str, in_flight: int) -> AsyncGenerator[Post]:
    """Plain httpx, one client for all."""
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS) as client:
        yield posting(client, url)


@asynccontextmanager
async def httpx_slots(url: str, in_flight: int) -> AsyncGenerator[Post]:
    """Plain httpx, one client for each slot."""
    async with AsyncExitStack() as stack:
        tls = ssl.create_default_context()
        slots = [
            await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=tls))
            for _ in range(in_flight)
        ]
        posts = [posting(client, url) for client in slots]
        yield lambda slot: posts[slot](slot)


@asynccontextmanager
async def httpx_aiohttp(url: str, in_flight: int) -> AsyncGenerator[Post]:
    """The interface of httpx over httpx-aiohttp, as it comes."""
    transport = AiohttpTransport(limits=httpx.Limits(max_connections=in_flight))
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS) as client:
        yield posting(client, url)


@asynccontextmanager
async def ours(url: str, in_flight: int) -> AsyncGenerator[Post]:
    """The interface of httpx over the daemon's transport, which sends once and tells lost from refused."""
    tls = ssl.create_default_context()
    transport = OnceTransport(max_connections=in_flight, keepalive_seconds=TIMEOUT_SECONDS, tls=tls)
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS) as client:
        yield posting(client, url)


@asynccontextmanager
async def exchanging(url: str, in_flight: int) -> AsyncGenerator[Post]:
    """The daemon's transport as the daemon uses it: without httpx's client and its objects."""
    tls = ssl.create_default_context()
    transport = OnceTransport(max_connections=in_flight, keepalive_seconds=TIMEOUT_SECONDS, tls=tls)
    times = time_out(connect=TIMEOUT_SECONDS, total=TIMEOUT_SECONDS)

    async def post(_slot: int) -> bytes:
        """Send one request."""
        return (await transport.exchange("POST", url, HEADERS, BODY, times)).body

    try:
        yield post
    finally:
        await transport.aclose()


@asynccontextmanager
async def plain_aiohttp(url: str, in_flight: int) -> AsyncGenerator[Post]:
    """Nothing but aiohttp."""
    timeout = aiohttp.ClientTimeout(sock_connect=TIMEOUT_SECONDS, sock_read=TIMEOUT_SECONDS)
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def post(_slot: int) -> bytes:
            """Send one request from any slot."""
            async with session.post(url, data=BODY, headers=HEADERS) as response:
                return await response.read()

        yield post


CONTENDERS = {
    "httpx, one pool": httpx_pool,
    "httpx, one client per slot": httpx_slots,
    "httpx over httpx-aiohttp": httpx_aiohttp,
    "httpx over the daemon's transport": ours,
    "the daemon's transport": exchanging,
    "aiohttp itself": plain_aiohttp,
}


async def send(post: Post, in_flight: int, requests: int) -> None:
    """Send that many requests, always so many at once."""
    left = iter(range(requests))

    async def slot(number: int) -> None:
        """Send one request after the other while any are left."""
        for _ in left:
            if await post(number) != REPLY_BODY:
                raise RuntimeError("another answer than the server's")

    await asyncio.gather(*(slot(number) for number in range(in_flight)))


async def measure(name: str, url: str, in_flight: int) -> tuple[float, float]:
    """Return microseconds of CPU for each request, and requests a second."""
    async with CONTENDERS[name](url, in_flight) as post:
        await send(post, in_flight, WARM_UP_REQUESTS)
        cpu, wall = time.process_time(), time.perf_counter()
        await send(post, in_flight, REQUESTS)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu * 1e6 / REQUESTS, REQUESTS / wall


def measured_apart(name: str, url: str, in_flight: int) -> tuple[float, float]:
    """Measure in a fresh process."""
    command = (sys.executable, __file__, "--measure", name, "--url", url, "--in-flight", str(in_flight))
    cpu, rate = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return cpu, rate


def table(url: str, rounds: int) -> None:
    """Measure everything and print the medians."""
    cells = [(name, in_flight) for in_flight in IN_FLIGHT for name in CONTENDERS]
    results: dict[tuple[str, int], list[tuple[float, float]]] = {cell: [] for cell in cells}
    for _ in range(rounds):
        for name, in_flight in cells:
            results[name, in_flight].append(measured_apart(name, url, in_flight))
    print("| in flight | client | CPU µs/request | of aiohttp's | requests/s |\n|--:|---|--:|--:|--:|")
    for name, in_flight in cells:
        cpu, rate = (statistics.median(figures) for figures in zip(*results[name, in_flight], strict=True))
        least = statistics.median(figures[0] for figures in results["aiohttp itself", in_flight])
        print(f"| {in_flight} | {name} | {cpu:,.0f} | {cpu / least:.1f} | {rate:,.0f} |")


def main() -> None:
    """Play the part that the arguments name; without any, start the other parts and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--measure", help=argparse.SUPPRESS)
    arguments.add_argument("--url", help=argparse.SUPPRESS)
    arguments.add_argument("--in-flight", type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.answer:
        asyncio.run(answer())
    elif chosen.measure:
        print(json.dumps(asyncio.run(measure(chosen.measure, chosen.url, chosen.in_flight))))
    else:
        command = (sys.executable, __file__, "--answer")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None  # noqa: S101 -- it was asked for in the line above
            table(f"http://127.0.0.1:{int(server.stdout.readline())}/api/biz/customers", chosen.rounds)


if __name__ == "__main__":
    main()
