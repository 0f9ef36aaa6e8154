"""A steady load: changes at even instants, each of a customer drawn by lot."""

import itertools
import random
from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from bench.feeding import MICROSECONDS, Change, Publisher, Tenant, now_us

SEED = 1


class Load:
    """Draws changes; each customer's versions follow each other over all that is drawn."""

    def __init__(self, tenants: Sequence[Tenant], customers: int) -> None:
        """Take the tenants, each with so many customers."""
        self._tenants = tenants
        self._customers = customers
        self._chance = random.Random(SEED)  # noqa: S311 - chance that must repeat, not secrecy
        self._versions: Counter[tuple[str, int]] = Counter()
        self._turn = itertools.cycle(tenants)

    def first(self, now_us: int) -> list[Change]:
        """Return the first change of every customer, meant to be sent now."""
        return [self._next(tenant, customer, now_us) for customer in range(self._customers) for tenant in self._tenants]

    def drawn(self, per_second: float, seconds: float, since_us: int) -> list[Change]:
        """Return so many changes a second for a while, each with the instant at which it is meant to be sent.

        Tenants take turns; the customer is drawn by lot.
        """
        return [
            self._next(
                next(self._turn), self._chance.randrange(self._customers), instant_us(number, per_second, since_us)
            )
            for number in range(round(per_second * seconds))
        ]

    def _next(self, tenant: Tenant, customer: int, intended_us: int) -> Change:
        self._versions[tenant.name, customer] += 1
        version = self._versions[tenant.name, customer]
        return Change(tenant=tenant, customer=customer, version=version, intended_us=intended_us)


def instant_us(number: int, per_second: float, since_us: int) -> int:
    """Return the instant of the one with that number, of so many a second since then."""
    return since_us + round(number * MICROSECONDS / per_second)


def paced(changes: Sequence[Change], per_second: float, since_us: int) -> list[Change]:
    """Return the changes, meant to be sent one after the other, so many a second."""
    return [
        replace(change, intended_us=instant_us(number, per_second, since_us)) for number, change in enumerate(changes)
    ]


async def changing(publisher: Publisher, load: Load, per_second: float, published: list[Change]) -> None:
    """Publish so many changes a second for ever, each at its instant, and note each one that was."""
    since_us = now_us()
    for number in itertools.count():
        due = load.drawn(per_second, 1.0 / per_second, instant_us(number, per_second, since_us))
        await publisher.play(due)
        published += due
