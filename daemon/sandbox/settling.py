"""Open items: what credits and payments leave of an invoice, on the invoice and on its line in the journal."""

from decimal import Decimal
from typing import Final

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Row
from daemon.sandbox.money import amount_of, number, rounded
from daemon.sandbox.statuses import (
    INVOICE_CREDITED,
    INVOICE_PAID,
    INVOICE_PARTLY_CREDITED,
    INVOICE_PARTLY_PAID,
    LINE_MARKED,
    LINE_PARTLY_MARKED,
)
from daemon.sandbox.visiting import Visit

FIRST_RESULT_ACCOUNT: Final = 3000
"""Norwegian charts of accounts number income and costs from here on; what lies below stands in the balance."""


def referred(books: Books, credit_note: Row) -> Row | None:
    """The invoice that a credit note credits."""
    key = credit_note["InvoiceReferenceID"]
    return books.table("CustomerInvoice").get(key) if isinstance(key, int) else None


def overdrawn(books: Books, credit_note: Row) -> bool:
    """Whether a credit note would credit more than its invoice has left to be credited."""
    invoice = referred(books, credit_note)
    if invoice is None:
        return False
    credit = amount_of(invoice["CreditedAmount"]) + abs(amount_of(credit_note["TaxInclusiveAmount"]))
    return credit > amount_of(invoice["TaxInclusiveAmount"])


def credited(visit: Visit, credit_note: Row) -> None:
    """Set the booked `credit_note` off against the invoice it refers to, if it refers to one."""
    invoice = referred(visit.books, credit_note)
    if invoice is None:
        return
    credit, rest = abs(amount_of(credit_note["TaxInclusiveAmount"])), amount_of(invoice["RestAmount"])
    used = min(credit, rest)
    whole = amount_of(invoice["CreditedAmount"]) + credit
    is_all = whole == amount_of(invoice["TaxInclusiveAmount"])
    values: Row = {
        "CreditedAmount": number(whole),
        "StatusCode": INVOICE_CREDITED if is_all else INVOICE_PARTLY_CREDITED,
    }
    _update(visit, invoice, values | _rest(invoice, rest - used) | _in_currency(invoice, "CreditedAmount", whole))
    left = (credit - used).copy_sign(amount_of(credit_note["TaxInclusiveAmount"]))
    _update(visit, credit_note, _rest(credit_note, left))
    ours, theirs = _open_line(visit.books, credit_note), _open_line(visit.books, invoice)
    if ours is not None and theirs is not None:
        visit.books.table("JournalEntryLine").update(ours, {"ReferenceCreditPostID": theirs["ID"]}, visit.now)
        _mark(visit, ours, credit - used)
        _mark(visit, theirs, rest - used)
    visit.wrote(visit.books.schema.entity("CustomerInvoice"), invoice)


def paid(visit: Visit, invoice: Row, amount: Decimal) -> None:
    """Take a payment of `amount` off the invoice; what is above its rest is passed over."""
    rest = amount_of(invoice["RestAmount"])
    left = max(rest - amount, Decimal(0))
    values: Row = {"StatusCode": INVOICE_PARTLY_PAID if left else INVOICE_PAID}
    _update(visit, invoice, values | _rest(invoice, left))
    line = _open_line(visit.books, invoice)
    if line is not None:
        _mark(visit, line, left)
    visit.wrote(visit.books.schema.entity("CustomerInvoice"), invoice)


def matched(visit: Visit, entry: Row) -> None:
    """Take off an invoice what a booked entry pays of it: a credit to its customer that names its number.

    A line on a result account makes the entry a sale, or the credit of one, and no payment.
    """
    lines = visit.books.table("JournalEntryLine").where("JournalEntryID", id_of(entry))
    if any(is_result(visit.books, line) for line in lines):
        return
    for line in lines:
        invoice = _named(visit.books, line)
        if invoice is not None and amount_of(line["Amount"]) < 0:
            paid(visit, invoice, -amount_of(line["Amount"]))


def is_result(books: Books, line: Row) -> bool:
    """Whether a line is on an account of income or cost."""
    key = line["AccountID"]
    account = books.table("Account").get(key) if isinstance(key, int) else None
    number_of_account = None if account is None else account["AccountNumber"]
    return isinstance(number_of_account, int) and number_of_account >= FIRST_RESULT_ACCOUNT


def _named(books: Books, line: Row) -> Row | None:
    """The open invoice of the line's customer whose number the line has."""
    key = line["SubAccountID"]
    account = books.table("Account").get(key) if isinstance(key, int) else None
    if account is None or line["InvoiceNumber"] is None:
        return None
    invoices = books.table("CustomerInvoice").where("InvoiceNumber", line["InvoiceNumber"])
    own = (row for row in invoices if row["CustomerID"] == account["CustomerID"] and row["JournalEntryID"] is not None)
    return next((row for row in own if amount_of(row["RestAmount"]) > 0), None)


def _rest(invoice: Row, rest: Decimal) -> Row:
    return {"RestAmount": number(rest), **_in_currency(invoice, "RestAmount", rest)}


def _in_currency(invoice: Row, name: str, amount: Decimal) -> Row:
    """The currency's twin of a sum, in the proportion of the invoice's own sums."""
    whole, in_currency = (amount_of(invoice[f"TaxInclusiveAmount{suffix}"]) for suffix in ("", "Currency"))
    share = amount if not whole else rounded(amount * in_currency / whole)
    return {f"{name}Currency": number(share)}


def _update(visit: Visit, invoice: Row, values: Row) -> None:
    visit.books.table("CustomerInvoice").update(invoice, values, visit.now)


def _open_line(books: Books, invoice: Row) -> Row | None:
    """The line of the customer in the invoice's voucher."""
    lines = books.table("JournalEntryLine").where("CustomerInvoiceID", id_of(invoice))
    own = (line for line in lines if line["JournalEntryID"] == invoice["JournalEntryID"])
    return next((line for line in own if line["SubAccountID"] is not None), None)


def _mark(visit: Visit, line: Row, rest: Decimal) -> None:
    signed = rest.copy_sign(amount_of(line["Amount"]))
    values: Row = {"RestAmount": number(signed), "StatusCode": LINE_PARTLY_MARKED if rest else LINE_MARKED}
    visit.books.table("JournalEntryLine").update(line, values, visit.now)
