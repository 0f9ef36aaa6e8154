"""An enforced quota of 100 calls a second (a token bucket of one second's depth), and 100 ms for each call.

A backlog of new customers of four tenants; calls beyond the quota are answered by 429 with `Retry-After: 1`, or without
it in `quota-bare`. Measured over 60 seconds (15 for all but the daemon), from 5 seconds after the first call on: which
share of the quota was used, and what was answered by 429 (`rejected` from the first call on, `rejected_warm` in those
60 seconds, `refused_share` the same for each call that was let in). `of_allowed` is the share of what is allowed by
both, quota and setting; `converged_s` is how long it took until 95 % of that were used over five seconds.

The daemon's setting is the quota itself; twice as much in `quota-double`, `quota-bare` and `quota-many`; half of it in
`quota-half`. In `quota-many` there is no backlog: 200 tenants create 60 customers a second among them, two calls each,
so that each has next to nothing to do and all of them together a little more than the quota lets them.

Goals: 99.5 % without any 429 where the setting is right; otherwise 95 % of what is allowed, and at most 5 % as many
calls refused: who makes more has not come to know the quota, and leaves it to the far end to keep it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from bench.beside import beside
from bench.contending import Contender
from bench.durations import Takes
from bench.feeding import MICROSECONDS, Tenant, now_us, spread, tenants
from bench.loading import paced
from bench.metering import metering, per_record_us
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "quota"
QUOTA = 100.0
LATENCY_MS = 100.0
TENANTS, MANY_TENANTS = 4, 200
RECORDS = 8_000
NEW_PER_SECOND = 60.0
COLD_SECONDS = 5
WARM_SECONDS, WARM_SECONDS_OTHERS = 60, 15
ANSWERED_SECONDS = 0.5
"""By then the last call of a span is answered."""

SPAN_SECONDS = 5
CONVERGED = 0.95
START_SECONDS = 30.0
TAKES = Takes(daemon=COLD_SECONDS + WARM_SECONDS + 3.0, others=COLD_SECONDS + WARM_SECONDS_OTHERS + 2.0)


def measuring(
    setting: float = QUOTA, retry_after: int = 1, *, owners: int = TENANTS, new_per_second: float | None = None
) -> Callable[[Ground, Contender], Awaitable[Figures]]:
    """Return the scenario in which the daemon's setting is that, and a 429 names so many seconds (0 for none).

    So many tenants have a backlog, or create so many customers a second among them.
    """

    async def measure(ground: Ground, contender: Contender) -> Figures:
        """Let the contender use the quota."""
        named, warm = tenants(owners), WARM_SECONDS if contender.is_daemon else WARM_SECONDS_OTHERS
        async with trying(ground, contender, named, client_quota=setting, tenant_quota=setting) as trial:
            await trial.sink.forget(quota=QUOTA, latency_ms=LATENCY_MS, retry_after=retry_after)
            async with _changes(trial, named, new_per_second):
                trial.start()
                first_us = (await trial.until(lambda now: now.calls > 0, START_SECONDS)).first_us
                async with metering(*trial.pids) as meter:
                    await asyncio.sleep(COLD_SECONDS + warm + ANSWERED_SECONDS)
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
                "refused_share": stats.rejected / stats.accepted if stats.accepted else None,
                "of_allowed": stats.accepted / (min(QUOTA, setting) * warm),
                "converged_s": converged_seconds(whole.series, min(QUOTA, setting)),
            },
        )

    return measure


@contextlib.asynccontextmanager
async def _changes(trial: Trial, owners: list[Tenant], new_per_second: float | None) -> AsyncGenerator[None]:
    """Put a backlog there, or publish as many changes one after the other for the length of the block."""
    changes = spread(owners, trial.ground.records or RECORDS)
    if new_per_second is None:
        await trial.topic.fill(changes)
        yield
        return
    async with (
        trial.topic.publishing() as publisher,
        beside(publisher.play(paced(changes, new_per_second, now_us()))),
    ):
        yield


def converged_seconds(series: Sequence[int], allowed: float) -> float | None:
    """Return after how many seconds five in a row used what is allowed, None if none did."""
    for begin in range(len(series) - SPAN_SECONDS + 1):
        if sum(series[begin : begin + SPAN_SECONDS]) >= CONVERGED * allowed * SPAN_SECONDS:
            return float(begin)
    return None
