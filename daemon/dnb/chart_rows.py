"""The rows of what a company books with: accounts, VAT types, products, and the company's own settings."""

from datetime import date
from decimal import Decimal

import msgspec

from daemon.dnb.rows import Row

DATE_LENGTH_CHARACTERS = 10  # a date may come with a time of day behind it, which means nothing


def day(text: str | None) -> date | None:
    """Return the date that a text of DnB's begins with, None where it has none."""
    try:
        return date.fromisoformat((text or "")[:DATE_LENGTH_CHARACTERS])
    except ValueError:
        return None


class AccountRow(Row, frozen=True, kw_only=True):
    """An account, or a customer's sub-account."""

    account_number: int | str | None = msgspec.field(name="AccountNumber", default=None)
    vat_type_id: int | None = msgspec.field(name="VatTypeID", default=None)
    active: bool | None = msgspec.field(name="Active", default=None)
    locked: bool | None = msgspec.field(name="Locked", default=None)
    customer_id: int | None = msgspec.field(name="CustomerID", default=None)

    @property
    def is_open(self) -> bool:
        """Tell whether the account can be posted on."""
        return self.active is not False and not self.locked


class VatPercentageRow(Row, frozen=True, kw_only=True):
    """The rate of a VAT type in a period."""

    vat_percent: Decimal | None = msgspec.field(name="VatPercent", default=None)
    valid_from: str | None = msgspec.field(name="ValidFrom", default=None)
    valid_to: str | None = msgspec.field(name="ValidTo", default=None)

    def holds_on(self, on: date) -> bool:
        """Tell whether the rate holds on a day; an open end has no limit."""
        return (day(self.valid_from) or date.min) <= on <= (day(self.valid_to) or date.max)


class VatTypeRow(Row, frozen=True, kw_only=True):
    """A VAT type with its rate, at the root in older contracts and by period in newer ones."""

    vat_code: str | int | None = msgspec.field(name="VatCode", default=None)
    vat_percent: Decimal | None = msgspec.field(name="VatPercent", default=None)
    percentages: list[VatPercentageRow] | None = msgspec.field(name="VatTypePercentages", default=None)

    def percent_on(self, on: date) -> Decimal | None:
        """Return the rate in per cent on a day, as 25; None where the company tells none.

        The rate of the period counts before the one at the root, which is today's: an invoice of last year has last
        year's rate.
        """
        rows = (row for row in self.percentages or [] if row.is_alive and row.holds_on(on))
        return next((row.vat_percent for row in rows if row.vat_percent is not None), self.vat_percent)


class ProductRow(Row, frozen=True, kw_only=True):
    """A product, by its number."""

    part_name: str | None = msgspec.field(name="PartName", default=None)


class SeriesTypeRow(Row, frozen=True, kw_only=True):
    """What a number series counts."""

    entity_type: str | None = msgspec.field(name="EntityType", default=None)


class SeriesRow(Row, frozen=True, kw_only=True):
    """A number series with its ends."""

    from_number: int | None = msgspec.field(name="FromNumber", default=None)
    to_number: int | None = msgspec.field(name="ToNumber", default=None)
    type: SeriesTypeRow | None = msgspec.field(name="NumberSeriesType", default=None)

    @property
    def entity(self) -> str:
        """Return the name of the entity that takes its numbers from the series, empty where DnB tells none."""
        return (self.type.entity_type or "") if self.type else ""


class SettingsRow(Row, frozen=True, kw_only=True):
    """The company's own settings."""

    accounting_locked_date: str | None = msgspec.field(name="AccountingLockedDate", default=None)
    vat_locked_date: str | None = msgspec.field(name="VatLockedDate", default=None)
    base_currency_code_id: int | None = msgspec.field(name="BaseCurrencyCodeID", default=None)
    auto_distribute_invoice: bool | None = msgspec.field(name="AutoDistributeInvoice", default=None)
    tax_mandatory_type: int | str | None = msgspec.field(name="TaxMandatoryType", default=None)

    @property
    def locked_until(self) -> date:
        """Return the last day that nothing may be booked on, the first day there is where nothing is locked."""
        days = (day(self.accounting_locked_date), day(self.vat_locked_date))
        return max((found for found in days if found), default=date.min)
