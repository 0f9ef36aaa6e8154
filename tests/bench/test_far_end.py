"""Whether the far end tells what came: it is what every goal on calls is judged by."""

import asyncio
import shutil
import time

import aiohttp
import pytest

from bench.edge import call_us
from bench.far_end import FarEnd, Kept, far_end

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="the far end is built with Go")


async def posted(sink: FarEnd, client: aiohttp.ClientSession, count: int) -> list[int]:
    """Post so many records at once, and return how each was answered."""

    async def post() -> int:
        """Post one, and return how it was answered."""
        async with client.post(f"{sink.address}/records", data=b"{}") as response:
            return response.status

    return await asyncio.gather(*(post() for _ in range(count)))


async def test_refused_calls_count_among_the_most_of_a_second() -> None:
    """A quota that is overrun shows there, though no more than it allows are let in."""
    async with far_end() as sink, aiohttp.ClientSession() as client:
        await sink.begin(quota=5, retry_after=1)
        answers = await posted(sink, client, 20)
        stats = await sink.stats()
    assert 429 in answers
    assert (20, answers.count(201)) == (stats.most_in_a_second, stats.accepted)
    assert stats.rejected == answers.count(429)


async def test_the_most_of_a_second_are_found_wherever_it_begins() -> None:
    """Calls on both sides of a full second since the first one lie in one second all the same."""
    async with far_end() as sink, aiohttp.ClientSession() as client:
        await sink.begin()
        for count, pause in ((1, 0.5), (3, 0.6), (3, 0.0)):
            await posted(sink, client, count)
            await asyncio.sleep(pause)
        stats = await sink.stats()
    assert (6, [4, 3]) == (stats.most_in_a_second, stats.series)


async def test_seconds_count_from_where_the_span_begins() -> None:
    """A silence at the beginning is part of it."""
    async with far_end() as sink, aiohttp.ClientSession() as client:
        await sink.begin()
        since = time.time_ns() // 1_000 - 2_500_000
        await posted(sink, client, 1)
        stats = await sink.stats(since=since)
    assert [0, 0, 1] == stats.series


async def test_calls_are_kept_as_they_came() -> None:
    """Those that were let in, from when they were to be kept until all is forgotten."""
    async with far_end() as sink, aiohttp.ClientSession() as client:
        await sink.begin()
        await posted(sink, client, 1)
        await sink.forget(keep=True)
        async with client.post(f"{sink.address}/records?of=one", data=b"[1]", headers={"CompanyKey": "key"}):
            pass
        assert [Kept("POST", "/records?of=one", "key", "[1]")] == await sink.kept()
        await sink.obey(down=True)
        await posted(sink, client, 1)
        assert 1 == len(await sink.kept())
        await sink.forget()
        assert [] == await sink.kept()


async def test_the_daemons_http_edge_sends_what_was_kept() -> None:
    """The same calls, each once, and what it took."""
    async with far_end() as sink, aiohttp.ClientSession() as client:
        await sink.begin(keep=True)
        await posted(sink, client, 40)
        assert await call_us(sink.address, in_flight=4) > 0
        stats, kept = await sink.stats(), await sink.kept()
    assert (80, 80) == (stats.calls, stats.accepted)
    assert kept[:40] == kept[40:]
