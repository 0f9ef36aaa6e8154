"""What the planner asks for. Each action is a value; the runner carries it out and brings back the event it names."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from daemon.core.ledger import Entry
from daemon.core.model import Entity, Generation, Partition, Undecodable
from daemon.core.procedure import Call

Which = Literal["due", "waiting", "refused", "blocked", "named"]
"""Which entries of the local store are wanted: due by time, waiting for their turn, refused until a repair, blocked by
a dependency, or the one that is named.
"""


class Send(msgspec.Struct, frozen=True):
    """Make the call, but not after `not_after`; answered by `Replied` or `NotSent`.

    `company` is the hash of the company key that it was made for: the tenant may have got another meanwhile. `entity`
    is whom it is about, None for a probe and for a read that several share.
    """

    ticket: int
    tenant: str
    company: str
    call: Call
    not_after: float
    entity: Entity | None = None


class Record(msgspec.Struct, frozen=True):
    """Write the entry to the partition's ledger and, once acknowledged, to the local store; answered by `Recorded`."""

    ticket: int
    partition: Partition
    entity: Entity
    entry: Entry


class Adopt(msgspec.Struct, frozen=True):
    """Put an entry that the ledger topic already holds at `offset` into the local store; not answered."""

    partition: Partition
    entity: Entity
    entry: Entry
    offset: int


class DeadLetter(msgspec.Struct, frozen=True):
    """Write the record at the offset to the dead-letter topic; answered by `DeadLettered`."""

    ticket: int
    partition: Partition
    offset: int
    cause: Undecodable


class Commit(msgspec.Struct, frozen=True):
    """Commit these offsets for the group, in order after all that was settled; answered by `Committed`."""

    offsets: Mapping[Partition, int]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Take entries from the local store, each once until it is recorded again or put back; answered by `Loaded`.

    `due`: of all tenants but `except_tenants`, due now, earliest first. `waiting`: of one tenant, oldest first.
    `refused`: of one tenant, parked and not waiting. `blocked`: parked until `about` is delivered. Both in order of
    their keys, those behind `after`. `named`: that of `about`, if it holds a parked change.
    """

    partition: Partition
    generation: Generation
    which: Which
    tenant: str | None = None
    about: Entity | None = None
    after: str = ""
    except_tenants: frozenset[str] = frozenset()
    limit: int


class Consult(msgspec.Struct, frozen=True):
    """Look up what the local stores hold of `wanted`, on which `entity` depends; answered by `Consulted`.

    With `entity` None it is looked up for all that is parked in the partition: whatever that waits for is wanted. The
    partition's own store is asked first, then those of the other partitions that are ours.
    """

    partition: Partition
    generation: Generation
    entity: Entity | None
    wanted: tuple[Entity, ...] = ()


class PutBack(msgspec.Struct, frozen=True):
    """Forget that these entries, and all of a tenant if one is named, were taken from the local store; not answered."""

    partition: Partition
    entities: tuple[Entity, ...]
    tenant: str | None = None


class HandOver(msgspec.Struct, frozen=True):
    """Write `_handover` as the last ledger record: nothing is in flight or unknown; answered by `Recorded`."""

    ticket: int
    partition: Partition
    generation: Generation
    watermark: int


class Release(msgspec.Struct, frozen=True):
    """The partition may go: the rebalance need not wait for it any longer; not answered."""

    partition: Partition


class Pause(msgspec.Struct, frozen=True):
    """Fetch nothing more from these partitions; not answered."""

    partitions: tuple[Partition, ...]


class Resume(msgspec.Struct, frozen=True):
    """Fetch from these partitions, for the first time or again; not answered."""

    partitions: tuple[Partition, ...]


Action = Send | Record | Adopt | DeadLetter | Commit | Load | Consult | PutBack | HandOver | Release | Pause | Resume
