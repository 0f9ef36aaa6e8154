"""What several scenarios do: make customers known, let a backlog be delivered, and judge when changes arrived."""

import asyncio
import bisect
from collections.abc import Callable, Iterable, Sequence

import msgspec

from bench.bounds.staging import Measured
from bench.far_end import Progress, Write
from bench.feeding import MICROSECONDS, Change, now_us
from bench.metering import metering, per_record_us
from bench.rows import Figures
from bench.trial import PATIENCE_SECONDS, Trial

LOOK_SECONDS = 1.0
"""Between two looks at all writes, or at the metrics of all replicas."""

SHARED_SECONDS = 60.0


class Latencies(msgspec.Struct, frozen=True):
    """The seconds from the intended instant of each change to the write of it or of a newer version, in order.

    A change that had not arrived when nothing more was waited for counts with the time that it had waited by then.
    """

    seconds: Sequence[float]
    missing: int

    def at(self, share: float) -> float | None:
        """Return the latency that this share of the changes does not exceed, None if there is no change."""
        if not self.seconds:
            return None
        return self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


class Known(msgspec.Struct, frozen=True):
    """What it took until customers were known: a start on an empty disk until ready; memory then, and at its peak."""

    ready_s: float
    ready_mib: float
    peak_mib: float


async def known(trial: Trial, changes: Sequence[Change], version: int = 1) -> Known:
    """Let the daemon deliver the customers' first versions and end in good order; raises `TimeoutError`."""
    await trial.sink.obey(version=version)
    await trial.topic.fill(changes)
    ready_s = await trial.ready()
    async with metering(*trial.pids) as meter:
        ready_mib = meter.peak_mib
        progress = await trial.until(lambda now: now.reached >= len(changes))
    if progress.reached < len(changes):
        raise TimeoutError(f"only {progress.reached} of {len(changes)} were known after {PATIENCE_SECONDS:g} s")
    await trial.stop()
    return Known(ready_s, ready_mib, meter.peak_mib)


async def shared(trial: Trial) -> None:
    """Wait until each of the daemons has its part of the partitions; raises `TimeoutError`."""
    replicas = [process for process in trial.started.values() if isinstance(process, Measured)]
    part = trial.topic.partitions / len(replicas)
    async with asyncio.timeout(SHARED_SECONDS):
        while any([(await one.metrics()).get("partitions") != part for one in replicas]):
            trial.check()
            await asyncio.sleep(LOOK_SECONDS)


async def delivered(
    trial: Trial, records: int, done: Callable[[Progress], int], seconds: float = PATIENCE_SECONDS
) -> Figures:
    """Return what it costs the processes that were started until so many are done, or the time has passed.

    `records` is what the cost is told for; it counts from the first call to the last write.
    """
    async with metering(*trial.pids) as meter:
        progress = await trial.until(lambda now: done(now) >= records, seconds)
    stats = await trial.sink.stats()
    since, until, count = progress.first_us, progress.last_write_us, done(progress)
    return Figures(
        records_per_second=count * MICROSECONDS / max(1, until - since),
        cpu_us_per_record=per_record_us(meter, since, until, count),
        rss_mib=meter.peak_mib,
        calls=stats.calls,
        rejected=stats.rejected,
        more={"calls_per_record": stats.calls / records, "missing": records - count},
    )


def judged(changes: Iterable[Change], writes: Iterable[Write]) -> Latencies:
    """Return when each change arrived: when its version, or a newer one, was written first."""
    until = now_us()
    arrivals: dict[str, list[tuple[int, int]]] = {}
    for write in writes:
        arrivals.setdefault(write.mark, []).append((write.version, write.committed_us))
    for ordered in arrivals.values():
        ordered.sort()
    arrived = [(change, _arrived(change, arrivals.get(change.mark, []))) for change in changes]
    seconds = sorted(((at_us or until) - change.intended_us) / MICROSECONDS for change, at_us in arrived)
    return Latencies(seconds, sum(at_us is None for _, at_us in arrived))


def _arrived(change: Change, ordered: Sequence[tuple[int, int]]) -> int | None:
    place = bisect.bisect_left(ordered, (change.version, 0))
    return min((at_us for _, at_us in ordered[place:]), default=None)


async def arrival(trial: Trial, changes: Iterable[Change], seconds: float, tenants: str = "") -> list[Write]:
    """Wait until all customers of those tenants have their newest version or the time has passed; return all writes."""
    newest = {change.mark: change.version for change in changes}
    deadline = now_us() + seconds * MICROSECONDS
    while True:
        writes = await trial.sink.writes(tenants)
        written = {one.mark: one.version for one in sorted(writes, key=lambda one: one.version)}
        if now_us() > deadline or all(written.get(mark, 0) >= version for mark, version in newest.items()):
            return writes
        trial.check()
        await asyncio.sleep(LOOK_SECONDS)
