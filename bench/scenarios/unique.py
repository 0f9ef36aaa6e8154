"""A backlog of updates of as many different customers, and a far end that answers at once.

Measured from the first call to the last write: records a second, processor time for each record of the process tree,
and peak memory. The daemon does all its work, and the customers are known to it: their first version was delivered by
the same member in an unmeasured phase. Then a process that has nothing but the daemon's HTTP edge sends the very calls
that the daemon made to the same far end, as many at once: what that takes (`http_us_per_call`) is taken off what a
change took, and what is left is the daemon's own part (`overhead_us_per_record`). The others' backlog is half as large:
they keep nothing that would grow with it, and the slowest takes a minute for twice as much.

Goals: the daemon's processor time for each change is at most 0.7 of that of one httpx client per slot, and its own part
of that at most 150 µs.
"""

from msgspec.structs import replace

from bench.contending import Contender
from bench.delivering import delivered, known
from bench.durations import Takes
from bench.edge import call_us
from bench.feeding import spread, tenants
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "unique"
RECORDS, RECORDS_OTHERS = 20_000, 10_000
TENANTS = 8
MEASURED_VERSION = 2
TAKES = Takes(daemon=40.0, others=9.0)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Let the contender deliver the backlog."""
    usual = RECORDS if contender.is_daemon else RECORDS_OTHERS
    records, owners = ground.records or usual, tenants(TENANTS)
    async with trying(ground, contender, owners) as trial:
        if contender.is_daemon:
            await known(trial, spread(owners, records))
        await trial.topic.fill(spread(owners, records, version=MEASURED_VERSION))
        await trial.sink.forget(version=MEASURED_VERSION, keep=contender.is_daemon)
        trial.start()
        figures = await delivered(trial, records, lambda now: now.reached)
        return await _split(trial, figures, records) if contender.is_daemon else figures


async def _split(trial: Trial, figures: Figures, records: int) -> Figures:
    """Return the figures with the HTTP edge's part of what a change takes, and the daemon's own."""
    await trial.stop()
    http_us, cost, calls = (
        await call_us(trial.sink.address, trial.concurrency),
        figures.cpu_us_per_record,
        figures.calls,
    )
    overhead = None if cost is None or calls is None else cost - http_us * calls / records
    return replace(figures, more={**figures.more, "http_us_per_call": http_us, "overhead_us_per_record": overhead})
