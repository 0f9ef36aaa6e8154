"""The procedure that makes one project in DnB equal to Moment's.

| case | calls |
|---|---|
| new, and registered or of a state that is not understood | 2: look up by number, create |
| new, in another state | 4: look up, create, transition, read; one more for each further transition on the way |
| changed | 2: read, update |
| state changed | 3: read, transition, read |
| equal already | 1: read |
| customer not delivered by us | one more, to find it by number |
"""

from collections.abc import Generator

import msgspec
from msgspec.structs import replace

from daemon.core.procedure import (
    Call,
    Delivered,
    Known,
    Outcome,
    Procedure,
    Refused,
    Remark,
    Reply,
    Unavailable,
    Unchanged,
)
from daemon.dnb import calls
from daemon.dnb.calls import Guids
from daemon.dnb.directory import Directory
from daemon.dnb.finding import Absent, can_be_proved
from daemon.dnb.project_bodies import ProjectContent, project_created, project_updated
from daemon.dnb.project_finding import (
    Doubtful,
    Wanted,
    conflict,
    find_elsewhere,
    find_project,
    is_anothers,
    read_project,
)
from daemon.dnb.project_states import TRANSITIONS, Step, next_transition, wanted_status
from daemon.dnb.relating import Transfers, customer_id
from daemon.dnb.replies import Accepted, Missing, Rejected, Verdict, ask, read_row, refusal
from daemon.dnb.rows import ProjectRow

MAX_ROUNDS = 8  # a round is a reading and a write; more means that DnB contradicts itself
MAX_TRANSITIONS = 6  # the longest way has three; room for one that DnB takes elsewhere


class ProjectDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered, where its guids come from, and what is known of tenant and company."""

    content: ProjectContent
    guids: Guids
    directory: Directory
    transfers: Transfers


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the rounds so far have taught: `turned` is the refusal of the last create.

    A create that is turned down is judged after reading again, since a used guid means that it went through. `n`
    counts the guids that are used though nothing alive shows for it.
    """

    known: Known
    n: int = 0
    turned: Rejected | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The project is in DnB with all but its status certain; `status` is what it had last, where that is known."""

    dnb_id: int
    status: int | None
    was_written: bool


def deliver_project(delivery: ProjectDelivery, known: Known) -> Procedure:
    """Make DnB's project equal to Moment's, writing only what differs.

    Safe to run again from the start after any interruption: it reads what is there first, a repeated create is refused
    by its guid, a merge may be repeated, and a transition is taken only from the status that was read.
    """
    customer = yield from customer_id(delivery.content.customer_number, known, delivery.transfers)
    if not isinstance(customer, int):
        return customer
    wanted = Wanted(content=delivery.content, customer_id=customer)
    attempt = Attempt(known=known)
    for _ in range(MAX_ROUNDS):
        step = yield from attempt_once(delivery, wanted, attempt)
        if isinstance(step, Placed):
            return (yield from take_to_state(delivery.content, step))
        if not isinstance(step, Attempt):
            return step
        attempt = step
    return conflict(delivery.content, "DnB says that it was created, and shows no such project")


def attempt_once(
    delivery: ProjectDelivery, wanted: Wanted, attempt: Attempt
) -> Generator[Call, Reply, Attempt | Placed | Outcome]:
    """Read, write what differs, and return where the project is, the outcome, or what was learnt for another round."""
    found = yield from locate(wanted, attempt)
    if isinstance(found, ProjectRow):
        return (yield from update(delivery, wanted, found, attempt))
    if isinstance(found, Doubtful):
        return (yield from prove(delivery, wanted, found.row, attempt))
    if not isinstance(found, Absent):
        return found
    if attempt.turned is not None:
        if not attempt.turned.may_be_used_guid:
            return refusal(attempt.turned)
        attempt = replace(attempt, n=attempt.n + 1, turned=None)
    guids = replace(delivery.guids, n=attempt.n)
    call = calls.create_project(project_created(delivery.content, wanted.customer_id, guids.of))
    return conclude_create(delivery, attempt, (yield from ask(call)))


def prove(
    delivery: ProjectDelivery, wanted: Wanted, row: ProjectRow, attempt: Attempt
) -> Generator[Call, Reply, Attempt | Placed | Outcome]:
    """Take over a project that is like ours by its number alone, if our guid was used: then we have created it.

    An older version may have created it under another name, lately and unrecorded: otherwise a used guid
    tells of a row that a person may have deleted since. If DnB takes the guid, the project is
    another's, and the second one under its number goes again.
    """
    guids = replace(delivery.guids, n=attempt.n)
    body = project_created(delivery.content, wanted.customer_id, guids.of)
    verdict = attempt.turned or (yield from ask(calls.create_project(body)))
    match verdict:
        case Rejected() if verdict.names_guid:
            return (yield from update(delivery, wanted, row, attempt))
        case Rejected():
            return is_anothers(delivery.content)
        case Missing():
            return Unavailable("status_404")
        case Accepted():
            second = read_row(verdict, ProjectRow)
            gone = (yield from ask(calls.delete_project(second.id))) if isinstance(second, ProjectRow) else verdict
            # Not tried again by itself: from now on the guid is used, and proves nothing.
            refused = replace(is_anothers(delivery.content), heals=False)
            return refused if isinstance(gone, Accepted | Missing | Rejected) else gone
        case _:
            return verdict


def locate(wanted: Wanted, attempt: Attempt) -> Generator[Call, Reply, ProjectRow | Absent | Doubtful | Outcome]:
    """Return the project in DnB, looking beyond its number once a create was turned down for its guid."""
    found = yield from find_project(wanted, attempt.known, attempted=can_be_proved(attempt.known))
    if isinstance(found, Absent) and attempt.turned is not None and attempt.turned.may_be_used_guid:
        return (yield from find_elsewhere(wanted, attempt.known, found))
    return found


def update(
    delivery: ProjectDelivery, wanted: Wanted, row: ProjectRow, attempt: Attempt
) -> Generator[Call, Reply, Attempt | Placed | Outcome]:
    """Write what differs in a project that is there, but for its status."""
    body = project_updated(delivery.content, wanted.customer_id, row)
    placed = Placed(dnb_id=row.id, status=row.status_code, was_written=body is not None)
    if body is None:
        return placed
    verdict = yield from ask(calls.update_project(row.id, body))
    match verdict:
        case Accepted():
            return placed
        case Missing():
            return replace(attempt, turned=None)
        case Rejected():
            return refuse(delivery, verdict)
        case _:
            return verdict


def conclude_create(delivery: ProjectDelivery, attempt: Attempt, verdict: Verdict) -> Attempt | Placed | Outcome:
    """Return what the reply to a create means: the end, or another round."""
    match verdict:
        case Accepted():
            return created(delivery, attempt, verdict)
        case Missing():
            return Unavailable("status_404")
        case Rejected() if verdict.is_foreign_key:
            return refuse(delivery, verdict)
        case Rejected():
            return replace(attempt, turned=verdict)
        case _:
            return verdict


def created(delivery: ProjectDelivery, attempt: Attempt, accepted: Accepted) -> Attempt | Placed:
    """Return where the project was created; read again where the reply does not show it, or shows another number."""
    row = read_row(accepted, ProjectRow)
    if not isinstance(row, ProjectRow):
        return attempt
    if row.number not in {"", delivery.content.number}:
        return replace(attempt, known=replace(attempt.known, dnb_id=row.id))
    return Placed(dnb_id=row.id, status=row.status_code, was_written=True)


def refuse(delivery: ProjectDelivery, rejected: Rejected) -> Refused:
    """Return the refusal; a reference that DnB does not have is forgotten, and looked for again after a while."""
    if rejected.is_foreign_key:
        delivery.directory.forget()
    return replace(refusal(rejected), heals=rejected.is_foreign_key)


def take_to_state(content: ProjectContent, placed: Placed) -> Procedure:
    """Take the project to the status that its state in Moment means, step by step; a state never stops a delivery.

    A transition that DnB refuses is not tried again: the status is read anew, and another way taken if there is one.
    """
    wanted = wanted_status(content.state)
    if wanted is None:
        return conclude(content, placed, _remark("project_state_unknown", content.state))
    refused: set[Step] = set()
    for _ in range(MAX_TRANSITIONS):
        read = yield from with_status(placed)
        if not isinstance(read, Placed):
            return read
        if read.status == wanted:
            return conclude(content, read)
        transition = next_transition(read.status or 0, wanted, refused)
        if transition is None:
            reason = "project_state_refused" if refused else "project_state_unreachable"
            return conclude(content, read, _remark(reason, content.state))
        verdict = yield from ask(calls.change_project(read.dnb_id, transition))
        if isinstance(verdict, Rejected):
            refused.add((read.status or 0, transition))
            placed = replace(read, status=None)
        elif isinstance(verdict, Accepted):
            placed = after(read, transition, wanted)
        else:
            return Unavailable("row_vanished") if isinstance(verdict, Missing) else verdict
    return conclude(content, placed, _remark("project_state_refused", content.state))


def with_status(placed: Placed) -> Generator[Call, Reply, Placed | Outcome]:
    """Return the project with its status, read where it is not known."""
    if placed.status is not None:
        return placed
    row = yield from read_project(placed.dnb_id)
    if not isinstance(row, ProjectRow):
        return Unavailable("row_vanished") if isinstance(row, Absent) else row
    return replace(placed, status=row.status_code)


def after(placed: Placed, transition: str, wanted: int) -> Placed:
    """Return where a transition led; the last one's status is read again, since transitions answer with nothing."""
    status = TRANSITIONS[placed.status or 0][transition]
    return replace(placed, status=None if status == wanted else status, was_written=True)


def conclude(content: ProjectContent, placed: Placed, *remarks: Remark) -> Outcome:
    """Return that DnB now holds the project, or that it did already."""
    if placed.was_written:
        return Delivered(placed.dnb_id, content.number, remarks=remarks)
    return Unchanged(placed.dnb_id, content.number, remarks=remarks)


def _remark(reason: str, state: str) -> Remark:
    return Remark(reason=reason, field="projectState", value=state)
