"""What happens to customers in Moment, as the records that tell of it: everyday changes and every trouble."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from daemon.sandbox import editing, spoiling
from daemon.sandbox.firms import Deck, Episode, Firm, World
from daemon.sandbox.planting import Item, Planted

BURST: Final = (5, 20)  # edits of one customer by somebody who saves after every field
BULK: Final = 40  # customers edited at once at most
NEWCOMER_SHARE: Final = 0.5  # of refused changes; the others are of customers that were good before
ALWAYS_KEPT: Final = 3  # customers of a tenant that no episode spoils, so that there is always one to edit


class Customers:
    """The episodes of customers, and those that may strike any record."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._to_repair: deque[tuple[Firm, Item]] = deque()
        self._spoiled = 0
        self._bad_numbers = Deck(world.chance, len(spoiling.BAD_NUMBERS))
        self._wrong_data = Deck(world.chance, len(spoiling.WRONG_DATA))
        self._broken = Deck(world.chance, len(spoiling.BROKEN))
        self._ignored = Deck(world.chance, len(spoiling.IGNORED))

    def cards(self) -> Mapping[Episode, int]:
        """How often each episode happens in about two hundred records."""
        return {
            self.new: 80, self._edit: 50, self._move: 8, self._clear: 7, self._unseen: 2, self._renumber: 2,
            self._there_and_back: 2, self._burst: 1, self._duplicate: 6, self._reordered: 4,
            self._bad_number: 4, self._wrong: 3, self._repair: 4, self._break: 6, self._ignore: 7,
        }  # fmt: skip

    def new(self, firm: Firm) -> Iterator[Planted]:
        """A new customer."""
        customer = self._newcomer(firm)
        firm.customers.append(customer)
        yield self._world.pen.changed(customer, customer.good)

    def refused(self, firm: Firm) -> tuple[Item, Planted]:
        """A new customer that must be refused for its number, and the record of it; sometimes it is repaired later."""
        customer = self._newcomer(firm)
        return customer, self._refused(firm, customer, spoiling.BAD_NUMBERS[self._bad_numbers.deal()], "bad_number")

    def _edit(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._somebody(firm), editing.touched)

    def _move(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._somebody(firm), editing.moved)

    def _clear(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._somebody(firm), editing.cleared)

    def _unseen(self, firm: Firm) -> Iterator[Planted]:
        yield self._edited(self._somebody(firm), editing.unseen, "unchanged")

    def _renumber(self, firm: Firm) -> Iterator[Planted]:
        """Another number; not where customers are not transferred, as invoices find them by it there."""
        if "customer" not in firm.kinds:
            yield from self._edit(firm)
            return
        customer = self._somebody(firm)
        data = editing.renumbered(self._chance, customer.good, firm.customer_number())
        yield self._world.pen.changed(customer, data, "renumbered")

    def _there_and_back(self, firm: Firm) -> Iterator[Planted]:
        customer = self._somebody(firm)
        before = customer.good
        yield self._edited(customer, editing.touched, "there_and_back")
        yield self._world.pen.changed(customer, before, "there_and_back")

    def _burst(self, firm: Firm) -> Iterator[Planted]:
        customer = self._somebody(firm)
        for _ in range(self._chance.randint(*BURST)):
            yield self._edited(customer, editing.touched, "edited_in_a_burst")

    def in_bulk(self, firm: Firm) -> Iterator[Planted]:
        """Somebody edits many customers at once: a backlog of one tenant."""
        for customer in firm.customers[-BULK:]:
            yield self._edited(customer, editing.touched, "edited_in_bulk")

    def _duplicate(self, _: Firm) -> Iterator[Planted]:
        yield msgspec.structs.replace(self._chance.choice(self._world.pen.recent), trouble="duplicate")

    def _reordered(self, firm: Firm) -> Iterator[Planted]:
        """Two edits of one customer, the newer one first, with a few of others between them or none."""
        customer = self._somebody(firm)
        older = self._edited(customer, editing.touched, "reordered")
        yield self._edited(customer, editing.touched)
        others = [each for each in firm.customers if each is not customer]
        for other in others[: self._chance.randrange(4)]:
            yield self._edited(other, editing.touched)
        yield older

    def _bad_number(self, firm: Firm) -> Iterator[Planted]:
        wrong = spoiling.BAD_NUMBERS[self._bad_numbers.deal()]
        yield self._refused(firm, self._victim(firm), wrong, "bad_number")

    def _wrong(self, firm: Firm) -> Iterator[Planted]:
        wrong = spoiling.WRONG_DATA[self._wrong_data.deal()]
        yield self._refused(firm, self._victim(firm), wrong, "wrong_data")

    def _repair(self, firm: Firm) -> Iterator[Planted]:
        """Somebody corrects a change that was refused, and one field more; where none waits for it, an edit."""
        if not self._to_repair:
            yield from self._edit(firm)
            return
        owner, customer = self._to_repair.popleft()
        owner.customers.append(customer)
        yield self._edited(customer, editing.touched, "repaired")

    def _break(self, firm: Firm) -> Iterator[Planted]:
        spoil = list(spoiling.BROKEN.values())[self._broken.deal()]
        customer = self._somebody(firm)
        value = spoil(self._world.pen.record(customer, customer.version + 1, customer.good))
        yield Planted(firm.tenant.encode(), value, firm.tenant, None, None, "broken", "undecodable", "dead_letter", "")

    def _ignore(self, firm: Firm) -> Iterator[Planted]:
        """A change that concerns nobody; of a kind that this tenant transfers it is a claim instead."""
        kind, change = list(spoiling.IGNORED.items())[self._ignored.deal()]
        change = spoiling.IGNORED["claim"] if kind in firm.kinds else change
        customer = self._somebody(firm)
        data = editing.touched(self._chance, customer.good)
        record = change(self._world.pen.record(customer, customer.version + 1, data))
        owner = spoiling.STRANGER if kind == "tenant" else firm.tenant
        if record is None:
            yield Planted(owner.encode(), None, owner, None, None, "ignored", "", "ignore", "")
            return
        value, version = self._world.pen.encoded(record), customer.version + 1
        yield Planted(owner.encode(), value, owner, customer.id, version, "ignored", "", "ignore", str(record["kind"]))

    def _victim(self, firm: Firm) -> Item:
        """A new customer, or an old one that nobody uses until it is repaired."""
        old = firm.customers
        is_new = len(old) <= ALWAYS_KEPT or self._chance.random() < NEWCOMER_SHARE
        return self._newcomer(firm) if is_new else old.pop(self._chance.randrange(len(old)))

    def _refused(self, firm: Firm, customer: Item, wrong: spoiling.Wrong, trouble: str) -> Planted:
        """A change that must be refused; every other is repaired later."""
        self._spoiled += 1
        if self._spoiled % 2:
            self._to_repair.append((firm, customer))
        return self._world.pen.written(customer, wrong.spoil(customer.good), trouble, wrong.reason)

    def _edited(self, customer: Item, edit: editing.Edit, trouble: str = "") -> Planted:
        return self._world.pen.changed(customer, edit(self._chance, customer.good), trouble)

    def _somebody(self, firm: Firm) -> Item:
        return self._chance.choice(firm.customers)

    def _newcomer(self, firm: Firm) -> Item:
        data = editing.newcomer(self._chance, firm.customer_number())
        return Item(firm.tenant, "customer", firm.next_id("customer"), data)
