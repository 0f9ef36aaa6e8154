"""What is left of an invoice."""

from decimal import Decimal

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from daemon.sandbox.settling import overdrawn, paid
from daemon.sandbox.visiting import Visit
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON


@pytest.mark.parametrize(("amount", "status", "rest", "line"), [
    ("500", 42003, 12000.0, 31002), ("12500", 42004, 0.0, 31003), ("99999", 42004, 0.0, 31003),
])  # fmt: skip
def test_paid(amount: str, status: int, rest: float, line: int) -> None:
    """A payment lowers the rest of the invoice and of its line, to nothing at most."""
    office = Bookkeeper()
    office.invoice()
    row = office.own_books.table("CustomerInvoice").get(2201)
    assert row is not None
    paid(Visit(office.own_books, Switches(), NOON), row, Decimal(amount))
    posted = office.own_books.table("JournalEntryLine").where("CustomerInvoiceID", 2201)[0]
    assert (status, rest, rest, line, rest) == (
        row["StatusCode"], row["RestAmount"], row["RestAmountCurrency"], posted["StatusCode"], posted["RestAmount"],
    )  # fmt: skip


def test_rest_in_currency() -> None:
    """The rest of a foreign invoice is told in its currency too."""
    office = Bookkeeper()
    item = office.item(1, PriceExVat=None, PriceExVatCurrency=100, VatTypeID=office.vat("52"))
    row = office.invoice(item, CurrencyCodeID=2, CurrencyExchangeRate=11.5)
    office.act(f"invoices/{row['ID']}", "pay", {"Amount": 575})
    after = office.read_invoice(row["ID"])
    assert (575.0, 50.0) == (after["RestAmount"], after["RestAmountCurrency"])


@pytest.mark.parametrize(("reference", "gross", "expected"), [
    (2201, 12500, False), (2201, 12500.01, True), (2201, -12500.01, True), (None, 1e9, False),
])  # fmt: skip
def test_overdrawn(reference: Json, gross: float, expected: bool) -> None:  # noqa: FBT001 -- a case of the table
    """A credit note takes back no more than its invoice has, whatever its sign; without an invoice nothing binds it."""
    office = Bookkeeper()
    office.invoice()
    note: Row = {"InvoiceReferenceID": reference, "TaxInclusiveAmount": gross}
    assert expected == overdrawn(office.own_books, note)


def test_sale_is_no_payment() -> None:
    """A credit voucher on income pays no invoice, though it names its number."""
    office = Bookkeeper()
    row = office.invoice()
    common: Row = {"FinancialDate": "2026-02-10", "InvoiceNumber": "10245"}
    lines: list[Json] = [{**common, "AccountID": office.account(100001), "Amount": -100},
                         {**common, "AccountID": office.account(3100), "Amount": 100}]  # fmt: skip
    assert 200 == office.act("journalentries", "book-journal-entries", [{"DraftLines": lines}]).status
    assert 12500.0 == office.read_invoice(row["ID"])["RestAmount"]
