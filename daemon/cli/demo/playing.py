"""Playing the demo: Moment publishes, DnB makes trouble, the daemon works, and a judge looks at the books."""

import shutil
import tempfile
import time
from collections import deque
from pathlib import Path

import anyio
import msgspec

from daemon.cli.demo.reporting import Result, report
from daemon.cli.demo.screen import Screen
from daemon.cli.demo.staging import (
    HEAL_SECONDS,
    LATE_SECONDS,
    PARKED_SECONDS,
    REQUEST_SECONDS,
    SHORTENED,
    Stage,
    staged,
)
from daemon.core.ledger import Entry
from daemon.core.model import Entity
from daemon.edges.signals import watch_signals
from daemon.sandbox.accountant import Deed, deeds
from daemon.sandbox.generating import planted
from daemon.sandbox.judging import DeadLetter, Evidence, Parked, Verdict, judge_all
from daemon.sandbox.publishing import publishing, read_back
from daemon.sandbox.story import Act, story
from daemon.telemetry.logs import configure_logs

PUBLISHED_AT_ONCE = 20
"""So many changes are published before the next look at the clock and the story."""

PUBLISHED_PER_SECOND = 150.0
"""A lively day in five companies, so that troubles spread over seconds."""

LOOK_SECONDS = 0.2
"""How often the screen is drawn and the daemon asked whether it is at rest."""

QUIET_SECONDS = HEAL_SECONDS + PARKED_SECONDS
"""So long nothing is delivered before the rest is taken for what it is: all of it was tried again meanwhile."""

PATIENCE_SECONDS = 90.0
"""How long the daemon may take to come to rest after the last change; more is a finding."""


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    events: int
    seed: int
    json: Path | None
    bootstrap: str | None
    stays: bool


