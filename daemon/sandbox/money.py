"""Amounts: decimal inside, JSON numbers outside, rounded half away from zero as DnB rounds."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from daemon.sandbox.documents import Json

CENT: Final = Decimal("0.01")
STEP: Final = Decimal("0.0001")
"""Counts and prices have four decimals in DnB's database."""

_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_UP)  # wide enough for the product of any two amounts a column holds


def amount_of(value: Json) -> Decimal:
    """The number that `value` is; 0 if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Decimal(0)
    return Decimal(str(value))


def rounded(amount: Decimal, step: Decimal = CENT) -> Decimal:
    """`amount` as a multiple of `step`, a half away from zero."""
    return _WIDE.multiply(_WIDE.quantize(_WIDE.divide(amount, step), Decimal(1)), step)


def number(amount: Decimal) -> float:
    """`amount` as JSON carries it."""
    return float(amount) + 0.0  # no minus before a zero


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of `amounts`."""
    return sum(amounts, Decimal(0))
