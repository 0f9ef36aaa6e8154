"""What an invoice must be in the journal, and what a voucher is, in one form."""

from decimal import Decimal

import msgspec
import pytest

from daemon.sandbox import balances
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.postings import Posting, differences, shown_posting, wanted_posting
from tests.sandbox.bookkeeper import CUSTOMER, PROJECT, Bookkeeper

HOURS: Row = {"text": "Timer", "quantity": 8, "totalExVat": "10000", "vatCode": "3", "productType": "hours",
              "accountNumber": "3010"}  # fmt: skip
DATA: Row = {
    "invoiceNumber": 10245, "customer": {"id": 7, "customerNumber": "100001"}, "invoiceDate": "2026-02-03",
    "dueDate": "2026-02-17", "paymentId": "0102459", "currencyCode": "NOK", "lines": [HOURS],
}  # fmt: skip


def booked(**columns: Json) -> Posting:
    """The voucher of an invoice of 10,000 and its VAT."""
    office = Bookkeeper()
    office.invoice(**{"PaymentID": "0102459", **columns})
    entry = balances.vouchers(office.own_books)[0]
    return shown_posting(entry, {CUSTOMER: "7"}, {PROJECT: "9"})


def wanted(**fields: Json) -> Posting:
    """What the same invoice of Moment must become."""
    return wanted_posting({**DATA, **fields}, ("9",))


def test_equal() -> None:
    """The voucher of an invoice that says what Moment says shows no difference."""
    assert [] == differences(wanted(), booked())


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"invoiceNumber": 10246}, ["number"]),
        ({"invoiceDate": "2026-02-02"}, ["day"]),
        ({"dueDate": "2026-02-18"}, ["due"]),
        ({"paymentId": None}, ["payment_id"]),
        ({"paymentId": "0102458"}, []),  # right by modulus 11 where it is wrong by modulus 10, so another one
        ({"customer": {"id": 8, "customerNumber": "100008"}}, ["customer"]),
        ({"lines": [{**HOURS, "vatCode": "31"}]}, ["receivable", "income", "vat"]),
        ({"lines": [{**HOURS, "totalExVat": "10000.01"}]}, ["receivable", "income"]),
        ({"lines": [{**HOURS, "accountNumber": "3000"}]}, ["income"]),
    ],
)
def test_different(fields: Row, told: list[str]) -> None:
    """Each part that differs is named."""
    assert told == [part for part in differences(wanted(**fields), booked()) if part != "payment_id" or told]


def test_without_project() -> None:
    """Income on no project, or on another, is not the same."""
    assert ["income"] == differences(wanted_posting(DATA, ()), booked())
    assert ["income"] == differences(wanted_posting(DATA, ("#4006",)), booked())


def test_free_reference() -> None:
    """A payment id whose check digit is wrong is paid with the invoice number."""
    assert "10245" == wanted(paymentId="0102450").payment_id


def test_rounding_line() -> None:
    """A rounding line has no VAT code, and a code that DnB has for such income is none."""
    rounding: Row = {**HOURS, "accountNumber": "7740", "vatCode": None, "totalExVat": "-0.25"}
    posting = wanted(lines=[HOURS, rounding])
    assert (("7740", "", "9"), Decimal("-0.25")) in posting.income
    assert Decimal("12499.75") == posting.receivable


def test_foreign_currency() -> None:
    """Net and VAT are reckoned in the currency and then converted; an øre of it for each line is no difference."""
    posting = wanted(currencyCode="EUR", currencyRate="11.4325", lines=[{**HOURS, "totalExVat": "100.03"}])
    assert (("3",), (Decimal("285.93"),)) == tuple(zip(*posting.vat, strict=True))
    assert (("3010", "3", "9"), Decimal("1143.59")) in posting.income
    near = msgspec.structs.replace(posting, receivable=posting.receivable + Decimal("0.11"), customers=("7",))
    far = msgspec.structs.replace(posting, receivable=posting.receivable + Decimal("0.12"), customers=("7",))
    assert [] == differences(posting, near)
    assert ["receivable"] == differences(posting, far)


def test_credit_note() -> None:
    """A negative invoice reduces what the customer owes, income and VAT."""
    posting = wanted(lines=[{**HOURS, "totalExVat": "-100.02"}])
    assert Decimal("-125.03") == posting.receivable
    assert (("3", Decimal("-25.01")),) == posting.vat
