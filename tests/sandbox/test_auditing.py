"""What the books tell on themselves."""

import pytest

from daemon.sandbox.auditing import broken_rules
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON


def _voucher(office: Bookkeeper, **line: Json) -> Row:
    """A sale that is posted directly."""
    common: Row = {"FinancialDate": "2026-02-03", **line}
    lines: list[Json] = [{**common, "AccountID": office.account(100001), "Amount": 12500},
                         {**common, "AccountID": office.account(3100), "Amount": -12500}]  # fmt: skip
    return {"DraftLines": lines}


@pytest.mark.parametrize(("first", "second", "reason"), [
    ({"InvoiceNumber": "1", "ExternalReference": "118"}, {"InvoiceNumber": "2", "ExternalReference": "118"},
     "ExternalReference"),
    ({"InvoiceNumber": "1", "PaymentID": "55"}, {"InvoiceNumber": "2", "PaymentID": "55"}, "PaymentID"),
])  # fmt: skip
def test_same_sale_under_another_number(first: Row, second: Row, reason: str) -> None:
    """An invoice posted again under another number is noticed by its reference, or by what must be paid and where."""
    office = Bookkeeper()
    office.invoice(**{"PaymentID": None} | first)
    office.invoice(**{"PaymentID": None} | second)
    assert [f"posted_twice: journal entry 602 has the {reason} of 601"] == office.rules


def test_same_number_in_both_flows() -> None:
    """An invoice that is also posted as a voucher is noticed by its number."""
    office = Bookkeeper()
    office.invoice()
    office.act("journalentries", "book-journal-entries", [_voucher(office, InvoiceNumber="10245")])
    assert ["posted_twice: journal entry 602 has the InvoiceNumber of 601"] == office.rules


def test_same_reference_of_vouchers() -> None:
    """Two vouchers with one external reference are one sale."""
    office = Bookkeeper()
    for number in ("1", "2"):
        entry: Row = {**_voucher(office, InvoiceNumber=number), "ExternalReference": "118"}
        office.act("journalentries", "book-journal-entries", [entry])
    assert ["posted_twice: journal entry 602 has the ExternalReference of 601"] == office.rules


def test_different_sales() -> None:
    """Another amount, customer or direction is another sale: credit notes and payments included."""
    office = Bookkeeper()
    invoice = office.invoice(ExternalReference="118")
    office.invoice(office.item(1), InvoiceNumber="10246")
    office.customer(100002)
    office.invoice(InvoiceNumber="10247", CustomerID=302)
    office.invoice(office.item(1), InvoiceNumber="10248", InvoiceType=1, InvoiceReferenceID=invoice["ID"],
                   ExternalReference="118")  # fmt: skip
    for _ in range(2):
        office.act(f"invoices/{invoice['ID']}", "pay", {"Amount": 100})
    assert [] == office.rules


def test_credited_sale() -> None:
    """A sale that was wholly credited may be invoiced again."""
    office = Bookkeeper()
    invoice = office.invoice()
    office.invoice(InvoiceNumber="10246", InvoiceType=1, InvoiceReferenceID=invoice["ID"], PaymentID=None)
    office.invoice(InvoiceNumber="10247")
    assert [] == office.rules


def test_late_request() -> None:
    """What a late request does to the books is noticed, though the request itself is not blamed."""
    office = Bookkeeper(Switches(guids_enforced=False))
    entry: Row = {**_voucher(office, InvoiceNumber="1"), "Nonsense": 1}
    office.emulator.inject("applied_late", seconds=5.0)
    for _ in range(2):
        office.act("journalentries", "book-journal-entries", [entry])
    office.emulator.tick(NOON + 10)
    assert ["unknown_body_field: JournalEntry.Nonsense",
            "posted_twice: journal entry 602 has the InvoiceNumber of 601"] == office.rules  # fmt: skip


def test_unbalanced() -> None:
    """A voucher whose lines do not add up to nothing is noticed, to the cent."""
    office = Bookkeeper()
    office.invoice()
    office.own_books.add("JournalEntryLine", {"JournalEntryID": 601, "Amount": 0.01}, NOON)
    entry = office.own_books.table("JournalEntry").get(601)
    assert entry is not None
    assert ["unbalanced: journal entry 601 by 0.01"] == list(broken_rules(office.own_books, entry))
