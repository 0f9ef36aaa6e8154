"""One process of the daemon: the real planner with its real decoders, look-ups and local stores, on virtual time.

What the asynchronous edges do around them is done here in the same order: the source's rebalances, the ledger's writes
in batches, the sink's token and fence. A process can be killed between any two of its doings, and stopped in the middle
of them like by SIGSTOP.
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
from daemon.core.events import (
    Assigned,
    Committed,
    DeadLettered,
    Event,
    Lost,
    NotSent,
    Recorded,
    Replied,
    Revoking,
    TenantsChanged,
    TokenRenewed,
    Woke,
)
from daemon.core.ledger import encode
from daemon.core.model import Generation, Kind, Partition
from daemon.core.notices import Notice
from daemon.core.pacing import Limits
from daemon.core.planner import Planner
from daemon.core.procedure import Answered, Recipe, Reply
from daemon.core.retrying import Retrying
from daemon.core.state import Bounds, Policy
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import CustomerRecipe, InvoiceRecipe, ProjectRecipe, probe_company
from daemon.dnb.tokens import Token, TokenBook, TokenRefused, token_reply
from daemon.edges.inbox import Batch, RawRecord
from daemon.edges.intake import Intake
from daemon.edges.ledger_keys import HANDOVER_KEY, LEDGER_KEY, HandoverRecord, encode_record
from daemon.edges.ledger_reading import LedgerLine, LedgerReading, beginning, is_lost
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.lookups import Lookups
from daemon.sandbox.generating import ENVIRONMENT
from tests.simulation.kafka import REBALANCE_SECONDS, SESSION_SECONDS
from tests.simulation.network import LATE_BOUND_SECONDS, REQUEST_SECONDS

if TYPE_CHECKING:
    from tests.simulation.world import World

DRAIN_SECONDS = 3.0
WRITE_AGAIN_SECONDS = 1.0
FETCHED_AT_MOST = 12

POLICY = Policy(
    retrying=Retrying(
        first=0.2,
        longest=2.0,
        park_after=4.0,
        parked_steps=(1.0, 2.0, 4.0),
        late_bound=LATE_BOUND_SECONDS,
        dependency_wait=1.5,
        heal_every=5.0,
    ),
    limits=Limits(quota=60.0, concurrency=8, tenant_concurrency=4),
    bounds=Bounds(open_per_tenant=6, open_in_all=20, fence=SESSION_SECONDS - REQUEST_SECONDS),
)
assert DRAIN_SECONDS + 10.0 < REBALANCE_SECONDS


class Ownership:
    """One partition while the group says it is ours."""

    def __init__(self, number: int) -> None:
        """Take the group's generation number."""
        self.number = number
        self.generation: Generation | None = None
        self.reading: LedgerReading | None = None
        self.position = 0
        self.is_paused = False
        self.is_following = False


