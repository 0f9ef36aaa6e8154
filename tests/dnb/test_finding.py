"""Which rows may be taken for Moment's customer."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.dnb.bodies import Content, Postal
from daemon.dnb.finding import Doubtful, choose, has_number
from daemon.dnb.rows import CustomerRow

CONTENT = Content(
    number=100042,
    name="Havgard AS",
    organisation_number="998887771",
    email="post@havgard.example",
    phone="22334455",
    website="https://havgard.example",
    invoice_address=Postal(line1="Kaigata 4"),
)


def row(info: dict[str, Any] | None = None, **fields: Any) -> CustomerRow:  # noqa: ANN401 - a row's own JSON
    """Return a customer row of DnB named Annen AS unless told otherwise."""
    document = {"ID": 381, "CustomerNumber": 100042, "Info": {"ID": 902, "Name": "Annen AS", **(info or {})}, **fields}
    return msgspec.json.decode(msgspec.json.encode(document), type=CustomerRow)


@pytest.mark.parametrize(
    "found",
    [row({"Name": " havgard as"}), row({"Name": "HAVGARD AS"}, OrgNumber="1")],
)
def test_an_equal_name_is_adopted(found: CustomerRow) -> None:
    """With the number it is enough, however it is written."""
    assert found == choose([found], CONTENT, attempted=False)


def test_an_equal_organisation_number_is_not_enough() -> None:
    """Another department's row is left to it; once that one has its new number, the number is free."""
    refusal = choose([row(OrgNumber="NO 998 887 771 MVA")], CONTENT, attempted=False)
    assert isinstance(refusal, Refused)
    assert ("conflict", True) == (refusal.reason, refusal.heals)


def test_a_row_with_nothing_but_the_number_is_doubted_only_after_an_attempt() -> None:
    """A customer that was renamed while its creation was unknown may be ours; otherwise it is a stranger."""
    found = row(WebUrl="https://havgard.example")
    assert Doubtful(found) == choose([found], CONTENT, attempted=True)
    assert isinstance(choose([found], CONTENT, attempted=False), Refused)


def test_no_row_is_no_conflict() -> None:
    """Then the customer is created."""
    assert choose([], CONTENT, attempted=False) is None


@pytest.mark.parametrize(("shown", "expected"), [(100042, True), ("100042", True), (None, False), (100043, False)])
def test_a_number_is_compared_as_text(shown: object, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Some contracts declare it a string."""
    assert expected == has_number(row(CustomerNumber=shown), 100042)
