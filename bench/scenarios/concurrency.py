"""A backlog, 100 calls in flight allowed, 100 ms for each call and no quota; then ten times as slow, and back.

Beside the backlog twelve customers of another tenant change 100 times a second among them, so that a newer version of
each comes while a call about the former is in flight: `overlaps` are calls about a customer while another one was in
flight, `misordered` are writes of an older version behind a newer one, and `superseded` is the share of those changes
that a newer one replaced before they were sent, which tells that order was at stake.

Measured over 10 seconds, from 5 seconds after the first call on, is the share of 100 ÷ 0.1 s = 1,000 calls a second
that is reached (`of_possible`), and how many calls the far end held at a time (`in_flight_mean`). Then each call takes
a second for 10 seconds, less than makes that the usual pace; `slow_in_flight_5s` and `slow_in_flight` are the calls in
flight after 5 seconds and at their end, and `recovered_s` is how long it took after the return until the rate over a
second was 95 % of what it had been. Goals: 0.98, less than half, 15 seconds, and none.
"""

import asyncio
from collections.abc import Sequence

from bench.beside import beside
from bench.contending import Contender
from bench.durations import Takes
from bench.feeding import MICROSECONDS, Change, now_us, spread, tenants
from bench.loading import Load, changing
from bench.metering import metering, per_record_us
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "concurrency"
IN_FLIGHT = 100
LATENCY_MS, SLOW_MS = 100.0, 1_000.0
TENANTS = 8
RECORDS = 40_000
BUSY_STEM = "busy"
BUSY_CUSTOMERS, BUSY_PER_SECOND = 12, 100.0
COLD_SECONDS, WARM_SECONDS = 5.0, 10.0
ANSWERED_SECONDS = 0.5
"""By then the last call of a span is answered."""

NOTICED_SECONDS, SLOW_SECONDS = 5.0, 10.0
START_SECONDS = 30.0
RECOVERED = 0.95
RECOVERY_AT_MOST_SECONDS = 20.0
STEP_SECONDS = 0.1
TAKES = Takes(daemon=COLD_SECONDS + WARM_SECONDS + SLOW_SECONDS + 15.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the contender keep so many calls in flight, through a slow time."""
    owners, busy = tenants(TENANTS), tenants(1, BUSY_STEM, first=TENANTS)
    changes: list[Change] = []
    async with (
        trying(ground, contender, [*owners, *busy], concurrency=IN_FLIGHT) as trial,
        trial.topic.publishing() as publisher,
    ):
        await trial.topic.fill(spread(owners, ground.records or RECORDS))
        await trial.sink.forget(latency_ms=LATENCY_MS)
        trial.start()
        first_us = (await trial.until(lambda now: now.calls > 0, START_SECONDS)).first_us
        async with (
            metering(*trial.pids) as meter,
            beside(changing(publisher, Load(busy, BUSY_CUSTOMERS), BUSY_PER_SECOND, changes)),
        ):
            await asyncio.sleep(COLD_SECONDS + WARM_SECONDS + ANSWERED_SECONDS)
            since = first_us + round(COLD_SECONDS * MICROSECONDS)
            until = since + round(WARM_SECONDS * MICROSECONDS)
            warm = await trial.sink.stats(since=since, until=until)
            in_flight, back_us = await _slowed(trial)
            goodput = warm.accepted / WARM_SECONDS
            recovered = await _recovered(trial, back_us, RECOVERED * goodput)
        stats = await trial.sink.stats()
        written = len(await trial.sink.writes(BUSY_STEM))
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
            "slow_in_flight_5s": in_flight[0],
            "slow_in_flight": in_flight[-1],
            "recovered_s": recovered,
            "superseded": 1.0 - written / len(changes),
            "overlaps": stats.overlaps,
            "misordered": stats.misordered,
        },
    )


async def _slowed(trial: Trial) -> tuple[Sequence[int], int]:
    """Slow the far end down for a while; return the calls in flight early and at its end, and when that was."""
    await trial.sink.obey(latency_ms=SLOW_MS)
    await asyncio.sleep(NOTICED_SECONDS)
    early = (await trial.sink.progress()).in_flight
    await asyncio.sleep(SLOW_SECONDS - NOTICED_SECONDS)
    late = (await trial.sink.progress()).in_flight
    return (early, late), (await trial.sink.obey(latency_ms=LATENCY_MS)).at_us


async def _recovered(trial: Trial, back_us: int, wanted: float) -> float | None:
    """Return how long after the return the rate over a second was as wanted; None if it was not in good time."""
    since = back_us
    while (since - back_us) / MICROSECONDS < RECOVERY_AT_MOST_SECONDS:
        trial.check()
        await asyncio.sleep(max(0.0, (since + MICROSECONDS - now_us()) / MICROSECONDS + ANSWERED_SECONDS))
        second = await trial.sink.stats(since=since, until=since + MICROSECONDS)
        if second.accepted >= wanted:
            return (since - back_us) / MICROSECONDS
        since += round(STEP_SECONDS * MICROSECONDS)
    return None
