"""Moment's customer in DnB's terms: values, limits, fingerprints, and the smallest difference."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.dnb.bodies import Content, Postal, References, created, customer_content, differences, fingerprint, updated
from daemon.dnb.rows import AddressRow, CustomerRow, EmailRow, InfoRow, PhoneRow
from daemon.moment.customer import Customer, decode_customer
from tests.dnb.customers import FULL, MINIMAL

REFERENCES = References(currency_id=1, country_names={"NO": "Norge", "SE": "Sverige"})


def content(data: dict[str, Any]) -> Content | Refused:
    """Return what DnB would be told of a customer."""
    customer = decode_customer(msgspec.json.encode(data))
    assert isinstance(customer, Customer)
    return customer_content(customer, 100_000, 199_999)


def good(data: dict[str, Any]) -> Content:
    """Return what DnB would be told of a customer that is fit to be sent."""
    found = content(data)
    assert isinstance(found, Content)
    return found


def guid(part: str) -> str:
    """Return a guid that a test can read."""
    return f"guid of {part}"


EQUAL_ROW = CustomerRow(
    id=381,
    customer_number="100042",
    org_number="998 887 771",
    web_url="https://havgard.example ",
    currency_code_id=1,
    credit_days=14.0,
    info=InfoRow(
        id=902,
        name="Havgard Eiendom AS",
        default_email=EmailRow(id=511, email_address="faktura@havgard.example"),
        default_phone_id=700,
        phones=[
            PhoneRow(id=700, number="+47 22 33 44 55", type="150101"),
            PhoneRow(id=701, number="+47 22 33 44 56", type="150103"),
            PhoneRow(id=702, number="41111111", type=150102),
        ],
        invoice_address=AddressRow(
            id=433, address_line1="Kaigata 4", address_line2="", postal_code="0150", city="Oslo", country_code="NO"
        ),
        shipping_address=AddressRow(
            id=434,
            address_line1="Lagerveien 9",
            address_line2="Port B",
            postal_code="211 22",
            city="Malm\u00f6",
            country_code="SE",
        ),
    ),
)


def test_an_equal_row_needs_no_update() -> None:
    """Numbers as text, blanks, null and empty, and unexpanded defaults make no difference."""
    assert updated(good(FULL), REFERENCES, EQUAL_ROW, guid) is None


def test_a_bare_customer_and_empty_rows_are_equal() -> None:
    """Null and the empty text are the same to DnB, and deleted children count as none."""
    row = CustomerRow(
        id=1,
        customer_number=100042,
        org_number="",
        web_url="",
        info=InfoRow(
            id=2,
            name="Havgard Eiendom AS",
            default_email=EmailRow(id=3, deleted=True, email_address="x"),
            invoice_address=AddressRow(id=4, address_line1=""),
            shipping_address=AddressRow(id=5, deleted=True, city="Oslo"),
        ),
    )
    assert updated(good(MINIMAL), References(), row, guid) is None


def test_the_difference_is_minimal() -> None:
    """Only what differs is sent, children by their ids."""
    data = {**FULL, "name": "Ny AS", "invoiceEmail": "ny@x.example", "address": {**FULL["address"], "city": None}}
    assert differences(good(data), REFERENCES, EQUAL_ROW, guid) == {
        "ID": 381,
        "Info": {
            "ID": 902,
            "Name": "Ny AS",
            "DefaultEmail": {"ID": 511, "EmailAddress": "ny@x.example"},
            "InvoiceAddress": {"ID": 433, "City": None},
        },
    }


def test_cleared_fields_are_told_explicitly() -> None:
    """A merge leaves out what is left out, so null and `Deleted` must be said."""
    assert differences(good(MINIMAL), References(), EQUAL_ROW, guid) == {
        "ID": 381,
        "OrgNumber": None,
        "WebUrl": None,
        "CurrencyCodeID": None,
        "CreditDays": None,
        "Info": {
            "ID": 902,
            "DefaultEmail": {"ID": 511, "Deleted": True},
            "DefaultPhone": {"ID": 700, "Deleted": True},
            "Phones": [{"ID": 701, "Deleted": True}],
            "InvoiceAddress": {"ID": 433, "Deleted": True},
            "ShippingAddress": {"ID": 434, "Deleted": True},
        },
    }


def test_a_create_carries_a_guid_for_each_row() -> None:
    """Without its guid a repeated create would make a second row."""
    body = msgspec.json.decode(created(good(FULL), REFERENCES, guid))
    assert body == {
        "_createguid": "guid of customer",
        "CustomerNumber": 100042,
        "OrgNumber": "998887771",
        "WebUrl": "https://havgard.example",
        "CurrencyCodeID": 1,
        "CreditDays": 14,
        "Info": {
            "ID": 0,
            "_createguid": "guid of info",
            "Name": "Havgard Eiendom AS",
            "DefaultEmail": {"ID": 0, "_createguid": "guid of email", "EmailAddress": "faktura@havgard.example"},
            "DefaultPhone": {"ID": 0, "_createguid": "guid of phone", "Number": "+47 22 33 44 55", "Type": 150101},
            "Phones": [{"ID": 0, "_createguid": "guid of fax", "Number": "+47 22 33 44 56", "Type": 150103}],
            "InvoiceAddress": {
                "ID": 0,
                "_createguid": "guid of invoice-address",
                "AddressLine1": "Kaigata 4",
                "PostalCode": "0150",
                "City": "Oslo",
                "CountryCode": "NO",
                "Country": "Norge",
            },
            "ShippingAddress": {
                "ID": 0,
                "_createguid": "guid of delivery-address",
                "AddressLine1": "Lagerveien 9",
                "AddressLine2": "Port B",
                "PostalCode": "211 22",
                "City": "Malm\u00f6",
                "CountryCode": "SE",
                "Country": "Sverige",
            },
        },
    }


FAX = "+47 22 33 44 56"
OLDER, OLDEST = PhoneRow(id=9, number="older", type=150103), PhoneRow(id=8, number="oldest", type=150103)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([OLDER, PhoneRow(id=7, number=FAX, type=150103)], [{"ID": 9, "Deleted": True}]),
        (
            [PhoneRow(id=6, number=FAX, type=150103), PhoneRow(id=7, number=FAX, type=150103)],
            [{"ID": 7, "Deleted": True}],
        ),
        ([OLDER, OLDEST], [{"ID": 8, "Number": FAX, "CountryCode": None}, {"ID": 9, "Deleted": True}]),
        ([], [{"ID": 0, "_createguid": "guid of fax", "Number": FAX, "Type": 150103}]),
    ],
)
def test_one_fax_remains(rows: list[PhoneRow], expected: list[dict[str, Any]]) -> None:
    """A fax row that a late write left goes, and the right one is kept where there is one."""
    info = msgspec.structs.replace(EQUAL_ROW.relation, default_phone_id=None, phones=rows)
    row = msgspec.structs.replace(EQUAL_ROW, info=info)
    assert expected == differences(good(FULL), REFERENCES, row, guid)["Info"]["Phones"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 256),
        ("email", "x" * 256),
        ("website", "x" * 256),
        ("phoneNumber", "x" * 256),
        ("faxNumber", "x" * 256),
    ],
)
def test_what_the_column_does_not_hold_is_refused(field: str, value: str) -> None:
    """A cut name would read as if it were Moment's; the person is told which field to shorten."""
    refused = content({**FULL, "invoiceEmail": None, field: value})
    assert isinstance(refused, Refused)
    assert ("too_long", field, value) == (refused.reason, refused.field, refused.value)


