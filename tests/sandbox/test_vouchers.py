"""Booking a voucher, or not."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from daemon.sandbox.visiting import Visit
from daemon.sandbox.vouchers import Objection, Voucher, booked, refusal
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON, inside, read


def _lines(office: Bookkeeper, **columns: Json) -> tuple[Row, ...]:
    common: Row = {"FinancialDate": "2026-02-03", **columns}
    return (
        {**common, "AccountID": office.account(1920), "Amount": 0.3},
        {**common, "AccountID": office.account(3100), "Amount": -0.1},
        {**common, "AccountID": office.account(3200), "Amount": -0.2},
    )


def _book(office: Bookkeeper, voucher: Voucher) -> Row | Objection:
    return booked(Visit(office.own_books, Switches(), NOON), voucher)


def test_balance_is_exact() -> None:
    """Amounts are added as decimals: what balances on paper balances here."""
    office = Bookkeeper()
    entry = _book(office, Voucher(columns={"Description": "x"}, lines=_lines(office)))
    assert not isinstance(entry, Objection)
    assert ("1-2026", "x") == (entry["JournalEntryNumber"], entry["Description"])
    lines = office.own_books.table("JournalEntryLine").where("JournalEntryID", entry["ID"])
    assert {("1-2026", "2026-02-03")} == {(line["JournalEntryNumber"], line["RegisteredDate"]) for line in lines}


@pytest.mark.parametrize(("column", "manual", "text"), [
    ("Locked", True, "Kontoen er låst"),
    ("Locked", False, "Kontoen er låst"),
    ("LockManualPosts", True, "Kontoen er låst for manuell bilagsføring"),
    ("LockManualPosts", False, None),
    ("Active", False, "Kontoen er låst"),
])  # fmt: skip
def test_closed_accounts(column: str, manual: bool, text: str | None) -> None:  # noqa: FBT001 -- a case of the table
    """A locked or inactive account takes nothing, one closed to people nothing of theirs."""
    office = Bookkeeper()
    office.own_books.table("Account").where("AccountNumber", 3200)[0][column] = column != "Active"
    result = _book(office, Voucher(columns={}, lines=_lines(office), manual=manual))
    assert text == (result.text if isinstance(result, Objection) else None)


def test_no_lines() -> None:
    """A voucher has lines."""
    assert Objection("Lines", "Bilaget har ingen linjer") == _book(Bookkeeper(), Voucher(columns={}, lines=()))


def test_objection_writes_nothing() -> None:
    """A refused voucher leaves no row and spends no number."""
    office = Bookkeeper()
    odd = (*_lines(office), {"FinancialDate": "2026-02-03", "AccountID": office.account(1920), "Amount": 1})
    assert isinstance(_book(office, Voucher(columns={}, lines=odd)), Objection)
    assert [] == list(office.own_books.table("JournalEntry").live())


@pytest.mark.parametrize(("columns", "text"), [
    ({"AccountYear": 2025}, "Nummerserien gjelder et annet år"),
    ({"AccountYear": 2026, "ToNumber": 0}, "Nummerserien er full"),
])  # fmt: skip
def test_unfit_series(columns: dict[str, Json], text: str) -> None:
    """A series of another year, or a full one, gives no number."""
    office = Bookkeeper()
    own: Row = {"FromNumber": 1, "ToNumber": 9, "NextNumber": 1, **columns}
    series = office.own_books.add("NumberSeries", own, NOON)
    result = _book(office, Voucher(columns={}, lines=_lines(office), series=series))
    assert isinstance(result, Objection)
    assert text == result.text


def test_year_without_series() -> None:
    """A year that has no voucher series takes no vouchers."""
    office = Bookkeeper()
    office.act("financialyears", "get-or-create-financial-year", verb="GET", year="2030")
    result = _book(office, Voucher(columns={}, lines=_lines(office, FinancialDate="2030-01-01")))
    assert Objection("NumberSeriesID", "Nummerserie mangler", "JournalEntry") == result


def test_refusal() -> None:
    """An objection is a 400 with Messages."""
    answer = read(refusal(Objection("Amount", "Bilaget balanserer ikke")))
    assert (400, "Amount", "JournalEntryLineDraft", 30) == (
        answer.status,
        *(inside(answer.json, "Messages", 0, name) for name in ("PropertyName", "EntityType", "Level")),
    )
