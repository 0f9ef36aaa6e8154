"""The procedure that posts one finalized invoice as a voucher, exactly once.

| case | calls, beside what the company's directory reads once |
|---|---|
| new | 3: look up by invoice number, book, read |
| an earlier attempt is of unknown outcome | one more: look up by Moment's id too |
| … and nothing of it is there | two more: look for an invoice of the other flow, by number and by Moment's id |
| … but a draft of the other flow | three more: delete it, look for it twice |
| booked already | 1: read |
| Moment's VAT is not what DnB's rates make of the lines | 2: look up, read the VAT codes anew |
| DnB refuses to book | 2: look up, book; one more to see what is locked |

There is no draft to be compared before: booking is one call, all or nothing, and cannot be taken back. So the sums are
reckoned here from DnB's own rates and compared with Moment's first, and read after. The guid of the voucher makes a
repeated booking harmless; one that is used although nothing shows is never replaced by another.
"""

from collections.abc import Generator, Iterable
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from daemon.core.procedure import (
    Call,
    Delivered,
    Denied,
    Known,
    Outcome,
    Procedure,
    Refused,
    Remark,
    Reply,
    Throttled,
    Unavailable,
    Unchanged,
    Unknown,
)
from daemon.dnb import voucher_calls
from daemon.dnb.chart_rows import day
from daemon.dnb.invoice_bodies import CENT, Drawn, References
from daemon.dnb.invoice_comparing import Difference
from daemon.dnb.invoice_concluding import Concluded, booking_refused, differs, lost, rates_refused
from daemon.dnb.invoice_delivery import InvoiceDelivery
from daemon.dnb.invoice_finding import Absent, Sought, conflict
from daemon.dnb.invoice_references import Looking
from daemon.dnb.invoice_rows import JournalEntryRow, JournalLineRow
from daemon.dnb.invoice_withdrawing import withdraw_invoice
from daemon.dnb.replies import Accepted, Missing, Rejected, ask, read_list, read_row, read_rows
from daemon.dnb.voucher_bodies import Entry, entry_body, rate_difference
from daemon.moment.payment_ids import voucher_number

T = TypeVar("T")
Reading = Generator[Call, Reply, T | Outcome]
Key = tuple[int | None, int | None]  # of a line in the journal: its account and its VAT type


class FoundEntry(msgspec.Struct, frozen=True):
    """The invoice's voucher in DnB; `is_ours` tells that the ledger or its reference says so."""

    row: JournalEntryRow
    is_ours: bool


def deliver_voucher(delivery: InvoiceDelivery, known: Known) -> Procedure:
    """Post a finalized invoice as a voucher once. Safe to run again from the start after any interruption."""
    delivery.directory.chart.tell_time(known.now)
    looking = Looking(delivery.content, known, delivery.transfers, delivery.directory)
    ended = yield from looking.parties()
    if ended is not None:
        return ended
    entry = yield from draw_entry(delivery, looking)
    if not isinstance(entry, Entry):
        return entry
    found = yield from find_entry(entry, delivery.sought, known)
    if isinstance(found, FoundEntry):
        return conclude(entry, delivery, found, tuple(looking.remarks))
    if not isinstance(found, Absent):
        return found
    ended = yield from settle_invoice(entry, delivery, known, tuple(looking.remarks))
    if ended is not None:
        return ended
    entry = entry if rate_difference(entry) is None else (yield from with_rates(entry, delivery, looking))
    return (yield from book(entry, delivery, known, tuple(looking.remarks))) if isinstance(entry, Entry) else entry


def draw_entry(delivery: InvoiceDelivery, looking: Looking) -> Reading[Entry]:
    """Return the voucher in the company's terms."""
    references = yield from looking.codes()
    if not isinstance(references, References):
        return references
    account = yield from delivery.directory.chart.customer_account_id(references.customer_id)
    if not isinstance(account, int):
        return account
    content = delivery.content
    payment = content.payment.free_reference or content.payment.kid
    number = voucher_number(payment, content.number)
    return Entry(
        content=content,
        references=references,
        customer_account_id=account,
        reference=delivery.reference,
        number=number,
    )


def settle_invoice(entry: Entry, delivery: InvoiceDelivery, known: Known, remarks: tuple[Remark, ...]) -> Reading[None]:
    """Return how an invoice ended that the other flow may have created; None if a voucher may be booked."""
    if not (known.dirty or known.was_attempted or known.dnb_id is not None):
        return None
    drawn = Drawn(content=entry.content, references=entry.references, reference=entry.reference)
    ended = yield from withdraw_invoice(Concluded(drawn=drawn, sought=delivery.sought, remarks=remarks), known)
    return lost(delivery.sought) if ended is None and known.dnb_id is not None else ended


def with_rates(entry: Entry, delivery: InvoiceDelivery, looking: Looking) -> Reading[Entry]:
    """Return the voucher with the rates that DnB has now, or the refusal of one whose VAT they do not make."""
    delivery.directory.chart.forget_vat_types()
    references = yield from looking.codes()
    if not isinstance(references, References):
        return references
    entry = replace(entry, references=references)
    difference = rate_difference(entry)
    return entry if difference is None else rates_refused(delivery.sought, difference)