@pytest.mark.parametrize("part", ["addressLine1", "addressLine2", "postalCode", "city"])
@pytest.mark.parametrize("address", ["address", "deliveryAddress"])
def test_what_an_address_does_not_hold_is_refused(address: str, part: str) -> None:
    """The refusal names the part of which address."""
    refused = content({**FULL, address: {part: "x" * 256}})
    assert isinstance(refused, Refused)
    assert f"{address}.{part}" == refused.field


def test_255_characters_fit() -> None:
    """The limit is DnB's column, not one less."""
    assert isinstance(content({**FULL, "name": "\u00e6" * 255}), Content)


def test_an_organisation_number_never_blocks() -> None:
    """A foreign or invalid one is sent as given, cut to its column."""
    assert "SE556677889901" == good({**FULL, "organizationNumber": "SE556677889901"}).organisation_number
    assert 100 == len(good({**FULL, "organizationNumber": "9" * 300}).organisation_number)


def test_an_address_takes_the_customers_country() -> None:
    """An address without a country is in the customer's, and a customer without addresses still tells its country."""
    bare = good({**MINIMAL, "countryCode": "no", "deliveryAddress": {"city": "Moss"}})
    assert Postal(country_code="NO") == bare.invoice_address
    assert Postal(city="Moss", country_code="NO") == bare.delivery_address
    assert Postal() == good({**MINIMAL, "countryCode": "no"}).delivery_address


SAME: list[dict[str, Any]] = [
    {"customerNumber": 100042},
    {"name": " Havgard Eiendom AS "},
    {"organizationNumber": "998887771"},
    {"email": "ikke@brukt.example"},
    {"countryCode": None},
    {"currencyCode": "nok"},
    {"customerState": "blocked"},
]


@pytest.mark.parametrize("changes", SAME)
def test_what_dnb_cannot_see_leaves_the_fingerprint(changes: dict[str, Any]) -> None:
    """A change that alters nothing in DnB costs no call."""
    assert fingerprint(good(FULL)) == fingerprint(good({**FULL, **changes}))


@pytest.mark.parametrize("field", [*[name for name in FULL if name not in {"email", "countryCode"}]])
def test_what_dnb_can_see_alters_the_fingerprint(field: str) -> None:
    """No visible change is taken for none."""
    others = {"customerNumber": "100043", "name": "B", "address": {"city": "B"}, "creditTermDays": 15}
    assert fingerprint(good(FULL)) != fingerprint(good({**FULL, field: others.get(field)}))


def test_the_fingerprint_of_a_release_is_kept() -> None:
    """Another fingerprint for the same content needs another scheme, else every customer is read again."""
    assert fingerprint(good(FULL)).startswith("c1:")
    assert fingerprint(good(FULL)) == "c1:aec503be42127e89ac494b9a6863f44e"
