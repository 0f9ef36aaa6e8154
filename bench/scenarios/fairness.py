"""Two hundred small tenants beside one with a large backlog, all within one quota of 100 calls a second.

The small tenants send 30 changes a second among them, each at an instant fixed beforehand, of customers that are known;
latency counts from that instant. Measured for the daemon: their p99 on an idle system (`p99_idle_s`); while a backlog
of 200,000 changes of the large tenant is read (`p99_reading_s`, and `p99_same_partition_s` for those whose changes lie
behind it in its own partition, which nobody can read before it); and when it has been read past into the ledger
(`p99_s`). `read_per_second` tells how quickly that goes. Goals: 8,000 a second; p99 behind the backlog at most one
second above that on an idle system, and 3 seconds while it is read.

The others keep no ledger: theirs is a backlog of 2,000, small tenants send 10 changes a second, and `p99_s` is of those
of the first 20 seconds; what has not arrived after 30 more counts with the time that it had waited by then.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from bench.contending import Contender
from bench.delivering import arrival, judged
from bench.far_end import Write
from bench.feeding import MICROSECONDS, Change, Publisher, Tenant, now_us, spread, tenants
from bench.loading import Load
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "fairness"
QUOTA = 100.0
LATENCY_MS = 50.0
SMALL_TENANTS, SMALL_CUSTOMERS = 200, 3
SMALL_STEM = "small"
RECORDS, RECORDS_OTHERS = 200_000, 2_000
LARGE_CUSTOMERS = 100_000
PER_SECOND, PER_SECOND_OTHERS = 30.0, 10.0
IDLE_SECONDS, IDLE_SECONDS_OTHERS = 25.0, 8.0
BEHIND_SECONDS, BEHIND_SECONDS_OTHERS = 25.0, 20.0
READING_AT_MOST_SECONDS = 240.0
PATIENCE_SECONDS = 60.0
PATIENCE_SECONDS_OTHERS = 30.0
LOOK_SECONDS = 0.25
SLICE_SECONDS = 1.0
"""The load goes on in slices while nobody knows how long reading will take."""


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


def _backlog(trial: Trial, large: Tenant, count: int) -> list[tuple[int, bytes, bytes]]:
    customers = min(count, LARGE_CUSTOMERS)
    rounds = range(1, -(-count // customers) + 1)
    return trial.topic.prepared(change for version in rounds for change in spread([large], customers, version=version))


async def _daemon(trial: Trial, publisher: Publisher, load: Load, large: Tenant) -> Figures:
    backlog = _backlog(trial, large, trial.ground.records or RECORDS)
    first = load.first(now_us())
    await trial.topic.fill(first)
    trial.start()
    await arrival(trial, first, PATIENCE_SECONDS, SMALL_STEM)
    idle = load.drawn(PER_SECOND, IDLE_SECONDS, now_us())
    await publisher.play(idle)
    before, began_us = (await trial.daemon.metrics())["received_total"], now_us()
    reading: list[Change] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(trial.topic.fill(prepared=backlog))
        read = tasks.create_task(_read(trial, before + len(backlog)))
        while not read.done():
            reading += (slice_ := load.drawn(PER_SECOND, SLICE_SECONDS, now_us()))
            await publisher.play(slice_)
    seconds = (read.result() - began_us) / MICROSECONDS
    behind = await _behind(trial, publisher, load.drawn(PER_SECOND, BEHIND_SECONDS, now_us()), PATIENCE_SECONDS)
    writes = behind.writes
    partition = trial.topic.partition_of(large)
    elsewhere = [change for change in reading if trial.topic.partition_of(change.tenant) != partition]
    beside = [change for change in reading if trial.topic.partition_of(change.tenant) == partition]
    more = {
        "p99_reading_s": judged(elsewhere, writes).at(0.99),
        "p99_same_partition_s": judged(beside, writes).at(0.99),
        "read_per_second": len(backlog) / seconds,
        "missing": judged([*idle, *reading, *behind.changes], writes).missing,
    }
    return await _figures(trial, idle, behind, more)


async def _read(trial: Trial, received: float) -> int:
    """Wait until the daemon has taken so many records in hand, and return when that was (UTC µs)."""
    async with asyncio.timeout(READING_AT_MOST_SECONDS):
        while (await trial.daemon.metrics()).get("received_total", 0.0) < received:
            trial.check()
            await asyncio.sleep(LOOK_SECONDS)
    return now_us()


async def _others(trial: Trial, publisher: Publisher, load: Load, large: Tenant) -> Figures:
    backlog = _backlog(trial, large, min(trial.ground.records or RECORDS_OTHERS, RECORDS_OTHERS))
    warm = load.drawn(PER_SECOND_OTHERS, SLICE_SECONDS, now_us())
    trial.start()
    await publisher.play(warm)
    await arrival(trial, warm, PATIENCE_SECONDS_OTHERS, SMALL_STEM)
    idle = load.drawn(PER_SECOND_OTHERS, IDLE_SECONDS_OTHERS, now_us())
    await publisher.play(idle)
    await trial.topic.fill(prepared=backlog)
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
    p99_idle = judged(idle, behind.writes).at(0.99) or 0.0
    return Figures(
        calls=whole.calls,
        rejected=whole.rejected,
        utilisation=behind.utilisation,
        p50_s=latencies.at(0.5),
        p99_s=latencies.at(0.99),
        more={
            "p99_idle_s": p99_idle,
            "beyond_idle_s": (latencies.at(0.99) or 0.0) - p99_idle,
            **more,
            "misordered": whole.misordered,
        },
    )
