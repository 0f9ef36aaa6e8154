"""One customer whose writes take 12 seconds each, beside eight tenants with a backlog and 64 calls in flight.

No quota; every other call takes 100 ms. The slow customer is another tenant's, and changes every second. Measured is
the calls a second of the eight over 15 seconds without it, with it, and without it again: `lost` is the share that
they lose while it is there, and `overlaps` are calls about a customer while another one was in flight. Goals: at most
2 % (one of 64 calls in flight is 1.6 %), and none.
"""

import asyncio

from bench.contending import Contender
from bench.durations import Takes
from bench.feeding import MICROSECONDS, Change, now_us, spread, tenants
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "slow-entity"
TENANTS = 8
RECORDS = 24_000
LATENCY_MS, SLOW_MS = 100.0, 12_000.0
COLD_SECONDS, SPAN_SECONDS = 5.0, 15.0
START_SECONDS = 30.0
STEM = "tenant"
TAKES = Takes(daemon=COLD_SECONDS + 3 * SPAN_SECONDS + 2 * SLOW_MS / 1_000 + 4.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the slow customer come and go."""
    owners, slow = tenants(TENANTS, STEM), tenants(1, "slow", first=TENANTS)[0]
    async with trying(ground, contender, [*owners, slow]) as trial, trial.topic.publishing() as publisher:
        await trial.topic.fill(spread(owners, ground.records or RECORDS))
        await trial.sink.forget(latency_ms=LATENCY_MS, slow_ms={f"{slow.name}-0": SLOW_MS})
        trial.start()
        await trial.until(lambda now: now.calls > 0, START_SECONDS)
        await asyncio.sleep(COLD_SECONDS)
        before = await _goodput(trial)
        since_us = now_us()
        changes = [
            Change(tenant=slow, customer=0, version=number + 1, intended_us=since_us + number * MICROSECONDS)
            for number in range(int(SPAN_SECONDS))
        ]
        play = asyncio.create_task(publisher.play(changes))
        beside = await _goodput(trial)
        await play
        await asyncio.sleep(SLOW_MS / 1_000 * 2)  # until its last call is over
        after = await _goodput(trial)
        stats = await trial.sink.stats()
    undisturbed = (before + after) / 2
    return Figures(
        calls=stats.calls,
        rejected=stats.rejected,
        more={
            "lost": 1.0 - beside / undisturbed,
            "calls_per_second_beside": beside,
            "calls_per_second_before": before,
            "calls_per_second_after": after,
            "overlaps": stats.overlaps,
        },
    )


async def _goodput(trial: Trial) -> float:
    """Return the calls a second of all tenants but the slow one, over a while."""
    since_us = now_us()
    await asyncio.sleep(SPAN_SECONDS)
    trial.check()
    until_us = now_us()
    stats = await trial.sink.stats(since=since_us, until=until_us, tenants=STEM)
    return stats.accepted * MICROSECONDS / (until_us - since_us)
