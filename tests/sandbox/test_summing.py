"""What an invoice adds up to."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from daemon.sandbox.summing import has_money, invoice_columns, is_text, item_columns, terms_of
from tests.sandbox.bookkeeper import Bookkeeper


def _reckoned(office: Bookkeeper, invoice: Row, *items: Row) -> list[Row]:
    terms = terms_of(office.own_books, Switches(), {"InvoiceDate": "2026-02-03", **invoice})
    return [item | item_columns(terms, item) for item in items]


@pytest.mark.parametrize(("columns", "net", "vat"), [
    ({"NumberOfItems": 8, "PriceExVat": 1250}, 10000.0, 2500.0),
    ({"NumberOfItems": 3, "PriceExVat": 33.335}, 100.01, 25.0),
    ({"NumberOfItems": 1, "PriceExVat": 0.02}, 0.02, 0.01),
    ({"NumberOfItems": -1, "PriceExVat": 0.005}, -0.01, 0.0),
    ({"NumberOfItems": 1, "PriceExVat": 100, "DiscountPercent": 33.33}, 66.67, 16.67),
    ({"NumberOfItems": 1000, "PriceExVat": 0.33333333}, 333.3, 83.33),
    ({"NumberOfItems": 1, "PriceExVat": None, "PriceExVatCurrency": 10}, 10.0, 2.5),
    ({"NumberOfItems": None, "PriceExVat": 10}, 0.0, 0.0),
])  # fmt: skip
def test_item(columns: dict[str, Json], net: float, vat: float) -> None:
    """Net is rounded first and VAT from it, a half cent away from zero, prices to four decimals."""
    office = Bookkeeper()
    (row,) = _reckoned(office, {}, {**office.item(), **columns})
    assert (net, vat, round(net + vat, 2)) == (row["SumTotalExVat"], row["SumVat"], row["SumTotalIncVat"])
    assert net == row["SumTotalExVatCurrency"]


@pytest.mark.parametrize("prices", [
    {"PriceExVat": 230, "PriceExVatCurrency": 20}, {"PriceExVat": None, "PriceExVatCurrency": 20},
    {"PriceExVat": 230, "PriceExVatCurrency": None},
])  # fmt: skip
def test_foreign_currency(prices: dict[str, Json]) -> None:
    """In a foreign currency its price counts, and everything is converted at the invoice's rate."""
    office = Bookkeeper()
    (row,) = _reckoned(office, {"CurrencyCodeID": 2, "CurrencyExchangeRate": 11.5}, {**office.item(1), **prices})
    assert (20.0, 230.0, 230.0, 57.5, 20.0, 5.0) == tuple(
        row[name] for name in ("PriceExVatCurrency", "PriceExVat", "SumTotalExVat", "SumVat",
                               "SumTotalExVatCurrency", "SumVatCurrency")
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "rounding", "payable"), [
    (0, 0.0, 125.25), ("2", -0.25, 125.0), (2, -0.25, 125.0), (3, 0.25, 125.5), (None, 0.0, 125.25),
])  # fmt: skip
def test_rounding(kind: Json, rounding: float, payable: float) -> None:
    """A company may round what is to be paid to whole or half kroner; else it is what it is."""
    office = Bookkeeper(RoundingType=kind)
    sums = invoice_columns(office.own_books, _reckoned(office, {}, office.item(1, 100.2)))
    assert (rounding, payable, payable, 0) == (
        sums["PayableRoundingAmount"], sums["TaxInclusiveAmount"], sums["RestAmountCurrency"], sums["CreditedAmount"],
    )  # fmt: skip
    assert "PayableRoundingCurrencyAmount" in sums


def test_no_items() -> None:
    """An invoice without items is worth nothing."""
    assert 0.0 == invoice_columns(Bookkeeper().own_books, [])["TaxInclusiveAmount"]


def test_text() -> None:
    """An item without product is text, whether it has money or not."""
    items: list[Row] = [{"ItemText": "x"}, {"PriceExVat": 5}, {"ProductID": 1, "PriceExVatCurrency": 5}]
    assert [(True, False), (True, True), (False, True)] == [(is_text(item), has_money(item)) for item in items]


def test_default_account() -> None:
    """An item without account and product account is income of the company's default account."""
    office = Bookkeeper()
    product = office.post("products", {"Name": "Annet"}).row["ID"]
    (row,) = _reckoned(office, {}, {"ProductID": product, "NumberOfItems": 1, "PriceExVat": 1})
    assert (office.account(3000), None, 0.0) == (row["AccountID"], row["VatTypeID"], row["SumVat"])
