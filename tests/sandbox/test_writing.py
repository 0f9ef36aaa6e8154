"""Creating, updating and deleting."""

from uuid import uuid4

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.office import NOON, OTHER_KEY, Office, inside, settings

_WHOLE = ",".join(
    f"Info.{name}"
    for name in ("DefaultEmail", "DefaultPhone", "InvoiceAddress", "ShippingAddress", "Emails", "Phones", "Addresses")
)


def _guid() -> str:
    return str(uuid4())


def _havgard() -> Row:
    """A customer with everything that a customer of the daemon can have."""
    return {
        "_createguid": _guid(), "CustomerNumber": 100042, "OrgNumber": "987654321",
        "WebUrl": "https://havgard.example", "CurrencyCodeID": 1, "CreditDays": 14,
        "Info": {
            "ID": 0, "_createguid": _guid(), "Name": "Havgard Eiendom AS",
            "DefaultEmail": {"ID": 0, "_createguid": _guid(), "EmailAddress": "faktura@havgard.example"},
            "DefaultPhone": {"ID": 0, "_createguid": _guid(), "Number": "22334455", "Type": 150101},
            "Phones": [{"ID": 0, "_createguid": _guid(), "Number": "22334456", "Type": 150103}],
            "InvoiceAddress": {"ID": 0, "_createguid": _guid(), "AddressLine1": "Kaigata 4", "CountryCode": "NO"},
            "ShippingAddress": {"ID": 0, "_createguid": _guid(), "AddressLine1": "Lagerveien 9", "CountryCode": "NO"},
        },
    }  # fmt: skip


def _saved() -> tuple[Office, Row]:
    """An office with that customer, and the customer read back whole."""
    office = Office()
    office.post("customers", _havgard())
    return office, office.get("customers/301", expand=_WHOLE).row


def _values(value: Json, field: str) -> list[Json]:
    assert isinstance(value, list)
    return [inside(each, field) for each in value]


def test_post() -> None:
    """A POST answers 201 with the root and the posted children, each with its ID and no guid."""
    office = Office()
    answer = office.post("customers", _havgard())
    assert (201, 301, 100042, 30001) == (
        answer.status, answer.row["ID"], answer.row["CustomerNumber"], answer.row["StatusCode"],
    )  # fmt: skip
    assert ("2026-02-03T12:00:00.000Z", None) == (answer.row["CreatedAt"], answer.row["UpdatedAt"])
    assert 801 == answer.row["BusinessRelationID"] == inside(answer.json, "Info", "ID")
    assert inside(answer.json, "Info", "DefaultEmailID") == inside(answer.json, "Info", "DefaultEmail", "ID")
    assert ["22334456"] == _values(inside(answer.json, "Info", "Phones"), "Number")
    assert "_createguid" not in str(answer.json)
    assert [] == office.rules


def test_read_back() -> None:
    """Default objects are children too: they are in the arrays when read."""
    office, row = _saved()
    assert ["22334455", "22334456"] == _values(inside(row, "Info", "Phones"), "Number")
    assert ["faktura@havgard.example"] == _values(inside(row, "Info", "Emails"), "EmailAddress")
    assert "Lagerveien 9" == inside(row, "Info", "ShippingAddress", "AddressLine1")
    assert inside(row, "Info", "ID") == inside(row, "Info", "ShippingAddress", "BusinessRelationID")
    assert [] == office.rules


def test_guids_are_optional_in_a_post() -> None:
    """The vendor's own example posts children without ID and guid."""
    office = Office()
    assert (
        201 == office.post("customers", {"Info": {"Name": "Fjord AS", "Emails": [{"EmailAddress": "a@b.no"}]}}).status
    )
    assert [] == office.rules


