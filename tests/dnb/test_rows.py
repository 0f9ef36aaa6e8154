"""Reading rows: defaults that are not expanded, faxes by either type, deleted children."""

from typing import Any

import msgspec
import pytest

from daemon.dnb.rows import CustomerRow, InfoRow


def info(**fields: Any) -> InfoRow:  # noqa: ANN401 - a row's own JSON
    """Return a business relation read from JSON."""
    return msgspec.json.decode(msgspec.json.encode({"ID": 902, **fields}), type=InfoRow)


def test_a_default_that_is_not_expanded_is_found_in_its_list() -> None:
    """Older servers do not expand the default objects; without this each delivery would add a row."""
    found = info(DefaultEmailID=2, Emails=[{"ID": 1, "EmailAddress": "a"}, {"ID": 2, "EmailAddress": "b"}])
    assert found.email is not None
    assert found.email.email_address == "b"
    assert found.phone is None


@pytest.mark.parametrize("fax_type", [150103, "150103"])
def test_faxes_are_known_by_either_form_of_their_type(fax_type: object) -> None:
    """Newer servers show a number, older ones a string."""
    rows = [
        {"ID": 9, "Type": fax_type},
        {"ID": 3, "Type": fax_type},
        {"ID": 1, "Type": 150101},
        {"ID": 2, "Type": None},
    ]
    assert [3, 9] == [fax.id for fax in info(Phones=rows).faxes]


def test_neither_the_default_phone_nor_a_deleted_row_is_a_fax() -> None:
    """A fax number that a person made the default phone is the phone."""
    rows = [{"ID": 1, "Type": 150103}, {"ID": 2, "Type": 150103, "Deleted": True}]
    assert [] == info(DefaultPhone={"ID": 1, "Type": 150103}, Phones=rows).faxes


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, True), ({"Deleted": True}, False), ({"Deleted": None}, True), ({"StatusCode": 90001}, False)],
)
def test_a_customer_is_deleted_by_flag_or_by_status(fields: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Both are documented."""
    assert expected == msgspec.json.decode(msgspec.json.encode({"ID": 1, **fields}), type=CustomerRow).is_alive
