"""Twenty queued edits of each of 500 customers, and a quota of 50 calls a second for each of four tenants.

The edits are there before the contender starts: version 1 of all, then version 2 of all, and so on. Measured is how
often each customer is written (`writes_per_customer`), and how long it takes until all have the last version, or a
minute has passed; `complete` is the share of customers that have it then. The others, who send every edit, are given
100 customers and 20 seconds. Goals: at most 1.1 writes, and all have it.
"""

from bench.contending import Contender
from bench.delivering import delivered
from bench.durations import Takes
from bench.feeding import spread, tenants
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "edits"
TENANTS = 4
CUSTOMERS, CUSTOMERS_OTHERS = 500, 100
EDITS = 20
TENANT_QUOTA = 50.0
LONGEST_SECONDS, LONGEST_SECONDS_OTHERS = 60.0, 20.0
TAKES = Takes(daemon=9.0, others=LONGEST_SECONDS_OTHERS + 1.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the contender deliver the edits."""
    usual, longest = (CUSTOMERS, LONGEST_SECONDS) if contender.is_daemon else (CUSTOMERS_OTHERS, LONGEST_SECONDS_OTHERS)
    customers, owners = (ground.records or usual * EDITS) // EDITS, tenants(TENANTS)
    async with trying(
        ground, contender, owners, client_quota=TENANT_QUOTA * TENANTS, tenant_quota=TENANT_QUOTA
    ) as trial:
        for version in range(1, EDITS + 1):
            await trial.topic.fill(spread(owners, customers, version=version))
        await trial.sink.forget(version=EDITS, tenant_quota=TENANT_QUOTA, retry_after=1)
        trial.start()
        figures = await delivered(trial, customers, lambda now: now.reached, longest)
        stats = await trial.sink.stats(version=EDITS)
        seconds = (stats.last_us - stats.first_us) / 1e6
        return Figures(
            rss_mib=figures.rss_mib,
            calls=stats.calls,
            rejected=stats.rejected,
            utilisation=stats.accepted / (seconds * TENANT_QUOTA * TENANTS),
            more={
                "writes_per_customer": stats.writes / stats.customers,
                "calls_per_customer": stats.accepted / stats.customers,
                "complete": stats.reached / customers,
                "seconds": seconds,
                "misordered": stats.misordered,
            },
        )