def test_switched_statuses() -> None:
    """A server may answer 200 where the contract says 201 or 204."""
    switches = Switches(created_status=200, deleted_status=200, action_status=200)
    office = Office(settings(switches=switches))
    statuses = [
        office.post("customers", {"Info": {"Name": "Fjord AS"}}).status,
        office.call("PUT", "customers", query="action=block&id=301").status,
        office.delete("customers/301").status,
    ]
    assert [200, 200, 200] == statuses


def test_child_twice() -> None:
    """A child both as the default object and in the array is inserted twice."""
    office = Office()
    email: Row = {"ID": 0, "_createguid": _guid(), "EmailAddress": "a@b.no"}
    office.post("customers", {"Info": {"Name": "Fjord AS", "DefaultEmail": email, "Emails": [email]}})
    emails = inside(office.get("customers/301", expand="Info.Emails").row, "Info", "Emails")
    assert ["a@b.no", "a@b.no"] == _values(emails, "EmailAddress")
    assert ["guid_twice_in_body"] == office.rules


def test_reused_guid() -> None:
    """A guid may be used once; a repeated create is refused, changes nothing, and is nobody's fault."""
    office = Office()
    body = _havgard()
    office.post("customers", body)
    answer = office.post("customers", body)
    assert (400, 1) == (answer.status, len(office.get("customers").rows))
    assert str(body["_createguid"]) in str(answer.row["Message"])
    assert [] == office.rules


def test_reused_guid_of_a_child() -> None:
    """A reused guid anywhere in the body refuses the whole request."""
    office = Office()
    office.post("customers", _havgard())
    guid = _guid()
    office.post("customers", {"Info": {"_createguid": guid, "Name": "Fjord AS"}})
    answer = office.post("customers", {"Info": {"_createguid": guid.upper(), "Name": "Annet AS"}})
    assert (400, 2) == (answer.status, len(office.get("customers").rows))


def test_reused_guid_of_a_deleted_row() -> None:
    """The guid of a deleted row stays used."""
    office = Office()
    body = _havgard()
    office.post("customers", body)
    office.delete("customers/301")
    assert 400 == office.post("customers", body).status
    assert [] == office.get("customers").rows


def test_malformed_guid() -> None:
    """A guid that is none is refused, with Messages."""
    office = Office()
    answer = office.post("customers", {"_createguid": "nonsense", "Info": {"Name": "Fjord AS"}})
    assert (400, ["malformed_guid"]) == (answer.status, office.rules)


def test_put_merges() -> None:
    """What a PUT leaves out stays, at the root and inside; an explicit null overwrites."""
    office, row = _saved()
    office.now = NOON + 60
    info = inside(row, "Info", "ID")
    body: Row = {"ID": 301, "WebUrl": None, "Info": {"ID": info, "Name": "Havgard Holding AS"}}
    answer = office.put("customers/301", body)
    after = office.get("customers/301", expand=_WHOLE).row
    assert (200, None, "987654321", 14) == (answer.status, after["WebUrl"], after["OrgNumber"], after["CreditDays"])
    assert "Havgard Holding AS" == inside(after, "Info", "Name")
    assert inside(row, "Info", "Phones") == inside(after, "Info", "Phones")
    assert ("2026-02-03T12:01:00.000Z", row["CreatedAt"]) == (after["UpdatedAt"], after["CreatedAt"])
    assert [] == office.rules


def test_put_children() -> None:
    """A child with an ID is updated, with Deleted removed, and with ID 0 and a guid added."""
    office, row = _saved()
    email, fax = inside(row, "Info", "DefaultEmail", "ID"), inside(row, "Info", "Phones", 1, "ID")
    info: Row = {
        "ID": inside(row, "Info", "ID"),
        "DefaultEmail": {"ID": email, "EmailAddress": "ap@havgard.no"},
        "Phones": [
            {"ID": fax, "Deleted": True},
            {"ID": 0, "_createguid": _guid(), "Number": "22330000", "Type": 150103},
        ],
    }
    answer = office.put("customers/301", {"ID": 301, "Info": info})
    after = office.get("customers/301", expand=_WHOLE).row
    assert 200 == answer.status
    assert ["22330000"] == _values(inside(answer.json, "Info", "Phones"), "Number")
    assert ["22334455", "22330000"] == _values(inside(after, "Info", "Phones"), "Number")
    assert (email, "ap@havgard.no") == (
        inside(after, "Info", "DefaultEmailID"),
        inside(after, "Info", "DefaultEmail", "EmailAddress"),
    )
    assert [] == office.rules


