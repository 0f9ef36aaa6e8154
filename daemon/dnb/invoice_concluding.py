"""How an invoice ended: booked as Moment has it, or why a person must look at it, and what should be known besides."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from daemon.core.procedure import Delivered, Outcome, Refused, Remark, Unchanged
from daemon.dnb.bodies import text
from daemon.dnb.invoice_bodies import Drawn
from daemon.dnb.invoice_comparing import Difference, content_difference, rounds_otherwise
from daemon.dnb.invoice_finding import Found, Sought, conflict
from daemon.dnb.invoice_rows import InvoiceRow
from daemon.dnb.replies import Rejected, refusal


class Concluded(msgspec.Struct, frozen=True, kw_only=True):
    """The invoice as it was drawn up, what it was looked for by, and what is remarked so far."""

    drawn: Drawn
    sought: Sought
    remarks: tuple[Remark, ...] = ()


def conclude_booked(concluded: Concluded, found: Found, *, has_written: bool = False) -> Outcome:
    """Return that DnB holds the invoice, or that what it holds under its name says something else."""
    row, difference = found.row, content_difference(concluded.drawn, found.row)
    if difference is None:
        remarks = (*concluded.remarks, *_remarks(concluded.drawn, row))
        ended = Delivered if has_written else Unchanged
        return ended(row.id, row.number, row.voucher, remarks)
    if has_written:
        return differs("booked_otherwise", concluded.sought, difference)
    if found.is_ours:
        return differs("changed_after_booking", concluded.sought, difference)
    return conflict(concluded.sought, f"an invoice in DnB has this number, and another {difference.field}")


def _remarks(drawn: Drawn, row: InvoiceRow) -> Iterator[Remark]:
    """Yield what a person should know of an invoice that is rightly booked."""
    content = drawn.content
    if row.number != content.number:
        yield Remark(reason="invoice_number_differs", field="invoiceNumber", value=f"{content.number}: {row.number}")
    if content.payment.free_reference:
        yield Remark(reason="payment_id_check_digit", field="paymentId", value=content.payment.free_reference)
    if text(row.payment_id) != content.payment.kid:
        told = f"{content.payment.kid}: {text(row.payment_id)}"
        yield Remark(reason="payment_id_differs", field="paymentId", value=told)
    if rounds_otherwise(drawn, row):
        told = f"{content.gross:f}: {row.gross or 0:f}"
        yield Remark(reason="vat_rounding_differs", field="totalIncVat", value=told)


def differs(reason: str, sought: Sought, difference: Difference) -> Refused:
    """Return the refusal of an invoice that is booked, and says something else than Moment."""
    return Refused(
        reason=reason,
        field=difference.field,
        value=f"invoice {sought.number}: {difference.found} in DnB, {difference.wanted} in Moment",
        rule="a booked invoice says what Moment says, and is never changed",
        repair="compare both; credit the invoice in Moment and make a new one, or correct the voucher in DnB",
    )


def amounts_refused(sought: Sought, difference: Difference) -> Refused:
    """Return the refusal of an invoice whose sums, as DnB reckons them, are not Moment's; nothing is booked."""
    return Refused(
        reason="amounts_differ",
        field=difference.field,
        value=f"invoice {sought.number}: {difference.found} in DnB, {difference.wanted} in Moment",
        rule="net to the hundredth, VAT within a hundredth for each line, no rounding but by a line of its own",
        repair="correct the VAT codes of the accounts, or the rounding in DnB, and replay",
    )


def rates_refused(sought: Sought, difference: Difference) -> Refused:
    """Return the refusal of an invoice whose VAT is not what DnB's rates make of it: a rate there may be corrected."""
    refused = amounts_refused(sought, difference)
    return replace(refused, repair="correct the VAT codes of the accounts, or their rates in DnB", heals=True)


def booking_refused(rejected: Rejected) -> Refused:
    """Return the refusal of a draft that DnB took and would not book: the reason is in the company, and may heal."""
    return replace(refusal(rejected), reason="booking_refused", heals=True)


def lost(sought: Sought) -> Refused:
    """Return the refusal of an invoice that was created before, and cannot be found: once more could make two."""
    return conflict(sought, "DnB says that it was created, and shows no such invoice")
