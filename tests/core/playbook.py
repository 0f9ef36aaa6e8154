"""A planner under test: events go in at instants, and what comes out is looked at like a transcript."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from daemon.core.actions import Action, Commit, Consult, HandOver, Record, Send
from daemon.core.events import (
    Arrival,
    Assigned,
    Committed,
    Consulted,
    Event,
    Fetched,
    HoldChanged,
    Recorded,
    Replied,
    TenantsChanged,
)
from daemon.core.ledger import Entry
from daemon.core.model import KINDS, Change, Entity, Generation, Ignored, Partition, Tenant, Undecodable
from daemon.core.model import Kind as EntityKind
from daemon.core.notices import Notice, Settled
from daemon.core.pacing import Limits
from daemon.core.planner import Planner
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
    Remark,
    Reply,
    Throttled,
    Unavailable,
    Unchanged,
    Unknown,
    Unreachable,
)
from daemon.core.retrying import Retrying
from daemon.core.state import Bounds, Policy

START = 1_000.0
PARTITION = Partition("changes", 0)
OTHER = Partition("changes", 1)
GENERATION = Generation(1, 7)
TENANT = Tenant(name="fjellvik", company="c0ffee", quota=1_000.0)
ENTITY = Entity("fjellvik", "customer", 1)

POLICY = Policy(
    retrying=Retrying(first=1.0, longest=8.0, park_after=20.0, parked_steps=(60.0, 300.0), late_bound=30.0),
    limits=Limits(quota=1_000.0, concurrency=8, tenant_concurrency=4, burst_seconds=1.0),
    bounds=Bounds(open_per_tenant=6, open_in_all=10, commit_every=2.0, fence=15.0),
)

Item = Action | Notice
Steps = Callable[[Known], Procedure]
Kind = TypeVar("Kind", bound=Action | Notice)


class Scripted:
    """A recipe whose changes carry their own script in `data`; a project needs customer 1, an invoice project 1 too.

    `read+write` reads, then writes; `write` only writes; `look` makes a read that may be shared; `refuse`, `raise` and
    `stumble` fail where they say; anything else before a `#` behaves like `read+write`. What stands before the `#` is
    the content: the fingerprint is made of it, and it is the business number too.
    """

    def is_draft(self, change: Change) -> bool:
        """Tell whether the script calls the change a draft."""
        if change.data == b"undraftable":
            raise ValueError(change.entity.tenant)
        return change.data == b"draft"

    def prepare(self, tenant: Tenant, change: Change) -> Prepared | Refused:
        """Return the change ready to be delivered, as its script says."""
        script = change.data.decode().partition("#")[0]
        if script == "raise":
            raise ValueError(tenant.name)
        if script == "refuse":
            return refusal("bad_number")
        scripts = {"write": self.write, "look": self.look, "read+look": self.read_and_look, "stumble": self.stumble}
        steps: Steps = scripts.get(script, self.read_and_write)
        dependencies = dependencies_of(change.entity)
        return Prepared(f"t1:{script}", lambda known: self.refer(known, dependencies, steps), dependencies, script)

    def refer(
        self, known: Known, dependencies: tuple[Dependency, ...], steps: Callable[[Known], Procedure]
    ) -> Procedure:
        """Look for the dependencies that the ledger does not know, by number, and then do as the script says."""
        for dependency in dependencies:
            kind = dependency.entity.kind
            if kind not in known.related:
                reply = yield Call(method="GET", target=f"number/{kind}")
                if meaning(reply) == "unrelated":
                    return MissingDependency("invoice")
                if meaning(reply) == "dispensable" and known.has_waited:
                    continue
                if meaning(reply) != "there":
                    return MissingDependency(kind)
        return (yield from steps(known))

    def read_and_write(self, known: Known) -> Procedure:
        """Read; write what is read as absent; be content with what is read as equal."""
        reply = yield Call(method="GET", target="customers/1")
        if meaning(reply) != "absent":
            return outcome_of(reply, known)
        return outcome_of((yield Call(method="PUT", target="customers/1", body=b"{}", writes=True)), known)

    def write(self, known: Known) -> Procedure:
        """Write without looking."""
        return outcome_of((yield Call(method="PUT", target="customers/1", body=b"{}", writes=True)), known)

    def look(self, known: Known) -> Procedure:
        """Make a read that everybody who asks for it shares."""
        return outcome_of((yield Call(method="GET", target="currencies", shared=True)), known)

    def read_and_look(self, known: Known) -> Procedure:
        """Read, and then make a read that everybody who asks for it shares."""
        yield Call(method="GET", target="customers/1")
        return (yield from self.look(known))

    def stumble(self, known: Known) -> Procedure:
        """Fail in the middle, by a bug."""
        yield Call(method="GET", target="customers/1")
        raise KeyError(known.version)


def dependencies_of(entity: Entity) -> tuple[Dependency, ...]:
    """Return what must be in DnB first; invoice 7 is a credit note of invoice 8, and the other way round."""
    customer = Dependency(Entity(entity.tenant, "customer", 1), "100001")
    project = Dependency(Entity(entity.tenant, "project", 1), "4001")
    match entity:
        case Entity(kind="project"):
            return (customer,)
        case Entity(kind="invoice", id=9):
            return (Dependency(entity, "10246"),)
        case Entity(kind="invoice", id=number) if number in {7, 8}:
            return (Dependency(Entity(entity.tenant, "invoice", 15 - number), "10245"),)
        case Entity(kind="invoice"):
            return (customer, project)
        case _:
            return ()


def refusal(reason: str) -> Refused:
    """Return a refusal."""
    return Refused(reason=reason, field="number", value="1", rule="a rule", repair="a repair")


def meaning(reply: Reply) -> str:
    """Return the word that a scripted reply carries."""
    return reply.body.decode() if isinstance(reply, Answered) else ""


def outcome_of(reply: Reply, known: Known) -> Outcome:
    """Return the outcome that a scripted reply stands for."""
    if not isinstance(reply, Answered):
        return Unavailable("unreachable") if isinstance(reply, Unreachable) else Unknown("unanswered")
    outcomes: dict[str, Outcome] = {
        "equal": Unchanged(9, "100009"),
        "busy": Throttled(retry_after=reply.retry_after),
        "all busy": Throttled(retry_after=reply.retry_after, whole_client=True),
        "denied": Denied("status_403"),
        "down": Unavailable("status_503"),
        "lost": Unknown("status_500"),
        "no": refusal("conflict"),
        "closed": msgspec.structs.replace(refusal("closed_period"), heals=True),
        "remarkable": Delivered(9, "100009", "100245-2026", (Remark(reason="number_differs", field="n", value="1"),)),
    }
    return outcomes.get(meaning(reply), Delivered(9, f"1000{known.version:02d}"))


def probe(tenant: Tenant) -> Procedure:
    """Ask whether the tenant may be served again."""
    return outcome_of((yield Call(method="GET", target=f"probe/{tenant.name}")), Known(version=0))


def said(word: str, status: int = 200, retry_after: float | None = None) -> Answered:
    """Return a scripted reply."""
    return Answered(status=status, body=word.encode(), retry_after=retry_after)


def change(
    version: int, data: str = "x", *, number: int = 1, tenant: str = "fjellvik", replay: str | None = None
) -> Change:
    """Return a change of the customer with that Moment id."""
    return Change(Entity(tenant, "customer", number), version, START, data.encode(), replay)


def of_kind(kind: EntityKind, one: Change) -> Change:
    """Return the same change of an entity of another kind."""
    entity = msgspec.structs.replace(one.entity, kind=kind)
    return msgspec.structs.replace(one, entity=entity)


class Playbook:
    """A planner and its clock: `give` events, and see what the last one brought out."""

    def __init__(self, policy: Policy = POLICY, *, kinds: tuple[EntityKind, ...] = KINDS) -> None:
        """Start at `START` with nothing assigned, and recipes for those kinds."""
        self.planner = Planner(policy, dict.fromkeys(kinds, Scripted()), probe)
        self.now = START
        self.output: list[Item] = []
        self.history: list[Item] = []
        self.offset = 0

    def give(self, event: Event, *, after: float = 0.0) -> list[Item]:
        """Let time pass, give the event, and return what came out."""
        self.now += after
        self.output = self.planner.handle(event, self.now)
        self.history += self.output
        assert self.planner.next_wake(self.now) > self.now, "a wake-up stays in the past: a busy loop"
        return self.output

    def all(self, kind: type[Kind]) -> list[Kind]:
        """Return everything of a kind that came out so far."""
        return [item for item in self.history if isinstance(item, kind)]

    def last(self, kind: type[Kind]) -> Kind:
        """Return the newest of a kind."""
        return self.all(kind)[-1]

    # -- the usual steps ---------------------------------------------------------------------------------------

    def begin(
        self,
        *tenants: Tenant,
        handed_over: bool = True,
        end: int = 0,
        entry: Entry | None = None,
        former_kinds: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """Bring tenants and one partition in, and let the first commit be accepted.

        `entry` tells what waits in it, `former_kinds` what a former owner may have transferred.
        """
        self.tenants(*(tenants or (TENANT,)))
        waiting = entry is not None and entry.parked is not None and entry.parked.is_waiting
        blocked = entry is not None and entry.parked is not None and entry.parked.blocked_by != ""
        assigned = Assigned(
            partition=PARTITION,
            generation=GENERATION,
            position=0,
            end=end,
            handed_over=handed_over,
            share=1.0,
            parked=1 if entry and entry.parked else 0,
            waiting_tenants=frozenset({"fjellvik"} if waiting else ()),
            blocked_tenants=frozenset({"fjellvik"} if blocked else ()),
            next_due=entry.due if entry else None,
            former_kinds=former_kinds or {},
        )
        self.give(assigned)
        self.commit()

    def tenants(self, *tenants: Tenant) -> None:
        """Have the registry name these tenants."""
        self.give(TenantsChanged({tenant.name: tenant for tenant in tenants}))

    def commit(self, *, accepted: bool = True, after: float = 0.0) -> None:
        """Answer the commit that was asked for."""
        self.give(Committed(self.now, accepted=accepted), after=after)

    def fetch(self, *messages: Change | Ignored | Undecodable, entry: Entry | None = None, after: float = 0.0) -> None:
        """Fetch records with these contents; the ledger holds `entry` of their entity."""
        arrivals = tuple(Arrival(self.offset + place, message, entry) for place, message in enumerate(messages))
        self.offset += len(messages)
        self.give(Fetched(PARTITION, GENERATION, arrivals, self.offset), after=after)

    def reply(self, reply: Reply, *, after: float = 0.0, send: Send | None = None) -> None:
        """Answer a call: the newest one unless it is named."""
        self.give(Replied((send or self.last(Send)).ticket, reply), after=after)

    def record(self, *, after: float = 0.0) -> None:
        """Acknowledge the newest ledger record."""
        self.give(Recorded((self.last(Record).ticket,)), after=after)

    def consulted(self, entries: Mapping[Entity, Entry] | None = None) -> None:
        """Answer the newest question about dependencies: the ledger holds these, or nothing."""
        asked = self.last(Consult)
        self.give(Consulted(asked.partition, asked.generation, asked.entity, entries or {}))

    def hold(self, scope: str, until: float | None, *, partition: Partition = PARTITION) -> None:
        """Have a person hold a tenant, or with `*` everything, or release it."""
        self.give(HoldChanged(partition, GENERATION, scope, until))

    def deliver(self, *, after: float = 0.0) -> None:
        """Answer a read with absent, a write with done, and acknowledge the entry."""
        self.reply(said("absent"), after=after)
        self.reply(said("done"))
        self.record()

    # -- what came of it ---------------------------------------------------------------------------------------

    def settled(self) -> list[tuple[str, int]]:
        """Return how the records settled, with their offsets, in order."""
        return [(notice.settlement, notice.offset) for notice in self.all(Settled)]

    def sent(self) -> list[str]:
        """Return the methods of all calls so far."""
        return [send.call.method for send in self.all(Send)]

    def entry(self) -> Entry:
        """Return the entry of the newest ledger record."""
        return self.last(Record).entry

    def watermark(self) -> int:
        """Return the offset of the newest commit."""
        return self.last(Commit).offsets[PARTITION]

    def handover(self) -> HandOver:
        """Return the handover that was asked for."""
        return self.last(HandOver)


def changed(policy: Policy, **bounds: float) -> Policy:
    """Return the policy with other bounds."""
    return msgspec.structs.replace(policy, bounds=msgspec.structs.replace(policy.bounds, **bounds))
