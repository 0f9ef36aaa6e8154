"""Decoding a project."""

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.moment.project import Project, decode_project

PROJECT = {
    "projectNumber": 4005,
    "name": "Storgata 1",
    "customer": {"id": 1, "customerNumber": 100042},
    "projectState": "inProgress",
}


def test_numbers_are_kept_as_text() -> None:
    """A number is the same whether the record wrote it as text or as integer; dates may be absent."""
    found = decode_project(msgspec.json.encode(PROJECT))
    assert isinstance(found, Project)
    assert ("4005", "100042", None) == (found.number, found.customer.number, found.start_date)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": " "}, "data.name"), ({"customer": None}, "data.customer"), ({"endDate": "x"}, "data.endDate")],
)
def test_bad_data_names_its_field(changes: dict[str, object], field: str) -> None:
    """A refusal leads to the field, and shows no value."""
    refused = decode_project(msgspec.json.encode({**PROJECT, **changes}))
    assert isinstance(refused, Refused)
    assert ("invalid_data", field, "") == (refused.reason, refused.field, refused.value)
