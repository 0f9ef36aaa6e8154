"""Moment's customer in DnB's terms: what DnB would be told, its fingerprint, and the bodies of create and update.

Decisions. *E-mail*: DnB has one default e-mail, to which it sends invoices and reminders, so Moment's invoice e-mail
goes there, and the general one where there is no other. *Country*: DnB's customer has none, so the code and the
country's name go into the addresses; an address without a country takes the customer's. *Fax*: there is no default fax,
so it is a row of `Phones` of its own type. *Too long*: refused, never cut, because a cut value would read as if it were
Moment's, and would differ from Moment for ever; only an organisation number is cut, since it must never block.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from daemon.core.procedure import Refused
from daemon.dnb.rows import FAX_TYPE, PHONE_TYPE, AddressRow, CustomerRow, EmailRow, InfoRow, PhoneRow, Row
from daemon.moment.customer import Address, Customer
from daemon.moment.numbers import customer_number, organisation_number

FINGERPRINT_SCHEME = "c1"  # changes when the same `Content` would be hashed or sent differently
FINGERPRINT_BYTES = 16  # a collision hides one change: 128 bits make that impossible in practice

MAX_TEXT_LENGTH_CHARACTERS = 255  # DnB's column for names, address lines and the web address
MAX_CODE_LENGTH_CHARACTERS = 100  # DnB's column for organisation numbers and country codes

Body = dict[str, Any]


class Postal(msgspec.Struct, frozen=True, kw_only=True):
    """An address as DnB would be told; an empty text is an empty column."""

    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    country_code: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """All that DnB would be told of a customer, before codes are looked up; an empty text is an empty column."""

    number: int
    name: str
    organisation_number: str = ""
    email: str = ""
    website: str = ""
    phone: str = ""
    fax: str = ""
    invoice_address: Postal = Postal()
    delivery_address: Postal = Postal()
    currency_code: str = ""
    credit_days: int | None = None


class References(msgspec.Struct, frozen=True, kw_only=True):
    """What the codes of a `Content` are in the tenant's company: the currency's id, and each country's name."""

    currency_id: int | None = None
    country_names: dict[str, str] = {}


class Children(msgspec.Struct, frozen=True):
    """How a body's child rows are written: a new one gets the guid of its part, a known one its id."""

    guid: Callable[[str], str]

    def new(self, part: str, fields: Body) -> Body:
        """Return a child row to be created."""
        return {"ID": 0, "_createguid": self.guid(part), **fields}

    def put(self, part: str, row: Row | None, fields: Body) -> Body:
        """Return a child row to be changed where there is one, else to be created."""
        return {"ID": row.id, **fields} if row else self.new(part, fields)


def customer_content(customer: Customer, first_number: int, last_number: int) -> Content | Refused:
    """Return what DnB would be told of a customer, or why a person must repair it first."""
    number = customer_number(customer.number, first_number, last_number)
    if isinstance(number, Refused):
        return number
    content = Content(
        number=number,
        name=text(customer.name),
        organisation_number=organisation_number(text(customer.organization_number))[:MAX_CODE_LENGTH_CHARACTERS],
        email=text(customer.invoice_email) or text(customer.email),
        website=text(customer.website),
        phone=text(customer.phone_number),
        fax=text(customer.fax_number),
        invoice_address=postal(customer.address, customer.country_code),
        delivery_address=postal(
            customer.delivery_address, customer.country_code if customer.delivery_address else None
        ),
        currency_code=text(customer.currency_code).upper(),
        credit_days=customer.credit_term_days,
    )
    return next(too_long(content), content)


def postal(address: Address | None, country_code: str | None) -> Postal:
    """Return an address in DnB's terms; it takes the customer's country where it names none itself."""
    given = address or Address()
    return Postal(
        line1=text(given.address_line1),
        line2=text(given.address_line2),
        postal_code=text(given.postal_code),
        city=text(given.city),
        country_code=(text(given.country_code) or text(country_code)).upper(),
    )


def text(value: str | None) -> str:
    """Return a text without surrounding blanks; null and empty are the same to DnB."""
    return (value or "").strip()


def too_long(content: Content) -> Iterator[Refused]:
    """Yield a refusal `too_long` for each value that DnB's column does not hold."""
    invoice, delivery = content.invoice_address, content.delivery_address
    values = {
        "name": content.name,
        "email": content.email,
        "website": content.website,
        "phoneNumber": content.phone,
        "faxNumber": content.fax,
        **{f"address.{name}": value for name, value in _texts(invoice)},
        **{f"deliveryAddress.{name}": value for name, value in _texts(delivery)},
    }
    for name, value in values.items():
        if len(value) > MAX_TEXT_LENGTH_CHARACTERS:
            rule = f"at most {MAX_TEXT_LENGTH_CHARACTERS} characters"
            yield Refused(reason="too_long", field=name, value=value, rule=rule, repair="shorten it in Moment")


def fingerprint(content: Content) -> str:
    """Return the hash of what DnB would be told: equal for two versions that DnB cannot tell apart."""
    digest = blake2b(msgspec.json.encode(content), digest_size=FINGERPRINT_BYTES).hexdigest()
    return f"{FINGERPRINT_SCHEME}:{digest}"


def created(content: Content, references: References, guid: Callable[[str], str]) -> bytes:
    """Return the body that creates the customer with all its children, each with its guid."""
    blank = CustomerRow(id=0, info=InfoRow(id=0))
    body = differences(content, references, blank, guid)
    info = body.pop("Info", {})
    children = Children(guid)
    root = {"_createguid": guid("customer"), **_without_id(body), "Info": children.new("info", _without_id(info))}
    return msgspec.json.encode(root)


