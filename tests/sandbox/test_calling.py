"""Addresses, verbs and actions."""

import pytest

from daemon.sandbox.settings import Switches
from tests.sandbox.office import Office, inside, settings


def _act(office: Office, action: str, row_id: object = 301, name: str = "id") -> int:
    return office.call("PUT", "customers", query=f"action={action}&{name}={row_id}").status


def test_transitions() -> None:
    """A customer is deactivated, activated and blocked with 204 and no body."""
    office = Office()
    office.customer(100001)
    seen: list[object] = []
    for action in ("deactivate", "activate", "block", "activate"):
        answer = office.call("PUT", "customers", query=f"action={action}&id=301")
        seen += [answer.status, answer.response.body, office.get("customers/301").row["StatusCode"]]
    assert [204, b"", 50001, 204, b"", 30001, 204, b"", 70001, 204, b"", 30001] == seen
    assert [] == office.rules


@pytest.mark.parametrize("query", ["action=deactivate&ID=301", "action=deactivate&id=301&hateoas=false"])
def test_action_parameter_in_any_case(query: str) -> None:
    """The web front end writes `ID`."""
    office = Office()
    office.customer(100001)
    assert (204, []) == (office.call("PUT", "customers", query=query).status, office.rules)


def test_action_on_a_row() -> None:
    """An action may also name its row in the path."""
    office = Office()
    office.customer(100001)
    assert 204 == office.call("PUT", "customers/301", query="action=deactivate").status


def test_illegal_transition() -> None:
    """A transition that the status does not allow is refused with Messages."""
    office = Office()
    office.customer(100001)
    answer = office.call("PUT", "customers", query="action=activate&id=301")
    assert (400, "StatusCode") == (answer.status, inside(answer.json, "Messages", 0, "PropertyName"))


@pytest.mark.parametrize("row_id", [999, "", "x"])
def test_action_on_nothing(row_id: object) -> None:
    """An action on a row that is not there is a 404."""
    assert 404 == _act(Office(), "activate", row_id)


@pytest.mark.parametrize(("method", "path", "query", "rule"), [
    ("GET", "custmers", "", "unknown_route: custmers"),
    ("GET", "Customers", "", "unknown_route: Customers"),
    ("GET", "emails", "", "unknown_route: emails"),
    ("GET", "customers/abc", "", "unknown_path"),
    ("GET", "customers/301/emails", "", "unknown_path"),
    ("PUT", "customers", "", "wrong_verb: PUT"),
    ("PATCH", "customers/301", "", "wrong_verb: PATCH"),
    ("POST", "customers/301", "", "wrong_verb: POST"),
    ("DELETE", "customers", "", "wrong_verb: DELETE"),
    ("PUT", "customers", "action=explode&id=301", "unknown_action: PUT explode"),
    ("POST", "customers", "action=activate&id=301", "unknown_action: POST activate"),
    ("GET", "users", "", "unknown_action: users"),
])  # fmt: skip
def test_unknown_calls(method: str, path: str, query: str, rule: str) -> None:
    """An address, verb or action that DnB has not is a 404, and blamed."""
    office = Office()
    office.customer(100001)
    assert (404, [rule]) == (office.call(method, path, query=query).status, office.rules)


def test_unknown_action_says_so_in_lower_case() -> None:
    """Some errors come as `message`, in lower case."""
    assert "message" in Office().call("PUT", "customers", query="action=explode").row


def test_read_only_entities() -> None:
    """What the sandbox lets nobody write is a missing right."""
    office = Office()
    assert 403 == office.post("vattypes", {"VatCode": "3"}).status
    assert ["read_only: vattypes"] == office.rules


def test_session() -> None:
    """The session check answers who is calling."""
    answer = Office().get("users", action="current-session")
    assert (200, "Integrasjon") == (answer.status, answer.row["DisplayName"])


def test_preflight() -> None:
    """Company settings have ID 1 and are also a list."""
    office = Office()
    assert "Fjellvik AS" == office.get("companysettings/1").row["CompanyName"]
    assert 1 == len(office.get("companysettings").rows)


def test_active_number_series() -> None:
    """The active series of an entity type are found by an action."""
    rows = Office().get("number-series", action="get-active-numberseries", entityType="Customer", year="2026").rows
    assert [("Customer number series", 100000, 199999)] == [
        (row["Name"], row["FromNumber"], row["ToNumber"]) for row in rows
    ]


def test_action_status_can_be_switched() -> None:
    """An old server answers transitions with 200."""
    office = Office(settings(switches=Switches(action_status=200)))
    office.customer(100001)
    assert 200 == _act(office, "deactivate")