def test_put_new_default() -> None:
    """A new default object in a PUT becomes the default; the old one stays among the children."""
    office, row = _saved()
    info: Row = {"ID": inside(row, "Info", "ID"), "DefaultPhone": {"ID": 0, "_createguid": _guid(), "Number": "99"}}
    office.put("customers/301", {"ID": 301, "Info": info})
    after = office.get("customers/301", expand=_WHOLE).row
    assert "99" == inside(after, "Info", "DefaultPhone", "Number")
    assert ["22334455", "22334456", "99"] == _values(inside(after, "Info", "Phones"), "Number")


def test_put_new_child_without_guid() -> None:
    """A new child in a PUT must carry a guid; nothing of the request is applied."""
    office, row = _saved()
    info: Row = {"ID": inside(row, "Info", "ID"), "Name": "Nytt AS", "Emails": [{"EmailAddress": "x@y.no"}]}
    answer = office.put("customers/301", {"ID": 301, "Info": info})
    assert 400 == answer.status
    assert "unless _createguid is specified" in str(inside(answer.json, "Messages", 0, "Message"))
    assert "Havgard Eiendom AS" == inside(office.get("customers/301", expand="Info").row, "Info", "Name")
    assert ["child_without_createguid: Emails"] == office.rules


def test_put_info_without_id() -> None:
    """An Info without its ID is a new one, and needs a guid."""
    office, _ = _saved()
    assert 400 == office.put("customers/301", {"ID": 301, "Info": {"Name": "Nytt AS"}}).status
    assert ["child_without_createguid: Info"] == office.rules


def test_put_to_a_foreign_child() -> None:
    """A child of another customer, or one that never was, is refused and blamed; a deleted one is only refused."""
    office, row = _saved()
    other = inside(
        office.customer(100050, Info={"Name": "B AS", "DefaultEmail": {"EmailAddress": "b@b.no"}}),
        "Info",
        "DefaultEmailID",
    )
    info, fax = inside(row, "Info", "ID"), inside(row, "Info", "Phones", 1, "ID")
    bodies: list[Json] = [
        {"ID": 301, "Info": {"ID": info, "DefaultEmail": {"ID": other, "EmailAddress": "stolen@b.no"}}},
        {"ID": 301, "Info": {"ID": info, "Emails": [{"ID": 9999, "EmailAddress": "x@b.no"}]}},
        {"ID": 301, "Info": {"ID": info, "Phones": [{"ID": fax, "Deleted": True}]}},
        {"ID": 301, "Info": {"ID": info, "Phones": [{"ID": fax, "Number": "1"}]}},
    ]
    assert [400, 400, 200, 400] == [office.put("customers/301", body).status for body in bodies]
    assert ["child_of_another: DefaultEmail", "unknown_child: Emails"] == office.rules


def test_put_relinks() -> None:
    """An Info of another customer is taken over, as DnB would, and blamed."""
    office, _ = _saved()
    other = office.customer(100050)
    office.put("customers/301", {"ID": 301, "Info": {"ID": other["BusinessRelationID"]}})
    assert other["BusinessRelationID"] == office.get("customers/301").row["BusinessRelationID"]
    assert ["relinked: Info"] == office.rules


