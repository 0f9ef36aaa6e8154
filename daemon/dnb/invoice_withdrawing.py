"""What the flow `invoice` may have left of an invoice that is to be posted as a voucher.

The voucher's guid is another than the draft's, so nothing else keeps both from being booked. A draft of ours is deleted
before the voucher is posted: a booking of it that arrives late finds no row.
"""

from collections.abc import Generator

from daemon.core.procedure import Call, Known, Outcome, Reply, Unavailable
from daemon.dnb import invoice_calls
from daemon.dnb.invoice_concluding import Concluded, conclude_booked
from daemon.dnb.invoice_finding import Absent, Found, conflict, find_invoice
from daemon.dnb.replies import Accepted, Missing, Rejected, ask

MAX_ROUNDS = 3  # a round is a reading and a deletion; more means that DnB contradicts itself


def withdraw_invoice(concluded: Concluded, known: Known) -> Generator[Call, Reply, Outcome | None]:
    """Return how an invoice ended that is booked in the other flow; None once nothing of it can be booked any more."""
    sought = concluded.sought
    for _ in range(MAX_ROUNDS):
        found = yield from find_invoice(sought, known, attempted=True)
        if not isinstance(found, Found):
            return None if isinstance(found, Absent) else found
        if found.row.is_booked:
            return conclude_booked(concluded, found)
        if not found.row.is_draft:
            return Unavailable("status_not_understood")
        if not found.is_ours:
            return conflict(sought, "a draft in DnB has this number, and may be ours or another's")
        verdict = yield from ask(invoice_calls.delete_invoice(found.row.id))
        if not isinstance(verdict, Accepted | Missing | Rejected):
            return verdict
    return conflict(sought, "a draft in DnB is of this invoice, and cannot be deleted")
