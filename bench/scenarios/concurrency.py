"""A backlog, 100 calls in flight allowed, 100 ms for each call and no quota; then ten times as slow, and back.

Measured over 10 seconds, from 5 seconds after the first call on, is the share of 100 ÷ 0.1 s = 1,000 calls a second
that is reached (`of_possible`), and how many calls the far end held at a time (`in_flight_mean`). Then each call takes
a second for 10 seconds, less than makes that the usual pace; `slow_in_flight` are the calls in flight at their end, and
`recovered_s` is how long it took after the return until the rate over a second was 95 % of what it had been. `overlaps`
are calls about a customer while another one was in flight. Goals: 0.98, less than half, 15 seconds, and none.
"""

import asyncio

from bench.contending import Contender
from bench.feeding import MICROSECONDS, now_us, spread, tenants
from bench.metering import metering, per_record_us
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "concurrency"
IN_FLIGHT = 100
LATENCY_MS, SLOW_MS = 100.0, 1_000.0
TENANTS = 8
RECORDS = 40_000
COLD_SECONDS, WARM_SECONDS, SLOW_SECONDS = 5.0, 10.0, 10.0
START_SECONDS = 30.0
RECOVERED = 0.95
RECOVERY_AT_MOST_SECONDS = 20.0
STEP_SECONDS = 0.1


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the contender keep so many calls in flight, through a slow time."""
    owners = tenants(TENANTS)
    async with trying(ground, contender, owners, concurrency=IN_FLIGHT) as trial:
        await trial.topic.fill(spread(owners, ground.records or RECORDS))
        await trial.sink.forget(latency_ms=LATENCY_MS)
        trial.start()
        first_us = (await trial.until(lambda now: now.calls > 0, START_SECONDS)).first_us
        async with metering(*trial.pids) as meter:
            await asyncio.sleep(COLD_SECONDS + WARM_SECONDS)
            since = first_us + round(COLD_SECONDS * MICROSECONDS)
            until = since + round(WARM_SECONDS * MICROSECONDS)
            warm = await trial.sink.stats(since=since, until=until)
            await trial.sink.obey(latency_ms=SLOW_MS)
            await asyncio.sleep(SLOW_SECONDS)
            in_flight = (await trial.sink.progress()).in_flight
            back = await trial.sink.obey(latency_ms=LATENCY_MS)
            goodput = warm.accepted / WARM_SECONDS
            recovered = await _recovered(trial, back.at_us, RECOVERED * goodput)
        stats = await trial.sink.stats()
    return Figures(
        records_per_second=goodput,
        cpu_us_per_record=per_record_us(meter, since, until, warm.accepted),
        rss_mib=meter.peak_mib,
        calls=stats.calls,
        rejected=stats.rejected,
        more={
            "of_possible": goodput / (IN_FLIGHT / (LATENCY_MS / 1_000)),
            "in_flight_mean": warm.held_s / WARM_SECONDS,
            "in_flight_most": stats.in_flight_most,
            "slow_in_flight": in_flight,
            "recovered_s": recovered,
            "overlaps": stats.overlaps,
        },
    )


async def _recovered(trial: Trial, back_us: int, wanted: float) -> float | None:
    """Return how long after the return the rate over a second was as wanted; None if it was not in good time."""
    since = back_us
    while (since - back_us) / MICROSECONDS < RECOVERY_AT_MOST_SECONDS:
        trial.check()
        await asyncio.sleep(max(0.0, (since + MICROSECONDS - now_us()) / MICROSECONDS))
        second = await trial.sink.stats(since=since, until=since + MICROSECONDS)
        if second.accepted >= wanted:
            return (since - back_us) / MICROSECONDS
        since += round(STEP_SECONDS * MICROSECONDS)
    return None
