"""Projects of Moment for the tests, and what DnB should then show of them."""

from typing import Any

import msgspec

from daemon.core.model import Change, Entity, Kind, Tenant
from daemon.core.procedure import Delivered, Known, Prepared, Refused
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import ProjectRecipe
from tests.dnb.customers import MINIMAL as CUSTOMER
from tests.dnb.customers import prepared as customer_prepared
from tests.dnb.world import World, known, run

TENANT = Tenant(name="fjellvik", company="c0ffee")

FULL: dict[str, Any] = {
    "projectNumber": "4005",
    "name": "Rehabilitering Kaigata 4",
    "customer": {"id": 70311802, "customerNumber": "100042"},
    "projectState": "inProgress",
    "startDate": "2026-01-15",
    "endDate": "2026-09-30",
}
MINIMAL: dict[str, Any] = {
    "projectNumber": 4005,
    "name": "Rehabilitering Kaigata 4",
    "customer": {"id": 70311802, "customerNumber": 100042},
    "projectState": "registered",
}
SHOWN: dict[str, Any] = {
    "number": "4005",
    "numeric": 4005,
    "name": "Rehabilitering Kaigata 4",
    "customer": 100042,
    "start": "2026-01-15",
    "end": "2026-09-30",
    "status": 42203,
}
MINIMAL_SHOWN: dict[str, Any] = {**SHOWN, "start": None, "end": None, "status": 42201}


def change(data: dict[str, Any], version: int = 1, entity_id: int = 70419955) -> Change:
    """Return a change of a project."""
    return Change(Entity(TENANT.name, "project", entity_id), version, 0.0, msgspec.json.encode(data))


def prepare(data: dict[str, Any], entity_id: int = 70419955, tenant: Tenant = TENANT) -> Prepared | Refused:
    """Return a project as the recipe prepares it."""
    return ProjectRecipe("production", Directories({})).prepare(tenant, change(data, entity_id=entity_id))


def prepared(data: dict[str, Any], entity_id: int = 70419955, tenant: Tenant = TENANT) -> Prepared:
    """Return a project that is fit to be delivered."""
    found = prepare(data, entity_id, tenant)
    assert isinstance(found, Prepared), found
    return found


def with_customers(world: World, *numbers: int) -> dict[Kind, int]:
    """Deliver customers with these numbers; return what the ledger would tell of the first."""
    ids: list[int] = []
    for place, number in enumerate(numbers or (100042,)):
        data = {**CUSTOMER, "customerNumber": number, "name": f"Kunde {number}"}
        outcome = run(world, customer_prepared(data, entity_id=70311802 + place).start(known()))
        assert isinstance(outcome, Delivered), outcome
        ids.append(outcome.dnb_id)
    return {"customer": ids[0]}


def about(
    version: int = 1, dnb_id: int | None = None, *, dirty: bool = False, related: dict[Kind, int] | None = None
) -> Known:
    """Return what the ledger would tell a procedure, its dependencies included."""
    return Known(version=version, dnb_id=dnb_id, dirty=dirty, was_attempted=dirty, related=related or {})


def shown(world: World) -> list[dict[str, Any]]:
    """Return what an accountant sees of each living project, straight from the books."""
    customers = {row["ID"]: row["CustomerNumber"] for row in world.rows("Customer")}
    return [
        {
            "number": row["ProjectNumber"],
            "numeric": row["ProjectNumberNumeric"],
            "name": row["Name"],
            "customer": customers.get(row["ProjectCustomerID"]),
            "start": row["StartDate"],
            "end": row["EndDate"],
            "status": row["StatusCode"],
        }
        for row in world.rows("Project")
    ]
