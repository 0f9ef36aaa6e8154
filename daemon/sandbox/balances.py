"""What the books add up to, for a judge: whole invoices and vouchers, a trial balance, and VAT by code.

Everything is summed anew from the booked lines, as exact decimals.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from daemon.sandbox.books import Books
from daemon.sandbox.documents import Row
from daemon.sandbox.rendering import rendered, whole


class VatSum(msgspec.Struct, frozen=True):
    """What was sold or bought under one VAT code: the net amounts, and the VAT. Income and its VAT are negative."""

    base: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)


def invoices(books: Books) -> list[Row]:
    """Every living invoice, whole: with its items, customer, dimensions and voucher."""
    entity = books.schema.entity("CustomerInvoice")
    return [whole(books, entity, row) for row in books.table("CustomerInvoice").live()]


def vouchers(books: Books) -> list[Row]:
    """Every booked journal entry, whole: with its lines, their accounts, VAT types and dimensions."""
    entity = books.schema.entity("JournalEntry")
    rows = books.table("JournalEntry").live()
    return [whole(books, entity, row) for row in rows if row["JournalEntryNumber"] is not None]


def trial_balance(books: Books) -> dict[int, Decimal]:
    """The sum of each account of the main ledger, by number; all of them together are 0."""
    sums: dict[int, Decimal] = {}
    for number, line in _numbered(books, "Account"):
        sums[number] = sums.get(number, Decimal(0)) + _amount(line)
    return sums


def customer_balances(books: Books) -> dict[int, Decimal]:
    """What each customer owes, by the number of its sub-account."""
    sums: dict[int, Decimal] = {}
    for number, line in _numbered(books, "SubAccount"):
        sums[number] = sums.get(number, Decimal(0)) + _amount(line)
    return sums


def vat_by_code(books: Books) -> dict[str, VatSum]:
    """Net and VAT of each VAT code that was used."""
    sums: dict[str, VatSum] = {}
    for line in _lines(books):
        vat_type = line["VatType"]
        if not isinstance(vat_type, dict):
            continue
        before = sums.get(str(vat_type["VatCode"]), VatSum())
        is_vat = line["AccountID"] in (vat_type["OutgoingAccountID"], vat_type["IncomingAccountID"])
        after = (before.base, before.vat + _amount(line)) if is_vat else (before.base + _amount(line), before.vat)
        sums[str(vat_type["VatCode"])] = VatSum(*after)
    return sums


def _numbered(books: Books, relation: str) -> Iterator[tuple[int, Row]]:
    """The booked lines that have an account under `relation`, with its number."""
    for line in _lines(books):
        account = line[relation]
        number = account["AccountNumber"] if isinstance(account, dict) else None
        if isinstance(number, int):
            yield number, line


def _lines(books: Books) -> Iterator[Row]:
    entity = books.schema.entity("JournalEntryLine")
    for row in books.table("JournalEntryLine").live():
        yield rendered(books, entity, row, {"Account": {}, "SubAccount": {}, "VatType": {}})


def _amount(line: Row) -> Decimal:
    return Decimal(str(line["Amount"]))
