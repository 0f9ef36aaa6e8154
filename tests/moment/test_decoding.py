"""Decoding errors as refusals: the path and the rule, never what the record held."""

import pytest

from daemon.moment.decoding import field_path, rule_of


@pytest.mark.parametrize(
    ("message", "path", "rule"),
    [
        ("", "data", "must be as the event contract says"),
        ("Expected `str`, got `int` - at `$.name`", "data.name", "Expected `str`, got `int`"),
        (
            "Object missing required field `id` - at `$.customer`",
            "data.customer.id",
            "Object missing required field `id`",
        ),
        ("Invalid enum value 'Kari' - at `$.lines[...].x`", "data.lines[...].x", "must be as the event contract says"),
    ],
)
def test_a_message_gives_path_and_rule(message: str, path: str, rule: str) -> None:
    """The decoder's message is taken apart, and any part that quotes a value is left out."""
    assert (path, rule) == (field_path(message), rule_of(message))
