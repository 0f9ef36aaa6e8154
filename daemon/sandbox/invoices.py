"""The rules DnB has for customer invoices alone: what a draft must have, and what may change once it is booked."""

import datetime as dt
from typing import Final

from daemon.sandbox.books import id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response
from daemon.sandbox.invoicing import invoiced
from daemon.sandbox.numbering import INVOICE_SERIES, is_within, standing_series
from daemon.sandbox.periods import day_of, settings_of, today
from daemon.sandbox.projects import is_blank
from daemon.sandbox.proposing import Node, Proposal, Rules
from daemon.sandbox.statuses import DRAFT, INVOICE_DRAFT, ITEM_DRAFT
from daemon.sandbox.summing import has_money, invoice_columns, is_text, item_columns, terms_of
from daemon.sandbox.taxing import is_registered, percent_on, vat_type_of
from daemon.sandbox.visiting import Visit
from daemon.sandbox.vouchers import Objection, refusal

INVOICE: Final = 0
CREDIT_NOTE: Final = 1

FREE_WHEN_BOOKED: Final = frozenset({
    "CollectorStatusCode", "CustomValues", "CustomerPerson", "DontSendReminders", "EmailAddress", "ExternalReference",
    "ExternalStatus", "InternalNote", "OurReference", "PrintStatus", "Requisition", "YourReference",
})  # fmt: skip
"""What may change on a booked invoice: nothing that its voucher or its document rests on."""

_BOOKED: Final = "Fakturaen er bokført og kan ikke endres"


def check(proposal: Proposal, node: Node) -> None:
    """A draft needs a customer, a free number, dates in order and a rate; a booked invoice keeps what it says."""
    if node.row is not None and node.row["StatusCode"] != INVOICE_DRAFT:
        _check_unchanged(proposal, node)
        return
    _check_customer(proposal, node)
    _check_number(proposal, node)
    _check_dates(proposal, node)
    _check_rate(proposal, node)
    _check_reference(proposal, node)


def check_item(proposal: Proposal, node: Node) -> None:
    """An item's discount is never null; money without a product is wiped or refused, as the server is switched."""
    if "DiscountPercent" in node.values and node.values["DiscountPercent"] is None:
        proposal.blame("discount_percent_null")
        _invalidate_item(proposal, node, "DiscountPercent", "Rabatt må fylles ut")
    row: Row = {**(node.row or {}), **node.values}
    switches = proposal.visit.switches
    if is_text(row) and has_money(row) and switches.line_without_product == "refused":
        _invalidate_item(proposal, node, "ProductID", "Produkt må fylles ut")
    percent = percent_on(proposal.books, vat_type_of(proposal.books, row.get("VatTypeID")), None)
    if percent and switches.vat_when_unregistered == "refused" and not is_registered(proposal.books):
        _invalidate_item(proposal, node, "VatTypeID", "Firmaet er ikke avgiftspliktig")


def completed(visit: Visit, node: Node) -> Row:
    """The columns that DnB fills in itself when a draft is written."""
    if node.row is not None and node.row["StatusCode"] != INVOICE_DRAFT:
        return {}
    settings = settings_of(visit.books)
    values: Row = {} if node.row is not None else {"StatusCode": INVOICE_DRAFT}
    invoice_date = node.after("InvoiceDate") or today(visit.now)
    defaults: Row = {
        "InvoiceType": INVOICE,
        "InvoiceDate": invoice_date,
        "DeliveryDate": invoice_date,
        "PaymentDueDate": _due(invoice_date, node.after("CreditDays") or settings["CustomerCreditDays"]),
        "CurrencyCodeID": settings["BaseCurrencyCodeID"],
        "CurrencyExchangeRate": 1,
        "InvoiceNumberSeriesID": standing_series(visit.books, INVOICE_SERIES)["ID"],
    }
    return {**values, **{name: value for name, value in defaults.items() if node.after(name) is None}}


def completed_item(_visit: Visit, node: Node) -> Row:
    """The status of a new item, and a discount of nothing where none was ever named."""
    return {} if node.row is not None else {"StatusCode": ITEM_DRAFT}


def followed_up(visit: Visit, row: Row) -> None:
    """Reckon a draft anew, or remove the items of a deleted one."""
    items = visit.books.table("CustomerInvoiceItem")
    own = items.where("CustomerInvoiceID", id_of(row))
    if row["Deleted"]:
        for item in own:
            items.remove(item, visit.now)
        return
    if row["StatusCode"] != INVOICE_DRAFT:
        return
    terms = terms_of(visit.books, visit.switches, row)
    for item in own:
        items.update(item, item_columns(terms, item), visit.now)
    _update_quietly(visit, row, invoice_columns(visit.books, own))


def kept(_visit: Visit, row: Row) -> str | None:
    """Only a draft can be deleted."""
    return None if row["StatusCode"] == INVOICE_DRAFT else "Bare kladder kan slettes"


def finished(visit: Visit, row: Row, document: Row) -> Response | None:
    """A POST that does not ask for a draft is invoiced at once, unless the server is switched."""
    if document.get("StatusCode") in (DRAFT, INVOICE_DRAFT) or visit.switches.post_without_status == "draft":
        return None
    objection = invoiced(visit, row)
    return refusal(objection) if isinstance(objection, Objection) else None


def _update_quietly(visit: Visit, row: Row, values: Row) -> None:
    """Write what the server reckons; it is no update of its own."""
    stamps: Row = {name: row[name] for name in ("UpdatedAt", "UpdatedBy")}
    table = visit.books.table("CustomerInvoice")
    table.update(row, values, visit.now)
    row.update(stamps)


