"""A row that has only the number in common with Moment's: ours if our guid was used, and otherwise a person's."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Call, Delivered, Known, Outcome, Refused, Unchanged
from tests.dnb import customers, projects
from tests.dnb.world import World, known, ok, run

CHANGED_CUSTOMER = {"customerNumber": "100042", "name": "Et helt annet navn AS"}


def made_by_hand(world: World, route: str, body: bytes) -> None:
    """Have a person create a row."""
    assert 201 == world.send(Call(method="POST", target=f"api/biz/{route}", body=body, writes=True)).status


def customer(world: World, data: dict[str, Any]) -> Outcome:
    """Deliver a version of the customer while it is in doubt whether an older one went through."""
    return run(world, customers.prepared(data).start(known(2, dirty=True)))


def test_a_customer_of_ours_that_an_older_version_named_otherwise_is_taken_over() -> None:
    """The older version's create went through and its reply was lost; the newer one has nothing but the number."""
    world = World()
    older = {"customerNumber": "100042", "name": "Fjellvik AS", "website": "https://gammel.example"}
    run(world, customers.prepared(older).start(known(1)))
    assert isinstance(customer(world, CHANGED_CUSTOMER), Delivered)
    [row] = world.customers()
    assert "Et helt annet navn AS" == row["name"]


def test_a_persons_customer_is_left_alone() -> None:
    """Nobody used our guid: the number is another's, and no second customer stays."""
    world = World()
    made_by_hand(world, "customers", b'{"CustomerNumber": 100042, "WebUrl": "x.no", "Info": {"Name": "Noen Andre AS"}}')
    outcome = customer(world, CHANGED_CUSTOMER)
    assert isinstance(outcome, Refused)
    assert "conflict" == outcome.reason
    assert ["Noen Andre AS"] == [row["name"] for row in world.customers()]


def project(world: World, data: dict[str, Any], version: int, *, dirty: bool, customer_id: int) -> Outcome:
    """Deliver a version of the project for that customer in DnB."""
    ledger = projects.about(version, dirty=dirty, related={"customer": customer_id})
    return run(world, projects.prepared(data).start(ledger))


def two_customers(world: World) -> list[int]:
    """Return the ids of two customers in DnB."""
    projects.with_customers(world, 100042, 100043)
    return [row["ID"] for row in world.rows("Customer")]


def test_a_project_of_ours_that_an_older_version_named_otherwise_is_taken_over() -> None:
    """Name, customer and dates are all new; the guid tells that it is the same."""
    world = World()
    first, second = two_customers(world)
    project(world, {**projects.FULL, "startDate": "2020-01-01"}, 1, dirty=False, customer_id=first)
    data = {**projects.FULL, "name": "Noe helt annet", "endDate": "2031-01-01"}
    outcome = project(world, data, 5, dirty=True, customer_id=second)
    assert isinstance(outcome, Delivered), outcome
    assert [("Noe helt annet", second)] == [(row["Name"], row["ProjectCustomerID"]) for row in world.rows("Project")]
    assert isinstance(project(world, data, 5, dirty=True, customer_id=second), Unchanged)


def test_a_persons_project_is_left_alone() -> None:
    """The number is another's."""
    world = World()
    first, _ = two_customers(world)
    made_by_hand(world, "projects", b'{"ProjectNumber": "4005", "Name": "Andres", "StartDate": "1999-01-01"}')
    outcome = project(world, projects.FULL, 2, dirty=True, customer_id=first)
    assert isinstance(outcome, Refused)
    assert "conflict" == outcome.reason
    assert ["Andres"] == [row["Name"] for row in world.rows("Project")]


@pytest.mark.parametrize("kind", ["customer", "project"])
def test_a_server_that_takes_a_number_twice_is_put_right(kind: str) -> None:
    """Should DnB take our guid and a second row under the number, that row goes again and a person must look."""
    world = World()
    first, _ = two_customers(world)
    body: dict[str, Any] = {"ID": 5, "CustomerNumber": 100042, "WebUrl": "x.no", "Info": {"ID": 6, "Name": "Andre AS"}}
    if kind == "project":
        body = {"ID": 5, "ProjectNumber": "4005", "Name": "Andres"}
        procedure = projects.prepared(projects.FULL).start(projects.about(2, dirty=True, related={"customer": first}))
    else:
        procedure = customers.prepared(CHANGED_CUSTOMER).start(known(2, dirty=True))
    asked = [next(procedure), procedure.send(ok([body])), procedure.send(ok({**body, "ID": 9}, status=201))]
    with pytest.raises(StopIteration) as stop:
        procedure.send(ok({}, status=204))
    assert ["GET", "POST", "DELETE"] == [call.method for call in asked]
    assert asked[-1].target.endswith("s/9")
    assert isinstance(stop.value.value, Refused)


@pytest.mark.parametrize("ledger", [
    Known(version=2, dirty=True), Known(version=2, dirty=True, was_attempted=True, dnb_id=301),
])  # fmt: skip
def test_a_customer_that_took_the_number_of_a_deleted_one_is_left_alone(ledger: Known) -> None:
    """Our guid is used, but by a row that a person has deleted since: what has the number now is another's."""
    world = World()
    run(world, customers.prepared({"customerNumber": "100042", "name": "Fjellvik AS"}).start(known(1)))
    [ours] = world.rows("Customer")
    assert 204 == world.send(Call(method="DELETE", target=f"api/biz/customers/{ours['ID']}", writes=True)).status
    made_by_hand(world, "customers", b'{"CustomerNumber": 100042, "WebUrl": "x.no", "Info": {"Name": "Noen Andre AS"}}')
    ledger = msgspec.structs.replace(ledger, dnb_id=ours["ID"] if ledger.dnb_id else None)
    outcome = run(world, customers.prepared(CHANGED_CUSTOMER).start(ledger))
    assert isinstance(outcome, Refused)
    assert "conflict" == outcome.reason
    assert ["Noen Andre AS"] == [row["name"] for row in world.customers()]


def test_two_customers_of_moment_with_one_number_stay_two() -> None:
    """The second is refused, and no replay lets it take the first one's row."""
    world = World()
    first = {"customerNumber": "100042", "name": "Fjellvik AS"}
    run(world, customers.prepared(first, entity_id=1).start(known(1)))
    second = customers.prepared({"customerNumber": "100042", "name": "Annen AS"}, entity_id=2)
    for ledger in (Known(version=1), Known(version=1, dirty=True), known(1, dirty=True)):
        outcome = run(world, second.start(ledger))
        assert isinstance(outcome, Refused)
        assert "conflict" == outcome.reason
    assert ["Fjellvik AS"] == [row["name"] for row in world.customers()]
