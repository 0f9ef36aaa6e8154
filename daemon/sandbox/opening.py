"""A fresh company: the standard rows that every company of DnB Regnskap begins with."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.numbering import (
    CUSTOMER_SERIES,
    INVOICE_SERIES,
    INVOICE_VOUCHER_SERIES,
    PROJECT_SERIES,
    SUB_ACCOUNT_SERIES,
    VOUCHER_SERIES,
)
from daemon.sandbox.schema import Schema
from daemon.sandbox.settings import Company, Settings
from daemon.sandbox.statuses import ACTIVE

FIRST_CUSTOMER_NUMBER: Final = 100_000
LAST_CUSTOMER_NUMBER: Final = 199_999
CUSTOMER_MAIN_ACCOUNT: Final = 1500
ROUNDING_ACCOUNT: Final = 7740
FIRST_INVOICE_NUMBER: Final = 10_000
FIRST_INVOICE_VOUCHER: Final = 100_000
"""Where the front end lets a voucher series for sales invoices begin."""
LAST_VOUCHER: Final = 59_999
"""Where the front end lets the next voucher series (supplier invoices) begin, less one."""
_LAST_NUMBER: Final = 2_147_483_647  # the greatest number that JournalEntryNumberNumeric can hold

_ACCOUNTS: Final = (
    (1500, "Kundefordringer"),
    (1920, "Bankinnskudd"),
    (3000, "Salgsinntekt, avgiftspliktig"),
    (3010, "Salgsinntekt, egne timer"),
    (3020, "Salgsinntekt, middels sats"),
    (3030, "Salgsinntekt, lav sats"),
    (3100, "Salgsinntekt, avgiftsfri"),
    (3110, "Salgsinntekt, utlegg"),
    (3200, "Salgsinntekt, utenfor avgiftsområdet"),
    (3900, "Annen driftsrelatert inntekt"),
    (4300, "Innkjøp av varer for videresalg"),
    (6700, "Fremmede tjenester"),
    (7740, "Øreavrunding"),
    (7830, "Tap på fordringer"),
)
# Where VAT is booked, by the server alone: nobody else may post there.
_VAT_ACCOUNTS: Final = (
    (2700, "Utgående merverdiavgift, alminnelig sats"),
    (2701, "Utgående merverdiavgift, middels sats"),
    (2702, "Utgående merverdiavgift, lav sats"),
    (2703, "Utgående merverdiavgift, råfisk"),
    (2710, "Inngående merverdiavgift, alminnelig sats"),
    (2711, "Inngående merverdiavgift, middels sats"),
    (2712, "Inngående merverdiavgift, lav sats"),
    (2740, "Oppgjørskonto merverdiavgift"),
)
# The Norwegian standard codes: (code, name, percent, account of the VAT).
_VAT_TYPES: Final = (
    ("3", "Utgående mva, alminnelig sats", 25.0, 2700),
    ("31", "Utgående mva, middels sats", 15.0, 2701),
    ("33", "Utgående mva, lav sats", 12.0, 2702),
    ("5", "Innenlands omsetning, fritatt", 0.0, None),
    ("52", "Utførsel av varer og tjenester", 0.0, None),
    ("6", "Utenfor merverdiavgiftsloven", 0.0, None),
    ("0", "Ingen mva-behandling", 0.0, None),
    ("32", "Utgående mva, råfisk", 11.11, 2703),
    ("51", "Innenlands omsetning med omvendt avgiftsplikt", 0.0, None),
    ("7", "Ingen mva-behandling, inntekt", 0.0, None),
    ("1", "Inngående mva, alminnelig sats", 25.0, 2710),
    ("11", "Inngående mva, middels sats", 15.0, 2711),
    ("13", "Inngående mva, lav sats", 12.0, 2712),
)
_INCOMING: Final = frozenset({"1", "11", "13"})
# The VAT code that an income account proposes.
_PROPOSED_VAT: Final = {3000: "3", 3010: "3", 3020: "31", 3030: "33", 3100: "5", 3110: "5", 3200: "6"}
_CURRENCIES: Final = (
    ("NOK", "Norske kroner", "kr"),
    ("EUR", "Euro", "€"),
    ("USD", "Amerikanske dollar", "$"),
    ("SEK", "Svenske kroner", "kr"),
    ("DKK", "Danske kroner", "kr"),
    ("GBP", "Britiske pund", "£"),
    ("CHF", "Sveitsiske franc", "CHF"),
    ("ISK", "Islandske kroner", "kr"),
)
_COUNTRIES: Final = (
    ("NO", "Norge"), ("SE", "Sverige"), ("DK", "Danmark"), ("FI", "Finland"), ("IS", "Island"),
    ("DE", "Tyskland"), ("NL", "Nederland"), ("FR", "Frankrike"), ("ES", "Spania"), ("PL", "Polen"),
    ("GB", "Storbritannia"), ("CH", "Sveits"), ("US", "USA"),
)  # fmt: skip


def opened(schema: Schema, company: Company, position: int, settings: Settings) -> Books:
    """The books of `company`, the sandbox's number `position`, on the day they are opened."""
    books, now = Books(schema, position), settings.opened_at
    currencies = [_add(books, "CurrencyCode", now, Code=code, Name=name, ShortCode=short)
                  for code, name, short in _CURRENCIES]  # fmt: skip
    for code, name in _COUNTRIES:
        _add(books, "Country", now, CountryCode=code, Name=name)
    accounts = _add_accounts(books, now)
    _add_vat_types(books, accounts, now)
    years = _add_years(books, now)
    _add_number_series(books, accounts, years, settings)
    _add(books, "Terms", now, Name="Netto 14 dager", TermsType=1, CreditDays=14)
    books.table("CompanySettings").insert(1, _company_settings(company, accounts, currencies[0]), now)
    return books


