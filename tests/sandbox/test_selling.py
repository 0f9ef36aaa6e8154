"""Credit notes, payments and summaries."""

from typing import Literal

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import Answer, inside

Sign = Literal["positive", "negative"]


def _credit_note(office: Bookkeeper, reference: Json, *items: Row, **columns: Json) -> Answer:
    """A credit note, made out and booked; the answer of the booking."""
    named: Row = {"InvoiceType": 1, "InvoiceReferenceID": reference, "InvoiceNumber": "10246", "PaymentID": None}
    return office.book(office.draft(*items, **named | columns)["ID"])


@pytest.mark.parametrize(("sign", "count"), [("positive", 8), ("negative", -8)])
def test_whole_credit(sign: Sign, count: float) -> None:
    """A credit note takes its invoice back, in the journal and on the invoice, whatever sign its lines have."""
    office = Bookkeeper(Switches(credit_note_amounts=sign))
    invoice = office.invoice()
    assert 204 == _credit_note(office, invoice["ID"], office.item(count)).status
    note = office.read_invoice(2202)
    assert {"100001": -12500.0, "3010": 10000.0, "2700": 2500.0} == office.voucher(note)
    after = office.read_invoice(invoice["ID"])
    assert (42006, 12500.0, 0.0, 42002, 0.0) == (
        after["StatusCode"], after["CreditedAmount"], after["RestAmount"], note["StatusCode"], note["RestAmount"],
    )  # fmt: skip
    lines = office.get("journalentrylines", filter="SubAccountID gt 0").rows
    assert [(31003, 0.0), (31003, 0.0)] == [(line["StatusCode"], line["RestAmount"]) for line in lines]
    assert (lines[0]["ID"], []) == (lines[1]["ReferenceCreditPostID"], office.rules)


def test_part_credit() -> None:
    """A credit of a part leaves the rest."""
    office = Bookkeeper()
    invoice = office.invoice()
    _credit_note(office, invoice["ID"], office.item(2))
    after = office.read_invoice(invoice["ID"])
    assert (42007, 3125.0, 9375.0) == (after["StatusCode"], after["CreditedAmount"], after["RestAmount"])


def test_credit_of_a_paid_invoice() -> None:
    """What a credit note has beyond the rest stays on the credit note."""
    office = Bookkeeper()
    invoice = office.invoice()
    office.act(f"invoices/{invoice['ID']}", "pay", {})
    _credit_note(office, invoice["ID"])
    assert [(42006, 0.0), (42002, 12500.0)] == [
        (row["StatusCode"], row["RestAmount"]) for row in office.get("invoices").rows
    ]


@pytest.mark.parametrize(("sign", "count"), [("positive", -8), ("negative", 8)])
def test_wrong_sign(sign: Sign, count: float) -> None:
    """A credit note whose lines have the other sign would charge the customer: it is refused and blamed."""
    office = Bookkeeper(Switches(credit_note_amounts=sign))
    answer = _credit_note(office, office.invoice()["ID"], office.item(count))
    assert (400, ["credit_note_sign"]) == (answer.status, office.rules)


def test_more_than_the_invoice() -> None:
    """Nobody gets back more than was invoiced."""
    office = Bookkeeper()
    invoice = office.invoice()
    _credit_note(office, invoice["ID"], office.item(5))
    assert 400 == _credit_note(office, invoice["ID"], office.item(5), InvoiceNumber="10247").status


@pytest.mark.parametrize(("mode", "status"), [("optional", 201), ("required", 400)])
def test_credit_note_without_invoice(mode: Literal["optional", "required"], status: int) -> None:
    """A credit note may stand alone, or not."""
    office = Bookkeeper(Switches(credit_note_reference=mode))
    assert status == office.post("invoices", office.draft_body(InvoiceType=1)).status


