"""A voucher: a journal entry with its booked lines, booked as a whole, balanced, in an open period, or not at all."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from daemon.sandbox import auditing
from daemon.sandbox.books import Books, id_of, instant
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response, answer
from daemon.sandbox.money import amount_of, total
from daemon.sandbox.numbering import VOUCHER_SERIES, is_within, peeked, series_of
from daemon.sandbox.periods import day_of, is_locked, year_number, year_of
from daemon.sandbox.visiting import Visit

GENERATED: Final = "_generated"
"""A line that the server has made itself; such a name, with its underscore, is no column."""


class Objection(msgspec.Struct, frozen=True):
    """Why something is not booked, and the field that tells."""

    field: str
    text: str
    entity: str = "JournalEntryLineDraft"


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher to book: columns of the entry, and the columns of every line, VAT lines too.

    `entry` is the row of an entry that is there already. A `manual` voucher may not use accounts that are closed to
    people; `number` is the one it must have, `series` the one to take it from. `regardless` passes over locked dates.
    """

    columns: Row
    lines: tuple[Row, ...]
    entry: Row | None = None
    manual: bool = True
    number: int | None = None
    series: Row | None = None
    regardless: bool = False


def refusal(objection: Objection) -> Response:
    """A 400 with the objection as `Messages`."""
    item: Json = {"Message": objection.text, "PropertyName": objection.field, "EntityType": objection.entity,
                  "Level": 30, "EntityID": 0}  # fmt: skip
    return answer(400, {"Messages": [item], "Message": "Validation failed"})


def booked(visit: Visit, voucher: Voucher) -> Row | Objection:
    """Book `voucher`; the row of its entry, or what speaks against it, and then nothing was written."""
    days = [day_of(line["FinancialDate"]) for line in voucher.lines]
    objection = _untimely(visit.books, voucher, days) or _unusable(visit.books, voucher) or _unbalanced(voucher.lines)
    if objection is not None:
        return objection
    year = year_of(visit.books, next(day for day in days if day is not None))
    assert year is not None  # noqa: S101 -- a voucher outside every year was refused
    numbered = _number(visit.books, voucher, year)
    if isinstance(numbered, Objection):
        return numbered
    series, number = numbered
    if voucher.number is None:
        visit.books.table("NumberSeries").update(series, {"NextNumber": number + 1}, visit.now)
    columns = _entry_columns(voucher, year, series, number)
    return _written(visit, voucher, columns)


def next_voucher_number(books: Books, series: Row, year: Row) -> int:
    """The number that the next voucher of `series` in `year` will get."""
    entries = books.table("JournalEntry")
    return peeked(series, lambda number: bool(entries.where("JournalEntryNumber", f"{number}-{year['Year']}")))


def _untimely(books: Books, voucher: Voucher, days: list[dt.date | None]) -> Objection | None:
    if not days:
        return Objection("Lines", "Bilaget har ingen linjer")
    years: set[int] = set()
    for line, day in zip(voucher.lines, days, strict=True):
        year = None if day is None else year_of(books, day)
        if day is None or year is None:
            return Objection("FinancialDate", "Regnskapsåret finnes ikke")
        years.add(id_of(year))
        if not voucher.regardless and _is_locked(books, line, day):
            return Objection("FinancialDate", "Perioden er låst")
    return None if len(years) == 1 else Objection("FinancialDate", "Bilaget går over flere regnskapsår")


def _is_locked(books: Books, line: Row, day: dt.date) -> bool:
    vat_day = day_of(line.get("VatDate")) or day
    has_vat = bool(amount_of(line.get("VatPercent")))
    return is_locked(books, day, has_vat=False) or (has_vat and is_locked(books, vat_day, has_vat=True))


def _unusable(books: Books, voucher: Voucher) -> Objection | None:
    for line in voucher.lines:
        for key in (line.get("AccountID"), line.get("SubAccountID")):
            account = books.table("Account").get(key) if isinstance(key, int) else None
            reason = None if key is None else _closed(account, line, manual=voucher.manual)
            if reason is not None:
                return Objection("AccountID", reason)
        if line.get("AccountID") is None:
            return Objection("AccountID", "Konto må fylles ut")
    return None


def _closed(account: Row | None, line: Row, *, manual: bool) -> str | None:
    if account is None:
        return "Kontoen finnes ikke"
    if account["Locked"] or not account["Active"]:
        return "Kontoen er låst"
    if manual and account["LockManualPosts"] and not line.get(GENERATED):
        return "Kontoen er låst for manuell bilagsføring"
    return None


def _unbalanced(lines: Iterable[Row]) -> Objection | None:
    if total(amount_of(line.get("Amount")) for line in lines):
        return Objection("Amount", "Bilaget balanserer ikke")
    return None


def _number(books: Books, voucher: Voucher, year: Row) -> tuple[Row, int] | Objection:
    """The series and the number of the voucher."""
    series = voucher.series or series_of(books, VOUCHER_SERIES, year_number(year))
    if series is None:
        return Objection("NumberSeriesID", "Nummerserie mangler", "JournalEntry")
    if series["AccountYear"] not in (None, year["Year"]):
        return Objection("NumberSeriesID", "Nummerserien gjelder et annet år", "JournalEntry")
    number = next_voucher_number(books, series, year) if voucher.number is None else voucher.number
    if books.table("JournalEntry").where("JournalEntryNumber", f"{number}-{year['Year']}"):
        return Objection("JournalEntryNumber", "Bilagsnummeret er allerede i bruk", "JournalEntry")
    if voucher.number is None and not is_within(series, number):
        return Objection("NumberSeriesID", "Nummerserien er full", "JournalEntry")
    return series, number


def _entry_columns(voucher: Voucher, year: Row, series: Row, number: int) -> Row:
    return {
        **voucher.columns,
        "JournalEntryNumber": f"{number}-{year['Year']}",
        "JournalEntryNumberNumeric": number,
        "FinancialYearID": year["ID"],
        "NumberSeriesID": series["ID"],
    }


def _written(visit: Visit, voucher: Voucher, columns: Row) -> Row:
    table = visit.books.table("JournalEntry")
    entry = voucher.entry
    if entry is None:
        entry = visit.books.add("JournalEntry", columns, visit.now)
    else:
        table.update(entry, columns, visit.now)
    common = {name: entry[name] for name in ("JournalEntryNumber", "JournalEntryNumberNumeric")}
    for line in voucher.lines:
        kept = {name: value for name, value in line.items() if not name.startswith("_")}
        values: Row = {**kept, **common, "JournalEntryID": entry["ID"], "RegisteredDate": instant(visit.now)[:10]}
        visit.books.add("JournalEntryLine", values, visit.now)
    for rule in auditing.broken_rules(visit.books, entry):
        visit.alarm(rule)
    return entry
