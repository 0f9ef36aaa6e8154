"""What an invoice adds up to, by the server's own rules: whatever sums a client sends are passed over.

Net of a line = number of items times price less discount, rounded to cents; VAT of a line = that net times the VAT
type's percentage, rounded to cents. Counts and prices have four decimals, as DnB's database keeps them. In a foreign
currency net and VAT are found in the currency and then converted.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from daemon.sandbox.books import Books
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.money import STEP, amount_of, number, rounded, total
from daemon.sandbox.periods import day_of, settings_of
from daemon.sandbox.settings import Switches
from daemon.sandbox.taxing import is_registered, outside_the_law, percent_on, vat_type_of

# What CompanySettings.RoundingType asks for; the other types leave the sum as it is.
_ROUNDING_STEPS: Final[Mapping[str, Decimal]] = {"2": Decimal(1), "3": Decimal("0.5")}

TEXT_LINE: Final[Row] = {
    "AccountID": None, "VatTypeID": None, "DimensionsID": None, "NumberOfItems": 0, "PriceExVat": 0,
    "PriceExVatCurrency": 0, "DiscountPercent": 0, "Discount": 0,
}  # fmt: skip
"""What is left of the money of a line without product, which counts as text."""


class Terms(msgspec.Struct, frozen=True):
    """What the items of an invoice are reckoned by."""

    books: Books
    switches: Switches
    day: dt.date | None
    rate: Decimal
    is_home: bool


def terms_of(books: Books, switches: Switches, invoice: Row) -> Terms:
    """The terms of `invoice`; without a currency it is in the company's own."""
    base = settings_of(books)["BaseCurrencyCodeID"]
    is_home = invoice.get("CurrencyCodeID") in (None, base)
    rate = Decimal(1) if is_home else amount_of(invoice.get("CurrencyExchangeRate"))
    return Terms(books, switches, day_of(invoice.get("InvoiceDate")), rate, is_home)


def is_text(item: Row) -> bool:
    """Whether an item counts as text: it names no product."""
    return item.get("ProductID") is None


def has_money(item: Row) -> bool:
    """Whether an item has a price."""
    return any(amount_of(item.get(name)) for name in ("PriceExVat", "PriceExVatCurrency", "PriceIncVat"))


def item_columns(terms: Terms, item: Row) -> Row:
    """The columns of `item` that the server sets."""
    if is_text(item) and terms.switches.line_without_product != "accepted":
        return {**TEXT_LINE, **_sums(terms, item | TEXT_LINE, None)}
    vat_type = _vat_type(terms, item)
    columns: Row = {"VatTypeID": None if vat_type is None else vat_type["ID"], "AccountID": _account(terms.books, item)}
    return {**columns, **_sums(terms, item, vat_type)}


def invoice_columns(books: Books, items: Iterable[Row]) -> Row:
    """The sums of an invoice with `items`, which have theirs."""
    rows = list(items)
    columns = {**_totals(books, rows, ""), **_totals(books, rows, "Currency")}
    columns["PayableRoundingCurrencyAmount"] = columns.pop("PayableRoundingAmountCurrency")
    return columns


def summary(books: Books, items: Iterable[Row]) -> Row:
    """The answer of `calculate-invoice-summary` for items that have their sums."""
    rows = list(items)
    sums = _totals(books, rows, "")
    taxed = [row for row in rows if amount_of(row["SumVat"])]
    return {
        "SumTotalExVat": sums["TaxExclusiveAmount"],
        "SumVat": sums["VatTotalsAmount"],
        "SumTotalIncVat": sums["TaxInclusiveAmount"],
        "SumVatBasis": number(total(amount_of(row["SumTotalExVat"]) for row in taxed)),
        "SumNoVatBasis": number(total(amount_of(row["SumTotalExVat"]) for row in rows if row not in taxed)),
        "DecimalRounding": sums["PayableRoundingAmount"],
    }


def vat_summary(items: Iterable[Row]) -> list[Json]:
    """The answer of `calculate-vat-summary`: base and VAT of each percentage."""
    found: dict[Decimal, list[Row]] = {}
    for item in items:
        found.setdefault(amount_of(item["VatPercent"]), []).append(item)
    return [
        {"VatPercent": number(percent), "SumVat": number(total(amount_of(row["SumVat"]) for row in rows)),
         "SumVatBasis": number(total(amount_of(row["SumTotalExVat"]) for row in rows))}
        for percent, rows in sorted(found.items())
    ]  # fmt: skip


def _vat_type(terms: Terms, item: Row) -> Row | None:
    """The item's VAT type, else its product's; a company without VAT charges none."""
    product = _product(terms.books, item)
    key = item.get("VatTypeID") if item.get("VatTypeID") is not None or product is None else product["VatTypeID"]
    vat_type = vat_type_of(terms.books, key)
    if percent_on(terms.books, vat_type, terms.day) and not is_registered(terms.books):
        return outside_the_law(terms.books)
    return vat_type


def _account(books: Books, item: Row) -> Json:
    """The item's account, else its product's, else the company's for sales."""
    product = _product(books, item)
    keys = (item.get("AccountID"), None if product is None else product["AccountID"])
    return next((key for key in keys if key is not None), settings_of(books)["DefaultSalesAccountID"])


def _product(books: Books, item: Row) -> Row | None:
    key = item.get("ProductID")
    return books.table("Product").get(key) if isinstance(key, int) else None


def _sums(terms: Terms, item: Row, vat_type: Row | None) -> Row:
    price = _price(terms, item)
    kept = 1 - amount_of(item.get("DiscountPercent")) / 100
    percent = percent_on(terms.books, vat_type, terms.day)
    count = rounded(amount_of(item.get("NumberOfItems")), STEP)
    net = rounded(count * price * kept)
    vat = rounded(net * percent / 100)
    home_net, home_vat = rounded(net * terms.rate), rounded(vat * terms.rate)
    return {
        "VatPercent": number(percent),
        "NumberOfItems": number(count),
        "PriceExVatCurrency": number(price),
        "PriceExVat": number(rounded(price * terms.rate, STEP)),
        "SumTotalExVat": number(home_net),
        "SumVat": number(home_vat),
        "SumTotalIncVat": number(home_net + home_vat),
        "SumTotalExVatCurrency": number(net),
        "SumVatCurrency": number(vat),
        "SumTotalIncVatCurrency": number(net + vat),
    }


def _price(terms: Terms, item: Row) -> Decimal:
    """The price in the invoice's currency; in the company's own `PriceExVat` counts, else the currency's."""
    home, foreign = item.get("PriceExVat"), item.get("PriceExVatCurrency")
    if terms.is_home:
        return rounded(amount_of(foreign if home is None else home), STEP)
    if foreign is not None or not terms.rate:
        return rounded(amount_of(foreign), STEP)
    return rounded(amount_of(home) / terms.rate, STEP)


def _totals(books: Books, items: list[Row], suffix: str) -> Row:
    net = total(amount_of(item[f"SumTotalExVat{suffix}"]) for item in items)
    vat = total(amount_of(item[f"SumVat{suffix}"]) for item in items)
    step = _ROUNDING_STEPS.get(str(settings_of(books)["RoundingType"]))
    payable = net + vat if step is None else rounded(net + vat, step)
    return {
        f"TaxExclusiveAmount{suffix}": number(net),
        f"VatTotalsAmount{suffix}": number(vat),
        f"PayableRoundingAmount{suffix}": number(payable - net - vat),
        f"TaxInclusiveAmount{suffix}": number(payable),
        f"RestAmount{suffix}": number(payable),
        f"CreditedAmount{suffix}": 0,
    }
