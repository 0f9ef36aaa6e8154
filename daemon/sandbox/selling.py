"""The actions on customer invoices: invoice, credit, pay, and the summaries."""

from decimal import Decimal
from typing import Final

from daemon.sandbox.acting import Call
from daemon.sandbox.bodies import object_in, objects_in
from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response, answer, empty
from daemon.sandbox.invoices import CREDIT_NOTE, followed_up
from daemon.sandbox.invoicing import invoiced, is_credit_note
from daemon.sandbox.money import amount_of, number
from daemon.sandbox.periods import day_of, today
from daemon.sandbox.rendering import rendered
from daemon.sandbox.settling import paid
from daemon.sandbox.statuses import INVOICE_CREDITED, INVOICE_DRAFT, ITEM_DRAFT
from daemon.sandbox.summing import item_columns, summary, terms_of, vat_summary
from daemon.sandbox.vouchers import Objection, Voucher, booked, refusal

BANK_ACCOUNT: Final = 1920

_ENTITY: Final = "CustomerInvoice"
_OWN: Final = frozenset({
    "ID", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "InvoiceNumber", "PaymentID", "ExternalReference",
    "JournalEntryID", "InvoiceDate", "PaymentDueDate", "DeliveryDate", "PrintStatus", "CollectorStatusCode",
})  # fmt: skip
"""What a copy of an invoice does not take over; the front end blanks the number and the payment id of each copy."""


def invoice(call: Call) -> Response:
    """`POST|PUT /invoices/{id}?action=invoice`: the draft is booked; 204, or 400 and nothing is changed."""
    entry = invoiced(call.visit, call.subject)
    if isinstance(entry, Objection):
        call.visit.revert()
        return refusal(entry)
    call.visit.wrote(call.entity, call.subject)
    return empty(call.visit.switches.action_status)


def draft_credit(call: Call) -> Response:
    """`PUT /invoices/{id}?action=create-credit-draft-invoice`: a draft credit note of all of a booked invoice."""
    invoice_row, visit = call.subject, call.visit
    if is_credit_note(invoice_row) or invoice_row["StatusCode"] in (INVOICE_DRAFT, INVOICE_CREDITED):
        return refusal(Objection("StatusCode", "Fakturaen kan ikke krediteres", _ENTITY))
    day = today(visit.now)
    note = visit.books.add(_ENTITY, {
        **_copied(invoice_row), "StatusCode": INVOICE_DRAFT, "InvoiceType": CREDIT_NOTE,
        "InvoiceReferenceID": invoice_row["ID"], "InvoiceDate": day, "DeliveryDate": day, "PaymentDueDate": day,
    }, visit.now)  # fmt: skip
    sign = -1 if visit.switches.credit_note_amounts == "negative" else 1
    for item in visit.books.table("CustomerInvoiceItem").where("CustomerInvoiceID", id_of(invoice_row)):
        count = number(sign * amount_of(item["NumberOfItems"]))
        own: Row = {"CustomerInvoiceID": note["ID"], "StatusCode": ITEM_DRAFT, "NumberOfItems": count}
        visit.books.add("CustomerInvoiceItem", {**_copied(item), **own}, visit.now)
    followed_up(visit, note)
    visit.wrote(call.entity, note, created=True)
    return answer(200, rendered(visit.books, call.entity, note, {"Items": {}}))


def pay(call: Call) -> Response:
    """`PUT ?action=payInvoice`, `POST ?action=pay`: what was paid is booked; the journal entry of the payment.

    The body has `Amount` (all that is left, if it is missing) and `PaymentDate` (today).
    """
    data = object_in(call.visit, call.request)
    if isinstance(data, Response):
        return data
    row, rest = call.subject, amount_of(call.subject["RestAmount"])
    amount = rest if data.get("Amount") is None else amount_of(data["Amount"])
    if row["StatusCode"] == INVOICE_DRAFT or is_credit_note(row) or not 0 < amount <= rest:
        return refusal(Objection("Amount", "Beløpet kan ikke betales", _ENTITY))
    given = data.get("PaymentDate")
    day = given if day_of(given) is not None else today(call.visit.now)
    entry = booked(call.visit, _payment(call.visit.books, row, amount, day))
    if isinstance(entry, Objection):
        return refusal(entry)
    paid(call.visit, row, amount)
    call.visit.books.table(_ENTITY).update(row, {"LastPaymentDate": day}, call.visit.now)
    journal = call.visit.books.schema.entity("JournalEntry")
    call.visit.wrote(journal, entry, created=True)
    return answer(200, dict(entry))


def told_summary(call: Call) -> Response:
    """`POST /invoices?action=calculate-invoice-summary`: what the items of the body would add up to."""
    items = objects_in(call.visit, call.request)
    if isinstance(items, Response):
        return items
    terms = terms_of(call.visit.books, call.visit.switches, {"InvoiceDate": today(call.visit.now)})
    reckoned = [item_columns(terms, item) for item in items]
    return answer(200, summary(call.visit.books, reckoned))


def told_vat_summary(call: Call) -> Response:
    """`GET /invoices/{id}?action=calculate-vat-summary`: base and VAT by percentage."""
    items = call.visit.books.table("CustomerInvoiceItem").where("CustomerInvoiceID", id_of(call.subject))
    return answer(200, vat_summary(items))


def _copied(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _OWN}


def _payment(books: Books, invoice_row: Row, amount: Decimal, day: Json) -> Voucher:
    accounts = books.table("Account")
    customer = accounts.where("CustomerID", invoice_row["CustomerID"])[0]
    bank = accounts.where("AccountNumber", BANK_ACCOUNT)[0]
    common: Row = {
        "FinancialDate": day, "InvoiceNumber": invoice_row["InvoiceNumber"], "PaymentID": invoice_row["PaymentID"],
        "Description": f"Betaling {invoice_row['InvoiceNumber']}",
    }  # fmt: skip
    received: Row = {**common, "AccountID": bank["ID"], "Amount": number(amount)}
    settled: Row = {
        **common, "AccountID": customer["AccountID"], "SubAccountID": customer["ID"], "Amount": number(-amount),
        "RestAmount": 0, "CustomerInvoiceID": invoice_row["ID"],
    }  # fmt: skip
    columns: Row = {"Description": f"Betaling av faktura {invoice_row['InvoiceNumber']}"[:200]}
    return Voucher(columns=columns, lines=(received, settled), manual=False)
