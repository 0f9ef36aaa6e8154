"""Entries of a ledger, as the tests of the edges write and expect them."""

from daemon.core.ledger import WAITING, Entry, Parked
from daemon.core.model import Entity, Generation, Partition

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
