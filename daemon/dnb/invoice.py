"""The procedure that posts one finalized invoice exactly once.

| case | calls, beside what the company's directory reads once |
|---|---|
| new | 4: look up by number, create the draft, book it, read it |
| an earlier attempt is of unknown outcome | one more: look up by Moment's id too |
| … and nothing of it is there | two more: look in the journal too, for a voucher of the other flow |
| first credit note of a company | one more, to see the sign of its credit notes |
| booked already | 1: read |
| a draft of ours is there | 3: look up, book, read |
| a draft of ours says something else | 7: look up, delete, look up twice, create, book, read |
| Moment's VAT is not what DnB's rates make of the lines | 2: look up, read the VAT codes anew |
| DnB's sums are not Moment's otherwise | 4: look up, create, read the VAT codes anew, delete |
| DnB refuses to book | 5: look up, create, book, read, read what is locked; then 4 for each further try |
| customer or project not delivered by us | one more each, to find it by number |
| credit note of an invoice | one more, to see that it is the one; two if it must be found by number |

The procedure starts from what is there: absent, draft, or booked. A create carries a guid, so that DnB refuses to apply
it twice; booking is a transition that DnB takes once; a booked invoice is compared and never written to.
"""

from collections.abc import Generator

import msgspec
from msgspec.structs import replace

from daemon.core.procedure import (
    Call,
    Denied,
    Known,
    Outcome,
    Procedure,
    Refused,
    Remark,
    Reply,
    Throttled,
    Unavailable,
    Unknown,
)
from daemon.dnb import invoice_calls
from daemon.dnb.chart import RefusedCredit
from daemon.dnb.crediting import credit_sign, sign_of
from daemon.dnb.invoice_bodies import Drawn, References, draft_body
from daemon.dnb.invoice_comparing import (
    content_difference,
    draft_difference,
    rate_difference,
    sum_difference,
    sums_are_known,
)
from daemon.dnb.invoice_concluding import (
    Concluded,
    amounts_refused,
    booking_refused,
    conclude_booked,
    lost,
    rates_refused,
)
from daemon.dnb.invoice_delivery import InvoiceDelivery
from daemon.dnb.invoice_finding import Absent, Found, conflict, find_invoice, read_invoice
from daemon.dnb.invoice_references import Looking
from daemon.dnb.invoice_rows import InvoiceRow
from daemon.dnb.replies import Accepted, Missing, Rejected, ask, read_row, refusal
from daemon.dnb.voucher import find_posted

MAX_ROUNDS = 24  # a round is a reading and a write; each replay of a refused draft uses one guid more
MAX_DOUBTFUL_GUIDS = 3  # guids tried where DnB's refusal may as well be about something else


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the rounds so far have taught.

    `turned` is DnB's refusal of the last create, judged after reading again, since a used guid means that it went
    through. `n` counts the guids that are used though nothing alive shows for it. `refused_sign` is the sign of a
    credit note that DnB would not book, and `refused_for` what it said. `was_delivered` tells that the ledger says it
    was booked: then it is never created again, wherever it may be.
    """

    known: Known
    n: int = 0
    turned: Rejected | None = None
    refused_sign: int | None = None
    refused_for: tuple[str, ...] = ()
    was_delivered: bool = False

    @property
    def may_exist(self) -> bool:
        """Tell whether a create of ours may have gone through."""
        return self.known.dirty or self.turned is not None or self.n > 0

    @property
    def may_be_used_guid(self) -> bool:
        """Tell whether the last create may have been refused for its guid: another one is worth a try."""
        if self.turned is None or not self.turned.may_be_used_guid:
            return False
        return self.turned.names_guid or self.n < MAX_DOUBTFUL_GUIDS

    def without_row(self) -> "Attempt":
        """Return the attempt after the row that was known is gone, and its guid used."""
        return replace(self, known=replace(self.known, dnb_id=None), n=self.n + 1, turned=None)


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice in the company's terms, in one round."""

    delivery: InvoiceDelivery
    looking: Looking
    references: References
    attempt: Attempt

    def drawn(self, sign: int = 1) -> Drawn:
        """Return the invoice drawn up for DnB."""
        content, reference = self.delivery.content, self.delivery.reference
        return Drawn(content=content, references=self.references, reference=reference, sign=sign)

    def concluded(self, drawn: Drawn, *remarks: Remark) -> Concluded:
        """Return what is needed to tell how the invoice ended."""
        return Concluded(drawn=drawn, sought=self.delivery.sought, remarks=(*self.looking.remarks, *remarks))


