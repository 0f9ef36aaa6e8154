"""A backlog of updates of as many different customers, and a far end that answers at once.

Measured from the first call to the last write: records a second, processor time for each record of the process tree,
and peak memory. The daemon does all its work, and the customers are known to it: their first version was delivered by
the same member in an unmeasured phase. Goal: the daemon's processor time for each change is at most 0.7 of that of one
httpx client per slot.
"""

from bench.contending import Contender
from bench.delivering import delivered, known
from bench.feeding import spread, tenants
from bench.rows import Figures
from bench.trial import Ground, trying

NAME = "unique"
RECORDS = 20_000
TENANTS = 8
MEASURED_VERSION = 2


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the contender deliver the backlog."""
    records, owners = ground.records or RECORDS, tenants(TENANTS)
    async with trying(ground, contender, owners) as trial:
        if contender.is_daemon:
            await known(trial, spread(owners, records))
        await trial.topic.fill(spread(owners, records, version=MEASURED_VERSION))
        await trial.sink.forget(version=MEASURED_VERSION)
        trial.start()
        return await delivered(trial, records, lambda now: now.reached)
