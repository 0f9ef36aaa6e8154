"""Which project in DnB is Moment's: found by what the ledger knows and by number, never guessed.

DnB has no field for Moment's own id of a project, so one found by number alone is adopted only if it has Moment's name
too. Its customer is not enough: the row may be another project's whose number has just passed to this one.
"""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from daemon.core.procedure import Call, Known, Outcome, Refused, Reply, Unavailable
from daemon.dnb import calls
from daemon.dnb.bodies import text
from daemon.dnb.finding import Absent
from daemon.dnb.project_bodies import ProjectContent
from daemon.dnb.replies import Missing, ask, read_row, read_rows
from daemon.dnb.rows import ProjectRow

T = TypeVar("T")
Reading = Generator[Call, Reply, T | Outcome]

_REPAIR = "give one of the two projects another number, or make their names equal, then replay"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The project that is looked for: its content, and its customer's id in DnB."""

    content: ProjectContent
    customer_id: int

    def is_named(self, row: ProjectRow) -> bool:
        """Tell whether a row has the project's name, but for case and surrounding blanks."""
        return text(row.name).casefold() == self.content.name.casefold()


class Doubtful(msgspec.Struct, frozen=True):
    """A project has the number and another name; it may be what an older version of Moment's became."""

    row: ProjectRow


def find_project(wanted: Wanted, known: Known, *, attempted: bool) -> Reading[ProjectRow | Absent | Doubtful]:
    """Return Moment's project in DnB, that there is none, or why that cannot be told.

    `attempted` tells that a create of ours may have gone through, perhaps with the content of an older version.
    """
    ours = (yield from read_project(known.dnb_id)) if known.dnb_id is not None else Absent()
    if isinstance(ours, ProjectRow) and ours.number == wanted.content.number:
        return ours
    if not isinstance(ours, ProjectRow | Absent):
        return ours
    rows = yield from projects_by_number(wanted.content.number)
    if not isinstance(rows, list):
        return rows
    if isinstance(ours, Absent):
        return choose(rows, wanted, attempted=attempted) or ours
    return conflict(wanted.content, "another project in DnB has this number", heals=True) if rows else ours


def find_elsewhere(wanted: Wanted, known: Known, absent: Absent) -> Reading[ProjectRow | Absent]:
    """Return where the project may be that a refused guid says was created, though none has the number.

    A person may have deleted it; then it is absent. While an outcome is unknown it may have been created under the
    number of an older version: then the only project with such a number, or else the only one of its name and customer,
    is taken, and otherwise a person must look, because creating once more could make two.
    """
    if absent.was_deleted or not known.dirty:
        return absent
    tried = yield from projects_tried(known.numbers_tried)
    if not isinstance(tried, list):
        return tried
    if len(tried) == 1:
        return tried[0]
    verdict = yield from ask(calls.projects_by_name(wanted.content.name))
    rows = read_rows(verdict, ProjectRow, key="name", matches=wanted.is_named)
    if not isinstance(rows, list):
        return rows
    if len(rows) == 1 and rows[0].project_customer_id == wanted.customer_id:
        return rows[0]
    return conflict(wanted.content, "it was created in DnB before, but cannot be told from other projects")


def read_project(dnb_id: int) -> Reading[ProjectRow | Absent]:
    """Return the project with this id in DnB, or that it is deleted."""
    row = read_row((yield from ask(calls.project(dnb_id))), ProjectRow)
    if isinstance(row, Missing):
        return Absent(was_deleted=True)
    if not isinstance(row, ProjectRow):
        return row
    if row.id != dnb_id:
        return Unavailable("reply_not_understood")
    return row if row.is_alive else Absent(was_deleted=True)


def projects_by_number(number: str) -> Reading[list[ProjectRow]]:
    """Return the living projects with this number."""
    verdict = yield from ask(calls.projects_by_number(number))
    return read_rows(verdict, ProjectRow, key="project_number", matches=lambda row: row.number == number)


def projects_tried(numbers: tuple[str, ...]) -> Reading[list[ProjectRow]]:
    """Return the living projects with a number under which a create of ours may have gone through."""
    found: list[ProjectRow] = []
    for number in numbers:
        rows = yield from projects_by_number(number)
        if not isinstance(rows, list):
            return rows
        found += rows
    return found


def choose(rows: list[ProjectRow], wanted: Wanted, *, attempted: bool) -> ProjectRow | Doubtful | Refused | None:
    """Return the one row that may be adopted or doubted, None when there is no row, or why none may be."""
    if not rows:
        return None
    if len(rows) > 1:
        return conflict(wanted.content, "several projects in DnB have this number", heals=True)
    [row] = rows
    if wanted.is_named(row):
        return row
    return Doubtful(row) if attempted else is_anothers(wanted.content)


def is_anothers(content: ProjectContent) -> Refused:
    """Return the refusal of a project whose number another one has, perhaps only until that one has its new number."""
    return conflict(content, "a project in DnB has this number, but another name", heals=True)


def conflict(content: ProjectContent, rule: str, *, heals: bool = False) -> Refused:
    """Return the refusal that asks a person which project is meant."""
    number = content.number
    return Refused(reason="conflict", field="projectNumber", value=number, rule=rule, repair=_REPAIR, heals=heals)