Round = Generator[Call, Reply, Attempt | Outcome]


def deliver_invoice(delivery: InvoiceDelivery, known: Known) -> Procedure:
    """Post a finalized invoice once. Safe to run again from the start after any interruption."""
    delivery.directory.chart.tell_time(known.now)
    looking = Looking(delivery.content, known, delivery.transfers, delivery.directory)
    ended = yield from looking.entities()
    if ended is not None:
        return ended
    attempt = Attempt(known=known, was_delivered=known.dnb_id is not None)
    for _ in range(MAX_ROUNDS):
        step = yield from attempt_once(delivery, looking, attempt)
        if not isinstance(step, Attempt):
            return step
        attempt = step
    return refusal(attempt.turned) if attempt.turned else lost(delivery.sought)


def attempt_once(delivery: InvoiceDelivery, looking: Looking, attempt: Attempt) -> Round:
    """Read what is there and go on from it; return the outcome, or what was learnt for another round."""
    found = yield from find_invoice(delivery.sought, attempt.known, attempted=attempt.may_exist)
    if not isinstance(found, Found | Absent):
        return found
    references = yield from looking.codes()
    if not isinstance(references, References):
        return (yield from give_up(found, references))
    work = Work(delivery=delivery, looking=looking, references=references, attempt=attempt)
    match found:
        case Absent():
            return (yield from create(work, found))
        case Found(row) if row.is_booked:
            return (yield from adopt(work, found))
        case Found(row) if row.is_draft:
            return (yield from continue_draft(work, found))
        case _:
            return Unavailable("status_not_understood")


def adopt(work: Work, found: Found) -> Procedure:
    """Conclude on an invoice that is booked, after deleting drafts of ours that came too late."""
    for draft in found.surplus:
        verdict = yield from ask(invoice_calls.delete_invoice(draft.id))
        if not isinstance(verdict, Accepted | Missing | Rejected):
            return verdict
    return conclude_booked(work.concluded(work.drawn()), found)


def give_up(found: Found | Absent, outcome: Outcome) -> Procedure:
    """Return the outcome; a draft of ours that ends refused is deleted first.

    Not so where the refusal heals by itself: the next try goes on from the draft, and no trail of used guids is left.
    """
    if not isinstance(outcome, Refused) or outcome.heals or not isinstance(found, Found):
        return outcome
    return (yield from take_back(found, outcome))


def take_back(found: Found, outcome: Outcome) -> Procedure:
    """Return the outcome; a draft of ours that ends refused is deleted first."""
    if not isinstance(outcome, Refused) or not found.is_ours or not found.row.is_draft:
        return outcome
    verdict = yield from ask(invoice_calls.delete_invoice(found.row.id))
    return outcome if isinstance(verdict, Accepted | Missing | Rejected) else verdict


def create(work: Work, absent: Absent) -> Round:
    """Create the invoice as a draft, under the next guid where the last is used and nothing alive shows for it."""
    attempt = work.attempt
    is_first_try = attempt.n == 0 and attempt.turned is None
    if attempt.was_delivered or (attempt.known.dirty and is_first_try):
        posted = yield from find_posted(work.delivery, work.looking, attempt.known)
        if posted is not None:
            return posted
    if attempt.was_delivered:
        return lost(work.delivery.sought)
    if attempt.turned is not None:
        if not attempt.may_be_used_guid:
            return refusal(attempt.turned)
        if not absent.is_certain:
            return lost(work.delivery.sought)
        attempt = replace(attempt, n=attempt.n + 1, turned=None)
    drawn = yield from prepare(work)
    return (yield from post(replace(work, attempt=attempt), drawn)) if isinstance(drawn, Drawn) else drawn


