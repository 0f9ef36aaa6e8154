"""Procedures: pure generators that yield calls, receive replies and return an outcome.

A procedure holds no client, clock or sleep; the planner steps it and decides when each call may go. It is safe to
start again from the beginning after any interruption, because it first reads what DnB has and continues from there.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Protocol

import msgspec

from daemon.core.model import Change, Entity, Kind, Tenant


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to DnB as a value.

    `target` is path and encoded query below the base address, as in `api/biz/customers?top=2`; `body` is JSON.
    `writes` tells that the request changes books, so that a newer version may take its place until it is sent.
    `shared` lets every procedure of the tenant that asks for the same target receive the one reply.
    """

    method: str
    target: str
    body: bytes | None = None
    writes: bool = False
    shared: bool = False


PAUSE_STATUSES = frozenset({408, 429, 503})
"""The HTTP statuses whose Retry-After speaks of the caller, not of the one thing that was asked for."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """DnB answered: the status, the body as received, and Retry-After in seconds where it was given."""

    status: int
    body: bytes = b""
    retry_after: float | None = None

    @property
    def pause(self) -> float | None:
        """Return for how many seconds DnB asks to be left alone, None if it asks for no such thing."""
        return self.retry_after if self.status in PAUSE_STATUSES else None


class Unreachable(msgspec.Struct, frozen=True):
    """The request certainly did not reach DnB: no connection could be made."""

    reason: str


class Unanswered(msgspec.Struct, frozen=True):
    """The request left and no reply came: DnB may have applied it, or may still apply it."""

    reason: str


Reply = Answered | Unreachable | Unanswered


class Dependency(msgspec.Struct, frozen=True):
    """An entity that DnB must hold before a change that refers to it, and the business number it has in Moment.

    A change has at most one dependency of a kind.
    """

    entity: Entity
    number: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger tells a procedure about its entity.

    `version` is the one to deliver. `dirty`: DnB may hold something that the ledger does not know, so nothing may be
    concluded before DnB was read. `related` holds the DnB id of each dependency that the ledger knows as delivered.
    `has_waited`: a dependency that is nowhere has been waited for long enough, so what can do without it should.
    `was_attempted`: a write of this entity, perhaps of an older version, may have left lately, its end unrecorded.
    `numbers_tried`: the business numbers under which older versions may have created it, unrecorded. `parts`: the DnB
    ids of the rows inside its row, by the procedure's own names, as it left them; empty if they are not all known.
    `now` is when the procedure starts, in UTC seconds.
    """

    version: int
    dnb_id: int | None = None
    number: str | None = None
    dirty: bool = False
    related: Mapping[Kind, int] = {}
    has_waited: bool = False
    was_attempted: bool = False
    numbers_tried: tuple[str, ...] = ()
    parts: Mapping[str, int] = {}
    now: float = 0.0


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a delivery that a person should know and that stopped nothing.

    `reason` is one word of a closed list, fit for a metric label; `value` may be shown to the tenant's own people only.
    """

    reason: str
    field: str
    value: str


class Delivered(msgspec.Struct, frozen=True):
    """DnB now holds the change, and a write was needed for it.

    `voucher` is the journal's number of an invoice; `parts` are to be known the next time, see `Known`.
    """

    dnb_id: int
    number: str
    voucher: str | None = None
    remarks: tuple[Remark, ...] = ()
    parts: Mapping[str, int] = {}


class Unchanged(msgspec.Struct, frozen=True):
    """DnB was read and already holds all that the change says; the fields are those of `Delivered`."""

    dnb_id: int
    number: str
    voucher: str | None = None
    remarks: tuple[Remark, ...] = ()
    parts: Mapping[str, int] = {}


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A person must repair something: the field, its value, the rule it breaks and the repair.

    `reason` is one word of a closed list, fit for a metric label. `value` may be shown to the tenant's own people
    (mail, console) and nowhere else. `heals` tells that the repair is made in DnB, where nothing tells us of it, so
    that the change is tried again every so often (a closed period, an account, VAT code or product that is missing).
    """

    reason: str
    field: str
    value: str
    rule: str
    repair: str
    heals: bool = False


class MissingDependency(msgspec.Struct, frozen=True):
    """A dependency of that kind is neither known to the ledger nor found in DnB by its number."""

    kind: Kind


class Throttled(msgspec.Struct, frozen=True, kw_only=True):
    """DnB asked for a pause, in seconds where it said so; the call was not applied."""

    retry_after: float | None = None
    whole_client: bool = False


class Unavailable(msgspec.Struct, frozen=True):
    """DnB could not do it now and certainly did not."""

    reason: str


class Denied(msgspec.Struct, frozen=True):
    """DnB does not let this client act on the tenant's company."""

    reason: str


class Unknown(msgspec.Struct, frozen=True):
    """A write left and its effect is not known: the entity is dirty until DnB has been read again."""

    reason: str


class InternalError(msgspec.Struct, frozen=True):
    """Our bug in one change: an exception out of decoding, mapping or a procedure; `reason` names its type only."""

    reason: str


Outcome = (
    Delivered | Unchanged | Refused | MissingDependency | Throttled | Unavailable | Denied | Unknown | InternalError
)

Procedure = Generator[Call, Reply, Outcome]


class Prepared(msgspec.Struct, frozen=True):
    """A decoded and checked change: its fingerprint, how to start the procedure that delivers it, and what it needs.

    `dependencies` are in the order in which they are delivered: customer, project, credited invoice. `number` is the
    business number under which it is created.
    """

    fingerprint: str
    start: Callable[[Known], Procedure]
    dependencies: tuple[Dependency, ...] = ()
    number: str = ""


class Recipe(Protocol):
    """What the target knows of one kind: how a change becomes a procedure."""

    def is_draft(self, change: Change) -> bool:
        """Tell whether the change is none of our business yet; cheap, and false for what cannot be decoded."""
        ...

    def prepare(self, tenant: Tenant, change: Change) -> Prepared | Refused:
        """Return the change ready to be delivered, or why a person must repair it first."""
        ...


class Probe(Protocol):
    """How to find out whether a tenant that was denied may be served again."""

    def __call__(self, tenant: Tenant) -> Procedure:
        """Return a procedure of one cheap read: `Unchanged` when the tenant may be served, `Denied` while not."""
        ...
