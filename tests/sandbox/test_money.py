"""Amounts."""

from decimal import Decimal

import pytest

from daemon.sandbox.documents import Json
from daemon.sandbox.money import STEP, amount_of, number, rounded, total


@pytest.mark.parametrize(("value", "expected"), [
    (1, "1"), (0.1, "0.1"), (-2.50, "-2.5"), (None, "0"), ("7", "0"), (True, "0"), ([], "0"),
])  # fmt: skip
def test_amount_of(value: Json, expected: str) -> None:
    """A JSON number is its decimal; anything else is nothing."""
    assert Decimal(expected) == amount_of(value)


@pytest.mark.parametrize(("amount", "expected"), [
    ("0.005", "0.01"), ("-0.005", "-0.01"), ("0.015", "0.02"), ("2.675", "2.68"), ("1.004999", "1.00"),
    ("99999999999999999999999999999.005", "99999999999999999999999999999.01"),
])  # fmt: skip
def test_rounded(amount: str, expected: str) -> None:
    """A half cent goes away from zero, however large the amount."""
    assert Decimal(expected) == rounded(Decimal(amount))


@pytest.mark.parametrize(("step", "expected"), [(STEP, "1.2346"), (Decimal("0.5"), "1.0"), (Decimal(1), "1")])
def test_steps(step: Decimal, expected: str) -> None:
    """Amounts round to any step."""
    assert Decimal(expected) == rounded(Decimal("1.23456"), step)


def test_number() -> None:
    """A JSON number has no minus before a zero."""
    assert ["0.0", "-1.5"] == [str(number(Decimal(text))) for text in ("-0", "-1.5")]


def test_total() -> None:
    """A sum is exact."""
    assert (Decimal("0.3"), Decimal(0)) == (total([Decimal("0.1"), Decimal("0.2")]), total([]))