@pytest.mark.parametrize(("body", "status"), [({"WebUrl": "x"}, 200), ({"ID": 999, "WebUrl": "x"}, 400)])
def test_put_needs_its_id(body: Row, status: int) -> None:
    """The body of a PUT carries the ID of its address."""
    office, _ = _saved()
    assert (status, ["missing_id"]) == (office.put("customers/301", body).status, office.rules)


def test_put_of_nothing() -> None:
    """A PUT to a row that is not there is a 404 and nobody's fault: a person may have deleted it."""
    office, _ = _saved()
    office.delete("customers/301")
    assert (404, []) == (office.put("customers/301", {"ID": 301}).status, office.rules)


def test_nested_object_is_written() -> None:
    """A nested object of another entity is written too: the trap that changes a currency by accident."""
    office, _ = _saved()
    office.put("customers/301", {"ID": 301, "CurrencyCode": {"ID": 1, "Name": "Kroner"}})
    assert "Kroner" == office.get("currencycodes/1").row["Name"]


def test_null_relations_say_nothing() -> None:
    """A relation that is null in the body is as good as absent."""
    office, row = _saved()
    assert 200 == office.put("customers/301", {"ID": 301, "Info": None, "CurrencyCode": None}).status
    assert row["BusinessRelationID"] == office.get("customers/301").row["BusinessRelationID"]
    assert [] == office.rules


def test_foreign_key() -> None:
    """A business number where an ID belongs breaks a foreign key: 500, nothing applied."""
    office = Office()
    answer = office.post("customers", {"CurrencyCodeID": 578, "Info": {"Name": "Fjord AS"}})
    assert 500 == answer.status
    assert "FOREIGN KEY" in str(answer.row["Message"])
    assert [] == office.get("customers").rows
    assert ["foreign_key: Customer.CurrencyCodeID"] == office.rules


def test_id_and_object() -> None:
    """Both the ID and the object of a relation is blamed; the object counts."""
    office, row = _saved()
    body: Row = {
        "ID": 301,
        "BusinessRelationID": row["BusinessRelationID"],
        "Info": {"ID": row["BusinessRelationID"], "Name": "Ny AS"},
    }
    assert 200 == office.put("customers/301", body).status
    assert "Ny AS" == inside(office.get("customers/301", expand="Info").row, "Info", "Name")
    assert ["id_and_object: Customer.Info"] == office.rules


def test_unknown_body_field() -> None:
    """A field that the entity has not is ignored, and blamed."""
    office = Office()
    answer = office.post("customers", {"Info": {"Name": "Fjord AS", "Nickname": "x"}, "customernumber": 100001})
    assert 201 == answer.status
    assert {"unknown_body_field: BusinessRelation.Nickname", "unknown_body_field: Customer.customernumber"} == set(
        office.rules
    )


def test_what_was_read_may_be_sent_back() -> None:
    """Columns that only the server writes are ignored in a body, without blame."""
    office, _ = _saved()
    row = office.get("customers/301").row
    assert 200 == office.put("customers/301", row | {"CreatedAt": "2020-01-01", "StatusCode": 1}).status
    assert (row["CreatedAt"], 30001) == tuple(
        office.get("customers/301").row[name] for name in ("CreatedAt", "StatusCode")
    )
    assert [] == office.rules


@pytest.mark.parametrize(("column", "value", "rule"), [
    ("WebUrl", "x" * 256, "too_long: Customer.WebUrl"),
    ("GLN", "x" * 14, "too_long: Customer.GLN"),
    ("WebUrl", 5, "wrong_type: Customer.WebUrl"),
    ("CreditDays", "14", "wrong_type: Customer.CreditDays"),
    ("CreditDays", 2**31, "wrong_type: Customer.CreditDays"),
    ("CreditDays", True, "wrong_type: Customer.CreditDays"),
    ("CreditDays", 1.5, "wrong_type: Customer.CreditDays"),
    ("IsPrivate", 1, "wrong_type: Customer.IsPrivate"),
    ("CustomValues", [], "wrong_type: Customer.CustomValues"),
])  # fmt: skip
def test_column_rules(column: str, value: Json, rule: str) -> None:
    """A value that does not fit its column is refused with the entity echoed and the reason beside the field."""
    office = Office()
    answer = office.post("customers", {"Info": {"Name": "Fjord AS"}, column: value})
    assert (400, [rule]) == (answer.status, office.rules)
    assert (value, 30) == (answer.row[column], inside(answer.json, "_validationResults", column, 0, "Level"))
    assert [] == office.get("customers").rows


