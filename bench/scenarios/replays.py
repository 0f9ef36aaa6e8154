"""One tenant whose customers change ten times a second, behind 3,000 replays of other customers of its own.

The tenant's quota is 100 calls a second, and each call takes 50 ms. Latency counts from the instant at which a change
was meant to be sent. Measured is the live changes' p99 before there is any replay (`p99_idle_s`), the same behind the
replays (`p99_s`), what that is more (`beyond_idle_s`), and the share of the quota that is used meanwhile
(`utilisation`). Goals: at most a second more, and 0.95.
"""

from msgspec.structs import replace

from bench.contending import Contender
from bench.delivering import arrival, judged
from bench.durations import Takes
from bench.feeding import MICROSECONDS, now_us, spread, tenants
from bench.loading import Load
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "replays"
QUOTA = 100.0
LATENCY_MS = 50.0
LIVE_CUSTOMERS = 100
RECORDS = 3_000
PER_SECOND = 10.0
IDLE_SECONDS, BEHIND_SECONDS = 10.0, 15.0
PATIENCE_SECONDS = 30.0
TAKES = Takes(daemon=IDLE_SECONDS + BEHIND_SECONDS + 10.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the tenant's customers change, without replays and behind them."""
    owners = tenants(1)
    async with (
        trying(ground, contender, owners, client_quota=QUOTA, tenant_quota=QUOTA) as trial,
        trial.topic.publishing() as publisher,
    ):
        await trial.sink.obey(quota=QUOTA, latency_ms=LATENCY_MS, retry_after=1)
        load = Load(owners, LIVE_CUSTOMERS)
        first = load.first(now_us())
        await trial.topic.fill(first)
        trial.start()
        await arrival(trial, first, PATIENCE_SECONDS)
        idle = load.drawn(PER_SECOND, IDLE_SECONDS, now_us())
        await publisher.play(idle)
        replays = spread(owners, LIVE_CUSTOMERS + (ground.records or RECORDS))[LIVE_CUSTOMERS:]
        await publisher.play(replace(change, intended_us=0, is_replay=True) for change in replays)
        since_us = now_us()
        behind = load.drawn(PER_SECOND, BEHIND_SECONDS, since_us)
        await publisher.play(behind)
        until_us = now_us()
        writes = await arrival(trial, [*idle, *behind], PATIENCE_SECONDS)
        trial.check()
        used = await trial.sink.stats(since=since_us, until=until_us)
        whole = await trial.sink.stats()
    before, after = judged(idle, writes), judged(behind, writes)
    return Figures(
        calls=whole.calls,
        rejected=whole.rejected,
        utilisation=used.accepted * MICROSECONDS / (QUOTA * (until_us - since_us)),
        p50_s=after.at(0.5),
        p99_s=after.at(0.99),
        more={
            "p99_idle_s": before.at(0.99),
            "beyond_idle_s": (after.at(0.99) or 0.0) - (before.at(0.99) or 0.0),
            "missing": before.missing + after.missing,
            "misordered": whole.misordered,
        },
    )
