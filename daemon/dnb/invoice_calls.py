"""The calls about invoices: find, create as draft, book, delete a draft."""

from daemon.core.procedure import Call
from daemon.dnb.calls import TOP_ROWS, target, text_literal

INVOICE_EXPAND = "Items,DefaultDimensions,JournalEntry,JournalEntry.Lines"


def invoice(dnb_id: int) -> Call:
    """Return the call that reads one invoice with all that is compared."""
    return Call(method="GET", target=target(f"invoices/{dnb_id}", expand=INVOICE_EXPAND))


def invoices_by_number(number: str) -> Call:
    """Return the call that lists the invoices with one number."""
    return _where(f"InvoiceNumber eq {text_literal(number)}")


def invoices_by_reference(reference: str) -> Call:
    """Return the call that lists the invoices with one external reference."""
    return _where(f"ExternalReference eq {text_literal(reference)}")


def invoice_ids_by_number(number: str) -> Call:
    """Return the call that finds an invoice that a credit note refers to."""
    condition = f"InvoiceNumber eq {text_literal(number)}"
    columns = "ID,InvoiceNumber,InvoiceType,CustomerID,StatusCode"
    return Call(method="GET", target=target("invoices", filter=condition, select=columns, top=TOP_ROWS), shared=True)


def invoice_head(dnb_id: int) -> Call:
    """Return the call that reads of one invoice what tells it from others."""
    columns = "ID,InvoiceNumber,InvoiceType,CustomerID,StatusCode,ExternalReference"
    return Call(method="GET", target=target(f"invoices/{dnb_id}", select=columns), shared=True)


def credit_notes() -> Call:
    """Return the call that shows the latest credit notes, and so the sign that the company's amounts have in them."""
    columns = "ID,InvoiceType,StatusCode,JournalEntryID,TaxInclusiveAmount"
    condition = "InvoiceType eq 1"
    query = target("invoices", filter=condition, select=columns, orderby="ID desc", top=TOP_ROWS)
    return Call(method="GET", target=query, shared=True)


def create_invoice(body: bytes) -> Call:
    """Return the call that creates an invoice as a draft; the body carries guids."""
    return Call(method="POST", target="api/biz/invoices", body=body, writes=True)


def book_invoice(dnb_id: int) -> Call:
    """Return the call that books a draft: the one step that cannot be taken back."""
    return Call(method="POST", target=f"api/biz/invoices/{dnb_id}?action=invoice", writes=True)


def delete_invoice(dnb_id: int) -> Call:
    """Return the call that deletes a draft; DnB refuses to delete anything that is booked."""
    return Call(method="DELETE", target=f"api/biz/invoices/{dnb_id}", writes=True)


def _where(condition: str) -> Call:
    return Call(method="GET", target=target("invoices", filter=condition, expand=INVOICE_EXPAND, top=TOP_ROWS))
