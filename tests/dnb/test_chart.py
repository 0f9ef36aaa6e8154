"""The chart of a company: read whole once, shared, and asked again for what was not found."""

from collections.abc import Callable, Generator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Answered, Call, Refused, Reply, Unavailable
from daemon.dnb.calls import PAGE_ROWS
from daemon.dnb.chart import SETTINGS_SECONDS, Chart
from daemon.dnb.chart_rows import AccountRow, SettingsRow, VatTypeRow, day
from tests.dnb.world import ok

SALES = {"ID": 188, "AccountNumber": 3000, "Active": True}
LOCKED = {"ID": 189, "AccountNumber": 3100, "Locked": True}
VAT = {"ID": 113, "VatCode": "3", "VatPercent": 25}


def played(process: Generator[Call, Reply, Any], replies: list[Reply]) -> tuple[list[Call], Any]:
    """Return the calls of a look-up, and what it found."""
    made: list[Call] = []
    script = iter(replies)
    try:
        made.append(next(process))
        while True:
            made.append(process.send(next(script)))
    except StopIteration as ended:
        return made, ended.value


def refused(found: object) -> tuple[str, str, bool]:
    """Return reason, value and whether it heals."""
    assert isinstance(found, Refused), found
    return found.reason, found.value, found.heals


def test_accounts_are_listed_once() -> None:
    """A thousand lines on the same accounts cost one call, which all who wait share."""
    chart = Chart()
    made, found = played(chart.account("3000"), [ok([SALES, LOCKED])])
    assert (1, True, 188) == (len(made), made[0].shared, found.id)
    assert ([], 188) == ((again := played(chart.account("3000"), []))[0], again[1].id)


def test_a_missing_account_is_asked_for_alone_by_the_next_change() -> None:
    """An account that is added in DnB is seen without a restart."""
    chart = Chart()
    assert ("unknown_account", "3998", True) == refused(played(chart.account("3998"), [ok([SALES])])[1])
    assert ("unknown_account", "3998", True) == refused(played(chart.account("3998"), [ok([])])[1])
    made, found = played(chart.account("3998"), [ok([{"ID": 200, "AccountNumber": 3998}])])
    assert (1, 200) == (len(made), found.id)
    assert [] == played(chart.account("3998"), [])[0]


def test_a_locked_account_is_refused_until_it_is_opened() -> None:
    """What was locked when it was read is read again."""
    chart = Chart()
    assert ("account_locked", "3100", True) == refused(played(chart.account("3100"), [ok([SALES, LOCKED])])[1])
    assert ("account_locked", "3100", True) == refused(played(chart.account("3100"), [ok([LOCKED])])[1])
    assert 189 == played(chart.account("3100"), [ok([{**LOCKED, "Locked": False}])])[1].id


def test_a_high_account_is_asked_for_alone() -> None:
    """The list leaves out customers' sub-accounts, and with them every number that is as high."""
    made, found = played(Chart().account("300000"), [ok([SALES]), ok([{"ID": 9, "AccountNumber": 300000}])])
    assert (2, 9) == (len(made), found.id)


@pytest.mark.parametrize("number", ["K3000", "", "\uff13\uff10"])
def test_an_account_that_is_no_number_costs_no_call(number: str) -> None:
    """DnB's account numbers are integers."""
    made, found = played(Chart().account(number), [])
    assert ([], ("unknown_account", number, True)) == (made, refused(found))


def test_a_long_list_is_read_page_by_page() -> None:
    """Pages are read until one is short."""
    page = [{"ID": number, "AccountNumber": number} for number in range(1, PAGE_ROWS + 1)]
    made, found = played(Chart().account("3000"), [ok(page), ok([SALES])])
    assert ["skip=0", f"skip={PAGE_ROWS}"] == [call.target.split("&")[4] for call in made]
    assert 188 == found.id


def test_a_server_that_ignores_pages_is_not_read_for_ever() -> None:
    """A list that never ends is an outage of the API."""
    page = ok([{"ID": number, "VatCode": str(number)} for number in range(PAGE_ROWS)])
    _, found = played(Chart().vat_type("3"), [page] * 200)
    assert Unavailable("list_without_end") == found


