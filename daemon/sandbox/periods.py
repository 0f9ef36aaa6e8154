"""When something may be booked: open financial years, and the dates before which a company's books are locked."""

import datetime as dt

from daemon.sandbox.books import Books
from daemon.sandbox.documents import Json, Row


def day_of(value: Json) -> dt.date | None:
    """The day that a date column names; what follows the day is ignored."""
    try:
        return dt.datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def today(now: float) -> str:
    """The day at `now` (UTC seconds), as the API writes it."""
    return dt.datetime.fromtimestamp(now, dt.UTC).date().isoformat()


def settings_of(books: Books) -> Row:
    """The company's settings."""
    settings = books.table("CompanySettings").get(1)
    assert settings is not None  # noqa: S101 -- every company has them from its opening
    return settings


def year_of(books: Books, day: dt.date) -> Row | None:
    """The financial year in which `day` lies, if it was opened."""
    for row in books.table("FinancialYear").live():
        first, last = day_of(row["ValidFrom"]), day_of(row["ValidTo"])
        if first is not None and last is not None and first <= day <= last:
            return row
    return None


def year_number(year: Row) -> int | None:
    """The number of a financial year: 2026."""
    number = year["Year"]
    return number if isinstance(number, int) else None


def is_locked(books: Books, day: dt.date, *, has_vat: bool) -> bool:
    """Whether nothing more may be booked on `day`; lines with VAT have a lock of their own besides."""
    settings = settings_of(books)
    return _is_within(day, settings["AccountingLockedDate"]) or (has_vat and _is_within(day, settings["VatLockedDate"]))


def _is_within(day: dt.date, lock: Json) -> bool:
    last = day_of(lock)
    return last is not None and day <= last
