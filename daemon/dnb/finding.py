"""Which customer in DnB is Moment's: found by what the ledger knows, by number, and by likeness; never guessed.

A customer's number is its identity for people, its id in DnB for us. DnB has no field for Moment's own id, so a row
found by number alone is adopted only if it has the customer's name too. An organisation number is not enough: several
departments have one, and the row may be another's whose number has just passed to this one.
"""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from daemon.core.procedure import Call, Known, Outcome, Refused, Reply, Unavailable
from daemon.dnb import calls
from daemon.dnb.bodies import Content, text
from daemon.dnb.replies import Missing, ask, read_row, read_rows
from daemon.dnb.rows import CustomerRow
from daemon.moment.numbers import organisation_number

T = TypeVar("T")
Reading = Generator[Call, Reply, T | Outcome]

_REPAIR = "give one of the two customers another number, or make their names equal, then replay"


class Absent(msgspec.Struct, frozen=True):
    """DnB has no such customer; `was_deleted` tells that it certainly had, and that the row is gone."""

    was_deleted: bool = False


class Doubtful(msgspec.Struct, frozen=True):
    """A customer has the number and another name; it may be what an older version of Moment's became."""

    row: CustomerRow


Found = CustomerRow | Absent | Doubtful


def find_customer(content: Content, known: Known, *, attempted: bool) -> Reading[Found]:
    """Return Moment's customer in DnB, that there is none, or why that cannot be told.

    `attempted` tells that a create of ours may have gone through, perhaps with the content of an older version.
    """
    ours = (yield from read_customer(known.dnb_id)) if known.dnb_id is not None else Absent()
    if isinstance(ours, CustomerRow) and has_number(ours, content.number):
        return ours
    if not isinstance(ours, CustomerRow | Absent):
        return ours
    rows = yield from customers_by_number(content.number)
    if not isinstance(rows, list):
        return rows
    if isinstance(ours, Absent):
        return choose(rows, content, attempted=attempted) or ours
    return conflict(content, "another customer in DnB has this number", heals=True) if rows else ours


def find_elsewhere(content: Content, known: Known, absent: Absent) -> Reading[Found]:
    """Return where the customer may be that a refused guid says was created, though none has the number.

    A person may have deleted it; then it is absent. While an outcome is unknown it may instead have been created under
    the number of an older version: then the only customer with such a number, or else the only one that is like it, is
    taken, and otherwise a person must look, because creating once more could make two.
    """
    if absent.was_deleted or not known.dirty:
        return absent
    tried = yield from customers_tried(known.numbers_tried)
    if not isinstance(tried, list):
        return tried
    if len(tried) == 1:
        return tried[0]
    rows = yield from customers_alike(content)
    if not isinstance(rows, list):
        return rows
    if len(rows) == 1:
        return rows[0]
    return conflict(content, "it was created in DnB before, but cannot be told from other customers")


def read_customer(dnb_id: int) -> Reading[Found]:
    """Return the customer with this id in DnB, or that it is deleted."""
    row = read_row((yield from ask(calls.customer(dnb_id))), CustomerRow)
    if isinstance(row, Missing):
        return Absent(was_deleted=True)
    if not isinstance(row, CustomerRow):
        return row
    if row.id != dnb_id:
        return Unavailable("reply_not_understood")
    if not row.is_alive:
        return Absent(was_deleted=True)
    return row if row.info else Unavailable("relation_not_expanded")


def customers_by_number(number: int) -> Reading[list[CustomerRow]]:
    """Return the living customers with this number."""
    verdict = yield from ask(calls.customers_by_number(number))
    rows = read_rows(verdict, CustomerRow, key="customer_number", matches=lambda row: has_number(row, number))
    return with_relation(rows)


def customers_tried(numbers: tuple[str, ...]) -> Reading[list[CustomerRow]]:
    """Return the living customers with a number under which a create of ours may have gone through."""
    found: list[CustomerRow] = []
    for number in numbers:
        rows = yield from customers_by_number(int(number))
        if not isinstance(rows, list):
            return rows
        found += rows
    return found


def customers_alike(content: Content) -> Reading[list[CustomerRow]]:
    """Return the living customers, whatever their number, with this organisation number, or else with this name."""
    if content.organisation_number:
        verdict = yield from ask(calls.customers_by_organisation(content.organisation_number))
        rows = read_rows(verdict, CustomerRow, key="org_number", matches=lambda row: same_organisation(row, content))
        if rows:
            return with_relation(rows)
    verdict = yield from ask(calls.customers_by_name(content.name))
    rows = read_rows(verdict, CustomerRow, key="name", matches=lambda row: same_name(row, content))
    return with_relation(rows)


def choose(rows: list[CustomerRow], content: Content, *, attempted: bool) -> CustomerRow | Doubtful | Refused | None:
    """Return the one row that may be adopted or doubted, None when there is no row, or why none may be."""
    if not rows:
        return None
    if len(rows) > 1:
        return conflict(content, "several customers in DnB have this number", heals=True)
    [row] = rows
    if same_name(row, content):
        return row
    return Doubtful(row) if attempted else is_anothers(content)


def can_be_proved(known: Known) -> bool:
    """Tell whether a used guid proves a row of our number ours: a create just left, and no row of ours is known."""
    return known.was_attempted and known.dnb_id is None


def is_anothers(content: Content) -> Refused:
    """Return the refusal of a customer whose number another one has, perhaps only until that one has its new number."""
    return conflict(content, "a customer in DnB has this number, but another name", heals=True)


def same_organisation(row: CustomerRow, content: Content) -> bool:
    """Tell whether both have an organisation number, and the same."""
    found = organisation_number(text(row.org_number))
    return found != "" and found == content.organisation_number


def same_name(row: CustomerRow, content: Content) -> bool:
    """Tell whether the names are equal but for case and surrounding blanks, as the server's own filter compares."""
    return text(row.relation.name).casefold() == content.name.casefold()


def has_number(row: CustomerRow, number: int) -> bool:
    """Tell whether the row has the number; some answers give it as text."""
    return str(row.customer_number) == str(number)


def with_relation(rows: list[CustomerRow] | Outcome) -> list[CustomerRow] | Outcome:
    """Return the rows, unless one came without the business relation that was asked for and is compared."""
    if isinstance(rows, list) and not all(row.info for row in rows):
        return Unavailable("relation_not_expanded")
    return rows


def conflict(content: Content, rule: str, *, heals: bool = False) -> Refused:
    """Return the refusal that asks a person which customer is meant."""
    number = str(content.number)
    return Refused(reason="conflict", field="customerNumber", value=number, rule=rule, repair=_REPAIR, heals=heals)
