"""A steady load: changes at even instants, each of a customer drawn by lot."""

import itertools
import random
from collections import Counter
from collections.abc import Sequence

from bench.feeding import MICROSECONDS, Change, Tenant

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
        count = round(per_second * seconds)
        step_us = MICROSECONDS / per_second
        return [
            self._next(
                next(self._turn),
                self._chance.randrange(self._customers),
                since_us + round(number * step_us),
            )
            for number in range(count)
        ]

    def _next(self, tenant: Tenant, customer: int, intended_us: int) -> Change:
        self._versions[tenant.name, customer] += 1
        version = self._versions[tenant.name, customer]
        return Change(tenant=tenant, customer=customer, version=version, intended_us=intended_us)
