"""What is around a planner, tiny and in memory: partitions with their ledgers, DnB's books, and what is told to them.

A loaded entry stays taken until it is recorded again or put back; a ledger acknowledges in order; a write that got no
reply may be carried out late, as in the real DnB.
"""

from collections import deque
from collections.abc import Iterator
from typing import Literal

import msgspec

from daemon.core.actions import Consult, HandOver, Load, Record
from daemon.core.events import Consulted, Loaded
from daemon.core.ledger import Entry, decode, encode, replaces
from daemon.core.model import Change, Entity, Partition, Tenant, entity_of
from daemon.core.procedure import (
    Answered,
    Call,
    Delivered,
    Denied,
    Dependency,
    Known,
    MissingDependency,
    Outcome,
    Prepared,
    Procedure,
    Refused,
    Reply,
    Throttled,
    Unanswered,
    Unavailable,
    Unchanged,
    Unknown,
)

PARTITIONS = (Partition("changes", 0), Partition("changes", 1))
HOMES = {"aas": PARTITIONS[0], "bjerk": PARTITIONS[0], "dal": PARTITIONS[1]}
"""Each tenant's partition: as with the tenant for a key."""

ABSENT = ("", "")


class Held(msgspec.Struct):
    """An entry in a local store, the offset of its ledger record, and whether it was taken."""

    entry: Entry
    offset: int
    is_taken: bool = False


class Ledger:
    """One partition's ledger: the topic (`log`), what is not acknowledged yet, and the owner's local store."""

    def __init__(self, partition: Partition) -> None:
        """Begin empty."""
        self.partition = partition
        self.log: list[tuple[Entity, Entry] | Literal["begun", "handed_over"]] = []
        self.queue: deque[Record | HandOver] = deque()
        self.late: deque[tuple[Entity, Entry]] = deque()
        self.store: dict[Entity, Held] = {}
        self.holds: dict[str, float] = {}

    @property
    def is_handed_over(self) -> bool:
        """Tell whether the last record is a handover, or nothing was ever written."""
        return not self.log or self.log[-1] == "handed_over"

    def acknowledge(self) -> int:
        """Write the oldest unacknowledged record, and return its ticket."""
        action = self.queue.popleft()
        if isinstance(action, HandOver):
            self.log.append("handed_over")
        else:
            entry = decode(encode(action.entry))
            assert isinstance(entry, Entry)
            self.log.append((action.entity, entry))
            self.store[action.entity] = Held(entry, len(self.log) - 1)
        return action.ticket

    def restore(self) -> None:
        """Read the topic from its beginning into a new store, the greatest entry of each entity."""
        self.store = {}
        for offset, record in enumerate(self.log):
            if not isinstance(record, str):
                entity, entry = record
                held = self.store.get(entity)
                if held is None or replaces(entry, offset, held.entry, held.offset):
                    self.store[entity] = Held(entry, offset)
        self.log.append("begun")

    def abandon(self, written: int) -> None:
        """Leave the partition: so many of what was not acknowledged is written all the same, the next comes late."""
        for _ in range(min(written, len(self.queue))):
            self.acknowledge()
        self.late.extend((one.entity, one.entry) for one in list(self.queue)[:1] if isinstance(one, Record))
        self.queue.clear()

    def dues(self) -> Iterator[float]:
        """Return when the entries that are not taken want work."""
        return (held.entry.due for held in self.store.values() if not held.is_taken and held.entry.due is not None)

    def load(self, load: Load, now: float) -> Loaded:
        """Take what is wanted, as the local store does."""
        wanted = [
            entity for entity, held in self.store.items() if not held.is_taken and _wanted(load, entity, held, now)
        ]
        wanted = sorted(wanted, key=lambda entity: _order(load, entity, self.store[entity].entry))[: load.limit]
        for entity in wanted:
            self.store[entity].is_taken = True
        return Loaded(
            partition=self.partition,
            generation=load.generation,
            which=load.which,
            tenant=load.tenant,
            about=load.about,
            entries=tuple((entity, self.store[entity].entry) for entity in wanted),
            next_due=min(self._dues_of_served(load), default=None),
            exhausted=len(wanted) < load.limit,
        )

    def consult(self, consult: Consult) -> Consulted:
        """Look up what is held of the dependencies."""
        wanted = consult.wanted if consult.entity else self._awaited()
        entries = {entity: self.store[entity].entry for entity in wanted if entity in self.store}
        return Consulted(consult.partition, consult.generation, consult.entity, entries)

    def _awaited(self) -> list[Entity]:
        parked = (held.entry.parked for held in self.store.values())
        entities = (entity_of(one.blocked_by) for one in parked if one is not None)
        return [entity for entity in entities if entity is not None]

    def _dues_of_served(self, load: Load) -> Iterator[float]:
        for entity, held in self.store.items():
            if not held.is_taken and held.entry.due is not None and entity.tenant not in load.except_tenants:
                yield held.entry.due

    def parked(self) -> int:
        """Return how many entries hold a parked change."""
        return sum(1 for held in self.store.values() if held.entry.parked)

    def waiting_tenants(self) -> frozenset[str]:
        """Return whose changes wait for their turn."""
        held = self.store.items()
        return frozenset(entity.tenant for entity, one in held if one.entry.parked and one.entry.parked.is_waiting)

    def blocked_tenants(self) -> frozenset[str]:
        """Return whose changes wait for a dependency."""
        held = self.store.items()
        return frozenset(entity.tenant for entity, one in held if one.entry.parked and one.entry.parked.blocked_by)


