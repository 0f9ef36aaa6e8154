"""How long it takes from the start of a process to its first write, with one change waiting.

First in a group that nobody has been in, where the daemon also creates its own topics (`first_delivery_s`); then again,
after it was stopped in good order (`again_s`). The broker does not wait for more members (its
`group.initial.rebalance.delay.ms` is 0), and the far end answers at once. Goal: 2 seconds.
"""

from bench.contending import Contender
from bench.durations import Takes
from bench.feeding import MICROSECONDS, Change, Tenant, now_us, tenants
from bench.metering import metering
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "start"
START_SECONDS = 60.0
TAKES = Takes(daemon=5.0, others=9.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Start it, stop it, and start it again."""
    owner = tenants(1)[0]
    async with trying(ground, contender, [owner]) as trial:
        first = await _started(trial, owner, version=1)
        async with metering(*trial.pids) as meter:
            await trial.stop()
        again = await _started(trial, owner, version=2)
        stats = await trial.sink.stats()
    return Figures(
        rss_mib=meter.peak_mib,
        calls=stats.calls,
        more={"first_delivery_s": first, "again_s": again, "misordered": stats.misordered},
    )


async def _started(trial: Trial, owner: Tenant, version: int) -> float:
    """Publish a version and start the process, and return after how many seconds it was written."""
    await trial.topic.fill([Change(tenant=owner, customer=0, version=version)])
    began_us = now_us()
    trial.start()
    progress = await trial.until(lambda now: now.last_write_us > began_us, START_SECONDS)
    if progress.last_write_us <= began_us:
        raise TimeoutError(f"nothing was written within {START_SECONDS:g} s of its start")
    return (progress.last_write_us - began_us) / MICROSECONDS
