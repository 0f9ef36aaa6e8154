"""Playing the chaos: load and trouble for some minutes, then quiet, then the verdict."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from daemon.sandbox.generating import Planted
from tests.chaos.acts import Troubles
from tests.chaos.auditing import audited
from tests.chaos.conservation import Conservation, conserved, read_remains
from tests.chaos.dnb import script_records
from tests.chaos.load import Load
from tests.chaos.messages import Dossier, Judged, Script
from tests.chaos.reporting import Result, Telling
from tests.chaos.resting import come_to_rest
from tests.chaos.staging import TOPIC, Stage, staged

DIARY = "acts.log"
"""Beside the logs: when what was done."""

LONGEST_SHARE = 2.0
"""Load and trouble go on until all has happened that must, and at most so many times as long as was asked for."""

LOOK_SECONDS = 5.0
"""Between two looks whether it has: they read all logs."""

Say = Callable[[str], None]
"""Tells whoever waits what is happening now."""


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; `rate` is records per second."""

    minutes: float
    seed: int
    rate: float


async def play(asked: Play, folder: Path, say: Say) -> Result:
    """Play the chaos in a folder of its own, and return what came of it; nothing that was started is left running.

    Raises `KafkaUnavailable` where this machine cannot run Kafka.
    """
    say("three nodes of Kafka and an emulated DnB start")
    async with staged(folder, seed=asked.seed) as stage, asyncio.TaskGroup() as tasks:
        watches = [tasks.create_task(daemon.watch()) for daemon in stage.daemons]
        result = await _played(asked, stage, folder, say)
        for watch in watches:
            watch.cancel()
        return result


async def _played(asked: Play, stage: Stage, folder: Path, say: Say) -> Result:
    started_at = time.monotonic()
    script = _script(asked, tuple(stage.dnb.opened.companies))
    records = script_records(script)
    for daemon in stage.daemons:
        daemon.begin()
    load, troubles = Load(records, stage.dnb, asked.rate), Troubles(stage, asked.seed, folder / DIARY)
    await _load_and_trouble(stage, load, troubles, asked.minutes * 60, say)
    say("it is over: everything runs again, and the daemons come to rest")
    await stage.dnb.calm()
    await stage.cluster.whole()
    is_at_rest = await come_to_rest(stage.daemons, stage.cluster.straight)
    say("the topics are read, and the books are judged")
    conservation, judged = await _judged(stage, script, records[: load.published])
    audit = await audited(stage.environment)
    telling = Telling(stage.daemons)
    return Result(
        minutes=asked.minutes,
        seed=asked.seed,
        seconds=round(time.monotonic() - started_at, 1),
        published=load.published,
        calls=judged.calls,
        judge=judged.judge,
        conservation=conservation,
        audit=audit,
        proof=telling.proof(troubles.counts),
        done=dict(sorted(troubles.counts.items())),
        seen=telling.seen(),
        faults=judged.faults,
        late_writes=judged.late_writes,
        findings=judged.findings,
        troubles=telling.troubles,
        is_at_rest=is_at_rest,
    )


def _script(asked: Play, tenants: tuple[str, ...]) -> Script:
    events = int(asked.minutes * 60 * asked.rate * LONGEST_SHARE)
    return Script(seed=asked.seed, events=events, tenants=tenants, started_at=time.time())


async def _judged(stage: Stage, script: Script, published: Sequence[Planted]) -> tuple[Conservation, Judged]:
    """Read what the topics hold, and have everything judged by it and by the books."""
    remains = await read_remains(stage.settings, published)
    dossier = Dossier(script=script, published=len(published), parked=remains.parked, dead_letters=remains.dead_letters)
    return conserved(published, remains), await stage.dnb.judge(dossier)


async def _load_and_trouble(stage: Stage, load: Load, troubles: Troubles, seconds: float, say: Say) -> None:
    """Publish for so many seconds, or until everything has happened that must.

    The trouble begins when the daemons are at work, and ends with the load.
    """
    say("the daemons start, and Moment publishes")
    async with asyncio.TaskGroup() as tasks:
        is_enough = _Proved(stage, troubles)
        loading = tasks.create_task(load.run(stage.cluster.straight, TOPIC, seconds, is_enough))
        await asyncio.gather(*(daemon.working() for daemon in stage.daemons))
        say("trouble begins")
        tasks.create_task(troubles.make())
        await loading
        troubles.end()


class _Proved:
    """Tells whether all has happened that must; it looks only every so often."""

    def __init__(self, stage: Stage, troubles: Troubles) -> None:
        self._stage = stage
        self._troubles = troubles
        self._looked_at = -LOOK_SECONDS

    def __call__(self) -> bool:
        """Look, if it is time for it."""
        now = time.monotonic()
        if now < self._looked_at + LOOK_SECONDS:
            return False
        self._looked_at = now
        return not Telling(self._stage.daemons).proof(self._troubles.counts).lacking
