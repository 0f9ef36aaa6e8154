"""Invoices of Moment: sums that add up, spelled in every way that the contract allows."""

import datetime as dt
import random
from decimal import Decimal

import pytest

from daemon.sandbox import billing
from daemon.sandbox.billing import Bill, Line

HOURS = Line("Prosjektering", Decimal("7.5"), Decimal("10125.50"), "3", "hours", "3000")
FISH = Line("Råfisk", Decimal(1), Decimal("100.05"), "32", "products", "3020")


def bill(*lines: Line, number: int | None = 10245) -> Bill:
    """A bill of these lines."""
    day = dt.date(2026, 2, 3)
    return Bill(number=number, customer={"id": 7, "customerNumber": "100007"}, day=day, due=day, lines=lines)


@pytest.mark.parametrize(
    ("net", "code", "vat"),
    [("0.02", "3", "0.01"), ("-0.02", "3", "-0.01"), ("0.01", "3", "0.00"), ("100.05", "32", "11.12"),
     ("10", "31", "1.50"), ("10", "33", "1.20"), ("10", "6", "0.00"), ("10", "", "0.00")],
)  # fmt: skip
def test_vat(net: str, code: str, vat: str) -> None:
    """VAT is rounded to the øre, a half away from zero on either side."""
    assert Decimal(vat) == Line("", Decimal(1), Decimal(net), code, "hours", "3000").vat


def test_totals() -> None:
    """Totals are the sums of what each line says."""
    assert (Decimal("10225.55"), Decimal("2542.50"), Decimal("12768.05")) == bill(HOURS, FISH).totals


def test_rounding() -> None:
    """The rounding line takes an invoice to whole kroner, either way; a whole one has none."""
    assert Decimal("-0.05") == getattr(billing.rounding((HOURS, FISH)), "net", None)
    assert billing.rounding((Line("", Decimal(1), Decimal(100), "3", "hours", "3000"),)) is None


@pytest.mark.parametrize("share", [50, 60, 70])
def test_split(share: int) -> None:
    """The two halves of a split invoice come to the whole, each with a deduction."""
    one = billing.split(random.Random(1), share)
    other = billing.split(random.Random(1), 100 - share)
    assert one[0].net == other[0].net
    assert one[0].net == sum(line.net for line in (*one, *other))
    assert one[1].net < 0 < one[0].net


def test_taken_back() -> None:
    """A credited line has the same text with negative quantity and amount."""
    assert Line("Råfisk", Decimal(-1), Decimal("-100.05"), "32", "products", "3020") == billing.taken_back(FISH)


def test_spelled() -> None:
    """A decimal is written as text, with or without zeros, or as a number: always the same value."""
    chance = random.Random(1)
    spellings = {repr(billing.spelled(chance, Decimal("10.50"))) for _ in range(100)}
    assert {"'10.50'", "'10.5'", "10.5"} == spellings


def test_written() -> None:
    """A draft has no number, a finished invoice has; absent fields are null or left out."""
    chance = random.Random(1)
    drafts = [bill(HOURS, number=None).written(chance) for _ in range(20)]
    assert {"draft"} == {str(each["invoiceState"]) for each in drafts}
    assert [] == [each for each in drafts if each.get("invoiceNumber") is not None]
    assert {True, False} == {"description" in each for each in drafts}
    finished = [bill(HOURS).written(chance) for _ in range(20)]
    assert {"finalized"} == {str(each["invoiceState"]) for each in finished}
    assert {"10245", "'10245'"} == {repr(each["invoiceNumber"]) for each in finished}
