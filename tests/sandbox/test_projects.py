"""The rules of projects alone."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.office import Office, inside, settings


def _office(**switches: object) -> Office:
    office = Office(settings(switches=Switches(**switches)))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] -- by name
    office.customer(100001)
    return office


def _project(office: Office, number: Json = "4005", **columns: Json) -> Row:
    answer = office.post("projects", {"ProjectNumber": number, "Name": "Kaigata 4", **columns})
    assert answer.status == 201, answer.json
    return answer.row


def _move(office: Office, action: str) -> int:
    return office.call("POST", "projects/71", query=f"action={action}").status


def test_create() -> None:
    """A project is registered with its number, the number's numeric twin and its customer."""
    office = _office()
    row = _project(office, ProjectCustomerID=301, StartDate="2026-01-15", EndDate="2026-09-30")
    assert (71, "4005", 4005, 301, 42201) == tuple(
        row[name] for name in ("ID", "ProjectNumber", "ProjectNumberNumeric", "ProjectCustomerID", "StatusCode")
    )
    found = office.get("projects", filter="ProjectNumber eq '4005'", expand="ProjectCustomer.Info", top="2").rows
    assert ["Havgard Eiendom AS"] == [inside(each, "ProjectCustomer", "Info", "Name") for each in found]
    assert [] == office.rules


def test_number_is_text() -> None:
    """A number of another type than text is refused."""
    office = _office()
    assert 400 == office.post("projects", {"ProjectNumber": 4005, "Name": "Kaigata 4"}).status
    assert ["wrong_type: Project.ProjectNumber"] == office.rules


def test_long_number_has_no_twin() -> None:
    """A number that does not fit 32 bits, or is no number, has no numeric twin."""
    office = _office()
    assert [None, None] == [_project(office, number)["ProjectNumberNumeric"] for number in ("12345678901", "A-1")]


def test_duplicate_number() -> None:
    """A number that a living project has is refused beside the field, and nobody is blamed; a deleted one's is free."""
    office = _office()
    _project(office)
    answer = office.post("projects", {"ProjectNumber": "4005", "Name": "Annet"})
    assert 400 == answer.status
    assert "i bruk" in str(inside(answer.json, "_validationResults", "ProjectNumber", 0, "Message"))
    assert 200 == office.put("projects/71", {"ID": 71, "ProjectNumber": "4005"}).status
    office.delete("projects/71")
    assert ("4005", []) == (_project(office)["ProjectNumber"], office.rules)


@pytest.mark.parametrize("number", [None, "", "  "])
def test_blank_number_comes_from_the_series(number: Json) -> None:
    """Without a number the series gives the next free one."""
    office = _office()
    _project(office, "1")
    assert ["2", "3"] == [_project(office, number)["ProjectNumber"] for _ in range(2)]


def test_name_is_required() -> None:
    """A project needs a name, also after an update."""
    office = _office()
    assert 400 == office.post("projects", {"ProjectNumber": "4005"}).status
    _project(office)
    assert 400 == office.put("projects/71", {"ID": 71, "Name": ""}).status
    assert ["name_required", "name_required"] == office.rules


def test_transitions() -> None:
    """A project goes through its statuses by actions with 204."""
    office = _office()
    _project(office)
    seen: list[object] = []
    for action in ("InitiateProject", "StartProject", "CompleteProject", "ReactivateProject", "DiscardProject"):
        seen += [_move(office, action), office.get("projects/71").row["StatusCode"]]
    assert [204, 42202, 204, 42203, 204, 42204, 204, 42203, 204, 42205] == seen
    assert [] == office.rules


@pytest.mark.parametrize(("matrix", "legal"), [
    ("inferred", {"InitiateProject", "StartProject", "DiscardProject"}),
    ("stepwise", {"InitiateProject", "DiscardProject"}),
    ("any", {"InitiateProject", "StartProject", "CompleteProject", "DiscardProject", "ReactivateProject"}),
])  # fmt: skip
def test_links_tell_the_legal_transitions(matrix: str, legal: set[str]) -> None:
    """The links of a new project name exactly the transitions that are then accepted."""
    office = _office(project_transitions=matrix)
    _project(office)
    found = inside(office.get("projects/71", hateoas="true").row, "_links", "transitions")
    assert isinstance(found, dict)
    assert legal == set(found)
    for action in ("InitiateProject", "StartProject", "CompleteProject", "DiscardProject", "ReactivateProject"):
        again = _office(project_transitions=matrix)
        _project(again)
        assert (204 if action in legal else 400) == _move(again, action)


def test_transition_to_where_it_is() -> None:
    """A transition cannot be made twice."""
    office = _office()
    _project(office)
    assert [204, 400] == [_move(office, "StartProject") for _ in range(2)]


def test_verb_of_a_transition() -> None:
    """The transitions of a project are POSTs; the contract also lists the parameter projectID."""
    office = _office()
    _project(office)
    assert 404 == office.call("PUT", "projects/71", query="action=StartProject").status
    assert 204 == office.call("POST", "projects/71", query="action=StartProject&projectID=71").status
    assert ["unknown_action: PUT StartProject"] == office.rules


@pytest.mark.parametrize(("writable", "status"), [(False, 42201), (True, 42204)])
def test_status_in_a_put(writable: bool, status: int) -> None:  # noqa: FBT001 -- a case of the table
    """The status in a PUT is ignored, or honoured where the server is switched so."""
    office = _office(project_status_writable=writable)
    _project(office)
    office.put("projects/71", {"ID": 71, "StatusCode": 42204})
    assert status == office.get("projects/71").row["StatusCode"]


def test_is_used() -> None:
    """A project that stands in an invoice is used, and cannot be deleted."""
    office = _office()
    _project(office)
    assert office.get("projects/71", action="is-used").json is False
    product = office.post("products", {"Name": "Timer"}).row["ID"]
    item: Row = {"ProductID": product, "NumberOfItems": 1, "PriceExVat": 1, "Dimensions": {"ProjectID": 71}}
    office.post("invoices", {"StatusCode": 10001, "CustomerID": 301, "Items": [item]})
    assert office.get("projects/71", action="is-used").json is True
    assert 400 == office.delete("projects/71").status
    assert 400 == office.put("projects/71", {"ID": 71, "Deleted": True}).status
