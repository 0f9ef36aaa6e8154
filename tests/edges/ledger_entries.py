"""Entries of a ledger, as the tests of the edges write and expect them."""

import msgspec

from daemon.core.ledger import WAITING, Entry, Parked
from daemon.core.model import Entity, Generation, Partition
from daemon.core.procedure import Refused

PARTITION = Partition("moment.changes", 3)
OURS = Generation(1, 7)
THEIRS = Generation(1, 6)


def customer(number: int, tenant: str = "fjellvik") -> Entity:
    """Return a customer."""
    return Entity(tenant, "customer", number)


def delivered(version: int, generation: Generation = OURS) -> Entry:
    """Return the entry of a delivered version."""
    return Entry(company="c", generation=generation, version=version, fingerprint=f"f{version}", dnb_id=1, number="9")


def parked(version: int, reason: str = WAITING, *, since: float = 0.0, next_try: float | None = None) -> Entry:
    """Return the entry of a parked change."""
    change = Parked(version=version, data=b"{}", occurred_at=since, reason=reason, since=since, next_try=next_try)
    return Entry(company="c", generation=OURS, parked=change)


def blocked(version: int, dependency: Entity) -> Entry:
    """Return the entry of a change that is parked until the dependency is delivered."""
    entry = parked(version, "missing_dependency", next_try=None)
    assert entry.parked is not None
    return msgspec.structs.replace(entry, parked=msgspec.structs.replace(entry.parked, blocked_by=dependency.key))


def refused(version: int, reason: str = "conflict", data: bytes = b"{}") -> Entry:
    """Return the entry of a change that a person must repair."""
    refusal = Refused(reason=reason, field="customerNumber", value="1", rule="a rule", repair="a repair")
    entry = parked(version, reason)
    assert entry.parked is not None
    return msgspec.structs.replace(entry, parked=msgspec.structs.replace(entry.parked, refusal=refusal, data=data))
