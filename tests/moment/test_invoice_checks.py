"""What an invoice must fulfil in itself."""

from typing import Any

import msgspec
import pytest

from daemon.moment.invoice import Invoice
from daemon.moment.invoice_checks import invoice_problem
from tests.moment.invoices import CREDIT_NOTE, INVOICE, LINE


def problem(data: dict[str, Any]) -> tuple[str, str] | None:
    """Return reason and field of the first rule that an invoice breaks."""
    found = invoice_problem(msgspec.convert(data, Invoice))
    return (found.reason, found.field) if found else None


@pytest.mark.parametrize(
    "data",
    [
        INVOICE,
        CREDIT_NOTE,
        {**INVOICE, "dueDate": INVOICE["invoiceDate"]},
        {**INVOICE, "totalExVat": "100.00", "totalVat": "25.0", "totalIncVat": "125"},
        {**CREDIT_NOTE, "totalExVat": 0, "totalVat": 0, "totalIncVat": 0, "lines": [{**LINE, "totalExVat": 0}]},
    ],
)
def test_a_consistent_invoice_has_no_problem(data: dict[str, Any]) -> None:
    """Invoices and credit notes as Moment makes them pass."""
    assert problem(data) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"invoiceNumber": None}, ("invoice_number_missing", "invoiceNumber")),
        ({"lines": []}, ("lines_missing", "lines")),
        ({"dueDate": "2026-03-13"}, ("due_before_invoice_date", "dueDate")),
        ({"totalExVat": "100.01"}, ("totals_differ", "totalExVat")),
        ({"totalIncVat": 124}, ("totals_differ", "totalIncVat")),
        ({"invoiceType": "creditNote"}, ("credit_note_not_negative", "totalExVat")),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    """A person reads which field of which invoice to correct."""
    assert expected == problem({**INVOICE, **changes})
