"""The rules of products alone."""

from daemon.sandbox.documents import Json, Row
from tests.sandbox.office import Office, inside


def _product(office: Office, **columns: Json) -> Row:
    answer = office.post("products", {"Name": "Timer", **columns})
    assert answer.status == 201, answer.json
    return answer.row


def test_create() -> None:
    """A product has its number in PartName, an account and a VAT type."""
    office = Office()
    account = office.get("accounts", filter="AccountNumber eq 3010").rows[0]["ID"]
    vat = office.get("vattypes", filter="VatCode eq '3'").rows[0]["ID"]
    row = _product(office, PartName="MT-1", AccountID=account, VatTypeID=vat, Type=2, Unit="t")
    assert ("MT-1", 35001, account, vat) == tuple(
        row[name] for name in ("PartName", "StatusCode", "AccountID", "VatTypeID")
    )
    found = office.get("products", filter="PartName eq 'MT-1'", expand="Account,VatType").rows
    assert [(3010, "3")] == [
        (inside(each, "Account", "AccountNumber"), inside(each, "VatType", "VatCode")) for each in found
    ]
    assert [] == office.rules


def test_duplicate_number() -> None:
    """A part name that a living product has is refused beside the field."""
    office = Office()
    _product(office, PartName="1")
    answer = office.post("products", {"Name": "Annet", "PartName": "1"})
    assert "i bruk" in str(inside(answer.json, "_validationResults", "PartName", 0, "Message"))
    assert (400, []) == (answer.status, office.rules)


def test_blank_number() -> None:
    """A product without a part name gets the one that getnewpartname foretells."""
    office = Office()
    _product(office, PartName="7")
    _product(office, PartName="A9")
    foretold = office.get("products", action="getnewpartname").json
    assert ("8", "8") == (foretold, _product(office)["PartName"])


def test_name_is_required() -> None:
    """A product needs a name."""
    office = Office()
    assert 400 == office.post("products", {"PartName": "1"}).status
    assert ["name_required"] == office.rules


def test_business_number_for_an_account() -> None:
    """An account number where an account's ID belongs breaks a foreign key."""
    assert 500 == Office().post("products", {"Name": "Timer", "AccountID": 3010}).status


def test_type_is_a_number_or_text() -> None:
    """The type may be a number or text: sources differ."""
    office = Office()
    assert [2, "2"] == [_product(office, Type=kind)["Type"] for kind in (2, "2")]


def test_dimensions_are_read_only() -> None:
    """Dimensions are made inside other rows; their own address only shows them."""
    office = Office()
    assert 403 == office.post("dimensions", {"ProjectID": None}).status
    assert [] == office.get("dimensions", expand="Project").rows