def _due(invoice_date: Json, credit_days: Json) -> Json:
    day = day_of(invoice_date)
    if day is None or not isinstance(credit_days, int):
        return invoice_date
    return (day + dt.timedelta(days=max(0, min(credit_days, _LONGEST_CREDIT_DAYS)))).isoformat()


_LONGEST_CREDIT_DAYS: Final = 3650  # longer ones could leave the calendar


def _check_customer(proposal: Proposal, node: Node) -> None:
    """A draft has a living customer; one that never was breaks its foreign key, which is found elsewhere."""
    key, customers = node.after("CustomerID"), proposal.books.table("Customer")
    if isinstance(key, int) and (customers.get(key) is not None or not customers.ever_had(key)):
        return
    if key is None and "Customer" in node.ones:
        return
    if key is None:
        proposal.blame("customer_required")
    _invalidate(proposal, node, "CustomerID", "Kunde må fylles ut")


def _check_number(proposal: Proposal, node: Node) -> None:
    number = node.values.get("InvoiceNumber")
    if is_blank(number):
        return
    others = proposal.books.table("CustomerInvoice").where("InvoiceNumber", number)
    if any(row is not node.row for row in others):
        _invalidate(proposal, node, "InvoiceNumber", "Fakturanummer er allerede i bruk")
    elif not _is_welcome(proposal, number):
        _invalidate(proposal, node, "InvoiceNumber", "Fakturanummer er utenfor nummerserien")


def _is_welcome(proposal: Proposal, number: Json) -> bool:
    """Whether the number lies in its series, where the server asks for that."""
    text, books = str(number), proposal.books
    if proposal.visit.switches.invoice_number_outside_series == "accepted":
        return True
    return text.isascii() and text.isdecimal() and is_within(standing_series(books, INVOICE_SERIES), int(text))


def _check_dates(proposal: Proposal, node: Node) -> None:
    invoice_date, due = day_of(node.after("InvoiceDate")), day_of(node.after("PaymentDueDate"))
    if invoice_date is not None and due is not None and due < invoice_date:
        proposal.blame("due_before_invoice_date")
        _invalidate(proposal, node, "PaymentDueDate", "Forfallsdato kan ikke være før fakturadato")


def _check_rate(proposal: Proposal, node: Node) -> None:
    """An invoice in a foreign currency has a rate above 0."""
    if node.after("CurrencyCodeID") in (None, settings_of(proposal.books)["BaseCurrencyCodeID"]):
        return
    rate = node.after("CurrencyExchangeRate")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0:
        proposal.blame("exchange_rate_required")
        _invalidate(proposal, node, "CurrencyExchangeRate", "Valutakurs må fylles ut")


def _check_reference(proposal: Proposal, node: Node) -> None:
    """A credit note's reference is a booked invoice of the same customer."""
    kind, key = node.after("InvoiceType"), node.after("InvoiceReferenceID")
    if kind not in (None, INVOICE, CREDIT_NOTE):
        _invalidate(proposal, node, "InvoiceType", "Ukjent fakturatype")
    if kind != CREDIT_NOTE:
        return
    if key is None:
        if proposal.visit.switches.credit_note_reference == "required":
            _invalidate(proposal, node, "InvoiceReferenceID", "Kreditnota må vise til en faktura")
        return
    invoices = proposal.books.table("CustomerInvoice")
    if not isinstance(key, int) or not invoices.ever_had(key):
        return
    credited = invoices.get(key)
    if credited is None or credited["StatusCode"] == INVOICE_DRAFT or credited["InvoiceType"] != INVOICE:
        _invalidate(proposal, node, "InvoiceReferenceID", "Kreditnota må vise til en bokført faktura")
    elif credited["CustomerID"] != node.after("CustomerID"):
        _invalidate(proposal, node, "InvoiceReferenceID", "Kreditnota må gjelde samme kunde som fakturaen")


def _check_unchanged(proposal: Proposal, node: Node) -> None:
    assert node.row is not None  # noqa: S101 -- a new invoice is a draft
    for name, value in node.values.items():
        if name not in FREE_WHEN_BOOKED and not _is_same(node.row[name], value):
            proposal.blame(f"booked_changed: {name}")
            _invalidate(proposal, node, name, _BOOKED)
    dimensions = node.ones.get("DefaultDimensions")
    children = (*node.manys.get("Items", ()), *(() if dimensions is None else (dimensions,)))
    if any(_changes(child) for child in children):
        proposal.blame("booked_changed: Items")
        proposal.refuse("CustomerInvoice", "Items", _BOOKED)


def _changes(node: Node) -> bool:
    """Whether a child is new, deleted, or changes anything of its row or of what is inside it."""
    if node.row is None or node.deleted:
        return True
    return any(not _is_same(node.row[name], value) for name, value in node.values.items()) or any(
        _changes(child) for child in node.ones.values()
    )


def _is_same(before: Json, after: Json) -> bool:
    """Whether two values of a column say the same; a date with and without its time does."""
    day = day_of(before)
    return before == after or (day is not None and day == day_of(after)) or (is_blank(before) and is_blank(after))


def _invalidate(proposal: Proposal, node: Node, field: str, text: str) -> None:
    proposal.invalidate(node.document, "CustomerInvoice", field, text)


def _invalidate_item(proposal: Proposal, node: Node, field: str, text: str) -> None:
    proposal.invalidate(node.document, "CustomerInvoiceItem", field, text)


RULES: Final = Rules(check=check, completed=completed, followed_up=followed_up, kept=kept, finished=finished)
ITEM_RULES: Final = Rules(check=check_item, completed=completed_item)
