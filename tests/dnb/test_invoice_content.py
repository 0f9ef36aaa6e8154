"""What an invoice of Moment's says to the books, and its fingerprint."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.core.procedure import Refused
from daemon.dnb.invoice_content import plain
from tests.dnb.invoices import CREDIT, FEE, FULL, HOURS, booking, line, prepare, prepared

SAME: list[dict[str, Any]] = [
    {"totalVat": 12656.25},
    {"totalExVat": "51237.8000"},
    {"invoiceNumber": "10245"},
    {"description": " Mars 2026 "},
    {"currencyCode": "nok"},
    {"lines": [{**HOURS, "quantity": "37.50", "accountNumber": 3000}, FEE]},
    {"paidAmount": 1, "exportStatus": "transferred"},
]
OTHER: list[dict[str, Any]] = [
    {"invoiceNumber": "10246"},
    {"description": "April"},
    {"customer": {"id": 1, "customerNumber": "100043"}},
    {"project": None},
    {"creditedInvoice": {"id": 1, "invoiceNumber": 1}},
    {"invoiceDate": "2026-03-15"},
    {"dueDate": "2026-03-29"},
    {"paymentId": None},
    {"currencyCode": "EUR"},
    {"currencyRate": 11},
    {"lines": [{**HOURS, "text": "Annet"}, FEE]},
    {"lines": [{**HOURS, "quantity": 1}, FEE]},
    {"lines": [{**HOURS, "vatCode": "31"}, FEE]},
    {"lines": [{**HOURS, "productType": "products"}, FEE]},
    {"lines": [{**HOURS, "accountNumber": "3100"}, FEE]},
    {"lines": [FEE, HOURS]},
]


@pytest.mark.parametrize("changes", SAME)
def test_what_is_not_booked_leaves_the_fingerprint_alone(changes: dict[str, Any]) -> None:
    """Another spelling of a number, a payment or an unknown field costs no call."""
    assert prepared(FULL).fingerprint == prepared({**FULL, **changes}).fingerprint


@pytest.mark.parametrize("changes", OTHER)
def test_accounting_content_changes_the_fingerprint(changes: dict[str, Any]) -> None:
    """Everything that DnB would be told counts."""
    assert prepared(FULL).fingerprint != prepared({**FULL, **changes}).fingerprint


def test_a_changed_mapping_leaves_the_fingerprint_alone() -> None:
    """The tenant's settings are no content of an invoice."""
    data = {**FULL, "lines": [{**HOURS, "vatCode": None}, FEE]}
    first, second = (prepared(data, tenant=booking(vat_codes={"3000": code})) for code in ("3", "31"))
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint.startswith("i1:")


def test_dependencies_come_in_their_order() -> None:
    """Customer, project, credited invoice."""
    found = [(one.entity.kind, one.entity.id, one.number) for one in prepared(CREDIT).dependencies]
    assert [
        ("customer", 70311802, "100042"),
        ("project", 70419955, "4005"),
        ("invoice", 118204417, "10245"),
    ] == found
    assert ["customer"] == [one.entity.kind for one in prepared({**FULL, "project": None}).dependencies]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lines": [line("51237.80", vatCode=None)]}, "vat_code_missing"),
        ({"lines": [line("51237.80", vatCode="1")]}, "vat_code_not_sales"),
        ({"dueDate": "2026-03-01"}, "due_before_invoice_date"),
        ({"invoiceNumber": None}, "invoice_number_missing"),
        ({"lines": "none"}, "invalid_data"),
    ],
)
def test_what_is_wrong_is_refused_before_any_call(changes: dict[str, Any], reason: str) -> None:
    """The refusal is known when the change is prepared."""
    refused = prepare({**FULL, **changes})
    assert isinstance(refused, Refused)
    assert reason == refused.reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [("10", "10"), ("10.0", "10"), ("1E+1", "10"), ("0.50", "0.5"), ("-0.00", "0"), ("-1.10", "-1.1"), ("100", "100")],
)
def test_an_amount_has_one_spelling(value: str, expected: str) -> None:
    """Zeros behind the point mean nothing."""
    assert expected == plain(Decimal(value))
