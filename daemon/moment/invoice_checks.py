"""What an invoice must fulfil in itself before anything of it is sent.

Sources. A finalized invoice has a number, and a credit note's amounts are negative: the event contract. Due date not
before the invoice date: the vendor's front end refuses it. That the totals add up is what makes the comparison with
DnB's own sums meaningful.
"""

from collections.abc import Iterator
from decimal import Decimal

from daemon.core.procedure import Refused
from daemon.moment.invoice import Invoice

_REPAIR = "correct the invoice in Moment, or have the producer of the events corrected, and export it again"


def invoice_problem(invoice: Invoice) -> Refused | None:
    """Return the first rule that a finalized invoice breaks, None when it breaks none."""
    return next(_problems(invoice), None)


def _problems(invoice: Invoice) -> Iterator[Refused]:
    if not invoice.number:
        yield _refused("invoice_number_missing", "invoiceNumber", "", "a finalized invoice has a number")
    if not invoice.lines:
        yield _refused("lines_missing", "lines", "", "an invoice has at least one line")
    if invoice.due_date < invoice.invoice_date:
        rule = f"not before the invoice date, {invoice.invoice_date}"
        yield _refused("due_before_invoice_date", "dueDate", str(invoice.due_date), rule)
    yield from _sum_problems(invoice)
    yield from _sign_problems(invoice)


def _sum_problems(invoice: Invoice) -> Iterator[Refused]:
    net = sum((line.total_ex_vat for line in invoice.lines), Decimal())
    if net != invoice.total_ex_vat:
        rule = f"the sum of the lines, {net:f}"
        yield _refused("totals_differ", "totalExVat", f"{invoice.total_ex_vat:f}", rule)
    gross = invoice.total_ex_vat + invoice.total_vat
    if gross != invoice.total_inc_vat:
        rule = f"the sum of totalExVat and totalVat, {gross:f}"
        yield _refused("totals_differ", "totalIncVat", f"{invoice.total_inc_vat:f}", rule)


def _sign_problems(invoice: Invoice) -> Iterator[Refused]:
    if not invoice.is_credit_note:
        return
    totals = {"totalExVat": invoice.total_ex_vat, "totalVat": invoice.total_vat, "totalIncVat": invoice.total_inc_vat}
    for name, total in totals.items():
        if total > 0:
            rule = "a credit note's totals are negative"
            yield _refused("credit_note_not_negative", name, f"{total:f}", rule)


def _refused(reason: str, field: str, value: str, rule: str) -> Refused:
    return Refused(reason=reason, field=field, value=value, rule=rule, repair=_REPAIR)
