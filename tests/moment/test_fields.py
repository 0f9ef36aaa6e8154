"""The bounds of decimals."""

from decimal import Decimal

import pytest

from daemon.moment.fields import is_bounded, require_decimals


@pytest.mark.parametrize("text", ["0", "-0.000001", "999999999999.999999", "1E+11", "-12.50", "0E-6"])
def test_real_amounts_are_within_bounds(text: str) -> None:
    """Twelve digits before and six after the point are enough for any amount or quantity."""
    assert is_bounded(Decimal(text))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+12", "1E+999999999", "0.0000001"])
def test_other_decimals_are_refused(text: str) -> None:
    """What is not finite, too great or too fine is no amount."""
    assert not is_bounded(Decimal(text))


def test_the_first_bad_decimal_is_named() -> None:
    """The error tells which field it is about."""
    with pytest.raises(ValueError, match="totalVat"):
        require_decimals(totalExVat=Decimal(1), currencyRate=None, totalVat=Decimal("NaN"))
