"""What a change costs where there is more of something: tenants, entries in the ledger, replicas.

Each is the backlog of `unique`, delivered by daemons to a far end that answers at once, and differs from the others of
its kind in one number: 8 tenants, an empty ledger and one replica are the usual ones. `tenants-…` spread the same
customers over more tenants, each with a company of its own; `ledger-…` find so many other customers in the ledger that
they have restored; `replicas-…` share the partitions and are measured together.

`rss_mib` is the peak of memory in all that is played: the first start, which restores the ledger onto an empty disk,
the delivery of the first versions, and that of the backlog by processes that have started again on their disk.
`cold_ready_mib` and `ready_mib` are the peaks of both when they are ready (`/readyz`), before any work, `cold_ready_s`
and `ready_s` the seconds until then. Goals: no cost grows faster than the logarithm, and 150 MiB with a million
entries.
"""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from bench.contending import Contender
from bench.delivering import delivered, known, shared
from bench.durations import Takes
from bench.feeding import Tenant, spread, tenants
from bench.ledgers import Holder, Ledger
from bench.metering import peak_mib
from bench.rows import Figures
from bench.scenarios.unique import MEASURED_VERSION, TENANTS
from bench.trial import Ground, Trial, trying

RECORDS = 20_000
FIRST_OTHER = 10_000_000
"""The ledger's other customers begin so far from those that change."""

NAMES = "abcd"
TAKES = Takes(daemon=38.0)
MOST_TENANTS_TAKE, MOST_ENTRIES_TAKE = Takes(daemon=42.0), Takes(daemon=75.0)

Measure = Callable[[Ground, Contender], Awaitable[Figures]]


def growing(*, owners: int = TENANTS, entries: int = 0, replicas: int = 1) -> Measure:
    """Return the scenario with so many tenants, other customers in the ledger, and replicas."""

    async def measure(ground: Ground, contender: Contender) -> Figures:
        """Let the daemons restore the ledger, and then deliver the backlog."""
        named = tenants(owners)
        async with trying(ground, contender, named) as trial:
            if entries:
                await _ledger(trial, named, entries).write()
            return await _measured(trial, named, replicas)

    return measure


async def _measured(trial: Trial, owners: list[Tenant], replicas: int) -> Figures:
    """Make the customers known, start so many daemons, and measure how they deliver a second version of each."""
    records = trial.ground.records or RECORDS
    cold = await known(trial, spread(owners, records))
    ready_s = await trial.ready(*NAMES[:replicas])
    await shared(trial)
    ready_mib = sum(peak_mib(pid) for pid in trial.pids)
    await trial.sink.forget(version=MEASURED_VERSION)
    await trial.topic.fill(spread(owners, records, version=MEASURED_VERSION))
    figures = await delivered(trial, records, lambda now: now.reached)
    more = {
        "cold_ready_mib": cold.ready_mib,
        "cold_ready_s": cold.ready_s,
        "ready_mib": ready_mib,
        "ready_s": ready_s,
    }
    return replace(figures, rss_mib=max(cold.peak_mib, figures.rss_mib or 0.0), more={**figures.more, **more})


def _ledger(trial: Trial, owners: list[Tenant], entries: int) -> Ledger:
    return Ledger(
        bootstrap=trial.topic.bootstrap,
        topic=trial.topic.name,
        partitions=trial.topic.partitions,
        holders=[Holder(one.name, one.company_key, trial.topic.partition_of(one)) for one in owners],
        entries=entries,
        first=FIRST_OTHER,
    )
