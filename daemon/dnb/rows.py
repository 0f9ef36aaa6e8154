"""The rows of DnB's API as far as they are read; whatever else a row holds is skipped.

Every field but `ID` may be missing: related objects are absent unless expanded, and the published contracts differ in
which fields exist. `Phone.Type` is a number in newer sources and a string in older ones, so both are read.
"""

from typing import TypeVar

import msgspec

FAX_TYPE = 150103  # Phone.Type of a fax row; there is no default-fax field
PHONE_TYPE = 150101

DELETED_STATUS = 90001  # StatusCode of a deleted customer


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every row has: the server's id, and whether it is deleted."""

    id: int = msgspec.field(name="ID")
    deleted: bool | None = msgspec.field(name="Deleted", default=None)

    @property
    def is_alive(self) -> bool:
        """Tell whether the row is not deleted."""
        return not self.deleted


R = TypeVar("R", bound=Row)


class CurrencyRow(Row, frozen=True, kw_only=True):
    """A currency of the company."""

    code: str | None = msgspec.field(name="Code", default=None)


class CountryRow(Row, frozen=True, kw_only=True):
    """A country, with the name that the company's addresses use."""

    name: str | None = msgspec.field(name="Name", default=None)
    country_code: str | None = msgspec.field(name="CountryCode", default=None)


class EmailRow(Row, frozen=True, kw_only=True):
    """An e-mail address of a business relation."""

    email_address: str | None = msgspec.field(name="EmailAddress", default=None)


class PhoneRow(Row, frozen=True, kw_only=True):
    """A phone, mobile or fax number of a business relation."""

    number: str | None = msgspec.field(name="Number", default=None)
    type: int | str | None = msgspec.field(name="Type", default=None)

    @property
    def is_fax(self) -> bool:
        """Tell whether the row is a fax number."""
        return str(self.type) == str(FAX_TYPE)


class AddressRow(Row, frozen=True, kw_only=True):
    """A postal address of a business relation."""

    address_line1: str | None = msgspec.field(name="AddressLine1", default=None)
    address_line2: str | None = msgspec.field(name="AddressLine2", default=None)
    postal_code: str | None = msgspec.field(name="PostalCode", default=None)
    city: str | None = msgspec.field(name="City", default=None)
    country_code: str | None = msgspec.field(name="CountryCode", default=None)


class InfoRow(Row, frozen=True, kw_only=True):
    """The business relation behind a customer: name, addresses, e-mails, phones."""

    name: str | None = msgspec.field(name="Name", default=None)
    default_email: EmailRow | None = msgspec.field(name="DefaultEmail", default=None)
    default_phone: PhoneRow | None = msgspec.field(name="DefaultPhone", default=None)
    default_email_id: int | None = msgspec.field(name="DefaultEmailID", default=None)
    default_phone_id: int | None = msgspec.field(name="DefaultPhoneID", default=None)
    emails: list[EmailRow] | None = msgspec.field(name="Emails", default=None)
    phones: list[PhoneRow] | None = msgspec.field(name="Phones", default=None)
    invoice_address: AddressRow | None = msgspec.field(name="InvoiceAddress", default=None)
    shipping_address: AddressRow | None = msgspec.field(name="ShippingAddress", default=None)

    @property
    def email(self) -> EmailRow | None:
        """Return the living default e-mail, found in the list where the object itself was not expanded."""
        return _alive(self.default_email) or _with_id(self.emails, self.default_email_id)

    @property
    def phone(self) -> PhoneRow | None:
        """Return the living default phone, found in the list where the object itself was not expanded."""
        return _alive(self.default_phone) or _with_id(self.phones, self.default_phone_id)

    @property
    def faxes(self) -> list[PhoneRow]:
        """Return the living fax rows in the order of their ids, without the default phone."""
        phone = self.phone
        faxes = [row for row in self.phones or [] if row.is_alive and row.is_fax and (not phone or row.id != phone.id)]
        return sorted(faxes, key=lambda row: row.id)


class CustomerRow(Row, frozen=True, kw_only=True):
    """A customer with its business relation."""

    customer_number: int | str | None = msgspec.field(name="CustomerNumber", default=None)
    org_number: str | None = msgspec.field(name="OrgNumber", default=None)
    web_url: str | None = msgspec.field(name="WebUrl", default=None)
    currency_code_id: int | None = msgspec.field(name="CurrencyCodeID", default=None)
    credit_days: int | float | None = msgspec.field(name="CreditDays", default=None)
    status_code: int | None = msgspec.field(name="StatusCode", default=None)
    info: InfoRow | None = msgspec.field(name="Info", default=None)

    @property
    def is_alive(self) -> bool:
        """Tell whether the customer is not deleted, by flag or by status."""
        return not self.deleted and self.status_code != DELETED_STATUS

    @property
    def relation(self) -> InfoRow:
        """Return the business relation; a customer that was read without it is not used (see `reading`)."""
        return self.info or InfoRow(id=0)


class ProjectRow(Row, frozen=True, kw_only=True):
    """A project; older contracts and examples give numbers as texts and texts as numbers."""

    project_number: str | int | None = msgspec.field(name="ProjectNumber", default=None)
    project_number_numeric: int | str | None = msgspec.field(name="ProjectNumberNumeric", default=None)
    name: str | None = msgspec.field(name="Name", default=None)
    project_customer_id: int | None = msgspec.field(name="ProjectCustomerID", default=None)
    start_date: str | None = msgspec.field(name="StartDate", default=None)
    end_date: str | None = msgspec.field(name="EndDate", default=None)
    status_code: int | None = msgspec.field(name="StatusCode", default=None)

    @property
    def is_alive(self) -> bool:
        """Tell whether the project is not deleted, by flag or by status."""
        return not self.deleted and self.status_code != DELETED_STATUS

    @property
    def number(self) -> str:
        """Return the project number as text, empty where there is none."""
        return "" if self.project_number is None else str(self.project_number).strip()

    @property
    def numeric_number(self) -> str:
        """Return the numeric twin as text, empty where there is none."""
        return "" if self.project_number_numeric is None else str(self.project_number_numeric)


class CreatedRow(Row, frozen=True, kw_only=True):
    """What is read of the reply to a create; which children it echoes is not certain."""

    customer_number: int | str | None = msgspec.field(name="CustomerNumber", default=None)


def _alive(row: R | None) -> R | None:
    return row if row is not None and row.is_alive else None


def _with_id(rows: list[R] | None, row_id: int | None) -> R | None:
    return next((row for row in rows or [] if row.id == row_id and row.is_alive), None)
