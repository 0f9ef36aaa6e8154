"""Payment ids by Moment's formats, with Moment's own examples as witnesses."""

import datetime as dt
import random

import pytest

from daemon.moment.payment_ids import is_kid
from daemon.sandbox.payment_ids import FORMATS, Payable, as_written, broken, is_valid, mod10, mod11, payment_id

INVOICE = Payable(10245, "100042", is_credit_note=False, day=dt.date(2026, 3, 14))
NOTE = Payable(10246, "100042", is_credit_note=True, day=dt.date(2026, 3, 20))


@pytest.mark.parametrize(
    ("parts", "payable", "expected"),
    [
        (("INV6",), INVOICE, "0102459"),
        (("INV6", "CLI6"), INVOICE, "0102451000420"),
        (("CLI6", "INV6"), INVOICE, "1000420102450"),
        (("TYPE", "INV6"), INVOICE, "10102457"),
        (("TYPE", "INV6"), NOTE, "30102461"),
        (("COM23", "INV7", "CLI6", "COM4"), INVOICE, "23001024510004246"),
        (("INV8", "ISSUE"), INVOICE, "000102451403269"),
        (("INV24",), INVOICE, "0000000000000000000102459"),
    ],
)
def test_formats(parts: tuple[str, ...], payable: Payable, expected: str) -> None:
    """Each part of a format has its length, and the check digit is always appended."""
    assert expected == payment_id(parts, payable)


@pytest.mark.parametrize(("base", "digit"), [("234567", "6"), ("1234", "4"), ("60224", "3"), ("000019", "0")])
def test_mod10(base: str, digit: str) -> None:
    """Check digits by modulus 10."""
    assert digit == mod10(base)


@pytest.mark.parametrize(("base", "digit"), [("1234", "3"), ("012955", "0"), ("000006", "-"), ("000014", "0")])
def test_mod11(base: str, digit: str) -> None:
    """Check characters by modulus 11, the hyphen among them."""
    assert digit == mod11(base)


def test_validity() -> None:
    """What is made is valid, what is broken on purpose is not; the daemon's rules say the same."""
    for parts in FORMATS:
        right = payment_id(parts, INVOICE)
        assert is_valid(right)
        assert is_kid(right)
        assert not is_valid(broken(right))
        assert not is_kid(broken(right))


@pytest.mark.parametrize("text", ["", "1", "12 34", "K100", "1" * 26, "0102458x"])
def test_never_valid(text: str) -> None:
    """Too short, too long, or not digits."""
    assert not is_valid(text)


def test_as_written() -> None:
    """Leading zeros and long payment ids stay text; others are now and then written as numbers."""
    chance = random.Random(1)
    assert {"0102459"} == {as_written(chance, "0102459") for _ in range(200)}
    assert {"1" * 25} == {as_written(chance, "1" * 25) for _ in range(200)}
    assert {"1000420102450", 1000420102450} == {as_written(chance, "1000420102450") for _ in range(200)}
