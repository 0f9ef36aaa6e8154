"""A planner driven at random through a tiny world, with its promises checked after every step."""

from collections import Counter, deque
from collections.abc import Callable
from random import Random

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
from daemon.core.events import (
    Arrival,
    Assigned,
    Committed,
    DeadLettered,
    Event,
    Fetched,
    Followed,
    HoldChanged,
    NotSent,
    Recorded,
    Replied,
    TenantsChanged,
    Woke,
)
from daemon.core.ledger import replaces
from daemon.core.model import KINDS, Change, Entity, Generation, Message, Partition, Tenant
from daemon.core.notices import Notice, ParkedMoved, Received, Released, Settled
from daemon.core.pacing import Limits
from daemon.core.planner import Planner
from daemon.core.procedure import Answered, Call, Reply, Unanswered, Unreachable
from daemon.core.retrying import Retrying
from daemon.core.state import Bounds, Policy
from tests.core.world import HOMES, PARTITIONS, Books, Held, Ledger, Recipe, needs_of, probe

START = 1_000.0
LATE = 30.0
POLICY = Policy(
    retrying=Retrying(
        first=1.0,
        longest=8.0,
        park_after=15.0,
        parked_steps=(20.0, 60.0),
        late_bound=LATE,
        dependency_wait=10.0,
        heal_every=50.0,
    ),
    limits=Limits(quota=40.0, concurrency=6, tenant_concurrency=4, burst_seconds=0.2),
    bounds=Bounds(open_per_tenant=3, open_in_all=8, commit_every=2.0, fence=15.0),
)
TENANT_QUOTA = 20.0
REGISTRY = {name: Tenant(name=name, company=f"c-{name}", quota=TENANT_QUOTA) for name in HOMES}


class Bucket:
    """A token bucket of the judge's own: so many calls at once, so many a second."""

    def __init__(self, rate: float) -> None:
        """Begin full."""
        self._rate, self._size = rate, max(1.0, rate * POLICY.limits.burst_seconds)
        self._level, self._at = self._size, START

    def take(self, now: float) -> None:
        """Count a call; it must have been allowed."""
        self._level = min(self._size, self._level + (now - self._at) * self._rate) - 1.0
        self._at = now
        assert self._level >= -1e-6, "more calls than the quota allows"


class Group:
    """One partition as the group sees it: its records, what is committed, and who fetches from where."""

    def __init__(self, partition: Partition) -> None:
        """Begin empty and unassigned."""
        self.partition = partition
        self.topic: list[Message] = []
        self.committed = 0
        self.generation = Generation(1, 0)
        self.position = 0
        self.is_ours = False
        self.is_ending = False
        self.is_paused = False
        self.open: set[int] = set()


class Flight(msgspec.Struct, frozen=True):
    """A call under way, and the entity it is about; None for a probe or a shared read."""

    send: Send
    key: str | None


