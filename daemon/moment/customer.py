"""The customer of the event contract, and how its `data` is decoded."""

from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.core.procedure import Refused
from daemon.moment.decoding import decode_data
from daemon.moment.fields import BusinessNumber, Code, RequiredText, Text

MAX_CREDIT_DAYS = 3_650  # ten years: more is a typing error, and DnB counts in 32 bits


class Address(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A postal address; every part may be null or absent."""

    address_line1: Text | None = None
    address_line2: Text | None = None
    postal_code: Text | None = None
    city: Text | None = None
    country_code: Annotated[Code | None, Meta(description="two letters, ISO 3166")] = None


class Customer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer as Moment has it after a change; a field that is null or absent is empty in Moment."""

    customer_number: Annotated[BusinessNumber, Meta(description="digits within the tenant's range; text or integer")]
    name: RequiredText
    organization_number: Annotated[Text | None, Meta(description="nine digits in Norway; never required")] = None
    email: Text | None = None
    invoice_email: Annotated[Text | None, Meta(description="goes to DnB before `email` where both are given")] = None
    website: Text | None = None
    phone_number: Text | None = None
    fax_number: Text | None = None
    address: Annotated[Address | None, Meta(description="where invoices are addressed")] = None
    delivery_address: Address | None = None
    currency_code: Annotated[Code | None, Meta(description="three letters, ISO 4217")] = None
    country_code: Annotated[Code | None, Meta(description="of an address that names no country itself")] = None
    credit_term_days: Annotated[int, Meta(ge=0, le=MAX_CREDIT_DAYS)] | None = None

    @property
    def number(self) -> str:
        """Return the customer number as text, whichever way the record wrote it."""
        return str(self.customer_number)


_DECODER = msgspec.json.Decoder(Customer)


def decode_customer(data: bytes) -> Customer | Refused:
    """Return the customer, or a refusal `invalid_data` with the field's path and rule; never raises."""
    return decode_data(_DECODER, data)
