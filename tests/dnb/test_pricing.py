"""Quantity and price of a line."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.dnb.pricing import Priced, priced, quantity_note

CASES = [
    ("37.5", "50625.00", Priced(Decimal("37.5"), Decimal(1350))),
    ("1", "0.01", Priced(Decimal(1), Decimal("0.01"))),
    ("-12", "-17940", Priced(Decimal(-12), Decimal(1495))),
    ("12", "-17940", Priced(Decimal(12), Decimal(-1495))),
    ("8", "0.0008", Priced(Decimal(8), Decimal("0.0001"))),
    ("3", "100", Priced(Decimal(1), Decimal(100), is_lump=True)),
    ("0", "1000", Priced(Decimal(1), Decimal(1000), is_lump=True)),
    ("0.00001", "1", Priced(Decimal(1), Decimal(1), is_lump=True)),
    ("2", "0", Priced(Decimal(2), Decimal(0))),
    ("0", "0", Priced(Decimal(1), Decimal(0), is_lump=True)),
]


@pytest.mark.parametrize(("quantity", "total", "expected"), CASES)
def test_a_price_is_exact_or_there_is_none(quantity: str, total: str, expected: Priced) -> None:
    """A quantity goes out with its price only where the two give the total."""
    assert expected == priced(Decimal(quantity), Decimal(total))


AMOUNTS = st.decimals(min_value=-(10**11), max_value=10**11, places=2)
QUANTITIES = st.decimals(min_value=-(10**6), max_value=10**6, places=3)


@given(QUANTITIES, AMOUNTS)
def test_quantity_times_price_is_always_the_total(quantity: Decimal, total: Decimal) -> None:
    """The amount that is booked is Moment's, whatever the quantity."""
    found = priced(quantity, total)
    assert found.quantity * found.price == total


@pytest.mark.parametrize(
    ("quantity", "note"), [("3", "(antall: 3)"), ("37.50", "(antall: 37,5)"), ("1E+2", "(antall: 100)")]
)
def test_a_quantity_is_told_as_accountants_read_it(quantity: str, note: str) -> None:
    """With a decimal comma and no needless zeros."""
    assert note == quantity_note(Decimal(quantity))
