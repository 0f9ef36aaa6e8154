"""Twenty seconds of 503 to everything, under a steady load of 50 changes a second.

A second after it began 300 more come at once, so that there is more to do than may be in flight. Measured are the calls
made while the far end is down (`calls_while_down`, without those that were in flight when it began), the seconds from
its return to the first write (`resumed_s`), and over all changes the time from when they were meant to be sent to the
write that brought them, or a newer version. Goals: at most 25 calls, and 2 seconds.
"""

import asyncio

from bench.contending import Contender
from bench.delivering import arrival, judged
from bench.durations import Takes
from bench.feeding import MICROSECONDS, now_us, tenants
from bench.loading import Load
from bench.metering import metering
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "outage"
TENANTS = 8
CUSTOMERS = 100
CHANGES_PER_SECOND = 50.0
NOTICED_SECONDS = 1.0
BURST, BURST_SECONDS = 300, 0.1
LATENCY_MS = 10.0
BEFORE_SECONDS, DOWN_SECONDS, AFTER_SECONDS = 5.0, 20.0, 5.0
START_SECONDS = 60.0
PATIENCE_SECONDS = 45.0
TAKES = Takes(daemon=BEFORE_SECONDS + DOWN_SECONDS + AFTER_SECONDS + 6.0, others=43.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Put the far end out of order under load, and back."""
    owners = tenants(TENANTS)
    load = Load(owners, CUSTOMERS)
    async with trying(ground, contender, owners) as trial, trial.topic.publishing() as publisher:
        await trial.sink.obey(latency_ms=LATENCY_MS)
        first = load.first(now_us())
        await trial.topic.fill(first)
        trial.start()
        await trial.until(lambda now: now.writes >= len(first), START_SECONDS)
        await trial.sink.forget()
        changes = load.drawn(CHANGES_PER_SECOND, BEFORE_SECONDS, now_us())
        async with metering(*trial.pids) as meter, asyncio.TaskGroup() as tasks:
            await publisher.play(changes)
            down = await trial.sink.obey(down=True)
            since_us = down.at_us + round(NOTICED_SECONDS * MICROSECONDS)
            later = load.drawn(CHANGES_PER_SECOND, NOTICED_SECONDS, down.at_us)
            later += load.drawn(BURST / BURST_SECONDS, BURST_SECONDS, since_us)
            later += load.drawn(CHANGES_PER_SECOND, DOWN_SECONDS + AFTER_SECONDS - NOTICED_SECONDS, since_us)
            changes += later
            tasks.create_task(publisher.play(later))
            await asyncio.sleep(DOWN_SECONDS)
            up = await trial.sink.obey(down=False)
        writes = await arrival(trial, changes, PATIENCE_SECONDS)
        during = await trial.sink.stats(since=down.at_us, until=up.at_us)
        whole = await trial.sink.stats()
    latencies = judged(changes, writes)
    resumed = min((one.committed_us for one in writes if one.committed_us >= up.at_us), default=None)
    return Figures(
        rss_mib=meter.peak_mib,
        calls=whole.calls,
        rejected=whole.rejected,
        p50_s=latencies.at(0.5),
        p99_s=latencies.at(0.99),
        more={
            "calls_while_down": during.calls,
            "resumed_s": None if resumed is None else (resumed - up.at_us) / MICROSECONDS,
            "missing": latencies.missing,
            "misordered": whole.misordered,
        },
    )
