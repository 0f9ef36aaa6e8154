"""Two hundred small tenants beside one with a large backlog, all within one quota of 100 calls a second.

The small tenants send 30 changes a second among them, each at an instant fixed beforehand, of customers that are known;
latency counts from that instant. Measured for the daemon: their p99 on an idle system (`p99_idle_s`); while a backlog
of 1,000,000 changes of the large tenant is read (`p99_while_read_s`; apart from each other `p99_same_partition_s` for
those whose changes lie behind it in its own partition, which nobody can read before it, and `p99_other_partitions_s`);
and when it has been read past into the ledger (`p99_s`). `read_per_second` tells how quickly that goes. Goals: 8,000 a
second; p99 behind the backlog at most one second above that on an idle system, and 3 seconds while it is read.

The others keep no ledger: theirs is a backlog of 1,000, small tenants send 10 changes a second, and `p99_s` is of those
of the first 10 seconds; what has not arrived after 20 more counts with the time that it had waited by then.
"""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from bench.beside import beside
from bench.contending import Contender
from bench.delivering import arrival, judged
from bench.durations import Takes
from bench.far_end import Write
from bench.feeding import MICROSECONDS, Change, Publisher, Tenant, now_us, spread, tenants
from bench.loading import Load, changing
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "fairness"
QUOTA = 100.0
LATENCY_MS = 50.0
SMALL_TENANTS, SMALL_CUSTOMERS = 200, 3
SMALL_STEM = "small"
RECORDS, RECORDS_OTHERS = 1_000_000, 1_000
LARGE_CUSTOMERS = 100_000
PER_SECOND, PER_SECOND_OTHERS = 30.0, 10.0
WARM_SECONDS_OTHERS = 1.0
IDLE_SECONDS, IDLE_SECONDS_OTHERS = 25.0, 5.0
BEHIND_SECONDS, BEHIND_SECONDS_OTHERS = 25.0, 10.0
READING_AT_MOST_SECONDS = 500.0
"""Four times what the goal allows: then the cell has failed."""

