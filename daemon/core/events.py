"""What can happen to the planner. Each event is a value; `Planner.handle(event, now)` answers it with actions."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from daemon.core.actions import Which
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Generation, Message, Partition, Tenant
from daemon.core.procedure import Reply


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """A partition is ours and its ledger is restored.

    `position` is the offset to read from; `end` the partition's end at the assignment: what lies before it may have
    been in flight with the former owner unless `handed_over`. `share` is owned/total partitions of the group.
    `former_kinds` tells then of which kinds, by tenant. `parked`, `waiting_tenants`, `blocked_tenants` (with changes
    that wait for a dependency), `known_tenants`, `next_due` (an instant) and `holds` (by tenant, or `*` for all: until
    when) tell what the restored ledger holds.
    """

    partition: Partition
    generation: Generation
    position: int
    end: int
    handed_over: bool
    share: float
    parked: int = 0
    waiting_tenants: frozenset[str] = frozenset()
    blocked_tenants: frozenset[str] = frozenset()
    known_tenants: frozenset[str] = frozenset()
    former_kinds: Mapping[str, frozenset[str]] = {}
    next_due: float | None = None
    holds: Mapping[str, float] = {}


class Arrival(msgspec.Struct, frozen=True):
    """One fetched record: its offset, what it was decoded to, and what the ledger holds of its entity."""

    offset: int
    message: Message
    entry: Entry | None = None


class Fetched(msgspec.Struct, frozen=True):
    """Records of one partition in order of offset; `position` is the offset after the last one, gaps included."""

    partition: Partition
    generation: Generation
    arrivals: tuple[Arrival, ...]
    position: int


class Replied(msgspec.Struct, frozen=True):
    """A call is over: DnB answered, did not answer, or could not be reached."""

    ticket: int
    reply: Reply


class NotSent(msgspec.Struct, frozen=True):
    """A call was not sent and must take its turn again: its time had passed, or there was no valid token at its turn.

    `token_awaited`: there is one now. `token_expired`: DnB turned down the one that the call carried.
    """

    ticket: int
    reason: Literal["fenced", "no_token", "token_awaited", "token_expired"]


class TokenRenewed(msgspec.Struct, frozen=True):
    """The identity server was asked for a token: a call of the client; `refused` tells that it denied the client.

    `retry_after` is for how many seconds it asks to be left alone, where it gave no token and said so.
    """

    refused: str | None = None
    retry_after: float | None = None


class Recorded(msgspec.Struct, frozen=True):
    """The ledger topic has acknowledged these records and the local store holds them."""

    tickets: tuple[int, ...]


class DeadLettered(msgspec.Struct, frozen=True):
    """The dead-letter topic has acknowledged these records."""

    tickets: tuple[int, ...]


class Committed(msgspec.Struct, frozen=True):
    """The group coordinator answered a commit that was sent at `sent_at`; refused means the generation is over."""

    sent_at: float
    accepted: bool


class Loaded(msgspec.Struct, frozen=True):
    """The entries that a `Load` found; `next_due` of what remains, `exhausted` if nothing of that kind remains."""

    partition: Partition
    generation: Generation
    which: Which
    tenant: str | None
    entries: tuple[tuple[Entity, Entry], ...]
    next_due: float | None
    exhausted: bool
    about: Entity | None = None


class Consulted(msgspec.Struct, frozen=True):
    """What a `Consult` found of the dependencies of `entity`; those that no store of ours knows are left out."""

    partition: Partition
    generation: Generation
    entity: Entity | None
    entries: Mapping[Entity, Entry]


class HoldChanged(msgspec.Struct, frozen=True):
    """A person holds a tenant (`*`: all of them) until an instant that may be infinite, or with None releases it."""

    partition: Partition
    generation: Generation
    scope: str
    until: float | None


class Followed(msgspec.Struct, frozen=True):
    """The owner's own ledger partition holds a record at `offset` that another process wrote; `own` is what we hold."""

    partition: Partition
    generation: Generation
    entity: Entity
    entry: Entry
    offset: int
    own: Entry | None
    own_offset: int


class TenantsChanged(msgspec.Struct, frozen=True):
    """The tenant registry was read: all tenants, those included that may not be served now."""

    tenants: Mapping[str, Tenant]


class Revoking(msgspec.Struct, frozen=True):
    """The group takes these partitions away; what is in flight may finish until `deadline`."""

    partitions: tuple[Partition, ...]
    deadline: float


class Lost(msgspec.Struct, frozen=True):
    """These partitions are no longer ours, and may already be another's: nothing more may be written for them."""

    partitions: tuple[Partition, ...]


class Woke(msgspec.Struct, frozen=True):
    """The instant that `Planner.next_wake` named has come."""


Event = (
    Assigned
    | Fetched
    | Replied
    | NotSent
    | TokenRenewed
    | Recorded
    | DeadLettered
    | Committed
    | Loaded
    | Consulted
    | HoldChanged
    | Followed
    | TenantsChanged
    | Revoking
    | Lost
    | Woke
)
