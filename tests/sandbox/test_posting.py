"""What a posted line becomes."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.posting import postings
from daemon.sandbox.vouchers import Objection
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON


def _draft(office: Bookkeeper, **columns: Json) -> Row:
    common: Row = {"AccountID": office.account(3010), "Amount": -125, "FinancialDate": "2026-02-03"}
    return office.own_books.add("JournalEntryLineDraft", common | columns, NOON)


def _posted(office: Bookkeeper, **columns: Json) -> list[Row]:
    lines = postings(office.own_books, _draft(office, **columns))
    assert not isinstance(lines, Objection)
    return lines


def test_plain_line() -> None:
    """A line without VAT stays as it is, with the VAT date of its date."""
    (line,) = _posted(Bookkeeper())
    assert (-125.0, "2026-02-03", None, None) == tuple(
        line[name] for name in ("Amount", "VatDate", "SubAccountID", "TaxBasisAmount")
    )


@pytest.mark.parametrize(("code", "parts"), [
    ("3", [-100.0, -25.0]), ("31", [-108.7, -16.3]), ("1", [-100.0, -25.0]), ("6", [-125.0]), ("5", [-125.0]),
])  # fmt: skip
def test_gross_line(code: str, parts: list[float]) -> None:
    """A line with VAT becomes net and VAT, both with the net as basis; one of a code without VAT keeps its amount."""
    office = Bookkeeper()
    lines = _posted(office, VatTypeID=office.vat(code))
    assert parts == [line["Amount"] for line in lines]
    assert [parts[0]] * len(parts) == [line["TaxBasisAmount"] for line in lines]


def test_sub_account() -> None:
    """A line on a customer's sub-account stands on the main ledger, and is open."""
    office = Bookkeeper()
    (line,) = _posted(office, AccountID=office.account(100001), Amount=125)
    assert (office.account(1500), office.account(100001), 125.0, 31001) == tuple(
        line[name] for name in ("AccountID", "SubAccountID", "RestAmount", "StatusCode")
    )


def test_foreign_currency() -> None:
    """With a rate, the amount in the currency follows from the amount."""
    (line,) = _posted(Bookkeeper(), Amount=-115, CurrencyCodeID=2, CurrencyExchangeRate=11.5)
    assert (-115.0, -10.0) == (line["Amount"], line["AmountCurrency"])


def test_vat_type_without_account() -> None:
    """VAT that has no account cannot be booked."""
    office = Bookkeeper()
    row = office.own_books.table("VatType").where("VatCode", "3")[0]
    row["OutgoingAccountID"] = None
    assert Objection("VatTypeID", "Mva-koden har ingen konto") == postings(
        office.own_books, _draft(office, VatTypeID=row["ID"])
    )
