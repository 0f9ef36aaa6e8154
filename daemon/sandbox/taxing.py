"""VAT: which percentage a VAT type has on a day, where its VAT is booked, and what is in a gross amount."""

import datetime as dt
from decimal import Decimal

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.money import amount_of, rounded
from daemon.sandbox.periods import day_of, settings_of

REGISTERED: int = 3
"""`TaxMandatoryType` of a company that is registered for VAT."""


def vat_type_of(books: Books, key: Json) -> Row | None:
    """The VAT type that `key` names."""
    return books.table("VatType").get(key) if isinstance(key, int) else None


def percent_on(books: Books, vat_type: Row | None, day: dt.date | None) -> Decimal:
    """The percentage of `vat_type` on `day`: 25 is a quarter of the net."""
    if vat_type is None:
        return Decimal(0)
    for row in books.table("VatTypePercentage").where("VatTypeID", id_of(vat_type)):
        first, last = day_of(row["ValidFrom"]), day_of(row["ValidTo"])
        if day is None or ((first is None or first <= day) and (last is None or day <= last)):
            return amount_of(row["VatPercent"])
    return amount_of(vat_type.get("VatPercent"))


def vat_account(vat_type: Row) -> int | None:
    """The ID of the account that the VAT of this type is booked on; output VAT has one of its own."""
    key = vat_type["OutgoingAccountID"] if vat_type["OutputVat"] else vat_type["IncomingAccountID"]
    return key if isinstance(key, int) else None


def vat_within(gross: Decimal, percent: Decimal) -> Decimal:
    """The VAT in a gross amount."""
    return gross - rounded(gross / (1 + percent / 100))


def is_registered(books: Books) -> bool:
    """Whether the company charges VAT."""
    return settings_of(books)["TaxMandatoryType"] == REGISTERED


def outside_the_law(books: Books) -> Row | None:
    """VAT code 6, to which lines of a company without VAT are switched."""
    return next(iter(books.table("VatType").where("VatCode", "6")), None)
