"""Moment's project in DnB's terms."""

from datetime import date
from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.dnb.project_bodies import (
    ProjectContent,
    project_content,
    project_created,
    project_fingerprint,
    project_updated,
)
from daemon.dnb.rows import ProjectRow
from daemon.moment.project import Project
from tests.dnb.projects import FULL

CONTENT = ProjectContent(
    number="4005",
    name="Rehabilitering Kaigata 4",
    customer_number="100042",
    state="inProgress",
    start=date(2026, 1, 15),
    end=date(2026, 9, 30),
)
ROW: dict[str, Any] = {
    "ID": 71,
    "ProjectNumber": "4005",
    "ProjectNumberNumeric": "4005",
    "Name": " Rehabilitering Kaigata 4",
    "ProjectCustomerID": 381,
    "StartDate": "2026-01-15T00:00:00Z",
    "EndDate": "2026-09-30",
}


def updated(changes: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return the body that makes a row equal, None when it is."""
    body = project_updated(CONTENT, 381, msgspec.convert({**ROW, **changes}, ProjectRow))
    return None if body is None else msgspec.json.decode(body)


def test_content_is_what_dnb_would_be_told() -> None:
    """Numbers are text, blanks around a name are none of it."""
    assert CONTENT == project_content(msgspec.convert({**FULL, "name": " Rehabilitering Kaigata 4 "}, Project))


def test_a_name_that_does_not_fit_is_refused() -> None:
    """A cut name would differ from Moment for ever."""
    refused = project_content(msgspec.convert({**FULL, "name": "x" * 256}, Project))
    assert isinstance(refused, Refused)
    assert ("too_long", "name") == (refused.reason, refused.field)


def test_a_create_tells_everything_but_the_status() -> None:
    """The numeric twin goes out as a number."""
    expected = {
        "_createguid": "guid of project",
        "ProjectNumber": "4005",
        "ProjectNumberNumeric": 4005,
        "Name": "Rehabilitering Kaigata 4",
        "ProjectCustomerID": 381,
        "StartDate": "2026-01-15",
        "EndDate": "2026-09-30",
    }
    assert expected == msgspec.json.decode(project_created(CONTENT, 381, lambda part: f"guid of {part}"))


def test_a_number_without_twin_is_sent_as_text_alone() -> None:
    """A number of more than 32 bits has no numeric twin."""
    long = msgspec.structs.replace(CONTENT, number="99999999999")
    body = msgspec.json.decode(project_created(long, 381, str))
    assert ("99999999999", False) == (body["ProjectNumber"], "ProjectNumberNumeric" in body)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"Name": "Annet"}, {"ID": 71, "Name": "Rehabilitering Kaigata 4"}),
        ({"ProjectCustomerID": 1}, {"ID": 71, "ProjectCustomerID": 381}),
        ({"EndDate": None}, {"ID": 71, "EndDate": "2026-09-30"}),
        ({"ProjectNumberNumeric": None}, {"ID": 71, "ProjectNumberNumeric": 4005}),
        ({"Description": "a person's", "StatusCode": 42205}, None),
    ],
)
def test_an_update_holds_only_what_differs(changes: dict[str, Any], expected: dict[str, Any] | None) -> None:
    """What a person added, and the status, are left alone."""
    assert expected == updated(changes)


def test_the_fingerprint_is_of_what_dnb_would_be_told() -> None:
    """Equal contents have equal fingerprints, and every field counts."""
    others = [
        msgspec.structs.replace(CONTENT, number="1"),
        msgspec.structs.replace(CONTENT, name="1"),
        msgspec.structs.replace(CONTENT, customer_number="1"),
        msgspec.structs.replace(CONTENT, state="1"),
        msgspec.structs.replace(CONTENT, start=None),
        msgspec.structs.replace(CONTENT, end=None),
    ]
    assert 1 + len(others) == len({project_fingerprint(one) for one in (CONTENT, CONTENT, *others)})