def _wanted(load: Load, entity: Entity, held: Held, now: float) -> bool:
    parked, due = held.entry.parked, held.entry.due
    if load.which == "due":
        return due is not None and due <= now and entity.tenant not in load.except_tenants
    if parked is None or entity.tenant != load.tenant:
        return False
    match load.which:
        case "waiting":
            return parked.is_waiting
        case "named":
            return entity == load.about
        case "blocked":
            is_meant = load.about is not None and parked.blocked_by == load.about.key
        case _:
            is_meant = not parked.is_waiting
    return is_meant and entity.key > load.after


def _order(load: Load, entity: Entity, entry: Entry) -> tuple[bool, float, str]:
    if load.which == "due":
        return False, entry.due or 0.0, ""
    if load.which == "waiting" and entry.parked:
        return entry.parked.is_background, entry.parked.since, ""
    return False, 0.0, entity.key


class Books:
    """DnB: what it holds of each entity in two fields, each written by a call of its own."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: dict[str, tuple[str, str]] = {}
        self.late: list[tuple[float, Call]] = []

    def apply(self, call: Call) -> None:
        """Carry a write out."""
        key, _, field = call.target.rpartition("/")
        left, right = self.rows.get(key, ABSENT)
        text = (call.body or b"").decode()
        self.rows[key] = (text, right) if field == "left" else (left, text)

    def answer(self, call: Call) -> Answered:
        """Carry a call out and answer it."""
        if call.writes:
            self.apply(call)
            return Answered(status=200)
        return Answered(status=200, body=self.text(call.target.removeprefix("number/")).encode())

    def has(self, entity: Entity) -> bool:
        """Tell whether the entity has a row."""
        return entity.key in self.rows

    def text(self, key: str) -> str:
        """Return what DnB holds of an entity."""
        return ";".join(self.rows.get(key, ABSENT))

    def settle_late(self, now: float) -> None:
        """Carry out what is late and whose time has come."""
        for instant, call in [one for one in self.late if one[0] <= now]:
            self.late.remove((instant, call))
            self.apply(call)


def needs_of(entity: Entity) -> tuple[Entity, ...]:
    """Return what must be in DnB first: a project needs the customer of its id, an invoice the project as well."""
    customer, project = Entity(entity.tenant, "customer", entity.id), Entity(entity.tenant, "project", entity.id)
    needs: dict[str, tuple[Entity, ...]] = {"customer": (), "project": (customer,), "invoice": (customer, project)}
    return needs[entity.kind]


class Recipe:
    """How the world's changes are delivered: `data` is `left;right`; `bad` is refused and `bug` raises."""

    def is_draft(self, change: Change) -> bool:
        """Tell whether the change is called a draft."""
        return change.data == b"draft"

    def prepare(self, tenant: Tenant, change: Change) -> Prepared | Refused:
        """Return the change ready to be delivered."""
        text = change.data.decode()
        if text == "bad":
            return _refusal("invalid_data")
        if text == "bug":
            raise KeyError(tenant.name)
        dependencies = tuple(Dependency(entity, str(entity.id)) for entity in needs_of(change.entity))
        return Prepared(f"1:{text}", lambda known: self._deliver(change, known), dependencies)

    def _deliver(self, change: Change, known: Known) -> Procedure:
        key, text = change.entity.key, change.data.decode()
        left, _, right = text.partition(";")
        if left == "0":
            listed = outcome_of((yield Call(method="GET", target="currencies", shared=True)), Unchanged(1, "1"))
            if not isinstance(listed, Unchanged):
                return listed
        for need in needs_of(change.entity):
            if need.kind not in known.related:
                reply = yield Call(method="GET", target=f"number/{need.key}", shared=True)
                there = outcome_of(reply, Unchanged(1, "1"))
                if not isinstance(there, Unchanged):
                    return there
                if _body(reply) == ";":
                    return MissingDependency(need.kind)
        reply = yield Call(method="GET", target=key)
        found = outcome_of(reply, Unchanged(1, str(known.version)))
        if not isinstance(found, Unchanged) or _body(reply) == text:
            return found
        for field, value in (("left", left), ("right", right)):
            done = outcome_of((yield _write(f"{key}/{field}", value)), Delivered(1, str(known.version)))
            if not isinstance(done, Delivered):
                return done
        return Delivered(1, str(known.version))


def outcome_of(reply: Reply, fine: Outcome) -> Outcome:
    """Return the outcome that a reply stands for, `fine` if DnB did what was asked."""
    if not isinstance(reply, Answered):
        return Unknown("unanswered") if isinstance(reply, Unanswered) else Unavailable("unreachable")
    outcomes: dict[int, Outcome] = {
        200: fine,
        400: _refusal("conflict"),
        403: Denied("status_403"),
        429: Throttled(retry_after=reply.retry_after, whole_client=reply.body == b"all"),
        500: Unknown("status_500"),
        503: Unavailable("status_503"),
    }
    return outcomes[reply.status]


def probe(tenant: Tenant) -> Procedure:
    """Ask whether the tenant may be served again."""
    return outcome_of((yield Call(method="GET", target=f"probe/{tenant.name}")), Unchanged(0, ""))


def _write(target: str, value: str) -> Call:
    return Call(method="PUT", target=target, body=value.encode(), writes=True)


def _body(reply: Reply) -> str:
    return reply.body.decode() if isinstance(reply, Answered) else ""


def _refusal(reason: str) -> Refused:
    return Refused(reason=reason, field="name", value="x", rule="a rule", repair="a repair")