def updated(content: Content, references: References, row: CustomerRow, guid: Callable[[str], str]) -> bytes | None:
    """Return the smallest body that makes the row equal to the content, None when it is equal already."""
    body = differences(content, references, row, guid)
    return msgspec.json.encode(body) if len(body) > 1 else None


def differences(content: Content, references: References, row: CustomerRow, guid: Callable[[str], str]) -> Body:
    """Return what a merge must change, with the ids of the rows concerned; rows that a person added are left alone."""
    body: Body = {"ID": row.id}
    if str(row.customer_number) != str(content.number):
        body["CustomerNumber"] = content.number
    if organisation_number(text(row.org_number)) != content.organisation_number:
        body["OrgNumber"] = content.organisation_number or None
    if text(row.web_url) != content.website:
        body["WebUrl"] = content.website or None
    if row.currency_code_id != references.currency_id:
        body["CurrencyCodeID"] = references.currency_id
    if row.credit_days != content.credit_days:
        body["CreditDays"] = content.credit_days
    info = info_differences(content, references, row.relation, Children(guid))
    return {**body, "Info": {"ID": row.relation.id, **info}} if info else body


def info_differences(content: Content, references: References, info: InfoRow, children: Children) -> Body:
    """Return what must change in the business relation: its name and its child rows."""
    invoice = Addressing("invoice-address", content.invoice_address, info.invoice_address)
    shipping = Addressing("delivery-address", content.delivery_address, info.shipping_address)
    found = {
        "Name": content.name if text(info.name) != content.name else None,
        "DefaultEmail": email_difference(content.email, info.email, children),
        "DefaultPhone": phone_difference(content.phone, info.phone, children),
        "Phones": fax_differences(content.fax, info.faxes, children),
        "InvoiceAddress": address_difference(invoice, references, children),
        "ShippingAddress": address_difference(shipping, references, children),
    }
    return {name: value for name, value in found.items() if value}


def email_difference(wanted: str, row: EmailRow | None, children: Children) -> Body | None:
    """Return how the default e-mail is created, changed or deleted, None when it is right."""
    if wanted == text(row.email_address if row else None):
        return None
    return children.put("email", row, {"EmailAddress": wanted}) if wanted else _deleted(row)


def phone_difference(wanted: str, row: PhoneRow | None, children: Children) -> Body | None:
    """Return how the default phone is created, changed or deleted, None when it is right.

    Moment's number holds its country prefix; DnB's separate prefix is emptied so that it is not shown twice.
    """
    if wanted == text(row.number if row else None):
        return None
    extra = {"CountryCode": None} if row else {"Type": PHONE_TYPE}
    return children.put("phone", row, {"Number": wanted, **extra}) if wanted else _deleted(row)


def fax_differences(wanted: str, rows: list[PhoneRow], children: Children) -> list[Body]:
    """Return the changes that leave exactly one fax row, with Moment's number, or none when Moment has none.

    Moment is master of the fax, so every fax row is its own: a late write may have left one with an older number, and
    nothing would tell it from a person's. Phones and mobiles that a person added are never touched.
    """
    kept = fax_kept(wanted, rows)
    surplus = [{"ID": row.id, "Deleted": True} for row in rows if row is not kept]
    if not wanted or (kept and text(kept.number) == wanted):
        return surplus
    extra = {"CountryCode": None} if kept else {"Type": FAX_TYPE}
    return [children.put("fax", kept, {"Number": wanted, **extra}), *surplus]


def fax_kept(wanted: str, rows: list[PhoneRow]) -> PhoneRow | None:
    """Return the fax row that has Moment's number or will get it, None if there is none or Moment has no fax."""
    return next((row for row in rows if text(row.number) == wanted), rows[0] if rows else None) if wanted else None


class Addressing(msgspec.Struct, frozen=True):
    """One address: the part it is, what it should be, and what DnB has."""

    part: str
    wanted: Postal
    row: AddressRow | None


def address_difference(addressing: Addressing, references: References, children: Children) -> Body | None:
    """Return how an address is created, changed or deleted, None when it is right."""
    wanted, row = addressing.wanted, addressing.row if addressing.row and addressing.row.is_alive else None
    columns = _changed_columns(wanted, row or AddressRow(id=0), references)
    if not columns:
        return None
    return children.put(addressing.part, row, columns) if wanted != Postal() else _deleted(row)


def _changed_columns(wanted: Postal, row: AddressRow, references: References) -> Body:
    pairs = {
        "AddressLine1": (row.address_line1, wanted.line1),
        "AddressLine2": (row.address_line2, wanted.line2),
        "PostalCode": (row.postal_code, wanted.postal_code),
        "City": (row.city, wanted.city),
        "CountryCode": (row.country_code, wanted.country_code),
    }
    columns = {name: value or None for name, (current, value) in pairs.items() if text(current) != value}
    if "CountryCode" in columns:
        columns["Country"] = references.country_names.get(wanted.country_code)
    return columns


def _deleted(row: Row | None) -> Body | None:
    return {"ID": row.id, "Deleted": True} if row else None


def _without_id(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "ID" and value is not None}


def _texts(address: Postal) -> Iterator[tuple[str, str]]:
    yield "addressLine1", address.line1
    yield "addressLine2", address.line2
    yield "postalCode", address.postal_code
    yield "city", address.city
