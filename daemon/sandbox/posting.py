"""What a posted line becomes in the journal: the line itself, net and on the main ledger, and its VAT."""

from decimal import Decimal
from typing import Final

from daemon.sandbox.books import Books
from daemon.sandbox.documents import Row
from daemon.sandbox.money import amount_of, number, rounded
from daemon.sandbox.periods import day_of
from daemon.sandbox.statuses import LINE_OPEN
from daemon.sandbox.taxing import percent_on, vat_account, vat_type_of, vat_within
from daemon.sandbox.vouchers import GENERATED, Objection

NOT_COPIED: Final = frozenset({
    "ID", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "JournalEntryID", "JournalEntryNumber",
    "JournalEntryNumberNumeric", "JournalEntryLineDraftID", "VatReportID", "RegisteredDate",
})  # fmt: skip
"""The columns that a line made from another does not take over."""


def postings(books: Books, draft: Row) -> list[Row] | Objection:
    """The booked lines that a posted line becomes, or why it cannot be booked.

    With a VAT type its amount is gross: the VAT is taken out of it.
    """
    if draft["Amount"] is None:
        return Objection("Amount", "Beløp må fylles ut")
    day = day_of(draft["FinancialDate"])
    if day is None:
        return Objection("FinancialDate", "Dato må fylles ut")
    vat_type = vat_type_of(books, draft["VatTypeID"])
    percent = percent_on(books, vat_type, day_of(draft["VatDate"]) or day)
    line: Row = {**_own_columns(books, draft), "VatPercent": number(percent)}
    if vat_type is None or not percent:
        return [line | ({} if vat_type is None else {"TaxBasisAmount": line["Amount"]})]
    return _split(line, vat_type, percent)


def _split(line: Row, vat_type: Row, percent: Decimal) -> list[Row] | Objection:
    account = vat_account(vat_type)
    if account is None:
        return Objection("VatTypeID", "Mva-koden har ingen konto")
    gross = amount_of(line["Amount"])
    vat = vat_within(gross, percent)
    basis: Row = {"TaxBasisAmount": number(gross - vat)}
    net = {**line, **_money(line, gross - vat), **basis}
    own: Row = {"AccountID": account, "SubAccountID": None, "DimensionsID": None, GENERATED: True}
    return [net, {**line, **own, **_money(line, vat), **basis}]


def _money(line: Row, amount: Decimal) -> Row:
    rate = amount_of(line["CurrencyExchangeRate"]) or Decimal(1)
    return {"Amount": number(amount), "AmountCurrency": number(rounded(amount / rate))}


def _own_columns(books: Books, draft: Row) -> Row:
    """The columns of a posted line, on the main ledger where it names a customer's sub-account."""
    line: Row = {name: value for name, value in draft.items() if name not in NOT_COPIED}
    line.update({"JournalEntryLineDraftID": draft["ID"], "StatusCode": None})
    line["VatDate"] = draft["VatDate"] if draft["VatDate"] is not None else draft["FinancialDate"]
    key = draft["AccountID"]
    account = books.table("Account").get(key) if isinstance(key, int) else None
    if account is not None and account["AccountID"] is not None:
        line.update({"AccountID": account["AccountID"], "SubAccountID": account["ID"]})
    if line["SubAccountID"] is not None:
        line.update({"RestAmount": line["Amount"], "StatusCode": LINE_OPEN})
    return line | _money(line, amount_of(line["Amount"]))
