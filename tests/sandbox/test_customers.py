"""The rules of customers alone."""

import pytest

from daemon.sandbox.documents import Json, Row
from tests.sandbox.office import Office, inside


def test_name_is_required() -> None:
    """A customer without name and organisation number is refused, with the reason beside the name in Info."""
    office = Office()
    answer = office.post("customers", {"CustomerNumber": 250000, "Info": {"ID": 0, "Name": None}})
    assert 400 == answer.status
    name = inside(answer.json, "Info", "_validationResults", "Name", 0)
    assert ("BusinessRelation", "Name", 30, "Navn må fylles ut") == tuple(
        inside(name, field) for field in ("EntityType", "PropertyName", "Level", "Message")
    )
    number = inside(answer.json, "_validationResults", "CustomerNumber", 0)
    assert "Kundenummer er utenfor nummerserien" == inside(number, "Message")
    assert {"name_required", "invalid_number"} == set(office.rules)


@pytest.mark.parametrize("body", [{}, {"Info": {}}, {"Info": {"Name": "  "}}, {"Info": {"Name": ""}, "OrgNumber": ""}])
def test_blank_names(body: Row) -> None:
    """Blank text is no name."""
    assert 400 == Office().post("customers", body).status


@pytest.mark.parametrize("body", [{"OrgNumber": "912345678"}, {"OrgNumber": "912345678", "Info": {"WebUrl": None}}])
def test_organisation_number_does_for_a_name(body: Row) -> None:
    """An organisation number stands in for the name."""
    assert 201 == Office().post("customers", body).status


def test_name_cannot_be_taken_away() -> None:
    """A PUT cannot blank the only name."""
    office = Office()
    row = office.customer(100001)
    info: Row = {"ID": row["BusinessRelationID"], "Name": None}
    assert 400 == office.put("customers/301", {"ID": 301, "Info": info}).status
    info = {"ID": row["BusinessRelationID"], "Deleted": True}
    assert 400 == office.put("customers/301", {"ID": 301, "Info": info}).status


def test_put_without_info_keeps_the_name() -> None:
    """A PUT that says nothing of Info needs no name."""
    office = Office()
    office.customer(100001)
    assert 200 == office.put("customers/301", {"ID": 301, "CreditDays": 30}).status


@pytest.mark.parametrize("number", [99_999, 200_000, 0, -1])
def test_number_outside_the_series(number: int) -> None:
    """A number outside the company's series is refused and blamed."""
    office = Office()
    assert 400 == office.post("customers", {"CustomerNumber": number, "Info": {"Name": "Fjord AS"}}).status
    assert ["invalid_number"] == office.rules


@pytest.mark.parametrize("number", [100_000, 199_999])
def test_number_at_the_ends_of_the_series(number: int) -> None:
    """The first and the last number of the series are in it."""
    assert number == Office().customer(number)["CustomerNumber"]


def test_duplicate_number() -> None:
    """A number that another customer has is refused; who sent it could not know, and is not blamed."""
    office = Office()
    office.customer(100001)
    answer = office.post("customers", {"CustomerNumber": 100001, "Info": {"Name": "Annen AS"}})
    assert 400 == answer.status
    assert "i bruk" in str(inside(answer.json, "_validationResults", "CustomerNumber", 0, "Message"))
    assert [] == office.rules


def test_number_of_a_deleted_customer_is_free() -> None:
    """The number of a deleted customer can be given again."""
    office = Office()
    office.customer(100001)
    office.delete("customers/301")
    assert 302 == office.customer(100001)["ID"]


def test_numbers_by_put() -> None:
    """A customer may keep or change its number, but not take another's or lose its own."""
    office = Office()
    office.customer(100001)
    office.customer(100002)
    numbers: list[Json] = [100001, 100003, 100002, None]
    bodies: list[Row] = [{"ID": 301, "CustomerNumber": number} for number in numbers]
    assert [200, 200, 400, 400] == [office.put("customers/301", body).status for body in bodies]


def test_blank_number_comes_from_the_series() -> None:
    """Without a number the series gives its next free one."""
    office = Office()
    office.customer(100001)
    given = [
        office.post("customers", {"Info": {"Name": "F"}, "CustomerNumber": None}).row["CustomerNumber"]
        for _ in range(2)
    ]
    assert [100000, 100002] == given
    assert (
        100003 == office.get("number-series", filter="NumberSeriesType.EntityType eq 'Customer'").rows[0]["NextNumber"]
    )


def test_sub_account() -> None:
    """Each customer has a sub-account under 1500, whose number and name follow it."""
    office = Office()
    row = office.customer(100001, "Fjord AS")
    account = office.get("accounts", filter="CustomerID eq 301", expand="MainAccount").rows[0]
    assert (100001, "Fjord AS", 1500) == (
        account["AccountNumber"], account["AccountName"], inside(account, "MainAccount", "AccountNumber"),
    )  # fmt: skip
    info: Row = {"ID": row["BusinessRelationID"], "Name": "Fjord Nord AS"}
    office.put("customers/301", {"ID": 301, "CustomerNumber": 100002, "Info": info})
    changed = office.get("accounts", filter="CustomerID eq 301").rows
    assert [(account["ID"], 100002, "Fjord Nord AS")] == [
        (each["ID"], each["AccountNumber"], each["AccountName"]) for each in changed
    ]
