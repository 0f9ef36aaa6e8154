"""What a change asks for and what a row shows meet in one form."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.portraying import NOWHERE, Place, Portrait, agrees, organization_number, shown, wanted

DATA: Row = {"customerNumber": "100042", "name": "Fjellvik AS"}
ROW: Row = {"CustomerNumber": 100042, "Info": {"Name": "Fjellvik AS"}}


def want(**data: Json) -> Portrait:
    """What DnB must show for a customer with these fields."""
    return wanted({**DATA, **data})


def show(info: Row | None = None, **columns: Json) -> Portrait:
    """What a row with these columns shows."""
    return shown({**ROW, **columns, "Info": {"Name": "Fjellvik AS", **(info or {})}})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("998887771", "998887771"), ("998 887 771", "998887771"), ("998.887.771", "998887771"),
        ("NO 998 887 771 MVA", "998887771"), ("no998887771mva", "998887771"),
        ("998 887 771 MVA Foretaksregisteret", "998887771"), ("", ""),
        ("SE556677889901", "~SE556677889901"), ("SE 556677-889901", "~SE556677889901"),
        ("DE 123456789", "~DE123456789"),
    ],
)  # fmt: skip
def test_organization_number(written: str, expected: str) -> None:
    """A Norwegian number is its nine digits; a foreign one keeps its letters and can never equal a Norwegian one."""
    assert expected == organization_number(written)


def test_organization_number_shown() -> None:
    """DnB must hold a Norwegian number as nine digits; how a foreign one is spaced does not matter."""
    asked = want(organizationNumber="NO 998 887 771 MVA")
    assert agrees(asked, show(OrgNumber="998887771"), "")
    assert not agrees(asked, show(OrgNumber="998 887 771"), "")
    assert agrees(want(organizationNumber="SE 556677889901"), show(OrgNumber="SE556677889901"), "")


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blank(blank: str | None) -> None:
    """Null, absent and blank are the same on both sides."""
    fields = ("email", "website", "phoneNumber", "faxNumber", "organizationNumber")
    assert want() == want(**dict.fromkeys(fields, blank))
    assert want() == want(address={"city": blank}, deliveryAddress=None)
    assert show() == show({"DefaultEmail": {"EmailAddress": blank}, "InvoiceAddress": {"City": blank}}, WebUrl=blank)
    assert want() == show()


def test_email() -> None:
    """The address for invoices goes before the general one."""
    assert "a@b.example" == want(email="a@b.example").email
    assert "f@b.example" == want(email="a@b.example", invoiceEmail="f@b.example").email
    assert "a@b.example" == want(email="a@b.example", invoiceEmail=" ").email


@pytest.mark.parametrize(
    "written", ["22 00 00 01", "22000001", "+47 22 00 00 01", "0047 22000001", "(+47) 22 00 00 01"]
)
@pytest.mark.parametrize(
    "kept",
    [
        {"Number": "22000001"}, {"Number": "22 00 00 01", "CountryCode": "+47"}, {"Number": "+4722000001"},
        {"Number": "+4722000001", "CountryCode": "+47"}, {"Number": "22000001", "CountryCode": "0047"},
    ],
)  # fmt: skip
def test_phone(written: str, kept: Row) -> None:
    """A number may be kept in any spelling, with its country code inside or beside it."""
    assert agrees(want(phoneNumber=written), show({"DefaultPhone": kept}), "")


def test_foreign_phone() -> None:
    """A foreign number needs its country code."""
    asked = want(phoneNumber="+46 812345678")
    assert agrees(asked, show({"DefaultPhone": {"Number": "812345678", "CountryCode": "+46"}}), "")
    assert not agrees(asked, show({"DefaultPhone": {"Number": "812345678"}}), "")


@pytest.mark.parametrize("fax_type", [150103, "150103"])
def test_fax(fax_type: Json) -> None:
    """A fax is the only row of its type among the phones, and there is none where Moment has none."""
    row: Row = {"Number": "22000001", "Type": fax_type}
    phone: Row = {"Number": "22000002", "Type": 150101}
    assert agrees(want(faxNumber="22000001"), show({"Phones": [phone, row]}), "")
    assert not agrees(want(faxNumber="22000001"), show({"Phones": [row, {**row, "Number": "22000009"}]}), "")
    assert not agrees(want(), show({"Phones": [row]}), "")


def test_places() -> None:
    """An address without a country has the customer's, and one without any part is no address."""
    asked = want(address={"city": "Oslo"}, deliveryAddress={"city": "Umeå", "countryCode": "SE"}, countryCode="NO")
    assert (Place(city="Oslo", country="NO"), Place(city="Umeå", country="SE")) == (
        asked.invoice_place,
        asked.delivery_place,
    )
    assert NOWHERE == want(address={}, countryCode="NO").invoice_place


def test_country_without_address() -> None:
    """A country without an address may be shown in an address of its own, or not at all; nothing else may."""
    asked = want(countryCode="NO")
    assert agrees(asked, show(), "NO")
    assert agrees(asked, show({"InvoiceAddress": {"CountryCode": "NO"}}), "NO")
    assert not agrees(asked, show({"InvoiceAddress": {"CountryCode": "SE"}}), "NO")
    assert not agrees(asked, show({"InvoiceAddress": {"CountryCode": "NO", "City": "Oslo"}}), "NO")


def test_currency() -> None:
    """A currency that Moment does not name is the company's own or none; one that it names must be shown."""
    home, foreign = show(CurrencyCode={"Code": "NOK"}), show(CurrencyCode={"Code": "EUR"})
    assert agrees(want(), show(), "")
    assert agrees(want(), home, "")
    assert not agrees(want(), foreign, "")
    assert agrees(want(currencyCode="NOK"), home, "")
    assert not agrees(want(currencyCode="NOK"), show(), "")


def test_credit_days() -> None:
    """No credit days at all is something else than nothing said about them."""
    assert want(creditTermDays=0) != want()
    assert want(creditTermDays=0) == show(CreditDays=0)
