"""The customer of the contract: what is read, and what is refused with its field and rule."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.procedure import Refused
from daemon.moment.customer import Address, Customer, decode_customer

FULL = b"""{"customerNumber": "100042", "name": "Fjellvik Arkitekter AS", "organizationNumber": "998887771",
 "email": "post@fjellvik.example", "invoiceEmail": "faktura@fjellvik.example", "website": "https://fjellvik.example",
 "phoneNumber": "+47 22 00 00 01", "faxNumber": null,
 "address": {"addressLine1": "Storgata 1", "postalCode": "0155", "city": "Oslo", "countryCode": "NO", "region": "?"},
 "currencyCode": "NOK", "countryCode": "NO", "creditTermDays": 14, "customerState": "active"}"""


def test_every_field_is_read() -> None:
    """All fields of the contract arrive, and unknown ones are tolerated."""
    expected = Customer(
        customer_number="100042",
        name="Fjellvik Arkitekter AS",
        organization_number="998887771",
        email="post@fjellvik.example",
        invoice_email="faktura@fjellvik.example",
        website="https://fjellvik.example",
        phone_number="+47 22 00 00 01",
        address=Address(address_line1="Storgata 1", postal_code="0155", city="Oslo", country_code="NO"),
        currency_code="NOK",
        country_code="NO",
        credit_term_days=14,
    )
    assert expected == decode_customer(FULL)


@pytest.mark.parametrize("number", ["100042", 100042])
def test_a_customer_number_is_kept_as_text(number: str | int) -> None:
    """A number written as text and one written as an integer are the same."""
    customer = decode_customer(json.dumps({"customerNumber": number, "name": "A"}).encode())
    assert isinstance(customer, Customer)
    assert customer.number == "100042"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"null", "data"),
        (b"[]", "data"),
        (b"", "data"),
        (b"{", "data"),
        (b'{"name":"\xff","customerNumber":1}', "data"),
        (b"[" * 100_000, "data"),
        (b'{"customerNumber": "100042"}', "data.name"),
        (b'{"customerNumber": "100042", "name": ""}', "data.name"),
        (b'{"customerNumber": "100042", "name": " \\t"}', "data.name"),
        (b'{"name": "A"}', "data.customerNumber"),
        (b'{"customerNumber": 1.5, "name": "A"}', "data.customerNumber"),
        (b'{"customerNumber": -1, "name": "A"}', "data.customerNumber"),
        (b'{"customerNumber": true, "name": "A"}', "data.customerNumber"),
        (b'{"customerNumber": "", "name": "A"}', "data.customerNumber"),
        (b'{"customerNumber": 1, "name": "A", "address": {"city": 7}}', "data.address.city"),
        (b'{"customerNumber": 1, "name": "A", "creditTermDays": 1e999999999}', "data.creditTermDays"),
        (b'{"customerNumber": 1, "name": "A", "creditTermDays": -1}', "data.creditTermDays"),
    ],
)
def test_bad_data_is_refused_with_its_field(data: bytes, field: str) -> None:
    """A person is told which field breaks the contract."""
    refused = decode_customer(data)
    assert isinstance(refused, Refused)
    assert ("invalid_data", field) == (refused.reason, refused.field)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever stands in `data`, a value comes out."""
    assert isinstance(decode_customer(data), Customer | Refused)
