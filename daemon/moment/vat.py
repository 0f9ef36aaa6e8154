"""Which VAT code a line of an invoice is booked with.

Sources. Codes and their meaning: the Norwegian Tax Administration's list of standard tax codes (SAF-T). That accounts
without a VAT code are the main reason why invoices are not transferred, and that rounding to whole kroner is posted on
account 7740 without a VAT code: Moment's help pages. The rate of a code is DnB's to tell, and is checked there.
"""

from collections.abc import Mapping

from daemon.core.procedure import Refused
from daemon.moment.invoice import Invoice, InvoiceLine

ROUNDING_ACCOUNT = "7740"  # øreavrunding in the Norwegian standard chart of accounts

PURCHASE_CODES = frozenset(
    ("0", "1", "11", "12", "13", "14", "15", "20", "21", "22", "91", "92", *map(str, range(81, 90)))
)
"""Codes of purchases: on a sales line `0` stands where 5, 6, 7 or 52 is meant, and the others reclaim VAT."""


def line_vat_code(invoice: Invoice, place: int, vat_codes: Mapping[str, str]) -> str | Refused:
    """Return the VAT code of the line at this place (from 0), empty for a rounding line that has none.

    The line's own comes first, then the account's in the tenant's settings.
    """
    line = invoice.lines[place]
    code = (line.vat_code or "").strip() or vat_codes.get(line.account, "")
    if code in PURCHASE_CODES:
        return _not_sales(invoice, place, code)
    if not code and not is_rounding(line):
        return _missing(invoice, place)
    return code


def is_rounding(line: InvoiceLine) -> bool:
    """Tell whether the line is the rounding to whole kroner."""
    return line.account == ROUNDING_ACCOUNT


def _missing(invoice: Invoice, place: int) -> Refused:
    account = invoice.lines[place].account
    return Refused(
        reason="vat_code_missing",
        field=f"lines[{place}].vatCode",
        value=f"invoice {invoice.number}, account {account}",
        rule="every line has a VAT code, its own or its account's",
        repair=f"set the VAT code of account {account} in Moment and export the invoice again, or name the account "
        "under vat_codes in the tenant's settings",
    )


def _not_sales(invoice: Invoice, place: int, code: str) -> Refused:
    account = invoice.lines[place].account
    return Refused(
        reason="vat_code_not_sales",
        field=f"lines[{place}].vatCode",
        value=f"invoice {invoice.number}, account {account}, code {code}",
        rule="a sales line has a code for sales: 3, 31, 32, 33, 5, 51, 52, 6 or 7",
        repair=f"correct the VAT code of account {account} in Moment and export the invoice again",
    )