def test_a_list_of_something_else_is_not_trusted() -> None:
    """A server that ignored the filter shows sub-accounts too."""
    _, found = played(Chart().account("3000"), [ok([SALES, {"ID": 1, "AccountNumber": 100042}])])
    assert Unavailable("filter_ignored_list") == found


@pytest.mark.parametrize("nameless", [{"ID": 7}, {"ID": 7, "AccountNumber": "", "VatCode": None}])
def test_a_row_without_number_or_code_keeps_nobody_waiting(nameless: dict[str, Any]) -> None:
    """It cannot be meant by any line, and the others can."""
    assert 188 == played(Chart().account("3000"), [ok([nameless, SALES])])[1].id
    chart = Chart()
    assert 113 == played(chart.vat_type("3"), [ok([nameless, VAT])])[1].id
    assert "unknown_vat_code" == refused(played(chart.vat_type("None"), [ok([])])[1])[0]


def test_vat_types_are_listed_once_and_asked_for_alone_when_missing() -> None:
    """Codes are texts, whatever a reply makes of them."""
    chart = Chart()
    assert 113 == played(chart.vat_type("3"), [ok([VAT, {"ID": 114, "VatCode": 31}])])[1].id
    assert 114 == played(chart.vat_type("31"), [])[1].id
    assert ("unknown_vat_code", "33", True) == refused(played(chart.vat_type("33"), [ok([])])[1])
    assert 115 == played(chart.vat_type("33"), [ok([{"ID": 115, "VatCode": "33"}])])[1].id
    assert 115 == played(chart.vat_type("33"), [])[1].id


PERIODS: list[dict[str, Any]] = [
    {"ID": 1, "VatPercent": 24, "ValidFrom": "2000-01-01", "ValidTo": "2025-12-31T00:00:00Z"},
    {"ID": 2, "VatPercent": 25, "ValidFrom": "2026-01-01"},
    {"ID": 3, "VatPercent": 99, "ValidFrom": "2026-01-01", "Deleted": True},
]


@pytest.mark.parametrize(
    ("row", "on", "percent"),
    [
        ({"VatPercent": 25}, "2026-03-14", 25),
        ({"VatPercent": 25, "VatTypePercentages": PERIODS}, "2025-03-14", 24),
        ({"VatTypePercentages": PERIODS}, "2026-03-14", 25),
        ({"VatTypePercentages": PERIODS}, "1999-01-01", None),
        ({}, "2026-03-14", None),
    ],
)
def test_the_rate_is_that_of_the_day(row: dict[str, Any], on: str, percent: int | None) -> None:
    """The rate stands at the root in older contracts, and by period in newer ones."""
    found = msgspec.convert({"ID": 1, "VatCode": "3", **row}, VatTypeRow).percent_on(date.fromisoformat(on))
    assert (None if percent is None else Decimal(percent)) == found


def test_products_are_found_by_number_and_a_miss_is_asked_again() -> None:
    """A product that is created meanwhile is seen."""
    chart = Chart()
    assert played(chart.product_id("T-1"), [ok([])])[1] is None
    assert 231 == played(chart.product_id("T-1"), [ok([{"ID": 231, "PartName": "t-1"}])])[1]
    assert ([], 231) == played(chart.product_id("T-1"), [])


OPEN = ok({"ID": 1, "BaseCurrencyCodeID": 1, "AccountingLockedDate": None})
CLOSED = ok({"ID": 1, "BaseCurrencyCodeID": 1, "VatLockedDate": "2026-03-31T00:00:00Z"})
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 1)


def test_an_open_period_is_read_once() -> None:
    """Every further invoice costs nothing."""
    chart = Chart()
    assert isinstance(played(chart.require_open(MARCH, "invoiceDate"), [OPEN])[1], SettingsRow)
    assert [] == played(chart.require_open(MARCH, "invoiceDate"), [])[0]


