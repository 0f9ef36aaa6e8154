"""What must hold of the books after every booking, checked by sums and look-ups of its own.

A voucher balances to the cent. And a sale stands in the books once: no two vouchers, of which neither is credited,
carry the same external reference, the same invoice number, or the same payment id, customer and amount.
"""

from collections.abc import Iterator
from decimal import Decimal

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Row
from daemon.sandbox.settling import is_result
from daemon.sandbox.statuses import INVOICE_CREDITED, LINE_CREDITED


def broken_rules(books: Books, entry: Row) -> Iterator[str]:
    """What the booked `entry` breaks."""
    balance = sum((Decimal(str(line["Amount"])) for line in _lines(books, entry)), Decimal(0))
    if balance:
        yield f"unbalanced: journal entry {entry['ID']} by {balance}"
    for reason, others in _twins(books, entry).items():
        if others:
            yield f"posted_twice: journal entry {entry['ID']} has the {reason} of {min(others)}"


def _twins(books: Books, entry: Row) -> dict[str, set[int]]:
    """The other entries that book the same sale, by what they have in common."""
    found: dict[str, set[int]] = {"ExternalReference": set(), "InvoiceNumber": set(), "PaymentID": set()}
    claims = list(_claims(books, entry))
    for claim in claims:
        for column in ("InvoiceNumber", "PaymentID"):
            if claim[column] not in (None, ""):
                rows = books.table("JournalEntryLine").where(column, claim[column])
                found[column] |= {_entry_id(other) for other in rows if _is_same_sale(books, column, claim, other)}
    if claims:
        found["ExternalReference"] = _referenced_alike(books, entry, claims[0])
    for others in found.values():
        others.discard(id_of(entry))
    return found


def _claims(books: Books, entry: Row) -> Iterator[Row]:
    """The lines on customers of an entry that is a sale or its credit: it also has a line on a result account."""
    lines = _lines(books, entry)
    if any(is_result(books, line) for line in lines):
        yield from (line for line in lines if line["SubAccountID"] is not None and _is_standing(books, line))


def _is_standing(books: Books, line: Row) -> bool:
    """Whether the line is not taken back by a credit."""
    key = line["CustomerInvoiceID"]
    invoice = books.table("CustomerInvoice").get(key) if isinstance(key, int) else None
    is_credited = invoice is not None and invoice["StatusCode"] == INVOICE_CREDITED
    return line["StatusCode"] != LINE_CREDITED and not is_credited


def _is_same_sale(books: Books, column: str, claim: Row, other: Row) -> bool:
    entry = books.table("JournalEntry").get(_entry_id(other))
    if entry is None or _sign(claim) != _sign(other) or not any(each is other for each in _claims(books, entry)):
        return False
    return column == "InvoiceNumber" or (claim["SubAccountID"], claim["Amount"]) == (
        other["SubAccountID"],
        other["Amount"],
    )


def _referenced_alike(books: Books, entry: Row, claim: Row) -> set[int]:
    """The entries with the external reference of `entry` or of its invoice, on the same side of the account."""
    own = (entry["ExternalReference"], _reference_of_invoice(books, claim))
    references = {each for each in own if isinstance(each, str) and each}
    entries: list[Row] = []
    for reference in references:
        entries += books.table("JournalEntry").where("ExternalReference", reference)
        for invoice in books.table("CustomerInvoice").where("ExternalReference", reference):
            key = invoice["JournalEntryID"]
            other = books.table("JournalEntry").get(key) if isinstance(key, int) else None
            entries += [] if other is None else [other]
    return {id_of(other) for other in entries if any(_sign(each) == _sign(claim) for each in _claims(books, other))}


def _reference_of_invoice(books: Books, claim: Row) -> str | None:
    key = claim["CustomerInvoiceID"]
    invoice = books.table("CustomerInvoice").get(key) if isinstance(key, int) else None
    reference = None if invoice is None else invoice["ExternalReference"]
    return reference if isinstance(reference, str) else None


def _lines(books: Books, entry: Row) -> list[Row]:
    return books.table("JournalEntryLine").where("JournalEntryID", id_of(entry))


def _entry_id(line: Row) -> int:
    key = line["JournalEntryID"]
    assert isinstance(key, int)  # noqa: S101 -- every booked line has its entry
    return key


def _sign(line: Row) -> bool:
    return Decimal(str(line["Amount"])) < 0
