"""Three tenants of which each may make 20 calls a second; of two the daemon believes 40, of one what is right.

A 429 comes with `Retry-After: 3`. Measured over 40 seconds from the first call on: the calls that a tenant makes in a
time in which it was told to wait (`early`; calls that were under way when the 429 came are none), how late it calls
again, as a share of the three seconds (`late_share`, the worst; what its own pace makes of it included), and which
share of its quota the right one uses beside them (`beside_utilisation`, from the fifth second on), without being
answered by 429 itself (`beside_rejected`). Goals: none, at most 0.05, at least 0.95, and none.
"""

import asyncio

from msgspec.structs import replace

from bench.contending import Contender
from bench.durations import Takes
from bench.feeding import MICROSECONDS, spread, tenants
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "retry-after"
QUOTA, BELIEVED = 20.0, 40.0
RETRY_AFTER_SECONDS = 3
LATENCY_MS = 50.0
RECORDS = 3_000
COLD_SECONDS, WARM_SECONDS = 5, 35
START_SECONDS = 30.0
TAKES = Takes(daemon=COLD_SECONDS + WARM_SECONDS + 3.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the tenants that are believed to have more run into their quota."""
    wrong = [replace(tenant, quota=BELIEVED) for tenant in tenants(2, "wrong")]
    right = replace(tenants(1, "right", first=2)[0], quota=QUOTA)
    async with trying(ground, contender, [*wrong, right]) as trial:
        await trial.topic.fill(spread([*wrong, right], ground.records or RECORDS))
        await trial.sink.forget(tenant_quota=QUOTA, latency_ms=LATENCY_MS, retry_after=RETRY_AFTER_SECONDS)
        trial.start()
        first_us = (await trial.until(lambda now: now.calls > 0, START_SECONDS)).first_us
        await asyncio.sleep(COLD_SECONDS + WARM_SECONDS)
        trial.check()
        since = first_us + COLD_SECONDS * MICROSECONDS
        until = since + WARM_SECONDS * MICROSECONDS
        beside = await trial.sink.stats(since=since, until=until, tenants="right")
        beyond = await trial.sink.stats(since=since, until=until, tenants="wrong")
        whole = await trial.sink.stats()
    return Figures(
        calls=whole.calls,
        rejected=whole.rejected,
        utilisation=beyond.accepted / (QUOTA * WARM_SECONDS * len(wrong)),
        more={
            "early": whole.early,
            "late_share": max(whole.late_s) / RETRY_AFTER_SECONDS if whole.late_s else None,
            "holds": len(whole.late_s),
            "beside_utilisation": beside.accepted / (QUOTA * WARM_SECONDS),
            "beside_rejected": beside.rejected,
        },
    )
