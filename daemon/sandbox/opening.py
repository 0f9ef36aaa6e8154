"""A fresh company: the standard rows that every company of DnB Regnskap begins with."""

import datetime as dt
from typing import Final

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.entities import ACTIVE
from daemon.sandbox.schema import Schema
from daemon.sandbox.settings import Company

FIRST_CUSTOMER_NUMBER: Final = 100_000
LAST_CUSTOMER_NUMBER: Final = 199_999
CUSTOMER_MAIN_ACCOUNT: Final = 1500

_ACCOUNTS: Final = (
    (1500, "Kundefordringer"),
    (1920, "Bankinnskudd"),
    (2700, "Utgående merverdiavgift"),
    (3000, "Salgsinntekt, avgiftspliktig"),
    (3100, "Salgsinntekt, avgiftsfri"),
)
# The Norwegian standard codes for sales: (code, name, percent).
_VAT_TYPES: Final = (
    ("3", "Utgående mva, alminnelig sats", 25.0),
    ("31", "Utgående mva, middels sats", 15.0),
    ("33", "Utgående mva, lav sats", 12.0),
    ("5", "Innenlands omsetning, fritatt", 0.0),
    ("52", "Utførsel av varer og tjenester", 0.0),
    ("6", "Utenfor merverdiavgiftsloven", 0.0),
    ("0", "Ingen mva-behandling", 0.0),
)
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


def opened(schema: Schema, company: Company, position: int, now: float) -> Books:
    """The books of `company`, the sandbox's number `position`, on the day they are opened (`now`, UTC seconds)."""
    books = Books(schema, position)
    currencies = [_add(books, "CurrencyCode", now, Code=code, Name=name, ShortCode=short)
                  for code, name, short in _CURRENCIES]  # fmt: skip
    for code, name in _COUNTRIES:
        _add(books, "Country", now, CountryCode=code, Name=name)
    accounts = {number: _account(books, number, name, now) for number, name in _ACCOUNTS}
    for code, name, percent in _VAT_TYPES:
        _add_vat_type(books, code, name, percent, now)
    _add_number_series(books, accounts[CUSTOMER_MAIN_ACCOUNT], now)
    _add(books, "Terms", now, Name="Netto 14 dager", TermsType=1, CreditDays=14)
    _add_year(books, now)
    books.table("CompanySettings").insert(1, _company_settings(company, accounts, currencies[0]), now)
    return books


def _add(books: Books, entity: str, now: float, **values: Json) -> int:
    return id_of(books.add(entity, values, now))


def _account(books: Books, number: int, name: str, now: float) -> int:
    return _add(books, "Account", now, AccountNumber=number, AccountName=name, StatusCode=ACTIVE)


def _add_vat_type(books: Books, code: str, name: str, percent: float, now: float) -> None:
    values: Row = {"VatCode": code, "Name": name, "OutputVat": True}
    if "VatPercent" in books.table("VatType").entity.fields:
        values["VatPercent"] = percent
    vat_type = id_of(books.add("VatType", values, now))
    _add(books, "VatTypePercentage", now, VatTypeID=vat_type, VatPercent=percent, ValidFrom="2016-01-01")


def _add_number_series(books: Books, main_account: int, now: float) -> None:
    series: Row = {"FromNumber": FIRST_CUSTOMER_NUMBER, "ToNumber": LAST_CUSTOMER_NUMBER,
                   "NextNumber": FIRST_CUSTOMER_NUMBER, "IsDefaultForTask": True, "System": True}  # fmt: skip
    customers = _add(books, "NumberSeriesType", now, EntityType="Customer", Name="Customer number series")
    accounts = _add(books, "NumberSeriesType", now, EntityType="Account", Name="Customer Account number series")
    for name, kind in (("Customer number series", customers), ("Customer Account number series", accounts)):
        _add(books, "NumberSeries", now, **series, Name=name, DisplayName=name,
             NumberSeriesTypeID=kind, MainAccountID=main_account)  # fmt: skip


def _add_year(books: Books, now: float) -> None:
    year = dt.datetime.fromtimestamp(now, dt.UTC).year
    dates = {"ValidFrom": f"{year}-01-01", "ValidTo": f"{year}-12-31"}
    _add(books, "FinancialYear", now, Year=year, StatusCode=ACTIVE, **dates)


def _company_settings(company: Company, accounts: dict[int, int], base_currency: int) -> Row:
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
