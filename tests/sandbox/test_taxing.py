"""VAT."""

import datetime as dt
from decimal import Decimal

import pytest

from daemon.sandbox.settings import Switches
from daemon.sandbox.taxing import (
    is_registered,
    outside_the_law,
    percent_on,
    vat_account,
    vat_type_of,
    vat_within,
)
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON

_DAY = dt.date(2026, 2, 3)


@pytest.mark.parametrize(("code", "percent", "account"), [
    ("3", "25", 2700), ("31", "15", 2701), ("33", "12", 2702), ("32", "11.11", 2703),
    ("5", "0", None), ("52", "0", None), ("6", "0", None), ("0", "0", None), ("7", "0", None), ("1", "25", 2710),
])  # fmt: skip
def test_codes(code: str, percent: str, account: int | None) -> None:
    """Each code has its rate, and an account for its VAT if it has any; both readings of the rate agree."""
    for switches in (Switches(), Switches(vat_percent_at_root=False)):
        office = Bookkeeper(switches)
        row = vat_type_of(office.own_books, office.vat(code))
        assert row is not None
        expected = None if account is None else office.account(account)
        assert (Decimal(percent), expected) == (percent_on(office.own_books, row, _DAY), vat_account(row))


def test_rate_of_the_day() -> None:
    """A rate that changed counts from its day on."""
    office = Bookkeeper()
    key = office.vat("3")
    old = office.own_books.table("VatTypePercentage").where("VatTypeID", key)[0]
    old["ValidTo"] = "2026-06-30"
    office.own_books.add("VatTypePercentage", {"VatTypeID": key, "VatPercent": 20.0, "ValidFrom": "2026-07-01"}, NOON)
    row = vat_type_of(office.own_books, key)
    days = (dt.date(2026, 6, 30), dt.date(2026, 7, 1))
    assert [25, 20] == [percent_on(office.own_books, row, day) for day in days]


def test_no_vat_type() -> None:
    """Without a VAT type there is no VAT."""
    books = Bookkeeper().own_books
    assert (None, Decimal(0)) == (vat_type_of(books, None), percent_on(books, None, _DAY))


@pytest.mark.parametrize(("gross", "percent", "vat"), [
    ("12500", "25", "2500"), ("99.99", "25", "20.00"), ("-0.01", "25", "0.00"), ("112", "12", "12"), ("100", "0", "0"),
])  # fmt: skip
def test_vat_within(gross: str, percent: str, vat: str) -> None:
    """Net and VAT of a gross amount add up to it."""
    assert Decimal(vat) == vat_within(Decimal(gross), Decimal(percent))


def test_registration() -> None:
    """A company that is not registered has code 6."""
    office = Bookkeeper(TaxMandatoryType=2)
    row = outside_the_law(office.own_books)
    assert row is not None
    assert (False, True, "6") == (
        is_registered(office.own_books),
        is_registered(Bookkeeper().own_books),
        row["VatCode"],
    )