class Replica:
    """One life of one process."""

    def __init__(self, world: "World", name: str, folder: Path, *, clock_ahead: float) -> None:
        """Start, and ask to be let into the group; `clock_ahead` is how wrong its clock is, in seconds."""
        self.name = name
        self.folder = folder
        self.is_alive = True
        self.is_stopped = False
        self.clock_ahead = clock_ahead
        self.owned: dict[Partition, Ownership] = {}
        self.stores: dict[Partition, LedgerStore] = {}
        self.in_flight: dict[int, Send] = {}
        self._world = world
        self._timeline = world.timeline
        self._chance = world.chance
        self._backlog: list[Callable[[], None]] = []
        self._inbox: deque[Event | Batch] = deque()
        self._is_taking = False
        self._wake_number = 0
        self._is_fetching = False
        self._is_leaving = False
        self._when_closed: Callable[[], None] | None = None
        self._ledger_queue: list[Record | HandOver] = []
        self._is_writing = False
        self._letters: list[DeadLetter] = []
        self._book = TokenBook()
        self._wanting: list[Send] = []
        self._is_renewing = False
        self._registry_number = -1
        self._intake = Intake(ENVIRONMENT, self.stores)
        self._lookups = Lookups(self.stores)
        directories = Directories()
        recipes: dict[Kind, Recipe] = {
            "customer": CustomerRecipe(ENVIRONMENT, directories),
            "project": ProjectRecipe(ENVIRONMENT, directories),
            "invoice": InvoiceRecipe(ENVIRONMENT, directories),
        }
        self.planner = Planner(POLICY, recipes, probe_company)
        self.read_tenants()
        self._join()

    # -- the process -------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the instant on the process's clock."""
        return self._timeline.now + self.clock_ahead

    @property
    def unwritten(self) -> list[Record | HandOver]:
        """Return what waits to be written to the ledger."""
        return self._ledger_queue

    @property
    def is_heard(self) -> bool:
        """Tell whether its heartbeats reach the coordinator."""
        return self.is_alive and not self.is_stopped

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something later, if the process then lives; once it goes on, if it is stopped then."""
        self._timeline.after(seconds, lambda: self.do(act))

    def do(self, act: Callable[[], None]) -> None:
        """Do something now, or once the process goes on."""
        if self.is_stopped:
            self._backlog.append(act)
        elif self.is_alive:
            act()

    def crash(self) -> None:
        """End without a word: what was not written is lost, what is on the network goes on."""
        self.is_alive = False
        self.is_stopped = False
        for store in self.stores.values():
            store.close()
        self.stores.clear()
        self._world.watch.ended(self)

    def stop(self, seconds: float) -> None:
        """Stand still, as by SIGSTOP, for so long."""
        self.is_stopped = True
        self._timeline.after(seconds, self._go_on)

    def _go_on(self) -> None:
        if not self.is_alive or not self.is_stopped:
            return
        self.is_stopped = False
        if not self._world.coordinator.is_member(self.name, self):
            self._world.say(self.name, "wakes up as a zombie")
            self.after(self._chance.uniform(0.0, 0.5), self._session_lost)
        backlog, self._backlog = self._backlog, []
        for act in backlog:
            self.do(act)

    def leave(self) -> None:
        """Hand everything over and end, as after SIGTERM."""
        self._is_leaving = True

        def goodbye() -> None:
            self._world.coordinator.leave(self.name, self)
            self.crash()

        self._give_up_all(is_lost=not self._world.coordinator.is_member(self.name, self), then=goodbye)

    def read_tenants(self) -> None:
        """Read the tenants file, if it has changed."""
        if self._registry_number != self._world.registry_number:
            self._registry_number = self._world.registry_number
            self.put(TenantsChanged(dict(self._world.registry)))

    # -- the runner --------------------------------------------------------------------------------------------

    def put(self, event: Event | Batch) -> None:
        """Put an event into the inbox."""
        self._inbox.append(event)
        if not self._is_taking:
            self._is_taking = True
            self.after(self._chance.uniform(0.0002, 0.003), self._take)

    def _take(self) -> None:
        """Take one event from the inbox; others may come to pass before the next one is taken."""
        self._is_taking = False
        item = self._inbox.popleft()
        event = self._intake.fetched(item) if isinstance(item, Batch) else item
        if self._inbox:
            self._is_taking = True
            self.after(self._chance.uniform(0.0002, 0.001), self._take)
        else:
            self.want_fetch()
        if event is not None:
            self.step(event)

    def step(self, event: Event) -> None:
        """Give the planner an event, and carry its actions out in order; the process may end between any two."""
        crash_at = self._world.begin_step()
        now = self.now()
        output = self.planner.handle(event, now)
        self._world.watch.stepped(self, event, output)
        for done, item in enumerate(output):
            if crash_at is not None and done >= crash_at * len(output):
                self._world.say(self.name, f"dies after {done} of {len(output)} actions of {type(event).__name__}")
                self._world.end(self)
                return
            if not isinstance(item, Notice):
                self._carry_out(item)
        if crash_at is not None:
            self._world.say(self.name, f"dies after all actions of {type(event).__name__}")
            self._world.end(self)
            return
        self._sleep()

    def _sleep(self) -> None:
        """Wake at the instant that the planner names, unless something else happens before."""
        self._wake_number += 1
        number = self._wake_number
        seconds = self.planner.next_wake(self.now()) - self.now()
        if seconds < 1e9:
            self.after(seconds, lambda: self._wake(number))

    def _wake(self, number: int) -> None:
        if number == self._wake_number:
            self.put(Woke())

    def _carry_out(self, action: Action) -> None:
        match action:
            case Send():
                self.in_flight[action.ticket] = action
                self._serve(action)
            case Record() | HandOver():
                self._ledger_queue.append(action)
                self._flush_soon()
            case DeadLetter():
                self._letters.append(action)
                self.after(self._chance.uniform(0.001, 0.01), self._write_letters)
            case Commit():
                self._commit(action)
            case Load() | Consult():
                answer = self._lookups.answer(action, self.now())
                if answer is not None:
                    self.put(answer)
            case PutBack() | Adopt():
                self._lookups.change(action)
            case Pause() | Resume():
                for partition in action.partitions:
                    if partition in self.owned:
                        self.owned[partition].is_paused = isinstance(action, Pause)
                self.want_fetch()
            case Release(partition):
                self._release(partition)
            case _ as never:
                assert_never(never)

    # -- the group ---------------------------------------------------------------------------------------------

    def _join(self) -> None:
        if not self._is_leaving:
            self.after(self._chance.uniform(0.005, 0.1), lambda: self._world.coordinator.join(self.name, self))

    def rebalance_began(self) -> None:
        """Give everything up, and join again when that is done."""
        self.do(lambda: self._give_up_all(is_lost=False, then=self._join))

    def _session_lost(self) -> None:
        if not self._world.coordinator.is_member(self.name, self):
            self._give_up_all(is_lost=True, then=self._join)

    def _give_up_all(self, *, is_lost: bool, then: Callable[[], None]) -> None:
        if self._when_closed is not None:
            return
        ready = tuple(partition for partition, owned in self.owned.items() if owned.generation is not None)
        for partition in [partition for partition in self.owned if partition not in ready]:
            self._close(partition)
        self._when_closed = then
        if ready:
            self.put(Lost(ready) if is_lost else Revoking(ready, self.now() + DRAIN_SECONDS))
        self._all_closed()

    def _release(self, partition: Partition) -> None:
        self._intake.forget(partition)
        if partition in self.owned:
            self._close(partition)
        self._all_closed()

    def _close(self, partition: Partition) -> None:
        del self.owned[partition]
        store = self.stores.pop(partition, None)
        if store is not None:
            store.close()

    def _all_closed(self) -> None:
        if not self.owned and self._when_closed is not None:
            then, self._when_closed = self._when_closed, None
            then()

    def assigned(self, generation: int, partitions: tuple[Partition, ...]) -> None:
        """Restore what the group gives us."""

        def begin() -> None:
            if self._when_closed is not None or self._is_leaving or self.owned:
                return
            self._world.say(self.name, f"is given {[one.number for one in partitions]} in generation {generation}")
            for partition in partitions:
                self.owned[partition] = owned = Ownership(generation)
                self._restore_soon(partition, owned)

        self.do(begin)

    def _restore_soon(self, partition: Partition, owned: Ownership) -> None:
        def still(act: Callable[[], None]) -> Callable[[], None]:
            return lambda: act() if self.owned.get(partition) is owned else None

        def open_store() -> None:
            store = LedgerStore(self.folder / f"{partition.number}.sqlite3")
            self.stores[partition] = store
            owned.reading = LedgerReading(partition, store)
            self._read_ledger(partition, owned.reading)
            self.after(self._chance.uniform(0.002, 0.05), still(write_record))

        def write_record() -> None:
            assert owned.reading is not None
            committed = self._world.coordinator.committed.get(partition)
            if is_lost(owned.reading.marks, is_new=committed is None):
                self._world.say(self.name, "refuses to start: the ledger is lost")
                self._world.counts["ledger_lost"] += 1
                self.crash()
                return
            begun = beginning(owned.reading.marks, owned.number, is_new=committed is None)
            self._world.append_ledger(partition, LEDGER_KEY, encode_record(begun.record), self)
            for entity, entry in owned.reading.outranked():
                offset = self._world.append_ledger(partition, entity.key, encode(entry), self)
                self.stores[partition].put([(entity, entry, offset)])
            generation, is_handed_over = begun.record.generation, begun.is_handed_over
            self.after(
                self._chance.uniform(0.002, 0.02), still(lambda: self._begin(partition, generation, is_handed_over))
            )

        self.after(self._chance.uniform(0.002, 0.1), still(open_store))

    def _read_ledger(self, partition: Partition, reading: LedgerReading) -> None:
        log, marks = self._world.ledgers[partition], reading.marks
        first = _lines(log.read(marks.record_offset, 1)) if marks.record is not None else []
        if not reading.is_same_life(first[0] if first else None, log.end):
            reading.begin_anew()
        lines = _lines(log.read(reading.marks.position, 1_000_000))
        reading.restore(lines, self.now(), POLICY.retrying.longest_wait())

    def _begin(self, partition: Partition, generation: Generation, is_handed_over: bool) -> None:  # noqa: FBT001
        owned, store = self.owned[partition], self.stores[partition]
        assert owned.reading is not None
        summary = store.summary()
        owned.position = self._world.coordinator.committed.get(partition, 0)
        owned.generation = generation
        assigned = Assigned(
            partition=partition,
            generation=generation,
            position=owned.position,
            end=self._world.inputs[partition].end,
            handed_over=is_handed_over,
            share=1.0 / len(self._world.inputs),
            parked=summary.parked,
            waiting_tenants=summary.waiting_tenants,
            blocked_tenants=summary.blocked_tenants,
            known_tenants=summary.known_tenants,
            next_due=summary.next_due,
            holds=owned.reading.marks.held(),
        )
        self.put(assigned)
        self.follow_soon(partition)
        self.want_fetch()

    def _commit(self, commit: Commit) -> None:
        sent_at, is_refused, seconds = self.now(), *self._world.strike_commit()
        number = next((owned.number for partition, owned in self.owned.items() if partition in commit.offsets), -1)

        def arrive() -> None:
            accepted = not is_refused and self._world.commit(self, number, commit.offsets)
            self.after(self._chance.uniform(0.001, 0.01), lambda: self.put(Committed(sent_at, accepted=accepted)))

        self._timeline.after(self._chance.uniform(0.001, 0.01) + seconds, arrive)

    # -- fetching and following --------------------------------------------------------------------------------

    def want_fetch(self) -> None:
        """Fetch soon, if there is anything to fetch."""
        if not self._is_fetching and any(self._is_behind(*one) for one in self.owned.items()):
            self._is_fetching = True
            self.after(self._chance.uniform(0.005, 0.1), self._fetch)

    def _is_behind(self, partition: Partition, owned: Ownership) -> bool:
        is_open = owned.generation is not None and not owned.is_paused and self._when_closed is None
        return is_open and owned.position < self._world.inputs[partition].end

    def _fetch(self) -> None:
        self._is_fetching = False
        for partition, owned in self.owned.items():
            if owned.generation is None or not self._is_behind(partition, owned):
                continue
            records = self._world.inputs[partition].read(owned.position, self._chance.randint(1, FETCHED_AT_MOST))
            if not records:
                owned.position = self._world.inputs[partition].end
                continue
            batch = Batch(partition, owned.generation, records, records[-1].offset + 1)
            self.put(batch)
            if self._world.strike_fetch():
                self.put(batch)
            else:
                owned.position = batch.position

    def follow_soon(self, partition: Partition) -> None:
        """Read what has come into the ledger of a partition of ours."""
        owned = self.owned.get(partition)
        if owned is None or owned.generation is None or owned.is_following:
            return
        owned.is_following = True
        self.after(self._chance.uniform(0.005, 0.3), lambda: self._follow(partition, owned))

    def _follow(self, partition: Partition, owned: Ownership) -> None:
        if self.owned.get(partition) is not owned or owned.reading is None or owned.generation is None:
            return
        owned.is_following = False
        lines = _lines(self._world.ledgers[partition].read(owned.reading.marks.position, 1_000_000))
        for told in owned.reading.follow(lines, owned.generation):
            self.put(told)

    # -- the ledger --------------------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self.after(self._chance.uniform(0.0002, 0.002), self._flush)

    def _flush(self) -> None:
        """Write what is queued as one batch; it is told when all of it is acknowledged."""
        records, self._ledger_queue = self._ledger_queue, []
        written: list[tuple[Record | HandOver, int | None]] = []

        def acknowledged(record: Record | HandOver, offset: int | None) -> None:
            written.append((record, offset))
            if len(written) == len(records):
                self._keep(written)

        for record in records:
            self._write(record, acknowledged)

    def _write(self, record: Record | HandOver, acknowledged: Callable[[Record | HandOver, int | None], None]) -> None:
        if record.partition not in self.stores:
            acknowledged(record, None)
            return
        refused, seconds = self._world.strike_append()

        def arrive() -> None:
            if refused and self._chance.random() < 0.5:
                self.after(WRITE_AGAIN_SECONDS, lambda: self._write(record, acknowledged))
                return
            offset = self._world.append_ledger(record.partition, *_written(record), self)
            if refused:
                self.after(WRITE_AGAIN_SECONDS, lambda: self._write(record, acknowledged))
            else:
                delay = self._chance.uniform(0.0005, 0.005) + seconds
                self.after(delay, lambda: acknowledged(record, offset))

        self._timeline.after(self._chance.uniform(0.0005, 0.005), arrive)

    def _keep(self, written: list[tuple[Record | HandOver, int | None]]) -> None:
        done = [(record, offset) for record, offset in written if offset is not None]
        for partition in dict.fromkeys(record.partition for record, _ in done):
            store = self.stores.get(partition)
            if store is not None:
                ours = [one for one in done if one[0].partition == partition]
                store.put([(one.entity, one.entry, at) for one, at in ours if isinstance(one, Record)])
        self.put(Recorded(tuple(record.ticket for record, _ in done)))
        self._is_writing = False
        if self._ledger_queue:
            self._flush_soon()

    def _write_letters(self) -> None:
        letters, self._letters = self._letters, []
        for letter in letters:
            raw = self._intake.take_raw(letter.partition, letter.offset)
            if raw is not None:
                self._world.append_letter(letter.partition, raw, letter.cause.reason)
        if letters:
            self.put(DeadLettered(tuple(letter.ticket for letter in letters)))

    # -- calls -------------------------------------------------------------------------------------------------

    def _serve(self, send: Send) -> None:
        token = self._book.current(self.now())
        if token is None:
            self._wanting.append(send)
            self._renew()
        elif self.now() >= send.not_after:
            self._end(send, NotSent(send.ticket, "fenced"))
        else:
            serial = self._book.serial
            self._world.watch.sent(self, send)
            self._world.carry(self, send, token, lambda reply: self.do(lambda: self._hear(send, serial, reply)))

    def _hear(self, send: Send, serial: int, reply: Reply) -> None:
        is_denied = isinstance(reply, Answered) and reply.status == 401
        if isinstance(reply, Answered) and not is_denied:
            self._book.accepted(send.tenant)
        elif is_denied and self._book.turned_down(send.tenant, serial, self.now()) == "repeat":
            self._end(send, NotSent(send.ticket, "token_expired"))
            return
        self._end(send, Replied(send.ticket, reply))

    def _end(self, send: Send, event: Replied | NotSent) -> None:
        del self.in_flight[send.ticket]
        self.put(event)

    def _renew(self) -> None:
        if self._is_renewing:
            return
        self._is_renewing = True
        self._world.network.ask_for_token(self.now(), lambda reply: self.do(lambda: self._renewed(reply)))

    def _renewed(self, reply: Reply) -> None:
        self._is_renewing = False
        outcome = token_reply(reply, self.now())
        if isinstance(outcome, Token):
            self._book.renew(outcome, self.now())
        self.put(TokenRenewed(refused="token_refused" if isinstance(outcome, TokenRefused) else None))
        wanting, self._wanting = self._wanting, []
        for send in wanting:
            self._end(send, NotSent(send.ticket, "token_awaited" if isinstance(outcome, Token) else "no_token"))


def _written(record: Record | HandOver) -> tuple[str, bytes]:
    if isinstance(record, Record):
        return record.entity.key, encode(record.entry)
    return HANDOVER_KEY, encode_record(HandoverRecord(record.generation, record.watermark))


def _lines(records: list[RawRecord]) -> list[LedgerLine]:
    return [LedgerLine(record.offset, record.key, record.value) for record in records]
