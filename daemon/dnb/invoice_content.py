"""What an invoice of Moment's says to the books: its content, checked, and its fingerprint.

The fingerprint covers what Moment's accounting knows of the invoice and nothing of the tenant's settings, so that
neither a payment nor a changed mapping makes a booked invoice look changed.
"""

from datetime import date
from decimal import Decimal
from hashlib import blake2b

import msgspec

from daemon.core.model import Booking
from daemon.core.procedure import Refused
from daemon.dnb.bodies import FINGERPRINT_BYTES, text
from daemon.moment.invoice import Invoice, InvoiceLine
from daemon.moment.invoice_checks import invoice_problem
from daemon.moment.payment_ids import PaymentId, payment_id
from daemon.moment.vat import is_rounding, line_vat_code

FINGERPRINT_SCHEME = "i1"  # changes when the same invoice would be hashed differently


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line: its VAT code is settled, and empty only for a rounding line that has none."""

    text: str
    quantity: Decimal
    net: Decimal
    vat_code: str
    product_type: str
    account: str
    is_rounding: bool = False


class InvoiceContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that DnB would be told of an invoice, before numbers and codes are looked up; a credit note is negative.

    `credited_reference` is Moment's id of the credited invoice as text, which that one carries in DnB if it is ours.
    """

    number: str
    is_credit_note: bool
    description: str
    customer_number: str
    project_number: str | None
    credited_number: str | None
    credited_reference: str | None
    invoice_date: date
    due_date: date
    payment: PaymentId
    currency_code: str
    currency_rate: Decimal | None
    net: Decimal
    vat: Decimal
    gross: Decimal
    lines: tuple[Line, ...]


def invoice_content(invoice: Invoice, booking: Booking) -> InvoiceContent | Refused:
    """Return what DnB would be told of a finalized invoice, or why a person must repair it first."""
    problem = invoice_problem(invoice)
    lines = problem or _lines(invoice, booking)
    if isinstance(lines, Refused):
        return lines
    given = None if invoice.payment_id is None else str(invoice.payment_id)
    return InvoiceContent(
        number=invoice.number,
        is_credit_note=invoice.is_credit_note,
        description=text(invoice.description),
        customer_number=invoice.customer.number,
        project_number=invoice.project.number if invoice.project else None,
        credited_number=invoice.credited_invoice.number if invoice.credited_invoice else None,
        credited_reference=str(invoice.credited_invoice.id) if invoice.credited_invoice else None,
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        payment=payment_id(given, invoice.number),
        currency_code=text(invoice.currency_code).upper(),
        currency_rate=invoice.currency_rate,
        net=invoice.total_ex_vat,
        vat=invoice.total_vat,
        gross=invoice.total_inc_vat,
        lines=lines,
    )


def _lines(invoice: Invoice, booking: Booking) -> tuple[Line, ...] | Refused:
    lines: list[Line] = []
    for place, line in enumerate(invoice.lines):
        code = line_vat_code(invoice, place, booking.vat_codes)
        if isinstance(code, Refused):
            return code
        lines.append(
            Line(
                text=text(line.text),
                quantity=line.quantity,
                net=line.total_ex_vat,
                vat_code=code,
                product_type=line.product_type,
                account=line.account,
                is_rounding=is_rounding(line),
            )
        )
    return tuple(lines)


def invoice_fingerprint(invoice: Invoice) -> str:
    """Return the hash of the invoice's accounting content: equal for two versions that differ in nothing booked."""
    content = (
        (invoice.number, invoice.invoice_type, text(invoice.description)),
        (invoice.customer.number, invoice.project.number if invoice.project else ""),
        (invoice.credited_invoice.number if invoice.credited_invoice else ""),
        (invoice.invoice_date, invoice.due_date, text(str(invoice.payment_id or ""))),
        (text(invoice.currency_code).upper(), plain(invoice.currency_rate)),
        (plain(invoice.total_ex_vat), plain(invoice.total_vat), plain(invoice.total_inc_vat)),
        [_line_content(line) for line in invoice.lines],
    )
    digest = blake2b(msgspec.json.encode(content), digest_size=FINGERPRINT_BYTES).hexdigest()
    return f"{FINGERPRINT_SCHEME}:{digest}"


def _line_content(line: InvoiceLine) -> tuple[str, ...]:
    amounts = (plain(line.quantity), plain(line.total_ex_vat))
    return (text(line.text), *amounts, text(line.vat_code), line.product_type, line.account)


def plain(value: Decimal | None) -> str:
    """Return a decimal as text without trailing zeros: 10, 10.0 and 1E+1 are one amount; empty for none."""
    if value is None:
        return ""
    whole, point, places = f"{value:f}".partition(".")
    short = f"{whole}{point}{places}".rstrip("0").rstrip(".") if point else whole
    return "0" if short in {"-0", ""} else short
