"""Number series."""

import pytest

from daemon.sandbox.books import Books
from daemon.sandbox.numbering import (
    CUSTOMER_SERIES,
    INVOICE_SERIES,
    VOUCHER_SERIES,
    is_within,
    next_number,
    peeked,
    series_of,
    standing_series,
)
from daemon.sandbox.settings import Switches
from daemon.sandbox.visiting import Visit
from tests.sandbox.office import KEY, NOON, Office


def _books() -> Books:
    return Office().emulator.books(KEY)


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_series_of_a_year(year: int) -> None:
    """Vouchers have a series for each year; of a year without one there is none."""
    series = series_of(_books(), VOUCHER_SERIES, year)
    assert series is not None
    assert (year, None) == (series["AccountYear"], series_of(_books(), VOUCHER_SERIES, 2031))


def test_disabled_series() -> None:
    """A disabled series gives no numbers."""
    books = _books()
    standing_series(books, INVOICE_SERIES)["Disabled"] = True
    assert series_of(books, INVOICE_SERIES) is None


@pytest.mark.parametrize(("number", "expected"), [
    (99_999, False), (100_000, True), (199_999, True), (200_000, False), ("100000", False), (None, False),
])  # fmt: skip
def test_ends(number: int | str | None, expected: bool) -> None:  # noqa: FBT001 -- a case of the table
    """Both ends of a series are in it."""
    assert expected == is_within(standing_series(_books(), CUSTOMER_SERIES), number)


def test_next_number_skips_what_is_taken() -> None:
    """The next number is the first that nobody has, and is given once; looking spends nothing."""
    books = _books()
    series = standing_series(books, INVOICE_SERIES)
    visit = Visit(books, Switches(), NOON)
    taken = {10_000, 10_001, 10_003}
    assert 10_002 == peeked(series, taken.__contains__)
    assert [10_002, 10_004] == [next_number(visit, series, taken.__contains__) for _ in range(2)]
