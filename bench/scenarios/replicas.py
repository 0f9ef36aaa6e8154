"""Three replicas that share one quota of 100 calls a second, and one of them is killed.

A backlog of twelve tenants in as many partitions; each call takes 100 ms, and what is beyond the quota (a token bucket
of one second's depth) is answered by 429 with `Retry-After: 1`. Measured is the share of the quota that the three use
together over 20 seconds (`utilisation`) and what of that is beyond it (`rejected_together`), and over the whole time,
from the first start to 50 seconds after the kill: the most calls of all in a second, let in or not, wherever that
second begins (`most_in_a_second`), and all that is beyond the quota (`rejected`).

`settled_s` is how long after one was killed 95 % of the quota were used again over five seconds,
`settled_after_rebalance_s` the same from when the others have its partitions (`rebalanced_s` after the kill: Kafka
misses the dead one after the session timeout, 30 seconds). Goals: 0.95; no more than one burst above the quota, which
is 200 calls in a second, and none that is answered by 429, since the bucket lets one burst in; and 10 seconds.
"""

import asyncio

from bench.bounds.staging import Measured
from bench.contending import Contender
from bench.delivering import shared
from bench.durations import Takes
from bench.feeding import MICROSECONDS, now_us, spread, tenants
from bench.rows import Figures
from bench.scenarios.quota import LATENCY_MS, QUOTA, converged_seconds
from bench.trial import Ground, Trial, trying

NAME = "replicas"
REPLICAS = ("a", "b", "c")
PARTITIONS = 12
RECORDS = 12_000
SETTLING_SECONDS, WARM_SECONDS, AFTER_SECONDS = 5, 20, 50
LOOK_SECONDS = 0.5
TAKES = Takes(daemon=SETTLING_SECONDS + WARM_SECONDS + AFTER_SECONDS + 20.0)


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
        since_us = now_us()
        await asyncio.sleep(WARM_SECONDS)
        trial.check()
        killed_us = now_us()
        trial.started.pop(REPLICAS[0]).kill()
        rebalanced_us = await _rebalanced(trial, killed_us + AFTER_SECONDS * MICROSECONDS)
        await asyncio.sleep(max(0.0, AFTER_SECONDS - (now_us() - killed_us) / MICROSECONDS))
        trial.check()
        together = await trial.sink.stats(since=since_us, until=killed_us)
        after, whole = await trial.sink.stats(since=killed_us), await trial.sink.stats()
        known = await trial.sink.stats(since=rebalanced_us) if rebalanced_us else None
    return Figures(
        calls=whole.calls,
        rejected=whole.rejected,
        utilisation=together.accepted * MICROSECONDS / (QUOTA * (killed_us - since_us)),
        more={
            "rejected_together": together.rejected,
            "most_in_a_second": whole.most_in_a_second,
            "settled_s": converged_seconds(after.series, QUOTA),
            "rebalanced_s": (rebalanced_us - killed_us) / MICROSECONDS if rebalanced_us else None,
            "settled_after_rebalance_s": converged_seconds(known.series, QUOTA) if known else None,
            "overlaps": whole.overlaps,
        },
    )


async def _rebalanced(trial: Trial, deadline_us: int) -> int | None:
    """Return when those that are left had all partitions (UTC µs), None if they had not by then."""
    replicas = [process for process in trial.started.values() if isinstance(process, Measured)]
    while now_us() < deadline_us:
        if sum([(await one.metrics()).get("partitions", 0.0) for one in replicas]) == trial.topic.partitions:
            return now_us()
        await asyncio.sleep(LOOK_SECONDS)
    return None
