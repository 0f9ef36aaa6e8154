"""The calls about vouchers that are posted directly in the journal."""

from daemon.core.procedure import Call
from daemon.dnb.calls import TOP_ROWS, target, text_literal

ENTRY_EXPAND = "Lines,Lines.Dimensions"
TOP_LINES = 100  # payments of an invoice carry its number too


def entry(dnb_id: int) -> Call:
    """Return the call that reads one voucher with its lines."""
    return Call(method="GET", target=target(f"journalentries/{dnb_id}", expand=ENTRY_EXPAND))


def entries_by_reference(reference: str) -> Call:
    """Return the call that lists the vouchers with one external reference."""
    condition = f"ExternalReference eq {text_literal(reference)}"
    return Call(method="GET", target=target("journalentries", filter=condition, expand=ENTRY_EXPAND, top=TOP_ROWS))


def lines_by_invoice(number: str) -> Call:
    """Return the call that lists what the journal has under one invoice number."""
    condition = f"InvoiceNumber eq {text_literal(number)}"
    columns = "ID,JournalEntryID,InvoiceNumber,SubAccountID,Amount"
    query = target("journalentrylines", filter=condition, select=columns, orderby="ID", top=TOP_LINES)
    return Call(method="GET", target=query)


def book_entry(body: bytes) -> Call:
    """Return the call that books a voucher, all of it or nothing; the body carries its guids."""
    return Call(method="POST", target="api/biz/journalentries?action=book-journal-entries", body=body, writes=True)
