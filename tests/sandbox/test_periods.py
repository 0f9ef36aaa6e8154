"""When something may be booked."""

import datetime as dt

import pytest

from daemon.sandbox.documents import Json
from daemon.sandbox.periods import day_of, is_locked, settings_of, today, year_of
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON


@pytest.mark.parametrize(("value", "expected"), [
    ("2026-02-03", dt.date(2026, 2, 3)),
    ("2026-02-03T00:00:00Z", dt.date(2026, 2, 3)),
    ("2026-02-30", None),
    ("", None),
    (None, None),
    (20260203, None),
])  # fmt: skip
def test_day_of(value: Json, expected: dt.date | None) -> None:
    """A date counts with and without a time; anything else is no day."""
    assert expected == day_of(value)


def test_today() -> None:
    """Today is the day of the clock, in UTC."""
    assert "2026-02-03" == today(NOON)


@pytest.mark.parametrize(("day", "year"), [
    ("2024-12-31", None), ("2025-01-01", 2025), ("2026-12-31", 2026), ("2027-12-31", 2027), ("2028-01-01", None),
])  # fmt: skip
def test_year_of(day: str, year: int | None) -> None:
    """A company has the year before its opening, its own, and the next."""
    row = year_of(Bookkeeper().own_books, dt.date.fromisoformat(day))
    assert year == (None if row is None else row["Year"])


@pytest.mark.parametrize(("column", "day", "has_vat", "expected"), [
    ("AccountingLockedDate", "2026-01-31", False, True),
    ("AccountingLockedDate", "2026-02-01", True, False),
    ("VatLockedDate", "2026-01-31", True, True),
    ("VatLockedDate", "2026-01-31", False, False),
])  # fmt: skip
def test_is_locked(column: str, day: str, has_vat: bool, expected: bool) -> None:  # noqa: FBT001 -- cases of the table
    """A date is locked up to the lock, that day included; the VAT's lock is for VAT alone."""
    office = Bookkeeper(**{column: "2026-01-31"})
    assert expected == is_locked(office.own_books, dt.date.fromisoformat(day), has_vat=has_vat)


def test_settings() -> None:
    """A company has settings."""
    assert "Fjellvik AS" == settings_of(Bookkeeper().own_books)["CompanyName"]
