"""What has happened that a person may want to count or read. Telemetry makes metrics and log events of notices."""

from typing import Literal

import msgspec

from daemon.core.model import Entity, Partition

Settlement = Literal[
    "delivered", "stale", "superseded", "unchanged", "ignored", "parked", "dead_lettered", "handed_back"
]
SETTLEMENTS: tuple[Settlement, ...] = (
    "delivered",
    "stale",
    "superseded",
    "unchanged",
    "ignored",
    "parked",
    "dead_lettered",
    "handed_back",
)
"""How a record can settle, each once: the right side of the conservation equation, beside what is in hand."""

ReleasedAs = Literal["delivered", "unchanged", "superseded", "stale"]


class Received(msgspec.Struct, frozen=True):
    """So many records were taken in hand."""

    count: int


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A record needs nothing more from this process."""

    settlement: Settlement
    partition: Partition
    offset: int
    tenant: str = ""
    entity: Entity | None = None
    version: int = 0
    reason: str = ""
    occurred_at: float | None = None


class Released(msgspec.Struct, frozen=True):
    """A parked change has left its entry."""

    released_as: ReleasedAs
    entity: Entity
    version: int


Came = Literal["restored", "checked"]
"""How changes came to be parked without a record: with an assignment, or because their check was refused."""


class ParkedMoved(msgspec.Struct, frozen=True):
    """Parked changes came without a record of theirs, or went with the end of an assignment."""

    direction: Came | Literal["handed_back"]
    count: int


class Retried(msgspec.Struct, frozen=True):
    """A change will be tried again after `wait` seconds."""

    entity: Entity
    version: int
    reason: str
    attempt: int
    wait: float


class Conflicted(msgspec.Struct, frozen=True):
    """A record brought other content under a version that is already known; it was not sent."""

    entity: Entity
    version: int


class Misbehaved(msgspec.Struct, frozen=True):
    """Our bug in one change: it is parked as `internal_error`; `reason` names the exception's type."""

    entity: Entity
    version: int
    reason: str


class Held(msgspec.Struct, frozen=True):
    """A tenant, or with None the whole client, is not called for `wait` seconds; None: until a person releases it."""

    tenant: str | None
    reason: str
    wait: float | None


class HoldEnded(msgspec.Struct, frozen=True):
    """A person's hold of a tenant, or with None of everything, has ended."""

    tenant: str | None


class Checked(msgspec.Struct, frozen=True):
    """A dirty entity was read again when nothing could be late any more: DnB was right, put right, or must wait."""

    result: Literal["verified", "healed", "refused"]
    entity: Entity


class Remarked(msgspec.Struct, frozen=True):
    """A change was delivered, and a person should know something about it; `reason` is fit for a metric label."""

    entity: Entity
    version: int
    reason: str


class Fenced(msgspec.Struct, frozen=True):
    """A reply came for a call of an assignment that has ended; it changed nothing."""

    ticket: int


class Reasserted(msgspec.Struct, frozen=True):
    """An older entry of another process stood in our ledger partition; ours was written again behind it."""

    entity: Entity


Notice = (
    Received
    | Settled
    | Released
    | ParkedMoved
    | Retried
    | Conflicted
    | Misbehaved
    | Held
    | HoldEnded
    | Checked
    | Remarked
    | Fenced
    | Reasserted
)
