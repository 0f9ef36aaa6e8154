"""The tenants of Moment as the generator plays them: what each of them has, and what comes later in their story."""

import datetime as dt
import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from daemon.sandbox import payment_ids
from daemon.sandbox.planting import Item, Pen, Planted

FIRST_NUMBER: Final = 100_000
LAST_NUMBER: Final = 199_999
"""The customer numbers that DnB's series holds."""

STANDING_CUSTOMERS: Final = range(100_000, 100_200)
"""Who is in the books from the start in a company whose customers are not transferred."""

ADDED_CUSTOMERS: Final = range(100_200, 100_240)
"""Whom the accountant adds there in the course of the story."""

_UNKNOWN_CUSTOMERS: Final = range(100_240, 100_280)  # whom nobody ever adds there
_CUSTOMER_SHARES: Final = (85, 10, 5)

STANDING_PROJECTS: Final = range(4_001, 4_061)
"""The projects that are in the books from the start in a company whose projects are not transferred."""

_STANDING_SHARE: Final = 0.7  # of the projects there; the others are booked without
_FIRST_IDS: Final[Mapping[str, int]] = {"customer": 70_311_000, "project": 70_419_000, "invoice": 118_204_000}
_FIRST_INVOICE_NUMBER: Final = 10_245
_SHARES: Final = (6, 3, 3, 2, 1)  # of all changes by tenant: backlogs are of very different size
_LONG_NUMBER_SHARE: Final = 0.05  # of projects; some firms begin the number with the year

Episode: TypeAlias = Callable[["Firm"], Iterator[Planted]]
"""Something that happens in a firm, as the records that tell of it."""


class Firm:
    """One tenant: its customers, projects and invoices that are right and may be used by the next episode."""

    def __init__(self, chance: random.Random, tenant: str, kinds: AbstractSet[str], position: int) -> None:
        """`position` among the tenants decides how the firm makes its payment ids."""
        self.tenant = tenant
        self.kinds = kinds
        self.customers: list[Item] = []
        self.projects: list[Item] = []
        self.payment_format = payment_ids.FORMATS[position % len(payment_ids.FORMATS)]
        self._chance = chance
        self._next_ids = dict(_FIRST_IDS)
        self._numbers: set[int] = set()
        self._invoice_number = _FIRST_INVOICE_NUMBER + position * 1_000

    def next_id(self, kind: str) -> int:
        """An id that nothing of the tenant ever had."""
        self._next_ids[kind] += self._chance.randrange(1, 40)
        return self._next_ids[kind]

    def customer_number(self) -> int:
        """A customer number that no customer of the tenant ever had."""
        numbers = range(FIRST_NUMBER, LAST_NUMBER + 1)
        if "customer" not in self.kinds:
            ranges = (STANDING_CUSTOMERS, ADDED_CUSTOMERS, _UNKNOWN_CUSTOMERS)
            numbers = self._chance.choices(ranges, _CUSTOMER_SHARES)[0]
        return self._unused(numbers)

    def project_number(self) -> int:
        """A project number that no project of the tenant ever had."""
        if "project" not in self.kinds and self._chance.random() < _STANDING_SHARE:
            return self._unused(STANDING_PROJECTS)
        is_long = self._chance.random() < _LONG_NUMBER_SHARE
        return self._unused(range(20_260_000_000, 20_270_000_000) if is_long else range(4_100, 100_000))

    def invoice_number(self) -> int:
        """The next number of the firm's invoices and credit notes."""
        self._invoice_number += 1
        return self._invoice_number - 1

    def _unused(self, numbers: range) -> int:
        """One of `numbers`, or of all customer numbers where those are used up."""
        for _ in range(2 * len(numbers)):
            number = self._chance.choice(numbers)
            if number not in self._numbers:
                self._numbers.add(number)
                return number
        return self._unused(range(FIRST_NUMBER, LAST_NUMBER + 1))


class Deck:
    """Deals what it was made of in a random order, all of it before any of it again."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self._chance = chance
        self._size = size
        self._left: list[int] = []

    def deal(self) -> int:
        """A position from 0."""
        if not self._left:
            self._left = self._chance.sample(range(self._size), self._size)
        return self._left.pop()


class World:
    """All firms, the pen that writes their records, and what is still to come."""

    def __init__(self, chance: random.Random, kinds: Mapping[str, AbstractSet[str]], started_at: float) -> None:
        """`kinds` has what each tenant transfers; the story begins at `started_at` (UTC seconds)."""
        self.chance = chance
        self.pen = Pen(chance, kinds, started_at)
        self.today = dt.datetime.fromtimestamp(started_at, dt.UTC).date()
        self.firms = [Firm(chance, tenant, kinds[tenant], at) for at, tenant in enumerate(kinds)]
        self._later: list[tuple[int, int, Firm, Episode]] = []
        self._order = itertools.count()
        self._count = 0

    def later(self, records: tuple[int, int], firm: Firm, episode: Episode) -> None:
        """Let an episode happen after some more records, between so many and so many."""
        due = self._count + self.chance.randint(*records)
        heapq.heappush(self._later, (due, next(self._order), firm, episode))

    def changes(self, beginning: Sequence[Episode], cards: Mapping[Episode, int]) -> Iterator[Planted]:
        """Changes without end: the beginning of every firm, then each card so often, shuffled, again and again."""
        for firm in self.firms:
            for episode in beginning:
                yield from self._told(firm, episode)
        weights = [_SHARES[at % len(_SHARES)] for at in range(len(self.firms))]
        deck = [episode for episode, times in cards.items() for _ in range(times)]
        while True:
            self.chance.shuffle(deck)
            for episode in deck:
                while self._later and self._later[0][0] <= self._count:
                    yield from self._told(*heapq.heappop(self._later)[2:])
                yield from self._told(self.chance.choices(self.firms, weights)[0], episode)

    def _told(self, firm: Firm, episode: Episode) -> Iterator[Planted]:
        for record in episode(firm):
            self._count += 1
            yield record
