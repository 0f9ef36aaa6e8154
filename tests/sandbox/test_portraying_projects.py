"""What projects must show, and what rows do show."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.portraying_projects import agrees_on_project, shown_project, wanted_project, wanted_status

DATA: Row = {"projectNumber": 4005, "name": " Tilbygg ", "customer": {"id": 7, "customerNumber": "100007"},
             "projectState": "inProgress", "startDate": "2026-01-15", "endDate": None}  # fmt: skip
ROW: Row = {"ProjectNumber": "4005", "Name": "Tilbygg", "ProjectCustomerID": 301, "StartDate": "2026-01-15T00:00:00Z",
            "EndDate": None, "ProjectCustomer": {"CustomerNumber": 100007}}  # fmt: skip


@pytest.mark.parametrize("owners", [{301: "7"}, {}])
def test_equal(owners: dict[int, str]) -> None:
    """A row shows its project, whether its customer is known by Moment's id or only by its number."""
    assert agrees_on_project(wanted_project(DATA), shown_project(ROW, owners))


@pytest.mark.parametrize(
    ("field", "value"),
    [("ProjectNumber", "4006"), ("Name", "Påbygg"), ("StartDate", None), ("EndDate", "2026-02-01"),
     ("ProjectCustomerID", 302)],
)  # fmt: skip
def test_different(field: str, value: Json) -> None:
    """A row with another number, name, date or customer does not."""
    shown = shown_project({**ROW, field: value}, {301: "7", 302: "8"})
    assert not agrees_on_project(wanted_project(DATA), shown)


def test_without_customer() -> None:
    """A row without a customer shows none."""
    shown = shown_project({**ROW, "ProjectCustomerID": None, "ProjectCustomer": None}, {})
    assert ("",) == shown.customers
    assert not agrees_on_project(wanted_project(DATA), shown)


@pytest.mark.parametrize(
    ("state", "status"),
    [("offerSent", 42202), ("inProgress", 42203), ("completed", 42204), ("discarded", 42205), ("onHold", None)],
)
def test_status(state: str, status: int | None) -> None:
    """A state has its status in DnB, or none that can be asked for."""
    assert status == wanted_status({**DATA, "projectState": state})