async def play(asked: Play) -> int:
    """Play the demo, and return the exit code of its result; the log stays where something was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="moment-dnb-demo-"))
    log = folder / "daemon.log"
    with log.open("w", encoding="utf-8") as stream:
        configure_logs("info", stream)
        async with staged(folder, seed=asked.seed, bootstrap=asked.bootstrap) as stage:
            result = await _Playing(asked, stage).run()
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    report(result, log)
    if result.is_clean:
        shutil.rmtree(folder)
        return 0
    return 1


class _Playing:
    """One performance: the records, the acts still to come, and the screen."""

    def __init__(self, asked: Play, stage: Stage) -> None:
        self._asked = asked
        self._stage = stage
        self._records = planted(
            seed=asked.seed,
            events=asked.events,
            tenants=tuple(stage.companies),
            started_at=time.time(),
            kinds=stage.kinds,
        )
        acts = story(
            seed=asked.seed,
            events=asked.events,
            companies=stage.companies,
            request_seconds=REQUEST_SECONDS,
            late_seconds=LATE_SECONDS,
        )
        self._acts: deque[Act] = deque(sorted(acts, key=lambda act: act.after))
        self._deeds: deque[Deed] = deque(deeds(asked.events))
        self._progress = (0, time.monotonic())
        self._started_at = time.monotonic()
        self._published = 0
        self._port = 0
        self._screen = Screen(stage, asked.events, shortened=SHORTENED)

    async def run(self) -> Result:
        """Run daemon, publisher and screen to the end, and return what came of it."""
        results: list[Result] = []
        async with anyio.create_task_group() as tasks:
            self._port = await tasks.start(self._stage.app.run)
            results.append(await self._result())
            if self._asked.stays:
                await self._stay()
            self._stage.app.stop()
        return results[0]

    async def _result(self) -> Result:
        with self._screen.shown():
            is_at_rest = await self._perform()
        seconds = time.monotonic() - self._started_at
        return Result.of(self._stage, await self._judged(), seconds=seconds, is_at_rest=is_at_rest)

    async def _perform(self) -> bool:
        """Wait for the daemon, publish everything, wait until the daemon is at rest; tell whether it came to rest."""
        with anyio.move_on_after(PATIENCE_SECONDS):
            while not self._is_ready():
                self._screen.draw(self._published)
                await anyio.sleep(LOOK_SECONDS)
        async with publishing(self._stage.bootstrap, self._stage.topic) as publisher:
            while self._published < len(self._records):
                self._act()
                some = self._records[self._published : self._published + PUBLISHED_AT_ONCE]
                await publisher.publish([(one.key, one.value) for one in some])
                self._published += len(some)
                self._screen.draw(self._published)
                await anyio.sleep(len(some) / PUBLISHED_PER_SECOND)
            self._act()
        with anyio.move_on_after(PATIENCE_SECONDS):
            while not self._is_at_rest():
                await anyio.sleep(LOOK_SECONDS)
                self._screen.draw(self._published)
            return True
        return False

    def _is_ready(self) -> bool:
        """Tell whether the daemon has been given partitions and has restored them."""
        app = self._stage.app
        return app.edges.source.is_ready and app.planner.status(app.clock.now()).partitions > 0

    def _act(self) -> None:
        """Make the trouble whose time has come."""
        while self._acts and self._acts[0].after <= self._published:
            act = self._acts.popleft()
            self._stage.emulator.inject(act.kind, **act.where)
            self._screen.say("DnB", act.words)
        while self._deeds and self._deeds[0].after <= self._published:
            deed = self._deeds.popleft()
            for accountant in self._stage.accountants:
                accountant.perform(deed.kind, self._stage.app.clock.now())
            self._screen.say("accountant", deed.words)

    def _is_at_rest(self) -> bool:
        """Tell whether everything published was received, nothing is in hand, and nothing can still change.

        What waits for a person is tried again for ever: it is at rest when all of it was tried and nothing came of it.
        """
        app = self._stage.app
        now, status = time.monotonic(), app.planner.status(app.clock.now())
        is_received = app.observing.tally["received"] >= self._published
        done = app.observing.tally["settled.delivered"] + app.observing.tally["released"]
        if done != self._progress[0] or not is_received:
            self._progress = (done, now)
        is_quiet = now - self._progress[1] >= QUIET_SECONDS
        return is_received and is_quiet and status.in_hand == 0 and not self._is_waiting()

    def _is_waiting(self) -> bool:
        """Tell whether something is in doubt, waits for its turn, or failed and will be tried again."""
        stores = self._stage.app.edges.ledgers.stores.values()
        if any(store.summary().waiting_tenants for store in stores):
            return True
        entries = [entry for store in stores for _, entry in store.parked()]
        is_failing = any(entry.parked is not None and entry.parked.refusal is None for entry in entries)
        parked = sum(entry.due is not None for entry in entries)
        return is_failing or any(entry.dirty_data is not None for entry in entries) or self._scheduled() > parked

    def _scheduled(self) -> int:
        return sum(store.scheduled() for store in self._stage.app.edges.ledgers.stores.values())

    async def _judged(self) -> Verdict:
        letters = await read_back(self._stage.bootstrap, self._stage.dead_letter_topic)
        parked = [one for store in self._stage.app.edges.ledgers.stores.values() for one in store.parked()]
        companies = self._stage.companies
        evidence = Evidence(
            companies=companies,
            history=self._stage.emulator.history,
            parked=[_parked(entity, entry) for entity, entry in parked],
            dead_letters=[DeadLetter(one.key, one.value, one.headers["moment-dnb-reason"]) for one in letters],
            books={tenant: self._stage.emulator.books(key) for tenant, key in companies.items()},
            kinds=self._stage.kinds,
        )
        return judge_all(self._records, evidence)

    async def _stay(self) -> None:
        """Keep everything running until a signal."""
        print(
            f"still running: metrics at http://127.0.0.1:{self._port}/metrics, DnB at {self._stage.emulator.base_url}"
        )
        print("Ctrl-C ends it")
        asked = anyio.Event()
        async with anyio.create_task_group() as tasks:
            await tasks.start(watch_signals, asked.set)
            await asked.wait()
            tasks.cancel_scope.cancel()


def _parked(entity: Entity, entry: Entry) -> Parked:
    version, reason = (entry.parked.version, entry.parked.reason) if entry.parked else (0, "")
    return Parked(entity.tenant, entity.kind, entity.id, version, reason)
