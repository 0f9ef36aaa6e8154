"""An enforced quota of 100 calls a second (a token bucket of one second's depth), and 100 ms for each call.

A backlog of new customers of four tenants; calls beyond the quota are answered by 429 with `Retry-After: 1`, or without
it in `quota-bare`. Measured over 60 seconds (20 for all but the daemon), from 5 seconds after the first call on: which
share of the quota was used, and what was answered by 429 (`rejected` from the first call on, `rejected_warm` in those
60 seconds). `of_allowed` is the share of what is allowed by both, quota and setting; `converged_s` is how long it took
until 95 % of that were used over five seconds.

The daemon's setting is the quota itself; twice as much in `quota-double` and `quota-bare`; half of it in `quota-half`.
Goals: 99.5 % without any 429 where the setting is right; otherwise 95 % of what is allowed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bench.contending import Contender
from bench.feeding import MICROSECONDS, spread, tenants
from bench.metering import metering, per_record_us
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "quota"
QUOTA = 100.0
LATENCY_MS = 100.0
TENANTS = 4
RECORDS = 8_000
COLD_SECONDS = 5
WARM_SECONDS, WARM_SECONDS_OTHERS = 60, 20
SPAN_SECONDS = 5
CONVERGED = 0.95
START_SECONDS = 30.0


def measuring(setting: float = QUOTA, retry_after: int = 1) -> Callable[[Ground, Contender], Awaitable[Figures]]:
    """Return the scenario in which the daemon's setting is that, and a 429 names so many seconds (0 for none)."""

    async def measure(ground: Ground, contender: Contender) -> Figures:
        """Let the contender use the quota."""
        owners, warm = tenants(TENANTS), WARM_SECONDS if contender.is_daemon else WARM_SECONDS_OTHERS
        async with trying(ground, contender, owners, client_quota=setting, tenant_quota=setting) as trial:
            await trial.topic.fill(spread(owners, ground.records or RECORDS))
            await trial.sink.forget(quota=QUOTA, latency_ms=LATENCY_MS, retry_after=retry_after)
            trial.start()
            first_us = (await trial.until(lambda now: now.calls > 0, START_SECONDS)).first_us
            async with metering(*trial.pids) as meter:
                await asyncio.sleep(COLD_SECONDS + warm)
            trial.check()
            since = first_us + COLD_SECONDS * MICROSECONDS
            until = since + warm * MICROSECONDS
            stats, whole = await trial.sink.stats(since=since, until=until), await trial.sink.stats()
        return Figures(
            records_per_second=stats.committed / warm,
            cpu_us_per_record=per_record_us(meter, since, until, stats.committed),
            rss_mib=meter.peak_mib,
            calls=whole.calls,
            rejected=whole.rejected,
            utilisation=stats.accepted / (QUOTA * warm),
            more={
                "rejected_warm": stats.rejected,
                "of_allowed": stats.accepted / (min(QUOTA, setting) * warm),
                "converged_s": converged_seconds(whole.series, min(QUOTA, setting)),
                "overlaps": whole.overlaps,
            },
        )

    return measure


def converged_seconds(series: Sequence[int], allowed: float) -> float | None:
    """Return after how many seconds five in a row used what is allowed, None if none did."""
    for begin in range(len(series) - SPAN_SECONDS + 1):
        if sum(series[begin : begin + SPAN_SECONDS]) >= CONVERGED * allowed * SPAN_SECONDS:
            return float(begin)
    return None
