"""With which sign a credit note's amounts are sent: the one place where this is decided.

Moment's credit notes are negative. Whether DnB wants them so, or positive because the type says already that the
invoice takes back, is not documented; what must come out is that receivables and income are reduced. So the company's
own credit notes are looked at first. Where there are none yet, positive is tried, since the copy that DnB itself makes
of an invoice to be credited keeps its lines; if DnB refuses to book it, the other sign is. Where both are refused, the
second is gone on with if DnB then said something else, as if the sign had mattered, and the first if it did not. After
booking, the customer's account in the journal tells whether it was right (see `invoice_comparing`).
"""

from collections.abc import Generator

from daemon.core.procedure import Call, Outcome, Reply
from daemon.dnb import invoice_calls
from daemon.dnb.chart import Chart
from daemon.dnb.invoice_bodies import CREDIT_NOTE
from daemon.dnb.invoice_rows import InvoiceRow
from daemon.dnb.replies import ask, read_rows

AS_IN_MOMENT, TURNED = 1, -1


def credit_sign(chart: Chart, reference: str) -> Generator[Call, Reply, int | Outcome]:
    """Return the factor for a credit note's amounts: 1 sends them as Moment has them, -1 the other way round."""
    if chart.credit_sign is not None:
        return chart.credit_sign
    verdict = yield from ask(invoice_calls.credit_notes())
    rows = read_rows(verdict, InvoiceRow, key="invoice_type", matches=lambda row: row.invoice_type == CREDIT_NOTE)
    if not isinstance(rows, list):
        return rows
    chart.credit_sign = next((sign_of(row) for row in rows if row.is_booked and row.gross), None)
    refused = chart.refused_credits.get(reference)
    return chart.credit_sign or (refused.sign if refused else TURNED)


def sign_of(row: InvoiceRow) -> int:
    """Return the factor that a credit note in DnB was sent with."""
    return AS_IN_MOMENT if (row.gross or 0) < 0 else TURNED
