"""Which rows may be taken for Moment's customer."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.dnb.bodies import Content, Postal
from daemon.dnb.finding import choose, has_number, is_like
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
BARE = Content(number=100042, name="Havgard AS")


def row(info: dict[str, Any] | None = None, **fields: Any) -> CustomerRow:  # noqa: ANN401 - a row's own JSON
    """Return a customer row of DnB named Annen AS unless told otherwise."""
    document = {"ID": 381, "CustomerNumber": 100042, "Info": {"ID": 902, "Name": "Annen AS", **(info or {})}, **fields}
    return msgspec.json.decode(msgspec.json.encode(document), type=CustomerRow)


@pytest.mark.parametrize(
    "found",
    [row({"Name": " havgard as"}), row(OrgNumber="NO 998 887 771 MVA"), row({"Name": "HAVGARD AS"}, OrgNumber="1")],
)
def test_equal_name_or_organisation_number_is_adopted(found: CustomerRow) -> None:
    """Either of the two is enough, however it is written."""
    assert found == choose([found], CONTENT, attempted=False)


LIKE = [
    row({"DefaultEmail": {"ID": 1, "EmailAddress": "post@havgard.example"}}),
    row({"DefaultPhone": {"ID": 1, "Number": "22334455"}}),
    row({"InvoiceAddress": {"ID": 1, "AddressLine1": "Kaigata 4"}}),
    row(WebUrl="https://havgard.example"),
]


@pytest.mark.parametrize("found", LIKE)
def test_a_row_that_is_like_it_is_adopted_only_after_an_attempt(found: CustomerRow) -> None:
    """A customer that was renamed while its creation was unknown is ours; otherwise it is a stranger."""
    assert found == choose([found], CONTENT, attempted=True)
    assert isinstance(choose([found], CONTENT, attempted=False), Refused)


def test_a_bare_row_is_like_a_bare_customer_only() -> None:
    """With nothing but a name on both sides, only the name can have changed."""
    assert is_like(row(), BARE)
    assert not is_like(row(), CONTENT)
    assert not is_like(row(WebUrl="https://annen.example"), BARE)


def test_deleted_children_are_not_like_anything() -> None:
    """An e-mail address that was deleted tells nothing."""
    assert not is_like(
        row({"DefaultEmail": {"ID": 1, "EmailAddress": "post@havgard.example", "Deleted": True}}), CONTENT
    )


def test_no_row_is_no_conflict() -> None:
    """Then the customer is created."""
    assert choose([], CONTENT, attempted=False) is None


@pytest.mark.parametrize(("shown", "expected"), [(100042, True), ("100042", True), (None, False), (100043, False)])
def test_a_number_is_compared_as_text(shown: object, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Some contracts declare it a string."""
    assert expected == has_number(row(CustomerNumber=shown), 100042)