def find_posted(delivery: InvoiceDelivery, looking: Looking, known: Known) -> Reading[None]:
    """Return how an invoice ended that was posted as a voucher, while its tenant's flow was so; None if it was not."""
    entry = yield from draw_entry(delivery, looking)
    if not isinstance(entry, Entry):
        return entry
    found = yield from find_entry(entry, delivery.sought, replace(known, dirty=False))
    if isinstance(found, FoundEntry):
        return conclude(entry, delivery, found, tuple(looking.remarks))
    return None if isinstance(found, Absent) else found


def find_entry(entry: Entry, sought: Sought, known: Known) -> Reading[FoundEntry | Absent]:
    """Return the invoice's voucher, that there is none, or why that cannot be told."""
    if known.dnb_id is not None:
        row = yield from read_entry(known.dnb_id)
        if not isinstance(row, JournalEntryRow | Missing):
            return row
        if isinstance(row, JournalEntryRow) and is_about(row, sought):
            return FoundEntry(row, is_ours=True)
    if known.dirty:
        referring = yield from find_by_reference(sought)
        if not isinstance(referring, Absent):
            return referring
    return (yield from find_by_number(entry, sought))


def find_by_reference(sought: Sought) -> Reading[FoundEntry | Absent]:
    """Return the voucher that carries Moment's id; older contracts have no such field, and then say nothing."""
    verdict = yield from ask(voucher_calls.entries_by_reference(sought.reference))
    rows = read_list(verdict, JournalEntryRow)
    if not isinstance(rows, list):
        return rows
    if not any(row.reference for row in rows):
        return Absent(is_certain=not rows)
    if any(row.reference != sought.reference for row in rows):
        return Unavailable("filter_ignored_external_reference")
    booked = [row for row in rows if row.is_alive and row.voucher is not None]
    if len(booked) > 1:
        return conflict(sought, "several vouchers in DnB are of this invoice")
    return FoundEntry(booked[0], is_ours=True) if booked else Absent()


def find_by_number(entry: Entry, sought: Sought) -> Reading[FoundEntry | Absent]:
    """Return the voucher that the journal has under the invoice's number; payments carry it too, the other way."""
    verdict = yield from ask(voucher_calls.lines_by_invoice(sought.number))
    lines = read_rows(
        verdict, JournalLineRow, key="invoice_number", matches=lambda row: str(row.invoice_number) == sought.number
    )
    if not isinstance(lines, list):
        return lines
    wanted = entry.content.gross
    ids = {
        line.journal_entry_id
        for line in lines
        if line.sub_account_id is not None and (line.amount or Decimal()) * wanted > 0
    }
    if len(ids) != 1:
        return conflict(sought, "several vouchers in DnB have this invoice number") if ids else Absent()
    row = yield from read_entry(ids.pop() or 0)
    if not isinstance(row, JournalEntryRow):
        return Unavailable("row_vanished") if isinstance(row, Missing) else row
    if row.reference not in {"", sought.reference}:
        return conflict(sought, "a voucher in DnB has this invoice number, and belongs to something else")
    return FoundEntry(row, is_ours=row.reference == sought.reference)


def read_entry(dnb_id: int) -> Reading[JournalEntryRow | Missing]:
    """Return a voucher with its lines, or that there is none with this id."""
    row = read_row((yield from ask(voucher_calls.entry(dnb_id))), JournalEntryRow)
    if not isinstance(row, JournalEntryRow):
        return row
    if row.id != dnb_id:
        return Unavailable("reply_not_understood")
    if row.lines is None:
        return Unavailable("lines_not_expanded")
    return row if row.is_alive else Missing()


def is_about(row: JournalEntryRow, sought: Sought) -> bool:
    """Tell whether a voucher is of the invoice; its id in the ledger may be an invoice's, from the other flow."""
    return row.reference == sought.reference or any(
        str(line.invoice_number) == sought.number for line in row.lines or []
    )


def book(entry: Entry, delivery: InvoiceDelivery, known: Known, remarks: tuple[Remark, ...]) -> Procedure:
    """Book the voucher, whose sums are Moment's, and read it, once its period is open."""
    settings = yield from delivery.directory.chart.require_open(entry.content.invoice_date, "invoiceDate")
    if isinstance(settings, Outcome):
        return settings
    verdict = yield from ask(voucher_calls.book_entry(entry_body(entry, delivery.guids.of)))
    if isinstance(verdict, Accepted):
        return (yield from verify(entry, delivery, verdict, remarks))
    if isinstance(verdict, Rejected):
        return (yield from after_refusal(entry, delivery, known, verdict))
    return Unavailable("status_404") if isinstance(verdict, Missing) else verdict


def verify(entry: Entry, delivery: InvoiceDelivery, accepted: Accepted, remarks: tuple[Remark, ...]) -> Procedure:
    """Return that the voucher is booked, as reading it shows; what cannot be read is of unknown outcome."""
    rows = read_list(accepted, JournalEntryRow)
    row = (yield from read_entry(rows[0].id)) if isinstance(rows, list) and len(rows) == 1 else None
    if isinstance(row, Throttled | Denied):
        return row
    if not isinstance(row, JournalEntryRow) or row.voucher is None:
        return Unknown("booked_but_not_shown")
    return conclude(entry, delivery, FoundEntry(row, is_ours=True), remarks, has_written=True)


