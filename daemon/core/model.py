"""The values that every part of the program speaks of: entities, changes, tenants, partitions, generations."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["customer", "project", "invoice"]
KINDS: tuple[Kind, ...] = ("customer", "project", "invoice")
MAX_ID_DIGITS = 19
"""Moment's ids are 64 bits; Python refuses to read numbers of thousands of digits."""

_KINDS: Mapping[str, Kind] = {kind: kind for kind in KINDS}


class Entity(msgspec.Struct, frozen=True, order=True):
    """What versions are counted on: one customer, project or invoice of one tenant."""

    tenant: str
    kind: Kind
    id: int

    @property
    def key(self) -> str:
        """Return `tenant/kind/id`: the key of the entity's ledger records."""
        return f"{self.tenant}/{self.kind}/{self.id}"


def entity_of(key: str) -> Entity | None:
    """Return the entity whose ledger key this is, None for a key that is none."""
    tenant, _, rest = key.partition("/")
    name, _, number = rest.partition("/")
    kind = _KINDS.get(name)
    if not tenant or kind is None or len(number) > MAX_ID_DIGITS or not (number.isascii() and number.isdigit()):
        return None
    return Entity(tenant, kind, int(number))


class Partition(msgspec.Struct, frozen=True, order=True):
    """One partition of one input topic; the ledger topic beside it has the same number."""

    topic: str
    number: int


class Generation(msgspec.Struct, frozen=True, order=True):
    """The number of one assignment of one partition; orders the writes of successive owners.

    `epoch` rises when Kafka's own number does not, as after a group was deleted: so a later assignment is greater.
    """

    epoch: int
    number: int


class Change(msgspec.Struct, frozen=True):
    """The decoded envelope of a record; its `data` stays undecoded JSON until somebody needs it.

    `occurred_at` is UTC seconds. `replay` is the id from the header `moment-dnb-replay`, None for a live change.
    """

    entity: Entity
    version: int
    occurred_at: float
    data: bytes
    replay: str | None = None


class Undecodable(msgspec.Struct, frozen=True):
    """A record that is no change: `reason` from a closed list, `detail` without any content of the record."""

    reason: str
    detail: str


class Ignored(msgspec.Struct, frozen=True):
    """A record that is well formed and none of our business, and why."""

    reason: Literal["null", "environment", "kind", "tenant", "delete", "draft"]
    tenant: str = ""


Message = Change | Undecodable | Ignored


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant's invoices are booked.

    `flow`: as customer invoices that DnB books, or as vouchers posted directly in the journal. `products` maps a
    product type of Moment's (hours, expenses, products) to the number of the product in DnB that its lines use.
    `vat_codes` maps an account number to the VAT code of lines that have none.
    """

    flow: Literal["invoice", "voucher"] = "invoice"
    products: Mapping[str, str] = {}
    vat_codes: Mapping[str, str] = {}


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of Moment whose company in DnB is kept equal.

    `company` is the hash of the company key (the key itself stays at the HTTP edge); `quota` in calls per second;
    `weight` is the tenant's share among tenants that wait; `first_number` and `last_number` bound customer numbers;
    `held` tells in words why nothing may be sent, and is None for a tenant that is served.
    """

    name: str
    company: str
    kinds: frozenset[Kind] = frozenset(KINDS)
    quota: float = 20.0
    weight: float = 1.0
    first_number: int = 100_000
    last_number: int = 199_999
    held: str | None = None
    booking: Booking = Booking()
