"""What must hold at every step: offsets, conservation, quotas, one call of an entity at a time."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from daemon.core.actions import Action, Pause, Record, Resume, Send
from daemon.core.events import Assigned, Event, Loaded, NotSent, Replied, TenantsChanged, TokenRenewed
from daemon.core.ledger import Entry, decode
from daemon.core.model import Change, Entity, Partition, entity_of
from daemon.core.notices import Checked, Fenced, Notice, ParkedMoved, Reasserted, Received, Released, Settled
from daemon.core.pacing import FOREVER
from daemon.core.procedure import Answered, Reply
from daemon.moment.envelope import decode as decode_envelope
from daemon.sandbox.generating import ENVIRONMENT
from tests.simulation.bounding import Bounding
from tests.simulation.rationing import CLIENT, Rations
from tests.simulation.replica import Replica
from tests.simulation.settlements import Settlements, is_draft_of
from tests.simulation.terms import Terms
from tests.simulation.written import Written

if TYPE_CHECKING:
    from tests.simulation.world import World


ROUNDING_SECONDS = 0.001
"""Instants that went through another clock's floats still count as equal."""


class ViolationError(AssertionError):
    """A promise was broken."""


class Watch:
    """Looks on, and raises `ViolationError` as soon as something is wrong."""

    def __init__(self, world: "World") -> None:
        """Begin with nothing seen."""
        self.counts: Counter[str] = Counter()
        self.ignored: dict[Entity, int] = {}
        self._world = world
        self._settled: dict[Replica, Counter[str]] = {}
        self.settlements = Settlements(world)
        self._bounding = Bounding(world)
        self._terms: dict[Replica, Terms] = {}
        self.rations = Rations(world)
        self._awaited: dict[tuple[Replica, int], str] = {}
        self._told_to_wait: dict[tuple[Replica, str], float] = {}
        self._token_replies: defaultdict[Replica, deque[Reply]] = defaultdict(deque)
        self.called_at: dict[str, float] = {}
        self.written = Written(world.network.emulator.history)

    # -- steps -------------------------------------------------------------------------------------------------

    def stepped(self, replica: Replica, event: Event, output: list[Action | Notice]) -> None:
        """Look at one step of a planner."""
        if isinstance(event, Replied | NotSent):
            self._ended(replica, event)
        if isinstance(event, TokenRenewed):
            self._hear(replica, CLIENT, self._token_replies[replica].popleft())
        if isinstance(event, Assigned):
            self.settlements.begin(replica, event.partition)
        self._meet(replica, event, output)
        settled = self._settled.setdefault(replica, Counter())
        for item in output:
            self._count(item)
            match item:
                case Received(count):
                    settled["received"] += count
                case Settled(settlement=settlement):
                    settled["settled"] += 1
                    settled["parked"] += settlement == "parked"
                    self._settle(replica, item)
                case Released():
                    settled["parked"] -= 1
                case ParkedMoved(direction, count):
                    settled["parked"] += -count if direction == "handed_back" else count
                case _:
                    pass
        self._balance(replica, settled)
        excess = self._bounding.excess(replica, event)
        if excess:
            self._fail(f"{replica.name}: {excess}")

    def _count(self, item: Action | Notice) -> None:
        match item:
            case Settled(settlement=settlement):
                self.counts[settlement] += 1
            case Checked(result):
                self.counts[result] += 1
            case Reasserted() | Fenced() | Released():
                self.counts[type(item).__name__.lower()] += 1
            case Pause() | Resume():
                self.counts["paused" if isinstance(item, Pause) else "resumed"] += 1
            case _:
                pass

    def _meet(self, replica: Replica, event: Event, output: list[Action | Notice]) -> None:
        """Tell which troubles of tenants are met: by a change that waits, or is of a kind that is not transferred."""
        terms, meeting = self._terms.setdefault(replica, Terms()), self._world.meeting
        if isinstance(event, TenantsChanged):
            terms.take(event, replica.registries_read.popleft())
        if isinstance(event, Loaded):
            for entity, _ in event.entries:
                tenant = terms.of(entity.tenant)
                if tenant is not None and entity.kind not in tenant.kinds:
                    meeting.met("tenant_kinds", entity.tenant)
        for item in output:
            terms.note(item)
            if isinstance(item, Record) and item.entry.parked is not None and item.entry.parked.is_waiting:
                for kind, scope in terms.keeps(item.entity.tenant):
                    meeting.met(kind, scope)

    def _settle(self, replica: Replica, notice: Settled) -> None:
        """Take note of what a member of the group says of a record; what others say is not committed."""
        if notice.settlement == "handed_back" or not replica.is_member:
            return
        if notice.entity is not None and notice.reason in {"tenant", "kind"}:
            self._pass_by(replica, notice, notice.entity)
        self.settlements.say(replica, notice)

    def _pass_by(self, replica: Replica, notice: Settled, entity: Entity) -> None:
        """Look at a change that is ignored: its tenant was not named before, or its kind is not transferred."""
        terms = self._terms[replica]
        if notice.reason == "tenant":
            is_right = terms.number < self._world.first_named.get(entity.tenant, FOREVER)
        else:
            tenant = terms.of(entity.tenant)
            is_right = tenant is not None and entity.kind not in tenant.kinds
        if not is_right:
            self._fail(f"{replica.name} ignores {entity.key} for its {notice.reason}")
        self._world.meeting.met("tenant_added" if notice.reason == "tenant" else "tenant_kinds", notice.tenant)
        [record] = self._world.inputs[notice.partition].read(notice.offset, 1)
        message = decode_envelope(record.value, environment=ENVIRONMENT)
        if isinstance(message, Change) and not is_draft_of(message):
            self.ignored[entity] = max(message.version, self.ignored.get(entity, 0))

    def _balance(self, replica: Replica, settled: Counter[str]) -> None:
        """Check both conservation equations of a process."""
        status = replica.planner.status(replica.process.now())
        if settled["received"] != settled["settled"] + status.in_hand:
            self._fail(
                f"{replica.name}: {settled['received']} received are not {settled['settled']} + {status.in_hand}"
            )
        if settled["parked"] != status.parked_now:
            self._fail(f"{replica.name}: {settled['parked']} parked are not {status.parked_now}")

    def rested(self) -> None:
        """Look at what every process holds when all is at rest: nothing is in hand, and both equations hold."""
        for replica in self._world.replicas.values():
            if replica.process.is_alive:
                self._balance(replica, self._settled.get(replica, Counter()))
                status = replica.planner.status(replica.process.now())
                if status.in_hand:
                    self._fail(f"{replica.name}: {status.in_hand} records are in hand at rest")
                stored = sum(replica.stores[partition].summary().parked for partition in replica.source.owned)
                if status.parked_now != stored:
                    self._fail(f"{replica.name}: {status.parked_now} parked are not the {stored} of its stores")
                if any(owned.is_paused for owned in replica.source.owned.values()):
                    self._fail(f"{replica.name} fetches nothing at rest")

    def ended(self, replica: Replica) -> None:
        """Forget a process that has ended."""
        self._settled.pop(replica, None)
        self._terms.pop(replica, None)

    # -- calls -------------------------------------------------------------------------------------------------

    def sent(self, replica: Replica, send: Send) -> None:
        """Look at a call that leaves."""
        self.called_at[send.tenant] = self._world.timeline.now
        self._awaited[replica, send.ticket] = send.tenant
        self._is_due(replica, send.tenant)
        self._is_due(replica, CLIENT)
        if not self.rations.called(replica, send.tenant, self._quota(replica, send.tenant)):
            self._fail(f"{replica.name} exceeds the quota of {send.tenant}")
        self._count_call(replica)
        if send.entity is not None:
            self._is_alone(replica, send, send.entity)
            lane = replica.memory.lane_of(send.entity)
            if lane is not None and lane.current is not None:
                self.written.meant(send.entity, lane.current.change.version)

    def asked_for_token(self, replica: Replica) -> None:
        """Look at a call to the identity server: it counts against the client's quota alone."""
        self._is_due(replica, CLIENT)
        self._count_call(replica)

    def answered_with_token(self, replica: Replica, reply: Reply) -> None:
        """Take note of what the identity server has answered: the process goes by it once its planner knows."""
        self._token_replies[replica].append(reply)

    def _count_call(self, replica: Replica) -> None:
        if not self.rations.called_by_client():
            self._fail(f"{replica.name} exceeds the quota of {CLIENT}")

    def _is_due(self, replica: Replica, scope: str) -> None:
        early = self._told_to_wait.get((replica, scope), 0.0) - self._world.timeline.now
        if early > ROUNDING_SECONDS:
            self._fail(f"{replica.name} calls for {scope} {early:.3f} s before a Retry-After has passed")

    def _ended(self, replica: Replica, event: Replied | NotSent) -> None:
        """Take note that a process learns what became of a call, and until when it must not make another."""
        tenant = self._awaited.pop((replica, event.ticket), None)
        if tenant is not None and isinstance(event, Replied):
            self._hear(replica, tenant, event.reply)

    def _hear(self, replica: Replica, scope: str, reply: Reply) -> None:
        """Take note of how long an answer asks to be left alone."""
        if isinstance(reply, Answered) and reply.retry_after is not None:
            until = self._world.timeline.now + reply.retry_after
            self._told_to_wait[replica, scope] = max(until, self._told_to_wait.get((replica, scope), 0.0))

    def _quota(self, replica: Replica, name: str) -> float:
        """Return the quota of a tenant as the process knows it; a call under other terms than at first meets them."""
        first = self._world.schedule.tenants[name]
        terms = self._terms[replica].of(name) or first
        if terms.weight != first.weight:
            self._world.meeting.met("tenant_weighed", name)
        if terms.quota != first.quota:
            self._world.meeting.met("tenant_quota", name)
        return terms.quota

    def _is_alone(self, replica: Replica, send: Send, entity: Entity) -> None:
        """Check that no owner, the sender among them, has another procedure of the entity at work, or call in flight.

        A call that was made for a former ownership is none of an owner's, also where the owner is the same process.
        """
        partition = self._world.home(entity)
        for other in self._world.replicas.values():
            owned, sink = other.source.owned.get(partition), other.sink
            if owned is None or not (other.process.is_alive and other.is_member):
                continue
            whose = f"{replica.name} and {other.name}" if other is not replica else replica.name
            others = (ticket for ticket, one in sink.in_flight.items() if one is not send and one.entity == entity)
            if any(sink.made_for[ticket] is owned for ticket in others):
                self._fail(f"{entity.key}: calls of {whose} at once")
            if _is_at_work(other, entity, send):
                self._fail(f"{entity.key}: procedures of {whose} at once")

    def served(self, entity: Entity | None) -> None:
        """Look at what a call about an entity, or about none, has changed in the books."""
        wrong = self.written.wrong(entity)
        if wrong:
            self._fail(wrong)

    @property
    def highest(self) -> dict[Entity, int]:
        """Return the highest version of each entity that any ledger tells of."""
        return self.settlements.highest

    # -- what becomes durable ----------------------------------------------------------------------------------

    def recorded(self, key: str, value: bytes) -> None:
        """Look at a record of a ledger."""
        entity, entry = entity_of(key), decode(value)
        if entity is not None and isinstance(entry, Entry):
            self.settlements.record(entity, entry)

    def refused_ledger(self, partition: Partition) -> None:
        """Look at a process that takes a ledger for lost: that is wrong unless a person has removed it."""
        if partition not in self._world.ledgers_removed:
            self._fail(f"{partition.number}: the ledger is taken for lost")
        self.counts["ledger_lost"] += 1

    def committed(self, replica: Replica, before: Mapping[Partition, int], offsets: Mapping[Partition, int]) -> None:
        """Look at a commit that was accepted: all that it passes must have been settled where it lasts."""
        for partition, offset in self.settlements.passed_over(replica, before, offsets):
            self._fail(f"{partition.number}: offset {offsets[partition]} is committed, {offset} is not settled")

    def _fail(self, what: str) -> None:
        raise ViolationError(what)


def _is_at_work(replica: Replica, entity: Entity, send: Send) -> bool:
    """Tell whether a process has a procedure of the entity that waits for another call than this one."""
    waiting = (
        one for ticket in replica.memory.tickets.values() if ticket.call is not send.call for one in ticket.attempts
    )
    return any(one.is_alive and one.work is not None and one.work.lane.entity == entity for one in waiting)
