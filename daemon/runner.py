"""The runner takes events from the inbox, gives them to the planner and carries out its actions; it decides nothing."""

from typing import Protocol, assert_never

import anyio
import anyio.abc
import msgspec

from daemon.core.actions import (
    Action,
    Adopt,
    Commit,
    Consult,
    DeadLetter,
    HandOver,
    Load,
    Pause,
    PutBack,
    Record,
    Release,
    Resume,
    Send,
)
from daemon.core.events import Event, Woke
from daemon.core.notices import Notice
from daemon.core.planner import Planner
from daemon.edges.clock import Clock
from daemon.edges.dead_letters import DeadLetters
from daemon.edges.http_sink import HttpSink
from daemon.edges.inbox import Batch, Inbox
from daemon.edges.intake import Intake
from daemon.edges.kafka_source import KafkaSource
from daemon.edges.ledger_topic import LedgerTopic
from daemon.edges.ledgers import Ledgers
from daemon.edges.lookups import Lookups

LONGEST_SLEEP_SECONDS = 1.0
"""The runner steps at least this often, so that a watcher can tell a quiet one from a dead one."""


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """The edges that bring events in and carry actions out."""

    clock: Clock
    inbox: Inbox
    source: KafkaSource
    intake: Intake
    ledgers: Ledgers
    lookups: Lookups
    ledger: LedgerTopic
    dead_letters: DeadLetters
    sink: HttpSink


class Watcher(Protocol):
    """Who is told what happened: telemetry."""

    def observe(self, event: Event, output: list[Action | Notice], now: float) -> None:
        """Take note of an event and of what the planner answered."""
        ...


class Runner:
    """One loop: everything the planner learns and asks for passes here, in order."""

    def __init__(self, planner: Planner, edges: Edges, watcher: Watcher) -> None:
        """Take the planner, the edges that carry actions out, and who is told."""
        self._planner = planner
        self._edges = edges
        self._watcher = watcher
        self.stepped_at = edges.clock.now()

    async def run(self) -> None:
        """Step the planner for ever."""
        async with anyio.create_task_group() as tasks:
            while True:
                await self._wait()
                for item in self._edges.inbox.take() or (Woke(),):
                    event = self._edges.intake.fetched(item) if isinstance(item, Batch) else item
                    if event is not None:
                        self._step(event, tasks)

    async def _wait(self) -> None:
        """Wait for an event, or for the instant at which the planner wants to be woken."""
        now = self._edges.clock.now()
        seconds = min(self._planner.next_wake(now) - now, LONGEST_SLEEP_SECONDS)
        with anyio.move_on_after(max(0.0, seconds)):
            await self._edges.inbox.filled()

    def _step(self, event: Event, tasks: anyio.abc.TaskGroup) -> None:
        now = self._edges.clock.now()
        output = self._planner.handle(event, now)
        self.stepped_at = now
        self._watcher.observe(event, output, now)
        for item in output:
            if isinstance(item, Action):
                self._carry_out(item, tasks)

    def _carry_out(self, action: Action, tasks: anyio.abc.TaskGroup) -> None:
        match action:
            case Send():
                self._edges.sink.submit(action)
            case Record() | HandOver():
                self._edges.ledger.append(action)
            case DeadLetter():
                self._edges.dead_letters.append(action)
            case Commit():
                tasks.start_soon(self._commit, action)
            case Load() | Consult():
                answer = self._edges.lookups.answer(action, self._edges.clock.now())
                if answer is not None:
                    self._edges.inbox.put(answer)
            case PutBack() | Adopt():
                self._edges.lookups.change(action)
            case Pause() | Resume() | Release():
                self._direct_source(action)
            case _ as never:
                assert_never(never)

    async def _commit(self, commit: Commit) -> None:
        self._edges.inbox.put(await self._edges.source.commit(commit.offsets))

    def _direct_source(self, action: Pause | Resume | Release) -> None:
        match action:
            case Pause(partitions):
                self._edges.source.pause(partitions)
            case Resume(partitions):
                self._edges.source.resume(partitions)
            case Release(partition):
                self._edges.intake.forget(partition)
                self._edges.source.release(partition)
