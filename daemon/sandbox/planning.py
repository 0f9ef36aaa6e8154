"""A project of Moment as `data` holds it: what a new one looks like, and what people change in it afterwards."""

import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from daemon.sandbox import norwegian
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.firms import Firm
from daemon.sandbox.planting import Item

_INTEGER_SHARE: Final = 0.1  # of project numbers; Moment writes text, and the contract allows both
_NULL_SHARE: Final = 0.5  # of empty fields; the others are left out
_NEXT_STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "offerSent": ("inProgress", "inProgress", "discarded"),
    "inProgress": ("completed", "completed", "onHold"),
    "completed": ("inProgress",),
    "onHold": ("inProgress",),
    "discarded": ("inProgress",),
}
"""How a project goes on. `onHold` is no word that DnB has a status for."""

Edit: TypeAlias = Callable[[random.Random, Row], Row]
"""What somebody changes: the data before in, the data after out."""


def newcomer(chance: random.Random, number: int, customer: Item, today: dt.date) -> Row:
    """The data of a new project; dates that nobody filled in are null or left out."""
    start = today - dt.timedelta(days=chance.randrange(200))
    data: Row = {
        "projectNumber": _as_written(chance, number),
        "name": norwegian.project_name(chance),
        "customer": reference(customer),
        "projectState": chance.choice(("offerSent", "inProgress", "inProgress", "inProgress")),
        "startDate": start.isoformat() if chance.random() < 0.8 else None,  # noqa: PLR2004 -- a share
        "endDate": _end(chance, start) if chance.random() < 0.4 else None,  # noqa: PLR2004 -- a share
    }
    return {field: value for field, value in data.items() if value is not None or chance.random() < _NULL_SHARE}


def reference(customer: Item) -> Row:
    """How a project or an invoice names its customer; one with a bad number is named by what it has."""
    number = customer.good.get("customerNumber")
    return {"id": customer.id, "customerNumber": number if isinstance(number, int) else str(number or "?")}


def stranger(firm: Firm) -> Item:
    """A customer that no record will ever tell of."""
    return Item(firm.tenant, "customer", firm.next_id("customer"), {"customerNumber": str(firm.customer_number())})


def touched(chance: random.Random, data: Row) -> Row:
    """Name or dates written anew, with another value than before."""
    while True:
        field, value = chance.choice((("name", _other_name), ("startDate", _day), ("endDate", _day)))
        changed = value(chance, data)
        if changed != data.get(field):
            return {**data, field: changed}


def gone_on(chance: random.Random, data: Row) -> Row:
    """The project in its next state."""
    return {**data, "projectState": chance.choice(_NEXT_STATES[str(data["projectState"])])}


def handed_over(data: Row, customer: Item) -> Row:
    """The project with another customer."""
    return {**data, "customer": reference(customer)}


def renumbered(chance: random.Random, data: Row, number: int) -> Row:
    """Another project number."""
    return {**data, "projectNumber": _as_written(chance, number)}


def unseen(chance: random.Random, data: Row) -> Row:
    """A change of what DnB is never told."""
    return {**data, "tags": [f"{chance.randrange(100)}"], "departmentNumber": str(chance.randrange(10, 90))}


def _as_written(chance: random.Random, number: int) -> Json:
    return number if chance.random() < _INTEGER_SHARE else str(number)


def _other_name(chance: random.Random, _: Row) -> Json:
    return norwegian.project_name(chance)


def _day(chance: random.Random, data: Row) -> Json:
    """Some day around the project's own, or none any more."""
    known = data.get("startDate") or data.get("endDate") or "2026-01-15"
    if chance.random() < 0.1:  # noqa: PLR2004 -- a share
        return None
    return _end(chance, dt.date.fromisoformat(str(known)))


def _end(chance: random.Random, start: dt.date) -> str:
    return (start + dt.timedelta(days=chance.randrange(1, 400))).isoformat()