class Driver:
    """Gives a planner what a seed says, carries its actions out, and judges them."""

    def __init__(self, seed: int) -> None:
        """Begin with the whole registry and nothing assigned."""
        self.random = Random(seed)
        self.planner = Planner(POLICY, dict.fromkeys(KINDS, Recipe()), probe)
        self.now = START
        self.groups = {partition: Group(partition) for partition in PARTITIONS}
        self.ledgers = {partition: Ledger(partition) for partition in PARTITIONS}
        self.books = Books()
        self.registry = dict(REGISTRY)
        self.inbox: deque[Callable[[], Event | None]] = deque()
        self.flights: dict[int, Flight] = {}
        self.letters: deque[int] = deque()
        self.commit: tuple[Commit, float] | None = None
        self.accepted_at = 0.0
        self.counts: Counter[str] = Counter()
        self.client = Bucket(POLICY.limits.quota)
        self.buckets = {name: Bucket(TENANT_QUOTA) for name in HOMES}
        self.handle(TenantsChanged(dict(self.registry)))

    # -- the planner -------------------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Give the planner an event, carry out what it asks for, and judge it."""
        for item in self.planner.handle(event, self.now):
            self._note(item) if isinstance(item, Notice) else self._carry_out(item)
        self._judge()

    def later(self, event: Event) -> None:
        """Put an event into the inbox."""
        self.inbox.append(lambda: event)

    def take(self) -> None:
        """Give the planner the next event of the inbox."""
        event = self.inbox.popleft()()
        if event is not None:
            self.handle(event)

    def drain(self) -> None:
        """Give the planner all that is in the inbox."""
        while self.inbox:
            self.take()

    def _note(self, notice: Notice) -> None:
        match notice:
            case Received(count):
                self.counts["received"] += count
            case Settled():
                self.counts["settled"] += 1
                if notice.settlement == "parked":
                    self.counts["parked"] += 1
                elif notice.settlement == "handed_back":
                    return
                self.groups[notice.partition].open.remove(notice.offset)
            case Released():
                self.counts["parked"] -= 1
            case ParkedMoved(direction, count):
                self.counts["parked"] += -count if direction == "handed_back" else count
            case _:
                pass

    def _judge(self) -> None:
        """Check what must hold at every instant."""
        status = self.planner.status(self.now)
        assert self.counts["received"] == self.counts["settled"] + status.in_hand, "records are not conserved"
        assert self.counts["parked"] == status.parked_now, "parked changes are not conserved"
        if not self.inbox and not any(ledger.queue for ledger in self.ledgers.values()):
            ours = (self.ledgers[group.partition] for group in self.groups.values() if group.is_ours)
            assert sum(ledger.parked() for ledger in ours) == status.parked_now, "the ledger parks something else"

    # -- what the planner asks for -----------------------------------------------------------------------------

    def _carry_out(self, action: Action) -> None:
        match action:
            case Send():
                self._send(action)
            case Record() | HandOver():
                self.ledgers[action.partition].queue.append(action)
            case DeadLetter(ticket):
                self.letters.append(ticket)
            case Commit(offsets):
                assert self.commit is None, "two commits at once"
                for partition, offset in offsets.items():
                    assert all(offset <= one for one in self.groups[partition].open), "committed past an open record"
                self.commit = (action, self.now)
            case Release(partition):
                self.leave(partition)
            case Pause(partitions) | Resume(partitions):
                for partition in partitions:
                    self.groups[partition].is_paused = isinstance(action, Pause)
            case Load() | PutBack() | Adopt() | Consult():
                self._use_store(action)

    def _use_store(self, action: Load | PutBack | Adopt | Consult) -> None:
        ledger = self.ledgers[action.partition]
        match action:
            case Load():
                self.later(ledger.load(action, self.now))
            case Consult():
                self.later(ledger.consult(action))
            case PutBack(entities=entities, tenant=tenant):
                for entity, held in ledger.store.items():
                    held.is_taken = held.is_taken and entity not in entities and entity.tenant != tenant
            case Adopt(entity=entity, entry=entry, offset=offset):
                present = ledger.store.get(entity)
                if present is None or replaces(entry, offset, present.entry, present.offset):
                    ledger.store[entity] = Held(entry, offset)

    def _send(self, send: Send) -> None:
        assert self.now < send.not_after <= self.accepted_at + POLICY.bounds.fence, "a call after the fence"
        key = "/".join(send.call.target.split("/")[:3]) if send.call.target.startswith(send.tenant) else None
        if key is not None and send.call.writes:
            assert all(map(self.books.has, needs_of(_entity(key)))), "written before what it refers to"
        assert key is None or all(flight.key != key for flight in self.flights.values()), "two calls of one entity"
        assert len(self.flights) < POLICY.limits.concurrency, "too many calls in flight"
        self.client.take(self.now)
        self.buckets[send.tenant].take(self.now)
        self.flights[send.ticket] = Flight(send, key)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, not beyond the next wake-up; at that, wake the planner."""
        wake = self.planner.next_wake(self.now)
        self.now = max(self.now, min(self.now + seconds, wake))
        self.books.settle_late(self.now)
        if self.now >= wake:
            self.handle(Woke())

    @property
    def is_busy(self) -> bool:
        """Tell whether something is under way that will come to an end at this instant."""
        return bool(
            self.inbox or self.flights or self.letters or self.commit or any(one.queue for one in self.ledgers.values())
        )

    def acknowledge(self, ledger: Ledger) -> None:
        """Acknowledge the oldest record of a ledger."""
        if ledger.queue:
            self.later(Recorded((ledger.acknowledge(),)))

    def acknowledge_letters(self) -> None:
        """Acknowledge all dead letters."""
        if self.letters:
            self.later(DeadLettered(tuple(self.letters)))
            self.letters.clear()

    def change_tenant(self, name: str, doing: str) -> None:
        """Hold, remove, weigh or bring back a tenant in the registry."""
        present = self.registry.pop(name, REGISTRY[name])
        match doing:
            case "hold":
                self.registry[name] = msgspec.structs.replace(present, held="by hand")
            case "weigh":
                self.registry[name] = msgspec.structs.replace(present, weight=self.random.choice((0.5, 1.0, 2.0)))
            case "return":
                self.registry[name] = REGISTRY[name]
            case _:
                pass
        self.handle(TenantsChanged(dict(self.registry)))

    # -- DnB -----------------------------------------------------------------------------------------------

    def answer(self, ticket: int, fate: str) -> None:
        """Answer a call: as it should be, or as a bad day has it."""
        call = self.flights.pop(ticket).send.call
        match fate:
            case "fine":
                reply: Reply = self.books.answer(call)
            case "unreachable":
                reply = Unreachable("ConnectError")
            case "not_sent":
                self.later(NotSent(ticket, self.random.choice(("fenced", "no_token", "token_expired"))))
                return
            case "unanswered" | "500":
                self._apply_perhaps(call)
                reply = Answered(status=500) if fate == "500" else Unanswered("ReadTimeout")
            case _:
                status, _, body = fate.partition(" ")
                wait = self.random.choice((None, None, 0.5, 3.0, 12.0))
                reply = Answered(status=int(status), body=body.encode(), retry_after=wait)
        self.later(Replied(ticket, reply))

    def _apply_perhaps(self, call: Call) -> None:
        """Carry a write out now, late, or never."""
        chance = self.random.random()
        if call.writes and chance < 0.4:
            self.books.apply(call)
        elif call.writes and chance < 0.8:
            self.books.late.append((self.now + self.random.uniform(0.0, LATE - 0.5), call))

    # -- the group ---------------------------------------------------------------------------------------------

    def assign(self, group: Group) -> None:
        """Give the partition to the planner, its ledger restored."""
        ledger = self.ledgers[group.partition]
        is_handed_over = ledger.is_handed_over
        ledger.restore()
        group.generation = Generation(1, group.generation.number + 1)
        group.position, group.is_ours, group.is_paused = group.committed, True, False
        event = Assigned(
            partition=group.partition,
            generation=group.generation,
            position=group.position,
            end=len(group.topic),
            handed_over=is_handed_over,
            share=0.5,
            parked=ledger.parked(),
            waiting_tenants=ledger.waiting_tenants(),
            blocked_tenants=ledger.blocked_tenants(),
            holds=dict(ledger.holds),
            known_tenants=frozenset(entity.tenant for entity in ledger.store),
            next_due=min(ledger.dues(), default=None),
        )
        self.handle(event)

    def leave(self, partition: Partition) -> None:
        """Let the partition go: what is in flight for it may be carried out late, and its replies come too late."""
        group = self.groups[partition]
        group.is_ours = group.is_ending = False
        group.open.clear()
        self.ledgers[partition].abandon(self.random.randint(0, 3))
        for ticket, flight in list(self.flights.items()):
            if HOMES[flight.send.tenant] == partition and flight.key is not None:
                self.answer(ticket, "unanswered")

    def fetch(self, group: Group, most: int) -> None:
        """Fetch some records; they are looked up when the planner takes them."""
        begin, end = group.position, min(len(group.topic), group.position + most)
        group.position, generation = end, group.generation
        self.inbox.append(lambda: self._fetched(group, generation, begin, end))

    def _fetched(self, group: Group, generation: Generation, begin: int, end: int) -> Fetched | None:
        store = self.ledgers[group.partition].store
        if not group.is_ours or generation != group.generation:
            return None
        arrivals: list[Arrival] = []
        for offset in range(begin, end):
            message = group.topic[offset]
            held = store.get(message.entity) if isinstance(message, Change) else None
            arrivals.append(Arrival(offset, message, held.entry if held else None))
        group.open |= set() if group.is_ending else set(range(begin, end))
        return Fetched(group.partition, generation, tuple(arrivals), end)

    def follow(self, ledger: Ledger) -> None:
        """Let a former owner's late record appear in the ledger."""
        entity, entry = ledger.late.popleft()
        ledger.log.append((entity, entry))
        group, offset = self.groups[ledger.partition], len(ledger.log) - 1
        if group.is_ours:
            own = ledger.store.get(entity)
            self.later(
                Followed(
                    ledger.partition, group.generation, entity, entry, offset,
                    own.entry if own else None, own.offset if own else -1,
                )
            )  # fmt: skip

    def end_commit(self, *, accepted: bool) -> None:
        """Answer the commit."""
        assert self.commit is not None
        (commit, sent_at), self.commit = self.commit, None
        for partition, offset in commit.offsets.items() if accepted else ():
            group = self.groups[partition]
            group.committed = offset if group.is_ours else group.committed
        if accepted:
            self.accepted_at = max(self.accepted_at, sent_at)
        self.handle(Committed(sent_at, accepted=accepted))

    def hold(self, scope: str, seconds: float | None) -> None:
        """Let a person hold a tenant, or everything, for so long, or release it: in every partition."""
        until = None if seconds is None else self.now + seconds
        for group in self.groups.values():
            holds = self.ledgers[group.partition].holds
            holds.pop(scope, None)
            if until is not None:
                holds[scope] = until
            if group.is_ours:
                self.later(HoldChanged(group.partition, group.generation, scope, until))


def _entity(key: str) -> Entity:
    tenant, name, number = key.split("/")
    return next(Entity(tenant, kind, int(number)) for kind in KINDS if kind == name)
