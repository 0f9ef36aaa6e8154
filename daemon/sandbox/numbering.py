"""Number series: which one a row's number comes from, and its next free number."""

from collections.abc import Callable
from typing import Final

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.visiting import Visit

CUSTOMER_SERIES: Final = "Customer number series"
SUB_ACCOUNT_SERIES: Final = "Customer Account number series"
PROJECT_SERIES: Final = "Project number series"
INVOICE_SERIES: Final = "Customer Invoice number series"
INVOICE_VOUCHER_SERIES: Final = "JournalEntry invoice number series type"
VOUCHER_SERIES: Final = "JournalEntry number series type yearly"


def series_of(books: Books, kind: str, year: int | None = None) -> Row | None:
    """The first series of a type (by the type's name) that is not disabled, and is of `year` if it is of any."""
    types = {id_of(row) for row in books.table("NumberSeriesType").live() if row["Name"] == kind}
    for row in books.table("NumberSeries").live():
        if row["NumberSeriesTypeID"] in types and not row["Disabled"] and row["AccountYear"] in (None, year):
            return row
    return None


def standing_series(books: Books, kind: str) -> Row:
    """The series of a type that every company has from its opening."""
    series = series_of(books, kind)
    assert series is not None  # noqa: S101 -- nothing can remove or disable it
    return series


def is_within(series: Row, number: Json) -> bool:
    """Whether `number` lies in the range of `series`."""
    first, last = series["FromNumber"], series["ToNumber"]
    return isinstance(number, int) and isinstance(first, int) and isinstance(last, int) and first <= number <= last


def peeked(series: Row, is_taken: Callable[[int], bool]) -> int:
    """The next number of `series` that is not taken; a full series gives numbers beyond its end."""
    number = series["NextNumber"]
    assert isinstance(number, int)  # noqa: S101 -- a series of the books always has one
    while is_taken(number):
        number += 1
    return number


def next_number(visit: Visit, series: Row, is_taken: Callable[[int], bool]) -> int:
    """The next number of `series` that is not taken, which is then spent."""
    number = peeked(series, is_taken)
    visit.books.table("NumberSeries").update(series, {"NextNumber": number + 1}, visit.now)
    return number