PATIENCE_SECONDS = 60.0
PATIENCE_SECONDS_OTHERS = 20.0
LOOK_SECONDS = 0.25
TAKES = Takes(
    daemon=IDLE_SECONDS + RECORDS / 8_000 + BEHIND_SECONDS + 25.0,
    others=WARM_SECONDS_OTHERS + IDLE_SECONDS_OTHERS + BEHIND_SECONDS_OTHERS + 6.0,
)


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Put a backlog of one tenant beside the small ones."""
    large, small = tenants(1, "large")[0], tenants(SMALL_TENANTS, SMALL_STEM, first=1)
    async with (
        trying(ground, contender, [large, *small], client_quota=QUOTA, tenant_quota=QUOTA) as trial,
        trial.topic.publishing() as publisher,
    ):
        await trial.sink.obey(quota=QUOTA, latency_ms=LATENCY_MS, retry_after=1)
        load = Load(small, SMALL_CUSTOMERS)
        if contender.is_daemon:
            return await _daemon(trial, publisher, load, large)
        return await _others(trial, publisher, load, large)


def _backlog(large: Tenant, count: int) -> Iterator[Change]:
    """Yield so many changes: the first version of each customer, then the next of each, and so on."""
    customers = min(count, LARGE_CUSTOMERS)
    for begin in range(0, count, customers):
        yield from spread([large], min(customers, count - begin), version=begin // customers + 1)


async def _daemon(trial: Trial, publisher: Publisher, load: Load, large: Tenant) -> Figures:
    records = trial.ground.records or RECORDS
    first = load.first(now_us())
    await trial.topic.fill(first)
    trial.start()
    await arrival(trial, first, PATIENCE_SECONDS, SMALL_STEM)
    idle = load.drawn(PER_SECOND, IDLE_SECONDS, now_us())
    await publisher.play(idle)
    before, began_us = (await trial.daemon.metrics())["received_total"], now_us()
    reading: list[Change] = []
    async with beside(changing(publisher, load, PER_SECOND, reading)):
        await trial.topic.fill(_backlog(large, records))
        seconds = (await _read(trial, before + records, reading) - began_us) / MICROSECONDS
    behind = await _behind(trial, publisher, load.drawn(PER_SECOND, BEHIND_SECONDS, now_us()), PATIENCE_SECONDS)
    writes = behind.writes
    partition = trial.topic.partition_of(large)
    elsewhere = [change for change in reading if trial.topic.partition_of(change.tenant) != partition]
    beyond = [change for change in reading if trial.topic.partition_of(change.tenant) == partition]
    more = {
        "p99_while_read_s": judged(reading, writes).at(0.99),
        "p99_other_partitions_s": judged(elsewhere, writes).at(0.99),
        "p99_same_partition_s": judged(beyond, writes).at(0.99),
        "read_per_second": records / seconds,
        "missing": judged([*idle, *reading, *behind.changes], writes).missing,
    }
    return await _figures(trial, idle, behind, more)


async def _read(trial: Trial, before: float, published: Sequence[Change]) -> int:
    """Wait until the daemon has taken so many records in hand, and what was published beside; return when (UTC µs)."""
    async with asyncio.timeout(READING_AT_MOST_SECONDS):
        while True:
            since_us = now_us() - MICROSECONDS
            wanted = before + sum(change.intended_us < since_us for change in published)
            if (await trial.daemon.metrics()).get("received_total", 0.0) >= wanted:
                return now_us()
            trial.check()
            await asyncio.sleep(LOOK_SECONDS)


async def _others(trial: Trial, publisher: Publisher, load: Load, large: Tenant) -> Figures:
    backlog = _backlog(large, min(trial.ground.records or RECORDS_OTHERS, RECORDS_OTHERS))
    warm = load.drawn(PER_SECOND_OTHERS, WARM_SECONDS_OTHERS, now_us())
    trial.start()
    await publisher.play(warm)
    await arrival(trial, warm, PATIENCE_SECONDS_OTHERS, SMALL_STEM)
    idle = load.drawn(PER_SECOND_OTHERS, IDLE_SECONDS_OTHERS, now_us())
    await publisher.play(idle)
    await trial.topic.fill(backlog)
    load_behind = load.drawn(PER_SECOND_OTHERS, BEHIND_SECONDS_OTHERS, now_us())
    behind = await _behind(trial, publisher, load_behind, PATIENCE_SECONDS_OTHERS)
    return await _figures(trial, idle, behind, {"missing": judged(behind.changes, behind.writes).missing})


class Behind(msgspec.Struct, frozen=True):
    """Changes that were sent behind a backlog, all writes by then, and which share of the quota was used meanwhile."""

    changes: Sequence[Change]
    writes: Sequence[Write]
    utilisation: float


async def _behind(trial: Trial, publisher: Publisher, changes: Sequence[Change], patience: float) -> Behind:
    """Send changes at their instants, and wait until they have arrived or so many seconds have passed."""
    since_us = now_us()
    await publisher.play(changes)
    until_us = now_us()
    used = await trial.sink.stats(since=since_us, until=until_us)
    writes = await arrival(trial, changes, patience, SMALL_STEM)
    return Behind(changes, writes, used.accepted * MICROSECONDS / (QUOTA * (until_us - since_us)))


async def _figures(trial: Trial, idle: Sequence[Change], behind: Behind, more: dict[str, float | None]) -> Figures:
    whole, latencies = await trial.sink.stats(), judged(behind.changes, behind.writes)
    p99, p99_idle = latencies.at(0.99), judged(idle, behind.writes).at(0.99)
    return Figures(
        calls=whole.calls,
        rejected=whole.rejected,
        utilisation=behind.utilisation,
        p50_s=latencies.at(0.5),
        p99_s=p99,
        more={
            "p99_idle_s": p99_idle,
            "beyond_idle_s": None if p99 is None or p99_idle is None else p99 - p99_idle,
            **more,
            "misordered": whole.misordered,
        },
    )
