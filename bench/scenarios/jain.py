"""Ten tenants with equal backlogs under the client's quota of 200 calls a second, of equal weight and of unequal.

Measured over 30 seconds, from 5 seconds after the first call on: Jain's index of the tenants' calls where all weigh the
same (1 is perfectly fair), and, where weights go from 1 to 4, how far the tenant that is farthest off is from its share
(`weights_off`). Goals: at least 0.99, and at most 0.02.
"""

import asyncio

from msgspec.structs import replace

from bench.contending import Contender
from bench.durations import Takes
from bench.far_end import Stats
from bench.feeding import MICROSECONDS, Tenant, spread, tenants
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "jain"
QUOTA = 200.0
LATENCY_MS = 20.0
WEIGHTS = (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0)
RECORDS = 15_000
COLD_SECONDS, WARM_SECONDS = 5, 30
START_SECONDS = 30.0
TAKES = Takes(daemon=2 * (COLD_SECONDS + WARM_SECONDS + 3.0))


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the tenants compete, equal ones first."""
    equal = tenants(len(WEIGHTS))
    unequal = [replace(tenant, weight=weight) for tenant, weight in zip(equal, WEIGHTS, strict=True)]
    fair = await _competed(ground, contender, equal)
    weighed = await _competed(ground, contender, unequal)
    counts = [fair.tenants.get(tenant.name, 0) for tenant in equal]
    total, weight = sum(weighed.tenants.values()), sum(WEIGHTS)
    return Figures(
        calls=fair.calls + weighed.calls,
        rejected=fair.rejected + weighed.rejected,
        utilisation=fair.accepted / (QUOTA * WARM_SECONDS),
        more={
            "jain": sum(counts) ** 2 / (len(counts) * sum(count**2 for count in counts)),
            "weights_off": max(
                abs(weighed.tenants.get(tenant.name, 0) / total / (tenant.weight / weight) - 1.0) for tenant in unequal
            ),
        },
    )


async def _competed(ground: Ground, contender: Contender, owners: list[Tenant]) -> Stats:
    async with trying(ground, contender, owners, client_quota=QUOTA, tenant_quota=QUOTA) as trial:
        await trial.topic.fill(spread(owners, ground.records or RECORDS))
        await trial.sink.forget(quota=QUOTA, latency_ms=LATENCY_MS, retry_after=1)
        trial.start()
        first_us = (await trial.until(lambda now: now.calls > 0, START_SECONDS)).first_us
        await asyncio.sleep(COLD_SECONDS + WARM_SECONDS)
        trial.check()
        since = first_us + COLD_SECONDS * MICROSECONDS
        return await trial.sink.stats(since=since, until=since + WARM_SECONDS * MICROSECONDS)
