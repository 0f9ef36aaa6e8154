"""The procedure that makes one customer in DnB equal to Moment's."""

from collections.abc import Generator

import msgspec
from msgspec.structs import replace

from daemon.core.procedure import Call, Delivered, Known, Outcome, Procedure, Reply, Unavailable, Unchanged
from daemon.dnb import calls
from daemon.dnb.bodies import Content, References, created, updated
from daemon.dnb.calls import Guids
from daemon.dnb.customer_parts import INFO, parts_after, parts_of, shown_by, unseen
from daemon.dnb.directory import Directory
from daemon.dnb.finding import (
    Absent,
    Doubtful,
    Found,
    can_be_proved,
    conflict,
    find_customer,
    find_elsewhere,
    is_anothers,
)
from daemon.dnb.replies import Accepted, Missing, Rejected, Verdict, ask, read_row, refusal
from daemon.dnb.rows import CreatedRow, CustomerRow

MAX_ROUNDS = 8  # a round is a reading and a write; more means that DnB contradicts itself


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered, where its guids come from, and what is known of the company's codes."""

    content: Content
    guids: Guids
    directory: Directory

    @property
    def number(self) -> str:
        """Return the customer number as the ledger keeps it."""
        return str(self.content.number)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the rounds so far have taught: `turned` is the write that DnB turned down last, `rejected` its word on it.

    A write that is turned down is judged after reading again: a used guid means that it went through (the wording of
    that refusal is not documented), and an address that was to be deleted may have been, by an earlier write that was
    applied late or by a person. `n` counts the guids that are used though nothing alive shows for it.
    """

    known: Known
    n: int = 0
    turned: Call | None = None
    rejected: Rejected = Rejected(0, ())

    @property
    def turned_method(self) -> str:
        """Return the method of the write that was turned down last, empty if none was."""
        return "" if self.turned is None else self.turned.method

    def needs_no_reading(self, number: str) -> bool:
        """Tell whether all rows are known, and nothing can be in DnB that the ledger does not tell of.

        A new number must be looked up: whether DnB refuses one that another customer has is not documented.
        """
        known = self.known
        is_certain = not known.dirty and not known.was_attempted and self.turned is None
        return is_certain and known.dnb_id is not None and known.number == number and INFO in known.parts


def deliver_customer(delivery: Delivery, known: Known) -> Procedure:
    """Make DnB's customer equal to Moment's, writing only what differs.

    Safe to run again from the start after any interruption: where anything is in doubt it reads what is there first, a
    repeated create is refused by its guid, and a merge may be repeated. Where nothing is in doubt and the ids of all
    rows are known, one merge tells DnB everything. A write that DnB accepts is trusted, since what its reply echoes is
    not documented: of a new row's id and number, and of the ids of its parts, what is shown is used. A customer that is
    inactive in DnB is kept equal and stays inactive.
    """
    references = yield from delivery.directory.references(delivery.content)
    if not isinstance(references, References):
        return references
    attempt = Attempt(known=known)
    for _ in range(MAX_ROUNDS):
        step = yield from attempt_once(delivery, references, attempt)
        if not isinstance(step, Attempt):
            return step
        attempt = step
    return conflict(delivery.content, "DnB says that it was created, and shows no such customer")


def attempt_once(
    delivery: Delivery, references: References, attempt: Attempt
) -> Generator[Call, Reply, Attempt | Outcome]:
    """Read, write what differs, and return the outcome, or what was learnt for another round."""
    found: Found | Outcome
    if attempt.needs_no_reading(delivery.number):
        found = unseen(attempt.known.dnb_id or 0, attempt.known.parts)
    else:
        found = yield from locate(delivery, attempt)
    if isinstance(found, Doubtful):
        found = yield from prove(delivery, references, found.row, attempt)
    if not isinstance(found, CustomerRow | Absent):
        return found
    method = "PUT" if isinstance(found, CustomerRow) else "POST"
    if method == attempt.turned_method and attempt.rejected.may_be_used_guid:
        attempt = replace(attempt, n=attempt.n + 1)
    if isinstance(found, CustomerRow):
        attempt = replace(
            attempt, known=replace(attempt.known, dnb_id=found.id, parts=parts_of(found, delivery.content))
        )
    call = next_call(delivery, references, found, attempt)
    if call is None:
        return Unchanged(attempt.known.dnb_id or 0, delivery.number, parts=attempt.known.parts)
    if call == attempt.turned:
        return refusal(attempt.rejected)
    return conclude(delivery, attempt, call, (yield from ask(call)))


def locate(delivery: Delivery, attempt: Attempt) -> Generator[Call, Reply, Found | Outcome]:
    """Return the customer in DnB, looking beyond its number once a create was turned down for its guid."""
    found = yield from find_customer(delivery.content, attempt.known, attempted=can_be_proved(attempt.known))
    if isinstance(found, Absent) and attempt.turned_method == "POST" and attempt.rejected.may_be_used_guid:
        return (yield from find_elsewhere(delivery.content, attempt.known, found))
    return found


def prove(
    delivery: Delivery, references: References, row: CustomerRow, attempt: Attempt
) -> Generator[Call, Reply, CustomerRow | Outcome]:
    """Return a customer that is like ours by its number alone, if our guid was used: then we have created it.

    An older version may have created it under another name, lately and unrecorded: otherwise a used guid tells of a row
    that a person may have deleted since. If DnB takes the guid, the customer is another's, and the
    second one under its number goes again.
    """
    guids = replace(delivery.guids, n=attempt.n)
    call = calls.create_customer(created(delivery.content, references, guids.of))
    verdict: Verdict = attempt.rejected if attempt.turned_method == "POST" else (yield from ask(call))
    match verdict:
        case Rejected():
            return row if verdict.names_guid else is_anothers(delivery.content)
        case Missing():
            return Unavailable("status_404")
        case Accepted():
            second = read_row(verdict, CreatedRow)
            gone = (yield from ask(calls.delete_customer(second.id))) if isinstance(second, CreatedRow) else verdict
            # Not tried again by itself: from now on the guid is used, and proves nothing.
            refused = replace(is_anothers(delivery.content), heals=False)
            return refused if isinstance(gone, Accepted | Missing | Rejected) else gone
        case _:
            return verdict


def next_call(delivery: Delivery, references: References, found: CustomerRow | Absent, attempt: Attempt) -> Call | None:
    """Return the write that makes DnB equal, None when it is equal already."""
    if isinstance(found, Absent):
        guids = replace(delivery.guids, n=attempt.n)
        return calls.create_customer(created(delivery.content, references, guids.of))
    guids = replace(delivery.guids, n=attempt.n, version=attempt.known.version)
    body = updated(delivery.content, references, found, guids.of)
    return None if body is None else calls.update_customer(found.id, body)


def conclude(delivery: Delivery, attempt: Attempt, call: Call, verdict: Verdict) -> Attempt | Outcome:
    """Return what the reply to a write means: the end, or another round."""
    creates = call.method == "POST"
    match verdict:
        case Accepted() if creates:
            return conclude_create(delivery, attempt, verdict)
        case Accepted():
            return conclude_update(delivery, attempt, verdict)
        case Missing():
            return Unavailable("status_404") if creates else unread(attempt)
        case Rejected():
            return conclude_rejection(delivery, attempt, call, verdict)
        case _:
            return verdict


def unread(attempt: Attempt) -> Attempt:
    """Return that the customer must be read: what was believed of its rows is not so."""
    return replace(attempt, turned=None, known=replace(attempt.known, parts={}))


def conclude_rejection(delivery: Delivery, attempt: Attempt, call: Call, rejected: Rejected) -> Attempt | Outcome:
    """Return the refusal of a reference that DnB lacks; what is there must be read before any other is believed."""
    if rejected.is_foreign_key:
        delivery.directory.forget()
        return replace(refusal(rejected), heals=True)
    return replace(attempt, turned=call, rejected=rejected)


def conclude_update(delivery: Delivery, attempt: Attempt, accepted: Accepted) -> Attempt | Outcome:
    """Return that the customer was changed; read again where the reply shows one that is deleted."""
    row = shown_by(accepted)
    if row is not None and not row.is_alive:
        return unread(attempt)
    parts = parts_after(delivery.content, attempt.known.parts, row)
    return Delivered(attempt.known.dnb_id or 0, delivery.number, parts=parts)


def conclude_create(delivery: Delivery, attempt: Attempt, accepted: Accepted) -> Attempt | Outcome:
    """Return that the customer was created; read again where the reply does not show it, or shows another number."""
    row = read_row(accepted, CreatedRow)
    if not isinstance(row, CreatedRow):
        return replace(attempt, turned=None)
    if row.customer_number is not None and str(row.customer_number) != delivery.number:
        return replace(attempt, turned=None, known=replace(attempt.known, dnb_id=row.id))
    return Delivered(row.id, delivery.number, parts=parts_after(delivery.content, {}, shown_by(accepted)))