def test_credit_note_of_another_customer() -> None:
    """A credit note is for the customer of its invoice."""
    office = Bookkeeper()
    invoice = office.invoice()
    office.customer(100002)
    body = office.draft_body(InvoiceType=1, InvoiceReferenceID=invoice["ID"], InvoiceNumber="2", CustomerID=302)
    assert 400 == office.post("invoices", body).status


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_draft_credit(sign: Sign) -> None:
    """A draft credit note copies what was invoiced, without its numbers, and can be booked."""
    office = Bookkeeper(Switches(credit_note_amounts=sign))
    invoice = office.invoice()
    answer = office.act(f"invoices/{invoice['ID']}", "create-credit-draft-invoice", verb="PUT")
    gross = 12500.0 if sign == "positive" else -12500.0
    assert (200, 42001, 1, None, None, gross, 1) == (
        answer.status, answer.row["StatusCode"], answer.row["InvoiceType"], answer.row["InvoiceNumber"],
        answer.row["PaymentID"], answer.row["TaxInclusiveAmount"], len(str(answer.row["Items"]).split("}, {")),
    )  # fmt: skip
    assert 204 == office.book(answer.row["ID"]).status
    assert 42006 == office.read_invoice(invoice["ID"])["StatusCode"]
    again = office.act(f"invoices/{invoice['ID']}", "create-credit-draft-invoice", verb="PUT")
    assert (400, []) == (again.status, office.rules)


@pytest.mark.parametrize(("verb", "action"), [("PUT", "payInvoice"), ("POST", "pay")])
def test_payment(verb: str, action: str) -> None:
    """Payments are booked against the bank until nothing is left."""
    office = Bookkeeper()
    path = f"invoices/{office.invoice()['ID']}"
    answer = office.act(path, action, {"Amount": 500, "PaymentDate": "2026-02-10"}, verb=verb)
    assert {"1920": 500.0, "100001": -500.0} == office.voucher({"JournalEntryID": answer.row["ID"]})
    seen: list[Json] = [office.get(path).row[name] for name in ("StatusCode", "RestAmount", "LastPaymentDate")]
    office.act(path, action, {}, verb=verb)
    seen += [office.get(path).row[name] for name in ("StatusCode", "RestAmount", "LastPaymentDate")]
    assert [42003, 12000.0, "2026-02-10", 42004, 0.0, "2026-02-03"] == seen
    assert 400 == office.act(path, action, {"Amount": 1}, verb=verb).status
    assert [] == office.rules


@pytest.mark.parametrize("amount", [0, -1, 12500.01])
def test_impossible_payment(amount: float) -> None:
    """Nobody pays nothing, less, or more than is left."""
    office = Bookkeeper()
    assert 400 == office.act(f"invoices/{office.invoice()['ID']}", "pay", {"Amount": amount}).status


def test_payment_of_a_draft() -> None:
    """A draft is not paid."""
    office = Bookkeeper()
    assert 400 == office.act(f"invoices/{office.draft()['ID']}", "pay", {}).status


def test_payment_needs_an_open_period() -> None:
    """A payment on a locked date is refused, and the invoice stays open."""
    office = Bookkeeper()
    path = f"invoices/{office.invoice()['ID']}"
    office.change_company(AccountingLockedDate="2026-02-28")
    assert 400 == office.act(path, "pay", {}).status
    assert (42002, 12500.0) == (office.get(path).row["StatusCode"], office.get(path).row["RestAmount"])


def test_summary() -> None:
    """Items can be added up without an invoice."""
    office = Bookkeeper()
    body: list[Json] = [office.item(2, 100), office.item(1, 50, VatTypeID=office.vat("6"))]
    assert {
        "SumTotalExVat": 250.0, "SumVat": 50.0, "SumTotalIncVat": 300.0, "SumVatBasis": 200.0, "SumNoVatBasis": 50.0,
        "DecimalRounding": 0.0,
    } == office.act("invoices", "calculate-invoice-summary", body).json  # fmt: skip
    assert 400 == office.act("invoices", "calculate-invoice-summary", {"Items": body}).status


def test_vat_summary() -> None:
    """An invoice's VAT is told by percentage."""
    office = Bookkeeper()
    row = office.draft(office.item(2, 100), office.item(1, 50, VatTypeID=office.vat("6")))
    assert [(0.0, 0.0, 50.0), (25.0, 50.0, 200.0)] == [
        (each["VatPercent"], each["SumVat"], each["SumVatBasis"])
        for each in office.get(f"invoices/{row['ID']}", action="calculate-vat-summary").rows
    ]


def test_history_of_a_credit() -> None:
    """The judge sees the credit note, its voucher and what it did to the invoice."""
    office = Bookkeeper()
    invoice = office.invoice()
    _credit_note(office, invoice["ID"])
    last = office.emulator.history.applied[-3:]
    assert [("invoices", 2201), ("journalentries", 602), ("invoices", 2202)] == [
        (each.route, each.row_id) for each in last
    ]
    assert 2201 == inside(last[2].row, "InvoiceReference", "ID")