def post(work: Work, drawn: Drawn) -> Round:
    """Post the draft, and go on from DnB's reply."""
    guids = replace(work.delivery.guids, n=work.attempt.n)
    verdict = yield from ask(invoice_calls.create_invoice(draft_body(drawn, guids.of)))
    match verdict:
        case Accepted():
            return (yield from after_create(work, drawn, verdict))
        case Rejected() if verdict.is_foreign_key:
            work.delivery.directory.forget()
            return replace(refusal(verdict), heals=True)
        case Rejected():
            return replace(work.attempt, turned=verdict)
        case Missing():
            return Unavailable("status_404")
        case _:
            return verdict


def prepare(work: Work) -> Generator[Call, Reply, Drawn | Outcome]:
    """Return the invoice ready to be posted: its period open, its products there, its sign decided, its VAT right."""
    chart, content = work.delivery.directory.chart, work.delivery.content
    settings = yield from chart.require_bookable(content.invoice_date, "invoiceDate")
    if isinstance(settings, Outcome):
        return settings
    references = yield from work.looking.products(work.references, work.delivery.shelf)
    if not isinstance(references, References):
        return references
    sign = yield from wanted_sign(work)
    if not isinstance(sign, int):
        return sign
    drawn = replace(work, references=references).drawn(sign)
    return drawn if rate_difference(drawn) is None else (yield from with_rates(work, drawn))


def with_rates(work: Work, drawn: Drawn) -> Generator[Call, Reply, Drawn | Outcome]:
    """Return the invoice with the rates that DnB has now, or the refusal of one whose VAT they do not make."""
    work.delivery.directory.chart.forget_vat_types()
    references = yield from work.looking.codes()
    if not isinstance(references, References):
        return references
    drawn = replace(drawn, references=replace(references, products=drawn.references.products))
    difference = rate_difference(drawn)
    return drawn if difference is None else rates_refused(work.delivery.sought, difference)


def wanted_sign(work: Work) -> Generator[Call, Reply, int | Outcome]:
    """Return the sign to send the amounts with: the other one where DnB would not book the first."""
    if not work.delivery.content.is_credit_note:
        return 1
    if work.attempt.refused_sign is not None:
        return -work.attempt.refused_sign
    return (yield from credit_sign(work.delivery.directory.chart, work.delivery.reference))


def after_create(work: Work, drawn: Drawn, accepted: Accepted) -> Round:
    """Compare what DnB made of the draft with Moment, and book it or delete it again."""
    row = read_row(accepted, InvoiceRow)
    if not isinstance(row, InvoiceRow):
        return replace(work.attempt, known=replace(work.attempt.known, dirty=True))
    if not row.is_draft or not sums_are_known(drawn, row):
        read = yield from read_invoice(row.id)
        if not isinstance(read, InvoiceRow):
            return work.attempt.without_row() if isinstance(read, Missing) else read
        row = read
    found = Found(row, is_ours=True)
    if row.is_booked:
        return conclude_booked(work.concluded(drawn), found)
    weighed = yield from weigh(work, drawn, row)
    return (yield from (book(work, weighed, found) if isinstance(weighed, Drawn) else take_back(found, weighed)))


def weigh(work: Work, drawn: Drawn, row: InvoiceRow) -> Generator[Call, Reply, Drawn | Outcome]:
    """Return the invoice if DnB's sums are Moment's, by the rates that DnB has now, else the refusal."""
    if sum_difference(drawn, row) is None:
        return drawn
    drawn_anew = yield from with_rates(work, drawn)
    if not isinstance(drawn_anew, Drawn):
        return drawn_anew
    difference = sum_difference(drawn_anew, row)
    return drawn_anew if difference is None else amounts_refused(work.delivery.sought, difference)