def _add(books: Books, entity: str, now: float, **values: Json) -> int:
    return id_of(books.add(entity, values, now))


def _add_accounts(books: Books, now: float) -> dict[int, int]:
    """The chart of accounts; the ID of each account number."""
    accounts = {number: _account(books, number, name, now) for number, name in _ACCOUNTS}
    reserved: Row = {"SystemAccount": True, "LockManualPosts": True}
    vat = {number: _account(books, number, name, now, **reserved) for number, name in _VAT_ACCOUNTS}
    return accounts | vat


def _account(books: Books, number: int, name: str, now: float, **columns: Json) -> int:
    return _add(books, "Account", now, AccountNumber=number, AccountName=name, StatusCode=ACTIVE, **columns)


def _add_vat_types(books: Books, accounts: Mapping[int, int], now: float) -> None:
    types: dict[str, int] = {}
    for code, name, percent, account in _VAT_TYPES:
        side = "IncomingAccountID" if code in _INCOMING else "OutgoingAccountID"
        values: Row = {"VatCode": code, "Name": name, "OutputVat": code not in _INCOMING}
        values[side] = None if account is None else accounts[account]
        if "VatPercent" in books.table("VatType").entity.fields:
            values["VatPercent"] = percent
        types[code] = id_of(books.add("VatType", values, now))
        _add(books, "VatTypePercentage", now, VatTypeID=types[code], VatPercent=percent, ValidFrom="2016-01-01")
    for number, code in _PROPOSED_VAT.items():
        row = books.table("Account").where("AccountNumber", number)[0]
        row["VatTypeID"] = types[code]


def _add_years(books: Books, now: float) -> tuple[int, ...]:
    """The year before the opening, its own, and the one after."""
    year = dt.datetime.fromtimestamp(now, dt.UTC).year
    for each in (year - 1, year, year + 1):
        add_year(books, each, now)
    return (year - 1, year, year + 1)


def add_year(books: Books, year: int, now: float) -> Row:
    """A new financial year, from January to December."""
    dates: Row = {"ValidFrom": f"{year}-01-01", "ValidTo": f"{year}-12-31"}
    return books.add("FinancialYear", {"Year": year, "StatusCode": ACTIVE, **dates}, now)


def _add_number_series(books: Books, accounts: Mapping[int, int], years: tuple[int, ...], settings: Settings) -> None:
    now = settings.opened_at
    main: Row = {"MainAccountID": accounts[CUSTOMER_MAIN_ACCOUNT]}
    customers = (FIRST_CUSTOMER_NUMBER, LAST_CUSTOMER_NUMBER)
    _add_series(books, ("Customer", CUSTOMER_SERIES), customers, now, **main)
    _add_series(books, ("Account", SUB_ACCOUNT_SERIES), customers, now, **main)
    _add_series(books, ("Project", PROJECT_SERIES), (1, _LAST_NUMBER), now)
    invoices = _add_series(books, ("CustomerInvoice", INVOICE_SERIES), (FIRST_INVOICE_NUMBER, _LAST_NUMBER), now)
    tied = invoices if settings.switches.voucher_follows_invoice else None
    vouchers = (FIRST_INVOICE_VOUCHER, _LAST_NUMBER)
    kind = ("JournalEntry", INVOICE_VOUCHER_SERIES)
    _add_series(books, kind, vouchers, now, UseNumbersFromNumberSeriesID=tied)
    for year in years:
        _add_series(books, ("JournalEntry", VOUCHER_SERIES), (1, LAST_VOUCHER), now, AccountYear=year)


def _add_series(books: Books, kind: tuple[str, str], ends: tuple[int, int], now: float, **columns: Json) -> int:
    """A series of the type `kind` (entity and name), which is added where it is new."""
    entity, name = kind
    types = (row["ID"] for row in books.table("NumberSeriesType").live() if row["Name"] == name)
    type_id = next(types, None) or _add(books, "NumberSeriesType", now, EntityType=entity, Name=name)
    values: Row = {"Name": name, "DisplayName": name, "FromNumber": ends[0], "ToNumber": ends[1],
                   "NextNumber": ends[0], "IsDefaultForTask": True, "System": True}  # fmt: skip
    return _add(books, "NumberSeries", now, **values, NumberSeriesTypeID=type_id, **columns)


def _company_settings(company: Company, accounts: Mapping[int, int], base_currency: int) -> Row:
    return {
        "CompanyName": company.name,
        "OrganizationNumber": company.organization_number,
        "BaseCurrencyCodeID": base_currency,
        "CustomerAccountID": accounts[CUSTOMER_MAIN_ACCOUNT],
        "DefaultSalesAccountID": accounts[3000],
        "CustomerCreditDays": 14,
        "TaxMandatoryType": 3,
        "RoundingType": 0,
    }
