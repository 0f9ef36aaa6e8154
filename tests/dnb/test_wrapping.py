"""Texts that are longer than DnB's fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.dnb.wrapping import wrapped


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("  ", []),
        ("kort", ["kort"]),
        ("ti tegn og", ["ti tegn og"]),
        ("ti tegn og mer", ["ti tegn og", "mer"]),
        ("elleve tegn", ["elleve", "tegn"]),
        ("x" * 25, ["x" * 10, "x" * 10, "x" * 5]),
        ("en\nto\n\ntre", ["en", "to", "tre"]),
    ],
)
def test_a_text_breaks_at_blanks_where_there_are_any(text: str, pieces: list[str]) -> None:
    """Words stay whole unless one alone is longer than the field."""
    assert pieces == wrapped(text, 10)


@given(st.text(max_size=200), st.integers(1, 30))
def test_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    """Every piece fits, and together they are the text."""
    pieces = wrapped(text, width)
    assert all(0 < len(piece) <= width for piece in pieces)
    assert "".join(text.split()) == "".join("".join(pieces).split())