def continue_draft(work: Work, found: Found) -> Round:
    """Book the draft that is there, or delete it when it is ours and says something else, or in another sign."""
    drawn = work.drawn(sign_of(found.row) if work.delivery.content.is_credit_note else 1)
    if found.is_ours and found.row.gross:
        sign = yield from wanted_sign(work)
        if sign != drawn.sign:
            return (yield from discard(work.attempt, found)) if isinstance(sign, int) else sign
    if draft_difference(drawn, found.row) is None:
        chart, content = work.delivery.directory.chart, work.delivery.content
        settings = yield from chart.require_bookable(content.invoice_date, "invoiceDate")
        if isinstance(settings, Outcome):
            return settings
        return (yield from book(work, drawn, found))
    if not found.is_ours:
        return conflict(work.delivery.sought, "a draft in DnB has this number, and says something else")
    return (yield from discard(work.attempt, found))


def discard(attempt: Attempt, found: Found) -> Round:
    """Delete a draft of ours, and go on without it."""
    verdict = yield from ask(invoice_calls.delete_invoice(found.row.id))
    match verdict:
        case Accepted() | Missing():
            return attempt.without_row()
        case Rejected():  # booked meanwhile: the next reading shows it
            return replace(attempt, known=replace(attempt.known, dnb_id=found.row.id))
        case _:
            return verdict


def book(work: Work, drawn: Drawn, found: Found) -> Round:
    """Book the draft, and verify it by reading."""
    verdict = yield from ask(invoice_calls.book_invoice(found.row.id))
    match verdict:
        case Accepted():
            return (yield from verify(work, drawn, found))
        case Missing():
            return work.attempt.without_row()
        case Rejected():
            return (yield from after_refusal(work, drawn, found, verdict))
        case _:
            return verdict


def verify(work: Work, drawn: Drawn, found: Found) -> Procedure:
    """Return that the invoice is booked, as reading it shows; what cannot be read is of unknown outcome."""
    row = yield from read_invoice(found.row.id)
    if isinstance(row, Throttled | Denied):
        return row
    if not isinstance(row, InvoiceRow) or not row.is_booked:
        return Unknown("booked_but_not_shown")
    if drawn.content.is_credit_note and content_difference(drawn, row) is None:
        work.delivery.directory.chart.credit_sign = sign_of(row)
    return conclude_booked(work.concluded(drawn), Found(row, is_ours=True), has_written=True)


def after_refusal(work: Work, drawn: Drawn, found: Found, rejected: Rejected) -> Round:
    """Return what it means that DnB would not book: it may be booked already, or another sign be wanted."""
    row = yield from read_invoice(found.row.id)
    if isinstance(row, Missing):
        return work.attempt.without_row()
    if not isinstance(row, InvoiceRow):
        return row
    now = Found(row, is_ours=found.is_ours)
    if row.is_booked:
        return conclude_booked(work.concluded(drawn), now)
    return (yield from turn(work, drawn, now, rejected))


def turn(work: Work, drawn: Drawn, found: Found, rejected: Rejected) -> Round:
    """Return why DnB would not book the draft, as far as that can be told; try the other sign where it may be that."""
    attempt, chart = work.attempt, work.delivery.directory.chart
    is_sign = found.is_ours and may_be_sign(work, drawn, rejected)
    if is_sign:
        chart.forget_settings()
    else:
        work.delivery.directory.forget()
    settings = yield from chart.require_open(drawn.content.invoice_date, "invoiceDate")
    if isinstance(settings, Outcome):
        return settings
    if is_sign:
        step = yield from discard(attempt, found)
        refused = {"refused_sign": drawn.sign, "refused_for": rejected.messages}
        return replace(step, **refused) if isinstance(step, Attempt) else step
    if attempt.refused_sign is not None:
        sign = attempt.refused_sign if rejected.messages == attempt.refused_for else drawn.sign
        chart.refused_credits[work.delivery.reference] = RefusedCredit(sign, rejected.messages)
    return booking_refused(rejected)


def may_be_sign(work: Work, drawn: Drawn, rejected: Rejected) -> bool:
    """Tell whether a credit note may have been refused for its sign, so that the other one is worth a try."""
    chart = work.delivery.directory.chart
    if not drawn.content.is_credit_note or work.attempt.refused_sign is not None or chart.credit_sign == drawn.sign:
        return False
    refused = chart.refused_credits.get(work.delivery.reference)
    return refused is None or refused.messages != rejected.messages
