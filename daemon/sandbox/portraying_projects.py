"""What DnB's project must show for a change of Moment, and what a row of the books does show.

Written from Moment's own list of the fields that its integration transfers: name, number, customer, state, start and
end. A state that has no status in DnB may show as any.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from daemon.sandbox.documents import Json, Row

STATUSES: Final[Mapping[str, int]] = {
    "offerSent": 42202, "inProgress": 42203, "completed": 42204, "discarded": 42205,
}  # fmt: skip
"""The status in DnB of the states that Moment's projects have in the generator."""


class ProjectPortrait(msgspec.Struct, frozen=True, kw_only=True):
    """A project as it is compared, but for its status; what is missing is empty.

    `customers` are the ways to name its customer: Moment's id, and the number behind a `#`. A row shows one of them.
    """

    number: str
    name: str
    customers: tuple[str, ...]
    start: str
    end: str


def wanted_project(data: Row) -> ProjectPortrait:
    """What DnB must show for `data`, which keeps the contract."""
    return ProjectPortrait(
        number=_text(data["projectNumber"]),
        name=_text(data["name"]),
        customers=names_of(data["customer"], "customerNumber"),
        start=_text(data.get("startDate")),
        end=_text(data.get("endDate")),
    )


def shown_project(row: Row, owners: Mapping[int, str]) -> ProjectPortrait:
    """What a whole row of DnB's projects shows; `owners` has the ids in Moment of rows of customers."""
    key = row.get("ProjectCustomerID")
    return ProjectPortrait(
        number=_text(row.get("ProjectNumber")),
        name=_text(row.get("Name")),
        customers=(name_of(row.get("ProjectCustomer"), key, "CustomerNumber", owners),),
        start=_text(row.get("StartDate"))[:10],
        end=_text(row.get("EndDate"))[:10],
    )


def agrees_on_project(want: ProjectPortrait, show: ProjectPortrait) -> bool:
    """Whether a row shows what it must."""
    is_his = any(name in want.customers for name in show.customers)
    return is_his and want == msgspec.structs.replace(show, customers=want.customers)


def wanted_status(data: Row) -> int | None:
    """The status that a project must have; None where any will do."""
    return STATUSES.get(_text(data.get("projectState")))


def names_of(reference: Json, number: str) -> tuple[str, ...]:
    """The ways to name what a reference of Moment's refers to."""
    row = reference if isinstance(reference, dict) else {}
    return (_text(row.get("id")), f"#{_text(row.get(number))}")


def name_of(row: Json, key: Json, number: str, owners: Mapping[int, str]) -> str:
    """The name of a row of the books: Moment's id where that is known, else its number; empty for none."""
    if isinstance(key, int) and key in owners:
        return owners[key]
    return f"#{_text(row.get(number))}" if isinstance(row, dict) else ""


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) else ""