def test_longest_text_fits() -> None:
    """A text exactly as long as its column is accepted."""
    assert 201 == Office().post("customers", {"Info": {"Name": "Æ" * 255}}).status


def test_nested_validation() -> None:
    """The results of a child are in the child."""
    office = Office()
    info: Row = {
        "Name": "Fjord AS",
        "Emails": [{"EmailAddress": "a@b.no"}, {"EmailAddress": "x" * 256}],
        "InvoiceAddress": {"City": 7},
    }
    answer = office.post("customers", {"Info": info})
    assert 400 == answer.status
    assert "EmailAddress" in str(inside(answer.json, "Info", "Emails", 1, "_validationResults"))
    assert "City" in str(inside(answer.json, "Info", "InvoiceAddress", "_validationResults"))
    assert "_validationResults" not in answer.row


@pytest.mark.parametrize("value", ["x", 5, [], {}])
def test_wrong_shape_of_relations(value: Json) -> None:
    """An array where an object belongs, or the other way round, is refused."""
    office = Office()
    child: Row = {"Name": "Fjord AS"}
    if not isinstance(value, dict):
        child["DefaultEmail"] = value
    if not isinstance(value, list):
        child["Emails"] = value
    assert 400 == office.post("customers", {"Info": child}).status
    assert [] == office.get("customers").rows


def test_types_are_numbers_or_text() -> None:
    """A type code may be a number or text: sources differ."""
    office = Office()
    phones: list[Json] = [{"Number": "1", "Type": 150101}, {"Number": "2", "Type": "150102"}]
    assert 201 == office.post("customers", {"Info": {"Name": "Fjord AS", "Phones": phones}}).status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 5000])
def test_malformed_body(body: bytes) -> None:
    """What is no JSON object is refused with a plain string."""
    office = Office()
    answer = office.raw("POST", "customers", body, "application/json")
    assert (400, True, ["malformed_body"]) == (answer.status, isinstance(answer.json, str), office.rules)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_content_type(content_type: str) -> None:
    """A body that does not say it is JSON is refused."""
    office = Office()
    answer = office.raw("POST", "customers", b'{"Info":{"Name":"Fjord AS"}}', content_type)
    assert (400, 1) == (answer.status, len(office.rules))
    assert office.rules[0].startswith("content_type")


def test_content_type_with_charset() -> None:
    """A charset beside the type changes nothing."""
    answer = Office().raw("POST", "customers", b'{"Info":{"Name":"F"}}', "application/json; charset=utf-8")
    assert 201 == answer.status


def test_id_in_post() -> None:
    """A new entity has no ID."""
    office = Office()
    assert 400 == office.post("customers", {"ID": 7, "Info": {"Name": "Fjord AS"}}).status
    assert ["id_in_post"] == office.rules


def test_delete() -> None:
    """A deleted row is gone from every list, its sub-account too; deleting it again is a 404."""
    office, _ = _saved()
    assert [204, 404] == [office.delete("customers/301").status for _ in range(2)]
    assert [] == office.get("customers").rows
    assert [] == office.get("accounts", filter="AccountNumber eq 100042").rows


def test_companies_are_apart() -> None:
    """What one company has, another has not; their IDs differ."""
    office, _ = _saved()
    other = Office(emulator=office.emulator, company=OTHER_KEY)
    assert [] == other.get("customers").rows
    assert 1301 == other.customer(100042)["ID"]