def after_refusal(entry: Entry, delivery: InvoiceDelivery, known: Known, rejected: Rejected) -> Procedure:
    """Return what it means that DnB would not book: it may be booked already, which its guid tells.

    Where nothing shows, the refusal is about the company or the voucher. The next try carries the same guid, so that it
    is booked once at most, whatever the refusal meant.
    """
    if rejected.may_be_used_guid:
        found = yield from find_entry(entry, delivery.sought, replace(known, dirty=True))
        if isinstance(found, FoundEntry):
            return conclude(entry, delivery, found, ())
        if not isinstance(found, Absent):
            return found
    delivery.directory.forget()
    settings = yield from delivery.directory.chart.require_open(entry.content.invoice_date, "invoiceDate")
    return settings if isinstance(settings, Refused) else booking_refused(rejected)


def conclude(
    entry: Entry,
    delivery: InvoiceDelivery,
    found: FoundEntry,
    remarks: tuple[Remark, ...],
    *,
    has_written: bool = False,
) -> Outcome:
    """Return that the journal holds the invoice, or that what it holds says something else."""
    difference = entry_difference(entry, found.row)
    if difference is None:
        ended = Delivered if has_written else Unchanged
        number = entry.content.number
        return ended(found.row.id, number, found.row.voucher, (*remarks, *_remarks(entry, found.row)))
    if has_written:
        return differs("booked_otherwise", delivery.sought, difference)
    if found.is_ours:
        return differs("changed_after_booking", delivery.sought, difference)
    return conflict(delivery.sought, f"a voucher in DnB has this invoice number, and another {difference.field}")


def entry_difference(entry: Entry, row: JournalEntryRow) -> Difference | None:
    """Return the first difference in what the journal says, None where it says the same."""
    lines = [line for line in row.lines or [] if line.is_alive]
    customer = [line for line in lines if line.sub_account_id is not None]
    if [line.sub_account_id for line in customer] != [entry.customer_account_id]:
        return Difference("customer", "another customer", entry.content.customer_number)
    if any(day(line.financial_date) != entry.content.invoice_date for line in lines):
        return Difference("invoiceDate", "another date", str(entry.content.invoice_date))
    if day(customer[0].due_date) not in {None, entry.content.due_date}:
        return Difference("dueDate", str(day(customer[0].due_date)), str(entry.content.due_date))
    owed = customer[0].amount or Decimal()
    if abs(owed - entry.receivable) >= CENT:
        return Difference("totalIncVat", f"{owed:f}", f"{entry.receivable:f}")
    return _income_difference(entry, [line for line in lines if line.sub_account_id is None])


def _income_difference(entry: Entry, lines: list[JournalLineRow]) -> Difference | None:
    """Return the first difference in the income: accounts, VAT codes, project and sums."""
    project_id = entry.references.project_id
    for line in lines:
        found_project = line.dimensions.project_id if line.dimensions else None
        if found_project is not None and project_id is not None and found_project != project_id:
            return Difference("project", "another project", entry.content.project_number or "none")
    accounts = {post.account_id for post in entry.posts}
    own = (line for line in lines if line.account_id in accounts)
    found = _summed(((line.account_id, line.vat_type_id), line.amount or Decimal()) for line in own)
    wanted = _summed(((post.account_id, post.vat_type_id), entry.own(post.net)) for post in entry.posts)
    if found.keys() != wanted.keys():
        return Difference("lines", "other accounts or VAT codes", f"{len(entry.posts)} lines")
    off = next((key for key in wanted if abs(found[key] - wanted[key]) >= CENT), None)
    return off and Difference("lines.totalExVat", f"{found[off]:f}", f"{wanted[off]:f}")


def _summed(amounts: Iterable[tuple[Key, Decimal]]) -> dict[Key, Decimal]:
    """Return the sum on each account with each VAT type."""
    sums: dict[Key, Decimal] = {}
    for key, amount in amounts:
        sums[key] = sums.get(key, Decimal()) + amount
    return sums


def _remarks(entry: Entry, row: JournalEntryRow) -> tuple[Remark, ...]:
    content, remarks = entry.content, list[Remark]()
    given = (row.voucher or "").partition("-")[0]
    if entry.number is not None and given != str(entry.number):
        remarks.append(Remark(reason="voucher_number_differs", field="paymentId", value=f"{entry.number}: {given}"))
    if content.payment.free_reference:
        free = content.payment.free_reference
        remarks.append(Remark(reason="payment_id_check_digit", field="paymentId", value=free))
    if entry.is_shortened:
        remarks.append(Remark(reason="text_shortened", field="description", value=content.number))
    total = -sum((post.gross for post in entry.posts), Decimal())
    if total != content.gross:
        told = f"{content.gross:f}: {total:f}"
        remarks.append(Remark(reason="vat_rounding_differs", field="totalIncVat", value=told))
    return tuple(remarks)