def test_settings_are_read_again_after_some_minutes() -> None:
    """A person may have closed a period, or switched the distribution on."""
    chart = Chart()
    chart.tell_time(1000.0)
    assert 1 == len(played(chart.settings(), [OPEN])[0])
    chart.tell_time(999.0 + SETTINGS_SECONDS)
    assert 0 == len(played(chart.settings(), [])[0])
    chart.tell_time(1000.0 + SETTINGS_SECONDS)
    made, _ = played(chart.settings(), [OPEN])
    assert (1, True) == (len(made), made[0].shared)
    chart.tell_time(1001.0 + SETTINGS_SECONDS)
    assert 0 == len(played(chart.settings(), [])[0])


def test_a_closed_period_is_refused_and_read_again() -> None:
    """A refusal keeps nothing, so a period that is opened is seen by the next try."""
    chart = Chart()
    for _ in range(2):
        made, found = played(chart.require_open(MARCH, "invoiceDate"), [CLOSED])
        assert (1, ("closed_period", "2026-03-31", True)) == (len(made), refused(found))
    assert isinstance(played(chart.require_open(MARCH, "invoiceDate"), [OPEN])[1], SettingsRow)


def test_a_later_day_in_the_same_company_is_open() -> None:
    """What closes March leaves April alone, and April's settings are read anew for March."""
    chart = Chart()
    assert isinstance(played(chart.require_open(APRIL, "invoiceDate"), [CLOSED])[1], SettingsRow)
    assert [] == played(chart.require_open(APRIL, "invoiceDate"), [])[0]
    assert 1 == len(played(chart.require_open(MARCH, "invoiceDate"), [CLOSED])[0])


def test_settings_of_nothing_are_not_believed() -> None:
    """Every company has a base currency; a reply without is none of a company's settings."""
    chart = Chart()
    assert Unavailable("reply_not_understood") == played(chart.settings(), [ok({"ID": 1})])[1]
    assert 1 == len(played(chart.settings(), [OPEN])[0])


def test_forgetting_reads_all_again() -> None:
    """What DnB refused may have been taken from here."""
    chart = Chart()
    played(chart.account("3000"), [ok([SALES])])
    played(chart.settings(), [OPEN])
    chart.forget()
    assert 1 == len(played(chart.account("3000"), [ok([SALES])])[0])
    assert 1 == len(played(chart.settings(), [OPEN])[0])


LOOK_UPS: list[Callable[[Chart], Generator[Call, Reply, Any]]] = [
    lambda chart: chart.account("3000"),
    lambda chart: chart.vat_type("3"),
    lambda chart: chart.product_id("T-1"),
    lambda chart: chart.settings(),
    lambda chart: chart.require_open(MARCH, "invoiceDate"),
]


@pytest.mark.parametrize("look_up", LOOK_UPS)
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Answered(status=500), "status_500"),
        (Answered(status=404), "status_404"),
        (ok("text"), "reply_not_understood"),
    ],
)
def test_an_outage_is_handed_on(
    look_up: Callable[[Chart], Generator[Call, Reply, Any]], reply: Reply, reason: str
) -> None:
    """Nothing is concluded from a read that failed."""
    assert Unavailable(reason) == played(look_up(Chart()), [reply])[1]


def test_a_failing_second_look_up_is_handed_on() -> None:
    """A list that was read does not hide that the single read failed."""
    chart = Chart()
    played(chart.account("3000"), [ok([SALES])])
    played(chart.vat_type("3"), [ok([VAT])])
    assert Unavailable("status_500") == played(chart.account("3001"), [Answered(status=500)])[1]
    assert Unavailable("status_500") == played(chart.vat_type("33"), [Answered(status=500)])[1]


@pytest.mark.parametrize(
    ("text", "expected"), [("2026-03-31T00:00:00Z", MARCH), ("2026-03-31", MARCH), (None, None), ("soon", None)]
)
def test_a_date_may_carry_a_time(text: str | None, expected: date | None) -> None:
    """Only the day counts."""
    assert expected == day(text)


def test_an_account_without_flags_is_open() -> None:
    """Flags that are not shown forbid nothing."""
    assert AccountRow(id=1).is_open
