"""Three replicas that share one quota of 100 calls a second, and one of them is killed.

A backlog of twelve tenants in as many partitions; each call takes 100 ms, and what is beyond the quota (a token bucket
of one second's depth) is answered by 429 with `Retry-After: 1`. Measured is the share of the quota that the three use
together over 20 seconds (`utilisation`), the most calls of all in a second, let in or not (`most_in_a_second`), and how
long after one was killed 95 % of the quota were used again over five seconds (`settled_s`; Kafka misses the dead one
after the session timeout, 30 seconds). Goals: 0.95, no more than one burst above the quota, and 10 seconds after that.
"""

import asyncio

from bench.contending import Contender
from bench.delivering import shared
from bench.feeding import MICROSECONDS, spread, tenants
from bench.rows import Figures
from bench.scenarios.quota import LATENCY_MS, QUOTA, converged_seconds
from bench.trial import Ground, trying

NAME = "replicas"
REPLICAS = ("a", "b", "c")
PARTITIONS = 12
RECORDS = 12_000
SETTLING_SECONDS, WARM_SECONDS, AFTER_SECONDS = 5, 20, 50


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let three use the quota, and then two."""
    owners = tenants(PARTITIONS)
    async with trying(
        ground, contender, owners, partitions=PARTITIONS, client_quota=QUOTA, tenant_quota=QUOTA
    ) as trial:
        await trial.topic.fill(spread(owners, ground.records or RECORDS))
        await trial.sink.forget(quota=QUOTA, latency_ms=LATENCY_MS, retry_after=1)
        for name in REPLICAS:
            trial.start(name)
        await shared(trial)
        await asyncio.sleep(SETTLING_SECONDS)
        since_us = (await trial.sink.obey()).at_us
        await asyncio.sleep(WARM_SECONDS)
        trial.check()
        killed_us = (await trial.sink.obey()).at_us
        trial.started.pop(REPLICAS[0]).kill()
        together = await trial.sink.stats(since=since_us, until=killed_us)
        await asyncio.sleep(AFTER_SECONDS)
        trial.check()
        after, whole = await trial.sink.stats(since=killed_us), await trial.sink.stats()
    return Figures(
        calls=whole.calls,
        rejected=whole.rejected,
        utilisation=together.accepted * MICROSECONDS / (QUOTA * (killed_us - since_us)),
        more={
            "rejected_together": together.rejected,
            "most_in_a_second": max(together.series),
            "settled_s": converged_seconds(after.series, QUOTA),
            "overlaps": whole.overlaps,
        },
    )
