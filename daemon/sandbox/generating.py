"""Moment's changes as they would lie on the topic: everyday ones and troubled ones, the same ones for a seed.

The generator plays Moment for some tenants. It deals episodes (a new customer, an edit, a burst of edits, a broken
record, …) from a shuffled deck, so that after a few hundred records each has happened, whatever the seed. With every
record comes what has to become of it, for `judging` to hold against what did.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from daemon.sandbox.changing_customers import Customers
from daemon.sandbox.changing_invoices import Invoices
from daemon.sandbox.changing_projects import Projects
from daemon.sandbox.crediting import CreditNotes
from daemon.sandbox.firms import FIRST_NUMBER, LAST_NUMBER, World
from daemon.sandbox.planting import ENVIRONMENT, EVERY_KIND, Planted
from daemon.sandbox.selling_in_moment import Sales

__all__ = ["ENVIRONMENT", "FIRST_NUMBER", "LAST_NUMBER", "Planted", "planted", "transferred"]

CUSTOMERS_ALONE = frozenset({"customer"})


def transferred(tenants: Sequence[str]) -> dict[str, frozenset[str]]:
    """What each tenant of a whole story transfers: the fourth has no projects, the fifth no customers in it."""
    less = {3: frozenset({"project"}), 4: frozenset({"customer"})}
    return {tenant: EVERY_KIND - less.get(at, frozenset()) for at, tenant in enumerate(tenants)}


def planted(
    *,
    seed: int,
    events: int,
    tenants: Sequence[str],
    started_at: float,
    kinds: Mapping[str, AbstractSet[str]] | None = None,
) -> tuple[Planted, ...]:
    """Exactly `events` records of `tenants`, in the order in which they are to be produced.

    `started_at` (UTC seconds) is when the first change occurred; each further one occurred a millisecond later.
    `kinds` is what each tenant transfers, customers alone unless told otherwise: then nothing else happens either.
    """
    chance = random.Random(seed)  # noqa: S311 -- chance that must repeat, not secrecy
    transfers = {tenant: (kinds or {}).get(tenant, CUSTOMERS_ALONE) for tenant in tenants}
    world = World(chance, transfers, started_at)
    customers = Customers(world)
    if all(each == CUSTOMERS_ALONE for each in transfers.values()):
        return tuple(itertools.islice(world.changes([customers.new], customers.cards()), events))
    projects = Projects(world, customers)
    sales = Sales(world)
    invoices, notes = Invoices(world, sales, customers, projects), CreditNotes(world, sales)
    beginning = [customers.new, customers.new, projects.new]
    cards = {customers.in_bulk: 1, **customers.cards(), **projects.cards(), **invoices.cards(), **notes.cards()}
    return tuple(itertools.islice(world.changes(beginning, cards), events))
