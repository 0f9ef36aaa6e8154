"""Moment's changes as they would lie on the topic: everyday ones and troubled ones, the same ones for a seed.

The generator plays Moment for some tenants. It deals episodes (a new customer, an edit, a burst of edits, a broken
record, …) from a shuffled deck, so that after a few hundred records each has happened, whatever the seed. With every
record comes what has to become of it, for `judging` to hold against what did.
"""

import datetime as dt
import itertools
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from daemon.sandbox import editing, spoiling
from daemon.sandbox.documents import Json, Row

Fate: TypeAlias = Literal["transfer", "refuse", "dead_letter", "ignore"]

FIRST_NUMBER: Final = 100_000
LAST_NUMBER: Final = 199_999
"""The customer numbers that DnB's series holds."""

ENVIRONMENT: Final = "production"
FIRST_ID: Final = 70_311_000  # ids of Moment have eight or nine digits
REMEMBERED: Final = 500  # a duplicate comes at most this many records after its first
STEP_SECONDS: Final = 0.001  # between two changes: little, so that none lies ahead of the clock that sends them
BURST: Final = (5, 20)  # edits of one customer by somebody who saves after every field
NEWCOMER_SHARE: Final = 0.5  # of refused changes; the others are of customers that were good before
ESCAPED_SHARE: Final = 0.5  # of records; producers escape non-ASCII letters or do not
ALWAYS_KEPT: Final = 3  # customers of a tenant that no episode spoils, so that there is always one to edit


class Planted(msgspec.Struct, frozen=True):
    """One record to produce, and what must become of it.

    `trouble` is empty for an everyday change. `reason` is the reason under which the record must be parked (for a dead
    letter any will do), empty for records with another fate. `id` and `version` are None where the record has none
    that can be read. A `transfer` may still be stale, superseded or unchanged when its turn comes.
    """

    key: bytes
    value: bytes | None
    tenant: str
    id: int | None
    version: int | None
    trouble: str
    reason: str
    fate: Fate


def planted(*, seed: int, events: int, tenants: Sequence[str], started_at: float) -> tuple[Planted, ...]:
    """Exactly `events` records of `tenants`, in the order in which they are to be produced.

    `started_at` (UTC seconds) is when the first change occurred; each further one occurred a millisecond later.
    """
    moment = _Moment(random.Random(seed), tenants, started_at)  # noqa: S311 -- chance that must repeat, not secrecy
    return tuple(itertools.islice(moment.changes(), events))


class _Customer:
    """A customer as it is in Moment now. `good` is its data when it could last be transferred."""

    def __init__(self, tenant: str, customer_id: int, data: Row) -> None:
        self.tenant = tenant
        self.id = customer_id
        self.version = 0
        self.good = data


