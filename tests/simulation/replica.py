"""One process of the daemon: the real planner with its real decoders, look-ups and local stores, on virtual time.

What the asynchronous edges do around them is done here in the same order (`source`, `writing`, `sink`). The process can
be killed between any two of the planner's actions, and stopped in the middle of them.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

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
from daemon.core.events import Event, TenantsChanged, Woke
from daemon.core.model import Kind, Partition
from daemon.core.notices import Notice
from daemon.core.pacing import FOREVER
from daemon.core.planner import Planner
from daemon.core.procedure import Recipe
from daemon.core.state import State
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import CustomerRecipe, InvoiceRecipe, ProjectRecipe, probe_company
from daemon.edges.inbox import Batch
from daemon.edges.intake import Intake
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.lookups import Lookups
from daemon.edges.named_tenants import Named, transferred
from daemon.sandbox.generating import ENVIRONMENT
from tests.simulation.process import Process
from tests.simulation.sink import Sink
from tests.simulation.source import Source
from tests.simulation.writing import Writing

if TYPE_CHECKING:
    from tests.simulation.world import World


class Replica:
    """One life of one process."""

    def __init__(self, world: "World", name: str, folder: Path, *, clock_ahead: float) -> None:
        """Start, and ask to be let into the group."""
        self.world = world
        self.name = name
        self.folder = folder
        self.process = Process(world.timeline, clock_ahead=clock_ahead)
        self.stores: dict[Partition, LedgerStore] = {}
        self.tenants: Named = {}
        self.intake = Intake(ENVIRONMENT, self.stores)
        self.planner = Planner(world.policy, _recipes(), probe_company)
        self.source = Source(self)
        self.writing = Writing(self)
        self.sink = Sink(self)
        self._lookups = Lookups(self.stores)
        self._inbox: deque[Event | Batch] = deque()
        self._is_taking = False
        self._wake_number = 0
        self._registry_number = -1
        self.registries_read: deque[int] = deque()
        self.read_tenants()
        self.source.join()

    # -- the process -------------------------------------------------------------------------------------------

    def after(self, least: float, most: float, act: Callable[[], None]) -> None:
        """Do something after a time drawn between these, in seconds."""
        self.process.after(self.world.chance.uniform(least, most), act)

    @property
    def is_heard(self) -> bool:
        """Tell whether its heartbeats reach the coordinator."""
        return self.process.is_heard

    @property
    def is_member(self) -> bool:
        """Tell whether the group knows this process."""
        return self.world.coordinator.is_member(self.name, self)

    @property
    def memory(self) -> State:
        """Return what the planner remembers, for the judge's eyes alone: much of what must hold shows nowhere else."""
        return self.planner._state  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as said

    def crash(self) -> None:
        """End without a word: what was not written is lost, what is on the network goes on."""
        self.process.end()
        for store in self.stores.values():
            store.close()
        self.stores.clear()
        self.world.watch.ended(self)

    def stop(self, seconds: float) -> None:
        """Stand still, as by SIGSTOP, for so long."""
        self.process.stop(seconds, self._go_on)

    def _go_on(self) -> None:
        self.source.went_on()
        if not self.is_member:
            self.world.say(self.name, "wakes up as a zombie")
            self.after(0.0, 0.5, self.source.session_lost)

    def leave(self) -> None:
        """Hand everything over and end, as after SIGTERM."""

        def goodbye() -> None:
            self.world.coordinator.leave(self.name, self)
            self.crash()

        self.source.leave(goodbye)

    def rebalance_began(self) -> None:
        """Give everything up, and join again when that is done."""
        self.process.do(lambda: self.source.give_up_all(is_lost=False, then=self.source.join))

    def assigned(self, generation: int, partitions: tuple[Partition, ...]) -> None:
        """Take what the group gives."""
        self.process.do(lambda: self.source.assigned(generation, partitions))

    def read_tenants(self) -> None:
        """Read the tenants file, if it has changed."""
        if self._registry_number != self.world.registry_number:
            self._registry_number = self.world.registry_number
            self.tenants = transferred(self.world.registry)
            for partition in [partition for partition, owned in self.source.owned.items() if owned.is_restored]:
                self.writing.name_tenants(partition)
            self.registries_read.append(self._registry_number)
            self.put(TenantsChanged(dict(self.world.registry)))

    # -- the runner --------------------------------------------------------------------------------------------

    def put(self, event: Event | Batch) -> None:
        """Put an event into the inbox."""
        self._inbox.append(event)
        if not self._is_taking:
            self._is_taking = True
            self.after(0.0002, 0.003, self._take)

    @property
    def is_inbox_empty(self) -> bool:
        """Tell whether the planner has been given everything."""
        return not self._inbox

    def _take(self) -> None:
        """Take one event from the inbox; others may come to pass before the next one is taken."""
        self._is_taking = False
        item = self._inbox.popleft()
        event = self.intake.fetched(item) if isinstance(item, Batch) else item
        if self._inbox:
            self._is_taking = True
            self.after(0.0002, 0.001, self._take)
        else:
            self.source.want_fetch()
        if event is not None:
            self._step(event)

    def _step(self, event: Event) -> None:
        """Give the planner an event, and carry its actions out in order; the process may end between any two."""
        crash_at = self.world.turns.crash()
        output = self.planner.handle(event, self.process.now())
        self.world.watch.stepped(self, event, output)
        done = len(output) if crash_at is None else int(crash_at * (len(output) + 1))
        for item in output[:done]:
            if not isinstance(item, Notice):
                self._carry_out(item)
        if crash_at is not None:
            self.world.say(self.name, f"dies after {done} of {len(output)} actions of {type(event).__name__}")
            self.world.end(self)
        elif self.process.is_alive:
            self._sleep()

    def _sleep(self) -> None:
        """Wake at the instant that the planner names, unless something else happens before."""
        self._wake_number += 1
        number = self._wake_number
        wake = self.planner.next_wake(self.process.now())
        if wake < FOREVER:
            self.process.after(wake - self.process.now(), lambda: self._wake(number))

    def _wake(self, number: int) -> None:
        if number == self._wake_number:
            self.put(Woke())

    def _carry_out(self, action: Action) -> None:
        match action:
            case Send():
                self.sink.submit(action)
            case Record() | HandOver():
                self.writing.append(action)
            case DeadLetter():
                self.writing.append_letter(action)
            case Load() | Consult():
                answer = self._lookups.answer(action, self.process.now())
                if answer is not None:
                    self.put(answer)
            case PutBack() | Adopt():
                self._lookups.change(action)
            case Commit() | Pause() | Resume() | Release():
                self._direct_source(action)
            case _ as never:
                assert_never(never)

    def _direct_source(self, action: Commit | Pause | Resume | Release) -> None:
        match action:
            case Commit():
                self.source.commit(action)
            case Pause(partitions) | Resume(partitions):
                self.source.pause(partitions, is_paused=isinstance(action, Pause))
            case Release(partition):
                self.source.release(partition)


def _recipes() -> dict[Kind, Recipe]:
    directories = Directories()
    return {
        "customer": CustomerRecipe(ENVIRONMENT, directories),
        "project": ProjectRecipe(ENVIRONMENT, directories),
        "invoice": InvoiceRecipe(ENVIRONMENT, directories),
    }
