"""A process that is killed under a steady load, and started again, or not.

Eight tenants change a customer each five times a second. Killed with SIGKILL and started again half a second later, the
daemon under its member id and with its disk: `first_delivery_s` is the time from the start of the new process to its
first write, the worst of three for the daemon (one kill for the others, who wait for Kafka to miss the dead member).
Then there are two processes, one is killed and not started again: `silence_s` is the time from the kill until all
tenants are served again, which takes as long as the session timeout. Each contender has the one that is usual for it
(30 s the daemon's, 10 s aiokafka's, 45 s the Java client's). Goals: first delivery within 3 seconds, and the silence
ends within 3 seconds of the session timeout.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from bench.beside import beside
from bench.contending import Contender
from bench.durations import Takes
from bench.far_end import Write
from bench.feeding import MICROSECONDS, Change, Tenant, now_us, tenants
from bench.metering import metering
from bench.rows import Figures
from bench.trial import Ground, Trial, trying

NAME = "restart"
TENANTS = 8
PAUSE_SECONDS = 0.2
KILLS, KILLS_OTHERS = 3, 1
DOWN_SECONDS = 0.5
SERVED_SECONDS = 3.0
"""So long it serves before it is killed."""

JOIN_SECONDS = 12.0
"""By then a second process has joined the group and has its share."""

PATIENCE_SECONDS = 100.0
TAKES = Takes(daemon=KILLS * 5.0 + JOIN_SECONDS + 37.0, others=61.0)
LOOK_SECONDS = 0.05


async def measure(ground: Ground, contender: Contender) -> Figures:
    """Kill it, and start it again; then kill one of two."""
    owners = tenants(TENANTS)
    async with trying(ground, contender, owners) as trial, _load(trial, owners):
        trial.start()
        await _all_served(trial, now_us())
        firsts = [await _restarted(trial) for _ in range(KILLS if contender.is_daemon else KILLS_OTHERS)]
        async with metering(*trial.pids) as meter:
            await _all_served(trial, now_us())
            trial.start("b")
            await asyncio.sleep(JOIN_SECONDS)
            trial.check()
        killed_us = now_us()
        trial.started.pop("a").kill()
        silence = await _all_served(trial, killed_us + round(DOWN_SECONDS * MICROSECONDS)) - killed_us
        stats = await trial.sink.stats()
    return Figures(
        rss_mib=meter.peak_mib,
        calls=stats.calls,
        rejected=stats.rejected,
        more={
            "first_delivery_s": max(firsts),
            "silence_s": silence / MICROSECONDS,
            "misordered": stats.misordered,
            "overlaps": stats.overlaps,
        },
    )


async def _restarted(trial: Trial) -> float:
    """Kill it and start it again, and return after how many seconds it wrote something."""
    await asyncio.sleep(SERVED_SECONDS)
    trial.started["a"].kill()
    await asyncio.sleep(DOWN_SECONDS)
    started_us = now_us()
    trial.start()
    writes = await _writes(trial, started_us, 1)
    return (min(write.committed_us for write in writes) - started_us) / MICROSECONDS


async def _all_served(trial: Trial, since_us: int) -> int:
    """Return when the last of the tenants had something written after that instant (UTC µs)."""
    writes = await _writes(trial, since_us, TENANTS)
    first: dict[str, int] = {}
    for write in writes:
        first.setdefault(write.mark, write.committed_us)
    return max(first.values())


async def _writes(trial: Trial, since_us: int, tenants_at_least: int) -> list[Write]:
    """Return the writes after that instant, once there are some of so many tenants; raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            writes = [write for write in await trial.sink.writes() if write.committed_us > since_us]
            if len({write.mark for write in writes}) >= tenants_at_least:
                return writes
            trial.check()
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def _load(trial: Trial, owners: list[Tenant]) -> AsyncGenerator[None]:
    """Change a customer of every tenant again and again, for the length of the block."""
    async with trial.topic.publishing() as publisher:

        async def change() -> None:
            for version in range(1, 1_000_000):
                now = now_us()
                for tenant in owners:
                    await publisher.publish(Change(tenant=tenant, customer=0, version=version, intended_us=now))
                await asyncio.sleep(PAUSE_SECONDS)

        async with beside(change()):
            yield
