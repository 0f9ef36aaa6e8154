"""Decoding an invoice."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.moment.invoice import Invoice, decode_invoice, is_draft
from tests.moment.invoices import CREDIT_NOTE, INVOICE, LINE


def encoded(**changes: Any) -> bytes:  # noqa: ANN401 - any field
    """Return an invoice's JSON."""
    return msgspec.json.encode({**INVOICE, **changes})


def test_numbers_are_kept_as_text() -> None:
    """A number is the same whether the record wrote it as text or as integer."""
    data = encoded(
        invoiceNumber=" 10245 ",
        project={"id": 2, "projectNumber": 4005},
        creditedInvoice={"id": 3, "invoiceNumber": 10001},
    )
    found = decode_invoice(data)
    assert isinstance(found, Invoice)
    assert ("10245", "100042", "3000") == (found.number, found.customer.number, found.lines[0].account)
    assert found.project
    assert found.credited_invoice
    assert ("4005", "10001") == (found.project.number, found.credited_invoice.number)


@pytest.mark.parametrize(("data", "expected"), [(INVOICE, False), (CREDIT_NOTE, True)])
def test_the_type_tells_credit_notes(data: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table's column
    """A credit note is told by its type, not by its sign."""
    found = decode_invoice(msgspec.json.encode(data))
    assert isinstance(found, Invoice)
    assert found.is_credit_note is expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"invoiceType": "letter"}, "data.invoiceType"),
        ({"invoiceDate": "14.03.2026"}, "data.invoiceDate"),
        ({"customer": {"id": 1}}, "data.customer.customerNumber"),
        ({"lines": [{**LINE, "productType": "rent"}]}, "data.lines[0].productType"),
        ({"totalVat": "NaN"}, "data"),
        ({"lines": None}, "data.lines"),
    ],
)
def test_bad_data_names_its_field(changes: dict[str, Any], field: str) -> None:
    """A refusal leads to the field, and shows no value."""
    refused = decode_invoice(encoded(**changes))
    assert isinstance(refused, Refused)
    assert ("invalid_data", field, "") == (refused.reason, refused.field, refused.value)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(invoiceState="draft"), True),
        (encoded(), False),
        (b'{"invoiceState":"draft","lines":7}', True),
        (b'{"invoiceState":1}', False),
        (b"{}", False),
        (b"null", False),
        (b"not json", False),
        (b"\xff", False),
    ],
)
def test_a_draft_is_told_by_its_state_alone(data: bytes, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Nothing else is looked at, and what cannot be decoded is no draft: it is refused, not ignored."""
    assert is_draft(data) is expected
