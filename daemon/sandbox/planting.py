"""Records of Moment's topic: what is produced, and what must become of it."""

import datetime as dt
import random
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Literal, TypeAlias

import msgspec

from daemon.sandbox import spoiling
from daemon.sandbox.documents import Json, Row

Fate: TypeAlias = Literal["transfer", "amend", "refuse", "dead_letter", "ignore"]

EVERY_KIND: Final = frozenset({"customer", "project", "invoice"})
ENVIRONMENT: Final = "production"
REMEMBERED: Final = 500  # a duplicate comes at most this many records after its first
STEP_SECONDS: Final = 0.001  # between two changes: little, so that none lies ahead of the clock that sends them
ESCAPED_SHARE: Final = 0.5  # of records; producers escape non-ASCII letters or do not


class Planted(msgspec.Struct, frozen=True):
    """One record to produce, and what must become of it.

    `trouble` is empty for an everyday change. `reason` is the reason under which the record must be parked (for a dead
    letter any will do), empty for records with another fate. `id` and `version` are None where the record has none
    that can be read. A `transfer` may still be stale, superseded or unchanged when its turn comes, and must wait for
    what it refers to: fate and reason speak of the change itself. An `amend` changes what an invoice books: it is
    transferred if nothing of the invoice is booked yet, and else refused as changed after booking.
    """

    key: bytes
    value: bytes | None
    tenant: str
    id: int | None
    version: int | None
    trouble: str
    reason: str
    fate: Fate
    kind: str = "customer"


class Item:
    """A customer, project or invoice as it is in Moment now. `good` is its data when it could last be transferred."""

    def __init__(self, tenant: str, kind: str, item_id: int, data: Row) -> None:
        self.tenant = tenant
        self.kind = kind
        self.id = item_id
        self.version = 0
        self.good = data


class Pen:
    """Writes the records of changes; `recent` are the last ones that anybody could read."""

    def __init__(self, chance: random.Random, kinds: Mapping[str, AbstractSet[str]], started_at: float) -> None:
        """`kinds` has what each tenant transfers; the first change occurs a millisecond after `started_at`."""
        self.recent: deque[Planted] = deque(maxlen=REMEMBERED)
        self._chance = chance
        self._kinds = kinds
        self._now = started_at

    def changed(self, item: Item, data: Row, trouble: str = "") -> Planted:
        """The record of an item that is right, and stays so."""
        item.good = data
        return self.written(item, data, trouble)

    def written(self, item: Item, data: Json, trouble: str = "", reason: str = "", fate: Fate | None = None) -> Planted:
        """The record of an item's next version; a kind that the tenant does not transfer must be ignored."""
        version = item.version + self._chance.choice((1, 1, 1, 1, 2, 5))
        record = self.record(item, version, data)
        item.version = version
        fate = fate or ("refuse" if reason else "transfer")
        if item.kind not in self._kinds[item.tenant]:
            trouble, reason, fate = "not_transferred", "", "ignore"
        change = Planted(
            item.tenant.encode(), self.encoded(record), item.tenant, item.id, version, trouble, reason, fate, item.kind
        )
        self.recent.append(change)
        return change

    def record(self, item: Item, version: int, data: Json) -> Row:
        """What a version of an item says, envelope and all."""
        self._now += STEP_SECONDS
        occurred = dt.datetime.fromtimestamp(self._now, dt.UTC).isoformat(timespec="milliseconds")
        operation = "create" if item.version == 0 else self._chance.choice(("update", "update", "upsert"))
        return {
            "environment": ENVIRONMENT, "tenant": item.tenant, "kind": item.kind, "id": item.id,
            "version": version, "operation": operation, "occurredAt": occurred.replace("+00:00", "Z"), "data": data,
        }  # fmt: skip

    def encoded(self, record: Row) -> bytes:
        """The bytes of a record, as one of Moment's producers writes them."""
        return spoiling.encoded(record, ascii_only=self._chance.random() < ESCAPED_SHARE)
