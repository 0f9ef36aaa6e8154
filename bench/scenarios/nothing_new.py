"""Records that bring nothing new: delivered before (`stale`), or newer and saying the same (`unchanged`).

The customers are made known to the daemon in an unmeasured phase. Then 5,000 of them are there ten times again (stale),
or a newer version of each of 20,000 (unchanged; of several versions that queue only the newest would be looked at). Of
the daemon is measured how many records it settles in a second, and at which cost, between the first and the last look
at its metrics at which it was at work; calls must be 0. Goals on one core: 20,000 stale and 8,000 unchanged records a
second. The others know of no version and send everything: of them is measured a backlog of 3,000, as in `unique`.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from bench.contending import Contender
from bench.delivering import delivered, known
from bench.durations import Takes
from bench.feeding import MICROSECONDS, Change, now_us, spread, tenants
from bench.metering import Meter, metering
from bench.rows import Figures
from bench.trial import PATIENCE_SECONDS, Ground, Trial, trying

STALE, UNCHANGED = "stale", "unchanged"
RECORDS_OTHERS = 3_000
TENANTS = 8
STALE_TAKES, UNCHANGED_TAKES = Takes(daemon=10.0, others=4.0), Takes(daemon=25.0, others=4.0)
LOOK_SECONDS = 0.25
"""Between two looks at the daemon's metrics: each costs it some milliseconds."""


class Look(msgspec.Struct, frozen=True):
    """How many records were settled at an instant (UTC µs)."""

    at_us: int
    settled: float


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon is given: that version of so many customers, so many times, and how each is settled."""

    settlement: str
    customers: int
    rounds: int
    version: int


async def measure_stale(ground: Ground, contender: Contender) -> Figures:
    """Let the contender read records that were delivered before."""
    return await _measured(ground, contender, Play(settlement=STALE, customers=5_000, rounds=10, version=1))


async def measure_unchanged(ground: Ground, contender: Contender) -> Figures:
    """Let the contender read newer versions that say the same."""
    return await _measured(ground, contender, Play(settlement=UNCHANGED, customers=20_000, rounds=1, version=2))


async def _measured(ground: Ground, contender: Contender, play: Play) -> Figures:
    owners, customers = tenants(TENANTS), (ground.records or play.customers * play.rounds) // play.rounds
    async with trying(ground, contender, owners) as trial:
        if not contender.is_daemon:
            return await _sent(trial, spread(owners, ground.records or RECORDS_OTHERS, told=1))
        await known(trial, spread(owners, customers, told=1))
        for _ in range(play.rounds):
            await trial.topic.fill(spread(owners, customers, version=play.version, told=1))
        await trial.sink.forget()
        return await _settled(trial, play.settlement, customers * play.rounds)


async def _sent(trial: Trial, changes: Sequence[Change]) -> Figures:
    await trial.topic.fill(changes)
    await trial.sink.forget()
    trial.start()
    return await delivered(trial, len(changes), lambda now: now.writes)


async def _settled(trial: Trial, settlement: str, records: int) -> Figures:
    """Let the daemon settle so many records, and return what those cost between the first and the last look."""
    trial.start()
    async with metering(*trial.pids) as meter:
        looks = await _watched(trial, settlement, records)
    calls = (await trial.sink.progress()).calls
    begin, end = looks[0], looks[-1]
    count = end.settled - begin.settled
    return Figures(
        records_per_second=count * MICROSECONDS / max(1, end.at_us - begin.at_us),
        cpu_us_per_record=_cost(meter, begin, end) / max(1.0, count),
        rss_mib=meter.peak_mib,
        calls=calls,
        more={"calls_per_record": calls / records, "records_per_cpu_second": count / _cost(meter, begin, end) * 1e6},
    )


def is_counted(metric: str, settlement: str) -> bool:
    """Tell whether a metric counts records that were settled so: at once, or after they had waited in the ledger."""
    return metric.startswith(("settled_total", "released_total")) and f'="{settlement}"' in metric


def _cost(meter: Meter, begin: Look, end: Look) -> float:
    return max(1.0, meter.cpu_seconds(begin.at_us, end.at_us) * MICROSECONDS)


async def _watched(trial: Trial, settlement: str, records: int) -> Sequence[Look]:
    """Return the looks at which the daemon was at work, from the first to the last but one, if there are several."""
    looks: list[Look] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not looks or looks[-1].settled < records:
        trial.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {looks[-1:]} of {records} were settled after {PATIENCE_SECONDS:g} s")
        await asyncio.sleep(LOOK_SECONDS)
        metrics = await trial.daemon.metrics()
        settled = sum(count for name, count in metrics.items() if is_counted(name, settlement))
        if settled:
            looks.append(Look(now_us(), settled))
    at_work = [look for look in looks if look.settled < records]
    return at_work if len(at_work) > 1 else looks
