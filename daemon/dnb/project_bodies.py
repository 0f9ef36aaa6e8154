"""Moment's project in DnB's terms: what DnB would be told, its fingerprint, and the bodies of create and update."""

from collections.abc import Callable
from datetime import date
from hashlib import blake2b
from typing import Any

import msgspec

from daemon.core.procedure import Refused
from daemon.dnb.bodies import FINGERPRINT_BYTES, MAX_TEXT_LENGTH_CHARACTERS, text
from daemon.dnb.chart_rows import day
from daemon.dnb.rows import ProjectRow
from daemon.moment.numbers import numeric_twin, project_number
from daemon.moment.project import Project

FINGERPRINT_SCHEME = "p1"  # changes when the same `ProjectContent` would be hashed or sent differently

Body = dict[str, Any]


class ProjectContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that DnB would be told of a project, before the customer is looked up and the state is understood."""

    number: str
    name: str
    customer_number: str
    state: str
    start: date | None = None
    end: date | None = None


def project_content(project: Project) -> ProjectContent | Refused:
    """Return what DnB would be told of a project, or why a person must repair it first."""
    number = project_number(project.number)
    if isinstance(number, Refused):
        return number
    name = text(project.name)
    if len(name) > MAX_TEXT_LENGTH_CHARACTERS:
        rule = f"at most {MAX_TEXT_LENGTH_CHARACTERS} characters"
        return Refused(reason="too_long", field="name", value=name, rule=rule, repair="shorten it in Moment")
    return ProjectContent(
        number=number,
        name=name,
        customer_number=project.customer.number,
        state=text(project.project_state),
        start=project.start_date,
        end=project.end_date,
    )


def project_fingerprint(content: ProjectContent) -> str:
    """Return the hash of what DnB would be told: equal for two versions that DnB cannot tell apart."""
    digest = blake2b(msgspec.json.encode(content), digest_size=FINGERPRINT_BYTES).hexdigest()
    return f"{FINGERPRINT_SCHEME}:{digest}"


def project_created(content: ProjectContent, customer_id: int, guid: Callable[[str], str]) -> bytes:
    """Return the body that creates the project."""
    body = _differences(content, customer_id, ProjectRow(id=0))
    return msgspec.json.encode({"_createguid": guid("project"), **body})


def project_updated(content: ProjectContent, customer_id: int, row: ProjectRow) -> bytes | None:
    """Return the smallest body that makes the row equal to the content but for its status, None when it is equal."""
    body = _differences(content, customer_id, row)
    return msgspec.json.encode({"ID": row.id, **body}) if body else None


def _differences(content: ProjectContent, customer_id: int, row: ProjectRow) -> Body:
    """Return what a merge must change; the status is never among it, since it has transitions of its own."""
    twin = numeric_twin(content.number)
    body: Body = {}
    if row.number != content.number:
        body["ProjectNumber"] = content.number
    if twin is not None and row.numeric_number != str(twin):
        body["ProjectNumberNumeric"] = twin
    if text(row.name) != content.name:
        body["Name"] = content.name
    if row.project_customer_id != customer_id:
        body["ProjectCustomerID"] = customer_id
    for name, found, wanted in (
        ("StartDate", row.start_date, content.start),
        ("EndDate", row.end_date, content.end),
    ):
        if day(found) != wanted:
            body[name] = None if wanted is None else wanted.isoformat()
    return body
