"""Which invoice in DnB is Moment's: found by what the ledger knows, by number, and by Moment's own id.

An invoice carries Moment's id as external reference, so that ours can be told from others. One found by number alone is
adopted only if it has that reference or none, and then only if it says the same. Older contracts have no external
reference: then a list filtered by it comes back whole and without the field, which says nothing.
"""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from daemon.core.procedure import Call, Known, Outcome, Refused, Reply, Unavailable
from daemon.dnb import invoice_calls
from daemon.dnb.invoice_rows import InvoiceRow
from daemon.dnb.replies import Missing, ask, read_list, read_row, read_rows

T = TypeVar("T")
Reading = Generator[Call, Reply, T | Outcome]


class Sought(msgspec.Struct, frozen=True):
    """The invoice that is looked for: Moment's number and Moment's id as text."""

    number: str
    reference: str


class Found(msgspec.Struct, frozen=True):
    """Moment's invoice in DnB; `is_ours` tells that the ledger or its reference says so, not its number alone.

    `surplus` are drafts of ours beside the one that is booked: a create that arrived after it, at a server that does
    not refuse used guids.
    """

    row: InvoiceRow
    is_ours: bool
    surplus: tuple[InvoiceRow, ...] = ()


class Absent(msgspec.Struct, frozen=True):
    """No invoice in DnB is this one; `is_certain` tells that one with another number would have been seen too."""

    is_certain: bool = True


def find_invoice(sought: Sought, known: Known, *, attempted: bool) -> Reading[Found | Absent]:
    """Return Moment's invoice in DnB, that there is none, or why that cannot be told.

    `attempted` tells that a create of ours may have gone through: then it is looked for by Moment's id too, since DnB
    may have given it another number.
    """
    if known.dnb_id is not None:
        ours = yield from read_invoice(known.dnb_id)
        if not isinstance(ours, InvoiceRow | Missing):
            return ours
        if isinstance(ours, InvoiceRow) and is_about(ours, sought, known):
            return Found(ours, is_ours=True)
    rows = yield from _by_number(sought.number)
    if not isinstance(rows, list):
        return rows
    referring = (yield from _by_reference(sought)) if attempted else None
    if not (referring is None or isinstance(referring, list)):
        return referring
    together = {row.id: row for row in (*rows, *(referring or ()))}
    return choose(list(together.values()), sought) or Absent(is_certain=referring is not None)


def is_about(row: InvoiceRow, sought: Sought, known: Known) -> bool:
    """Tell whether a row is the invoice; its id in the ledger may be a voucher's, from the other flow."""
    return row.reference == sought.reference or row.number in {sought.number, known.number}


def read_invoice(dnb_id: int) -> Reading[InvoiceRow | Missing]:
    """Return the living invoice with this id in DnB, or that it is gone."""
    row = read_row((yield from ask(invoice_calls.invoice(dnb_id))), InvoiceRow)
    if not isinstance(row, InvoiceRow):
        return row
    if row.id != dnb_id:
        return Unavailable("reply_not_understood")
    return with_items(row) if row.is_alive else Missing()


def choose(rows: list[InvoiceRow], sought: Sought) -> Found | Refused | Unavailable | None:
    """Return the one row that may be Moment's, None when there is no row, or why none may be."""
    ours = [row for row in rows if row.reference == sought.reference]
    booked = [row for row in ours if row.is_booked]
    if len(booked) == 1:
        surplus = tuple(row for row in ours if row.is_draft)
        return _found(booked[0], surplus, is_ours=True)
    if len(rows) > 1:
        return conflict(sought, "several invoices in DnB have this number")
    if rows and rows[0].reference not in {"", sought.reference}:
        return conflict(sought, "an invoice in DnB has this number, and belongs to something else")
    return _found(rows[0], is_ours=bool(ours)) if rows else None


def _found(row: InvoiceRow, surplus: tuple[InvoiceRow, ...] = (), *, is_ours: bool) -> Found | Unavailable:
    whole = with_items(row)
    return Found(whole, is_ours, surplus) if isinstance(whole, InvoiceRow) else whole


def with_items(row: InvoiceRow) -> InvoiceRow | Unavailable:
    """Return the row, unless it came without the lines that were asked for and are compared."""
    return Unavailable("items_not_expanded") if row.items is None else row


def conflict(sought: Sought, rule: str) -> Refused:
    """Return the refusal that asks a person which invoice is meant."""
    repair = "correct or remove the other invoice in DnB, or credit this one in Moment and make a new one, then replay"
    return Refused(reason="conflict", field="invoiceNumber", value=sought.number, rule=rule, repair=repair)


def _by_number(number: str) -> Reading[list[InvoiceRow]]:
    verdict = yield from ask(invoice_calls.invoices_by_number(number))
    return read_rows(verdict, InvoiceRow, key="invoice_number", matches=lambda row: row.number == number)


def _by_reference(sought: Sought) -> Reading[list[InvoiceRow] | None]:
    """Return the living invoices that carry Moment's id, None where the company knows no such field."""
    rows = read_list((yield from ask(invoice_calls.invoices_by_reference(sought.reference))), InvoiceRow)
    if not isinstance(rows, list):
        return rows
    if rows and not any(row.reference for row in rows):
        return None
    if any(row.reference != sought.reference for row in rows):
        return Unavailable("filter_ignored_external_reference")
    return [row for row in rows if row.is_alive]
