"""An invoice as a voucher: debit the customer with the gross, credit income with VAT, on the project.

A posted line with a VAT type carries its gross amount; DnB takes the VAT out of it and books that itself. Debit is
positive, credit negative, so a credit note needs no decision: its amounts are negative in Moment already. The voucher
balances by itself, so the customer is debited with the sum of the lines; it may differ from Moment's total by what two
ways to round VAT can differ. The number that the voucher should have is derived as Moment's page says; whether DnB
takes it is not documented.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from daemon.dnb.invoice_bodies import CENT, References, rounded
from daemon.dnb.invoice_comparing import Difference
from daemon.dnb.invoice_content import InvoiceContent, Line

MAX_ENTRY_TEXT_CHARACTERS = 200  # DnB's column
MAX_LINE_TEXT_CHARACTERS = 255  # DnB's column
SOURCE = "Moment"

_ENCODER = msgspec.json.Encoder(decimal_format="number")

Body = dict[str, Any]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One income line, in the invoice's currency: credit is negative."""

    text: str
    account_id: int
    vat_type_id: int | None
    percent: Decimal
    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        """Return the amount that is posted."""
        return self.net + self.vat


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The voucher of one invoice in the company's terms; `number` is the one it should have, None for any."""

    content: InvoiceContent
    references: References
    customer_account_id: int
    reference: str
    number: int | None

    @property
    def posts(self) -> list[Post]:
        """Return the income lines in their order."""
        return [self._post(line) for line in self.content.lines]

    def _post(self, line: Line) -> Post:
        vat = self.references.vat_types[line.vat_code]
        return Post(
            text=line.text,
            account_id=self.references.accounts[line.account],
            vat_type_id=vat.dnb_id,
            percent=vat.percent or Decimal(),
            net=-line.net,
            vat=rounded(-line.net * (vat.percent or 0) / 100),
        )

    @property
    def receivable(self) -> Decimal:
        """Return what the customer is debited with, in the company's currency."""
        return -sum((self.own_gross(post) for post in self.posts), Decimal())

    def own_gross(self, post: Post) -> Decimal:
        """Return what is posted of a line in the company's currency: the net converted, with the VAT of that.

        DnB takes the VAT out of the gross again, and gets exactly this net back.
        """
        net = self.own(post.net)
        return net + rounded(net * post.percent / 100)

    def own(self, amount: Decimal) -> Decimal:
        """Return an amount in the company's currency."""
        return rounded(amount * self.references.rate)

    @property
    def text(self) -> str:
        """Return what the voucher is called; longer than DnB's field where the description is."""
        kind = "Kreditnota" if self.content.is_credit_note else "Faktura"
        credited = f"krediterer faktura {self.content.credited_number}" if self.content.credited_number else ""
        return " ".join(filter(None, (kind, self.content.number, credited, self.content.description)))

    @property
    def customer_text(self) -> str:
        """Return the text of the customer's line, with a payment id that is no KID."""
        free = self.content.payment.free_reference
        return f"{self.content.number} {free}".strip()

    @property
    def is_shortened(self) -> bool:
        """Tell whether a text is longer than DnB's field: a voucher has no lines of text to go on with."""
        longest = max(len(line.text) for line in self.content.lines)
        return len(self.text) > MAX_ENTRY_TEXT_CHARACTERS or longest > MAX_LINE_TEXT_CHARACTERS


def rate_difference(entry: Entry) -> Difference | None:
    """Return the difference of Moment's VAT from what DnB's rates make of the lines, None where there is none."""
    content, posts = entry.content, entry.posts
    vat = -sum((post.vat for post in posts), Decimal())
    if abs(vat - content.vat) > CENT * len(posts):
        return Difference("totalVat", f"{vat:f} by the rates", f"{content.vat:f}")
    return None


def entry_body(entry: Entry, guid: Callable[[str], str]) -> bytes:
    """Return the body that books the voucher, with a guid for it and for every row within."""
    head: Body = {
        "_createguid": guid("voucher"),
        "Description": entry.text[:MAX_ENTRY_TEXT_CHARACTERS],
        "ExternalReference": entry.reference,
        "ExternalSource": SOURCE,
    }
    number = {} if entry.number is None else {"JournalEntryNumberNumeric": entry.number}
    lines = [_customer_line(entry, guid), *_income_lines(entry, guid)]
    return _ENCODER.encode([{**head, **number, "DraftLines": lines}])


def _customer_line(entry: Entry, guid: Callable[[str], str]) -> Body:
    content = entry.content
    own = {
        "_createguid": guid("voucher-customer"),
        "AccountID": entry.customer_account_id,
        "Description": entry.customer_text[:MAX_LINE_TEXT_CHARACTERS],
        "DueDate": content.due_date.isoformat(),
        "PaymentID": content.payment.kid,
        "Amount": entry.receivable,
    }
    return {**own, **_common(entry, -sum((post.gross for post in entry.posts), Decimal()))}


def _income_lines(entry: Entry, guid: Callable[[str], str]) -> Iterator[Body]:
    project_id = entry.references.project_id
    for place, post in enumerate(entry.posts, 1):
        line: Body = {
            "_createguid": guid(f"voucher-line-{place}"),
            "AccountID": post.account_id,
            "Description": post.text[:MAX_LINE_TEXT_CHARACTERS],
            "Amount": entry.own_gross(post),
            **_common(entry, post.gross),
        }
        if post.vat_type_id is not None:
            line["VatTypeID"] = post.vat_type_id
        if project_id is not None:
            line["Dimensions"] = {
                "ID": 0,
                "_createguid": guid(f"voucher-line-{place}-dimension"),
                "ProjectID": project_id,
            }
        yield line


def _common(entry: Entry, in_currency: Decimal) -> Body:
    return {
        "ID": 0,
        "FinancialDate": entry.content.invoice_date.isoformat(),
        "InvoiceNumber": entry.content.number,
        "CurrencyCodeID": entry.references.currency_id,
        "CurrencyExchangeRate": entry.references.rate,
        "AmountCurrency": in_currency,
    }
