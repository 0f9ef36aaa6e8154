"""The rules DnB has for projects alone: a name, a number of their own, and a status that only transitions change."""

import re
from typing import Final

from daemon.sandbox.acting import Call
from daemon.sandbox.books import id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response, answer
from daemon.sandbox.numbering import PROJECT_SERIES, next_number, standing_series
from daemon.sandbox.proposing import Node, Proposal, Rules
from daemon.sandbox.statuses import PROJECT_DISCARDED, PROJECT_REGISTERED
from daemon.sandbox.visiting import Visit

_NUMERIC: Final = re.compile(r"[0-9]{1,9}")  # what surely fits the 32 bits of ProjectNumberNumeric


def check(proposal: Proposal, node: Node) -> None:
    """A project needs a name, and a number that no other living project has; a blank one is given by the series."""
    if is_blank(node.after("Name")):
        proposal.blame("name_required")
        proposal.invalidate(node.document, "Project", "Name", "Navn må fylles ut")
    number = node.values.get("ProjectNumber")
    if is_blank(number):
        return
    others = proposal.books.table("Project").where("ProjectNumber", number)
    if any(row is not node.row for row in others):
        proposal.invalidate(node.document, "Project", "ProjectNumber", "Prosjektnummer er allerede i bruk")


def completed(visit: Visit, node: Node) -> Row:
    """The status of a new project, the number of one without, and the number's numeric twin."""
    values: Row = {} if node.row is not None else {"StatusCode": PROJECT_REGISTERED}
    if visit.switches.project_status_writable and _is_status(node.document.get("StatusCode")):
        values["StatusCode"] = node.document["StatusCode"]
    number = node.after("ProjectNumber")
    if is_blank(number):
        values["ProjectNumber"] = number = str(_next_number(visit))
    if isinstance(number, str) and _NUMERIC.fullmatch(number):
        values["ProjectNumberNumeric"] = int(number)
    return values


def kept(visit: Visit, row: Row) -> str | None:
    """A project that something is booked on, or stands in an invoice, cannot be deleted."""
    return "Prosjektet er i bruk" if _is_used(visit, row) else None


def told_used(call: Call) -> Response:
    """`GET /projects/{id}?action=is-used`: whether a dimension in use names the project."""
    return answer(200, _is_used(call.visit, call.subject))


def is_blank(value: Json) -> bool:
    """Whether `value` is null, or text without a letter."""
    return value is None or (isinstance(value, str) and not value.strip())


def _is_used(visit: Visit, row: Row) -> bool:
    books = visit.books
    dimensions = {id_of(each) for each in books.table("Dimensions").where("ProjectID", id_of(row))}
    keys = {"CustomerInvoice": "DefaultDimensionsID", "CustomerInvoiceItem": "DimensionsID",
            "JournalEntryLine": "DimensionsID"}  # fmt: skip
    return any(each[key] in dimensions for entity, key in keys.items() for each in books.table(entity).live())


def _is_status(value: Json) -> bool:
    return isinstance(value, int) and PROJECT_REGISTERED <= value <= PROJECT_DISCARDED


def _next_number(visit: Visit) -> int:
    projects = visit.books.table("Project")
    series = standing_series(visit.books, PROJECT_SERIES)
    return next_number(visit, series, lambda number: bool(projects.where("ProjectNumber", str(number))))


RULES: Final = Rules(check=check, completed=completed, kept=kept)