class _Deck:
    """Deals what it was made of in a random order, all of it before any of it again."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self._chance = chance
        self._size = size
        self._left: list[int] = []

    def deal(self) -> int:
        if not self._left:
            self._left = self._chance.sample(range(self._size), self._size)
        return self._left.pop()


class _Moment:
    def __init__(self, chance: random.Random, tenants: Sequence[str], started_at: float) -> None:
        self._chance = chance
        self._tenants = tuple(tenants)
        self._now = started_at
        self._customers: dict[str, list[_Customer]] = {tenant: [] for tenant in tenants}
        self._next_id = dict.fromkeys(tenants, FIRST_ID)
        self._numbers: dict[str, set[int]] = {tenant: set() for tenant in tenants}
        self._recent: deque[Planted] = deque(maxlen=REMEMBERED)
        self._to_repair: deque[_Customer] = deque()
        self._spoiled = 0
        self._bad_numbers = _Deck(chance, len(spoiling.BAD_NUMBERS))
        self._wrong_data = _Deck(chance, len(spoiling.WRONG_DATA))
        self._broken = _Deck(chance, len(spoiling.BROKEN))
        self._ignored = _Deck(chance, len(spoiling.IGNORED))

    def changes(self) -> Iterator[Planted]:
        """Changes without end."""
        for tenant in self._tenants:
            yield from self._new(tenant)
        cards = [episode for episode, times in self._episodes().items() for _ in range(times)]
        while True:
            self._chance.shuffle(cards)
            for episode in cards:
                yield from episode(self._chance.choice(self._tenants))

    def _episodes(self) -> dict[Callable[[str], Iterator[Planted]], int]:
        """How often each episode happens in about two hundred records."""
        return {
            self._new: 80, self._edit: 50, self._move: 8, self._clear: 7, self._unseen: 2, self._renumber: 2,
            self._there_and_back: 2, self._burst: 1, self._duplicate: 6, self._reordered: 4,
            self._bad_number: 4, self._wrong: 3, self._repair: 4, self._break: 6, self._ignore: 7,
        }  # fmt: skip

    def _new(self, tenant: str) -> Iterator[Planted]:
        customer = self._newcomer(tenant)
        self._customers[tenant].append(customer)
        yield self._changed(customer, customer.good)

    def _edit(self, tenant: str) -> Iterator[Planted]:
        yield self._edited(self._somebody(tenant), editing.touched)

    def _move(self, tenant: str) -> Iterator[Planted]:
        yield self._edited(self._somebody(tenant), editing.moved)

    def _clear(self, tenant: str) -> Iterator[Planted]:
        yield self._edited(self._somebody(tenant), editing.cleared)

    def _unseen(self, tenant: str) -> Iterator[Planted]:
        yield self._edited(self._somebody(tenant), editing.unseen, "unchanged")

    def _renumber(self, tenant: str) -> Iterator[Planted]:
        customer = self._somebody(tenant)
        data = editing.renumbered(self._chance, customer.good, self._number(tenant))
        yield self._changed(customer, data, "renumbered")

    def _there_and_back(self, tenant: str) -> Iterator[Planted]:
        customer = self._somebody(tenant)
        before = customer.good
        yield self._edited(customer, editing.touched, "there_and_back")
        yield self._changed(customer, before, "there_and_back")

    def _burst(self, tenant: str) -> Iterator[Planted]:
        customer = self._somebody(tenant)
        for _ in range(self._chance.randint(*BURST)):
            yield self._edited(customer, editing.touched, "edited_in_a_burst")

    def _duplicate(self, _: str) -> Iterator[Planted]:
        yield msgspec.structs.replace(self._chance.choice(self._recent), trouble="duplicate")

    def _reordered(self, tenant: str) -> Iterator[Planted]:
        """Two edits of one customer, the newer one first, with a few of others between them or none."""
        customer = self._somebody(tenant)
        older = self._edited(customer, editing.touched, "reordered")
        yield self._edited(customer, editing.touched)
        others = [each for each in self._customers[tenant] if each is not customer]
        for other in others[: self._chance.randrange(4)]:
            yield self._edited(other, editing.touched)
        yield older

    def _bad_number(self, tenant: str) -> Iterator[Planted]:
        yield self._refused(tenant, spoiling.BAD_NUMBERS[self._bad_numbers.deal()], "bad_number")

    def _wrong(self, tenant: str) -> Iterator[Planted]:
        yield self._refused(tenant, spoiling.WRONG_DATA[self._wrong_data.deal()], "wrong_data")

    def _repair(self, tenant: str) -> Iterator[Planted]:
        """Somebody corrects a change that was refused, and one field more; where none waits for it, an edit."""
        if not self._to_repair:
            yield from self._edit(tenant)
            return
        customer = self._to_repair.popleft()
        self._customers[customer.tenant].append(customer)
        yield self._edited(customer, editing.touched, "repaired")

    def _break(self, tenant: str) -> Iterator[Planted]:
        spoil = list(spoiling.BROKEN.values())[self._broken.deal()]
        customer = self._somebody(tenant)
        value = spoil(self._record(customer, customer.version + 1, customer.good))
        yield Planted(tenant.encode(), value, tenant, None, None, "broken", "undecodable", "dead_letter")

    def _ignore(self, tenant: str) -> Iterator[Planted]:
        kind, change = list(spoiling.IGNORED.items())[self._ignored.deal()]
        customer = self._somebody(tenant)
        data = editing.touched(self._chance, customer.good)
        record = change(self._record(customer, customer.version + 1, data))
        owner = spoiling.STRANGER if kind == "tenant" else tenant
        if record is None:
            yield Planted(owner.encode(), None, owner, None, None, "ignored", "", "ignore")
            return
        value = self._encoded(record)
        yield Planted(owner.encode(), value, owner, customer.id, customer.version + 1, "ignored", "", "ignore")

    def _refused(self, tenant: str, wrong: spoiling.Wrong, trouble: str) -> Planted:
        """A change that must be refused, of a new customer or of an old one; every other is repaired later."""
        old = self._customers[tenant]
        is_new = len(old) <= ALWAYS_KEPT or self._chance.random() < NEWCOMER_SHARE
        customer = self._newcomer(tenant) if is_new else old.pop(self._chance.randrange(len(old)))
        self._spoiled += 1
        if self._spoiled % 2:
            self._to_repair.append(customer)
        return self._written(customer, wrong.spoil(customer.good), trouble, wrong.reason)

    def _edited(self, customer: _Customer, edit: editing.Edit, trouble: str = "") -> Planted:
        return self._changed(customer, edit(self._chance, customer.good), trouble)

    def _changed(self, customer: _Customer, data: Row, trouble: str = "") -> Planted:
        customer.good = data
        return self._written(customer, data, trouble, "")

    def _written(self, customer: _Customer, data: Json, trouble: str, reason: str) -> Planted:
        """The record of a customer's next version."""
        version = customer.version + self._chance.choice((1, 1, 1, 1, 2, 5))
        record = self._record(customer, version, data)
        customer.version = version
        change = Planted(
            customer.tenant.encode(), self._encoded(record), customer.tenant, customer.id, version,
            trouble, reason, "refuse" if reason else "transfer",
        )  # fmt: skip
        self._recent.append(change)
        return change

    def _record(self, customer: _Customer, version: int, data: Json) -> Row:
        self._now += STEP_SECONDS
        occurred = dt.datetime.fromtimestamp(self._now, dt.UTC).isoformat(timespec="milliseconds")
        operation = "create" if customer.version == 0 else self._chance.choice(("update", "update", "upsert"))
        return {
            "environment": ENVIRONMENT, "tenant": customer.tenant, "kind": "customer", "id": customer.id,
            "version": version, "operation": operation, "occurredAt": occurred.replace("+00:00", "Z"), "data": data,
        }  # fmt: skip

    def _encoded(self, record: Row) -> bytes:
        return spoiling.encoded(record, ascii_only=self._chance.random() < ESCAPED_SHARE)

    def _somebody(self, tenant: str) -> _Customer:
        return self._chance.choice(self._customers[tenant])

    def _newcomer(self, tenant: str) -> _Customer:
        self._next_id[tenant] += self._chance.randrange(1, 40)
        return _Customer(tenant, self._next_id[tenant], editing.newcomer(self._chance, self._number(tenant)))

    def _number(self, tenant: str) -> int:
        """A customer number that no customer of the tenant ever had."""
        taken = self._numbers[tenant]
        number = self._chance.randint(FIRST_NUMBER, LAST_NUMBER)
        while number in taken:
            number = self._chance.randint(FIRST_NUMBER, LAST_NUMBER)
        taken.add(number)
        return number
