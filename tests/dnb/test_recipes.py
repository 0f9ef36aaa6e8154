"""The recipes of all kinds, and the probe of a denied tenant."""

import pytest

from daemon.core.model import Change, Entity, Kind, Tenant
from daemon.core.procedure import (
    Answered,
    Denied,
    Outcome,
    Prepared,
    Probe,
    Recipe,
    Refused,
    Reply,
    Unavailable,
    Unchanged,
)
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import CustomerRecipe, InvoiceRecipe, ProjectRecipe, probe_company
from tests.dnb.customers import FULL, TENANT, prepare, prepared
from tests.dnb.world import ok, play

AS_RECIPE: Recipe = CustomerRecipe("production", Directories({}))
RECIPES: dict[Kind, Recipe] = {
    "customer": AS_RECIPE,
    "project": ProjectRecipe("production", Directories({})),
    "invoice": InvoiceRecipe("production", Directories({})),
}
AS_PROBE: Probe = probe_company


def test_a_good_change_is_prepared_without_any_call() -> None:
    """The fingerprint is known before DnB is asked anything."""
    assert prepared(FULL).fingerprint.startswith("c1:")
    assert isinstance(prepare(FULL), Prepared)


@pytest.mark.parametrize("kind", ["customer", "project", "invoice"])
def test_bad_data_is_refused_and_no_draft(kind: Kind) -> None:
    """The entity keeps its version, and a newer one heals it."""
    change = Change(Entity("fjellvik", kind, 1), 1, 0.0, b"null")
    refused = RECIPES[kind].prepare(TENANT, change)
    assert not RECIPES[kind].is_draft(change)
    assert isinstance(refused, Refused)
    assert refused.reason == "invalid_data"


def test_the_tenants_own_number_range_counts() -> None:
    """A company with another series sets it in the tenants file."""
    narrow = Tenant(name="fjellvik", company="c0ffee", first_number=1, last_number=9)
    refused = AS_RECIPE.prepare(
        narrow, Change(Entity("fjellvik", "customer", 1), 1, 0.0, b'{"customerNumber":10,"name":"A"}')
    )
    assert isinstance(refused, Refused)
    assert "customer_number_out_of_range" == refused.reason


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ok({"ID": 1}), Unchanged(0, "")),
        (Answered(status=403), Denied("status_403")),
        (Answered(status=401), Denied("status_401")),
        (Answered(status=400), Denied("status_400")),
        (Answered(status=404), Unavailable("status_404")),
        (Answered(status=500), Unavailable("status_500")),
    ],
)
def test_the_probe_tells_whether_a_tenant_may_be_served(reply: Reply, expected: Outcome) -> None:
    """One cheap read decides."""
    made, outcome = play(AS_PROBE(TENANT), [reply])
    assert expected == outcome
    assert [("GET", False)] == [(call.method, call.writes) for call in made]
