"""The rows of invoices and of the journal, as far as they are read."""

from datetime import date
from decimal import Decimal

import msgspec

from daemon.dnb.chart_rows import day
from daemon.dnb.rows import DELETED_STATUS, Row

DRAFT_STATUSES = frozenset({10001, 42001})  # as it is posted, and as DnB stores it
FIRST_BOOKED_STATUS = 42002


class DimensionsRow(Row, frozen=True, kw_only=True):
    """The dimensions of an invoice or a line; only the project is ours."""

    project_id: int | None = msgspec.field(name="ProjectID", default=None)


class ItemRow(Row, frozen=True, kw_only=True):
    """A line of an invoice; one without product is text."""

    sort_index: int | None = msgspec.field(name="SortIndex", default=None)
    text: str | None = msgspec.field(name="ItemText", default=None)
    product_id: int | None = msgspec.field(name="ProductID", default=None)
    account_id: int | None = msgspec.field(name="AccountID", default=None)
    vat_type_id: int | None = msgspec.field(name="VatTypeID", default=None)
    net: Decimal | None = msgspec.field(name="SumTotalExVat", default=None)
    vat: Decimal | None = msgspec.field(name="SumVat", default=None)
    net_currency: Decimal | None = msgspec.field(name="SumTotalExVatCurrency", default=None)
    vat_currency: Decimal | None = msgspec.field(name="SumVatCurrency", default=None)


class JournalLineRow(Row, frozen=True, kw_only=True):
    """A line of the journal; debit is positive."""

    amount: Decimal | None = msgspec.field(name="Amount", default=None)
    account_id: int | None = msgspec.field(name="AccountID", default=None)
    sub_account_id: int | None = msgspec.field(name="SubAccountID", default=None)
    financial_date: str | None = msgspec.field(name="FinancialDate", default=None)
    due_date: str | None = msgspec.field(name="DueDate", default=None)
    vat_type_id: int | None = msgspec.field(name="VatTypeID", default=None)
    dimensions: DimensionsRow | None = msgspec.field(name="Dimensions", default=None)
    invoice_number: str | int | None = msgspec.field(name="InvoiceNumber", default=None)
    journal_entry_id: int | None = msgspec.field(name="JournalEntryID", default=None)


class JournalEntryRow(Row, frozen=True, kw_only=True):
    """A voucher of the journal."""

    number: str | int | None = msgspec.field(name="JournalEntryNumber", default=None)
    external_reference: str | int | None = msgspec.field(name="ExternalReference", default=None)
    lines: list[JournalLineRow] | None = msgspec.field(name="Lines", default=None)

    @property
    def reference(self) -> str:
        """Return the external reference as text, empty where there is none."""
        return "" if self.external_reference is None else str(self.external_reference).strip()

    @property
    def voucher(self) -> str | None:
        """Return the voucher's number, None while it is not booked."""
        return None if self.number is None else str(self.number)


class InvoiceRow(Row, frozen=True, kw_only=True):
    """An invoice or a credit note; amounts in the company's currency, and in the invoice's own with `_currency`."""

    invoice_number: str | int | None = msgspec.field(name="InvoiceNumber", default=None)
    invoice_type: int | None = msgspec.field(name="InvoiceType", default=None)
    external_reference: str | int | None = msgspec.field(name="ExternalReference", default=None)
    status_code: int | None = msgspec.field(name="StatusCode", default=None)
    customer_id: int | None = msgspec.field(name="CustomerID", default=None)
    invoice_date: str | None = msgspec.field(name="InvoiceDate", default=None)
    payment_due_date: str | None = msgspec.field(name="PaymentDueDate", default=None)
    payment_id: str | None = msgspec.field(name="PaymentID", default=None)
    payment_information: str | None = msgspec.field(name="PaymentInformation", default=None)
    comment: str | None = msgspec.field(name="Comment", default=None)
    currency_code_id: int | None = msgspec.field(name="CurrencyCodeID", default=None)
    currency_rate: Decimal | None = msgspec.field(name="CurrencyExchangeRate", default=None)
    invoice_reference_id: int | None = msgspec.field(name="InvoiceReferenceID", default=None)
    default_dimensions: DimensionsRow | None = msgspec.field(name="DefaultDimensions", default=None)
    net: Decimal | None = msgspec.field(name="TaxExclusiveAmount", default=None)
    vat: Decimal | None = msgspec.field(name="VatTotalsAmount", default=None)
    gross: Decimal | None = msgspec.field(name="TaxInclusiveAmount", default=None)
    net_currency: Decimal | None = msgspec.field(name="TaxExclusiveAmountCurrency", default=None)
    vat_currency: Decimal | None = msgspec.field(name="VatTotalsAmountCurrency", default=None)
    gross_currency: Decimal | None = msgspec.field(name="TaxInclusiveAmountCurrency", default=None)
    items: list[ItemRow] | None = msgspec.field(name="Items", default=None)
    journal_entry_id: int | None = msgspec.field(name="JournalEntryID", default=None)
    journal_entry: JournalEntryRow | None = msgspec.field(name="JournalEntry", default=None)

    @property
    def is_alive(self) -> bool:
        """Tell whether the invoice is not deleted, by flag or by status."""
        return not self.deleted and self.status_code != DELETED_STATUS

    @property
    def is_booked(self) -> bool:
        """Tell whether the invoice is in the journal, and may not be changed any more."""
        return self.journal_entry_id is not None or (self.status_code or 0) >= FIRST_BOOKED_STATUS

    @property
    def is_draft(self) -> bool:
        """Tell whether the invoice can still be changed and deleted."""
        return not self.is_booked and self.status_code in DRAFT_STATUSES

    @property
    def number(self) -> str:
        """Return the invoice number as text, empty while there is none."""
        return "" if self.invoice_number is None else str(self.invoice_number).strip()

    @property
    def reference(self) -> str:
        """Return the external reference as text, empty where there is none."""
        return "" if self.external_reference is None else str(self.external_reference).strip()

    @property
    def voucher(self) -> str | None:
        """Return the voucher's number, None where it is not known."""
        return self.journal_entry.voucher if self.journal_entry else None

    @property
    def dates(self) -> tuple[date | None, date | None]:
        """Return invoice date and due date."""
        return day(self.invoice_date), day(self.payment_due_date)

    @property
    def project_id(self) -> int | None:
        """Return the project of the whole invoice, None where there is none or it was not expanded."""
        return self.default_dimensions.project_id if self.default_dimensions else None

    @property
    def living_items(self) -> list[ItemRow]:
        """Return the living lines in their order."""
        rows = [row for row in self.items or [] if row.is_alive]
        return sorted(rows, key=lambda row: (row.sort_index or 0, row.id))
