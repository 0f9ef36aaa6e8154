"""The invoice and the credit note of the event contract, and how their `data` is decoded."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.core.procedure import Refused
from daemon.moment.decoding import DECODING_ERRORS, decode_data
from daemon.moment.fields import BusinessNumber, Id, RequiredText, Text, require_decimals
from daemon.moment.project import CustomerReference

MAX_LINES = 10_000  # some hundred bytes each within a record of 1 MiB


class ProjectReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The project that an invoice is for."""

    id: Id
    project_number: BusinessNumber

    @property
    def number(self) -> str:
        """Return the project number as text without surrounding blanks."""
        return str(self.project_number).strip()


class InvoiceReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The invoice that a credit note corrects."""

    id: Id
    invoice_number: BusinessNumber

    @property
    def number(self) -> str:
        """Return the credited invoice's number as text without surrounding blanks."""
        return str(self.invoice_number).strip()


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of an invoice; on a credit note the total is negative."""

    text: Text
    quantity: Decimal
    total_ex_vat: Decimal
    vat_code: Annotated[
        Text | None, Meta(description="SAF-T code; where absent, the account's in the tenant's settings")
    ] = None
    product_type: Literal["hours", "expenses", "products"]
    account_number: BusinessNumber

    def __post_init__(self) -> None:
        """Refuse amounts that are not finite or have too many digits."""
        require_decimals(quantity=self.quantity, totalExVat=self.total_ex_vat)

    @property
    def account(self) -> str:
        """Return the account number as text without surrounding blanks."""
        return str(self.account_number).strip()


class Invoice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An invoice or a credit note; a credit note's totals are negative. Drafts are ignored."""

    invoice_number: Annotated[BusinessNumber | None, Meta(description="absent while it is a draft")] = None
    invoice_type: Literal["invoice", "creditNote"]
    invoice_state: Literal["draft", "finalized"]
    description: Text | None = None
    customer: CustomerReference
    project: ProjectReference | None = None
    invoice_date: date
    due_date: date
    payment_id: Annotated[BusinessNumber | None, Meta(description="KID; as text, it may have 25 digits")] = None
    credited_invoice: InvoiceReference | None = None
    currency_code: RequiredText
    currency_rate: Decimal | None = None
    total_ex_vat: Decimal
    total_vat: Decimal
    total_inc_vat: Decimal
    lines: Annotated[tuple[InvoiceLine, ...], Meta(max_length=MAX_LINES)]

    def __post_init__(self) -> None:
        """Refuse amounts that are not finite or have too many digits."""
        require_decimals(
            currencyRate=self.currency_rate,
            totalExVat=self.total_ex_vat,
            totalVat=self.total_vat,
            totalIncVat=self.total_inc_vat,
        )

    @property
    def number(self) -> str:
        """Return the invoice number as text without surrounding blanks, empty while there is none."""
        return "" if self.invoice_number is None else str(self.invoice_number).strip()

    @property
    def is_credit_note(self) -> bool:
        """Tell whether it is a credit note."""
        return self.invoice_type == "creditNote"


class _State(msgspec.Struct, frozen=True, rename="camel"):
    invoice_state: str


_DECODER = msgspec.json.Decoder(Invoice)
_STATE_DECODER = msgspec.json.Decoder(_State)


def decode_invoice(data: bytes) -> Invoice | Refused:
    """Return the invoice, or a refusal `invalid_data` with the field's path and rule; never raises."""
    return decode_data(_DECODER, data)


def is_draft(data: bytes) -> bool:
    """Tell whether an invoice is still a draft, decoding nothing but its state; false for what cannot be decoded."""
    try:
        return _STATE_DECODER.decode(data).invoice_state == "draft"
    except DECODING_ERRORS:
        return False
