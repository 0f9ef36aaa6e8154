"""What DnB's customer must show for a change of Moment, and what a row of the books does show.

Written from Moment's own list of the fields that its integration transfers (name, number, organisation number, e-mail,
web site, addresses, phone, fax, currency and country code) and from DnB's API; credit days are added to it. Both sides
are brought to one form, in which null, absent and blank are the same, and two spellings of a telephone number too.
"""

import re
from typing import Final

import msgspec

from daemon.sandbox.documents import Json, Row

FAX: Final = "150103"
"""`Phone.Type` of a fax, which DnB's API writes as a number or as text."""

_HOME_CURRENCY: Final = "NOK"
_HOME_DIALLING_CODE: Final = "47"
_HOME_NUMBER_DIGITS: Final = 8


class Place(msgspec.Struct, frozen=True):
    """An address; a part that is missing is empty."""

    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""


NOWHERE: Final = Place()


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as it is compared; what is missing is empty. `faxes` are sorted."""

    number: str
    name: str
    organization_number: str
    email: str
    website: str
    invoice_place: Place
    delivery_place: Place
    phone: str
    faxes: tuple[str, ...]
    currency: str
    credit_days: str


def wanted(data: Row) -> Portrait:
    """What DnB must show for `data`, which keeps the contract."""
    country = _text(data.get("countryCode"))
    fax = _dialled(data.get("faxNumber"), "")
    return Portrait(
        number=_text(data["customerNumber"]),
        name=_text(data["name"]),
        organization_number=organization_number(_text(data.get("organizationNumber"))),
        email=_text(data.get("invoiceEmail")) or _text(data.get("email")),
        website=_text(data.get("website")),
        invoice_place=_place_of_moment(data.get("address"), country),
        delivery_place=_place_of_moment(data.get("deliveryAddress"), country),
        phone=_dialled(data.get("phoneNumber"), ""),
        faxes=(fax,) if fax else (),
        currency=_text(data.get("currencyCode")),
        credit_days=_text(data.get("creditTermDays")),
    )


def shown(row: Row) -> Portrait:
    """What a whole row of DnB's customers shows."""
    info = _object(row.get("Info"))
    phone = _object(info.get("DefaultPhone"))
    number = _text(row.get("OrgNumber"))
    return Portrait(
        number=_text(row.get("CustomerNumber")),
        name=_text(info.get("Name")),
        organization_number=number if re.fullmatch(r"\d{9}", number) else _spelled_abroad(number),
        email=_text(_object(info.get("DefaultEmail")).get("EmailAddress")),
        website=_text(row.get("WebUrl")),
        invoice_place=_place_of_dnb(info.get("InvoiceAddress")),
        delivery_place=_place_of_dnb(info.get("ShippingAddress")),
        phone=_dialled(phone.get("Number"), _text(phone.get("CountryCode"))),
        faxes=tuple(sorted(_faxes(info.get("Phones")))),
        currency=_text(_object(row.get("CurrencyCode")).get("Code")),
        credit_days=_text(row.get("CreditDays")),
    )


def agrees(want: Portrait, show: Portrait, country: str) -> bool:
    """Whether a row shows what it must.

    Two things are left to the client: a currency that Moment does not name may be the company's own, and the country
    (`country`, Moment's code) of a customer without an address may stand in one that holds nothing else.
    """
    if not want.currency and show.currency == _HOME_CURRENCY:
        show = msgspec.structs.replace(show, currency="")
    if want.invoice_place == NOWHERE and show.invoice_place == Place(country=country):
        show = msgspec.structs.replace(show, invoice_place=NOWHERE)
    return want == show


def organization_number(written: str) -> str:
    """A Norwegian number as its nine digits, another one as its letters and digits."""
    plain = re.sub(r"[\s.\-]", "", written).upper()
    norwegian = re.fullmatch(r"(?:NO)?(\d{9})(?:MVA|FORETAKSREGISTERET)*", plain)
    return norwegian[1] if norwegian is not None else _spelled_abroad(written)


def _spelled_abroad(written: str) -> str:
    """A number that is not Norwegian, whose spelling is left to the client; marked, so that it equals no other."""
    plain = re.sub(r"[^0-9A-Z]", "", written.upper())
    return f"~{plain}" if plain else ""


def _place_of_moment(value: Json, country: str) -> Place:
    address = _object(value)
    place = Place(
        _text(address.get("addressLine1")),
        _text(address.get("addressLine2")),
        _text(address.get("postalCode")),
        _text(address.get("city")),
        _text(address.get("countryCode")),
    )
    if place == NOWHERE or place.country:
        return place
    return msgspec.structs.replace(place, country=country)


def _place_of_dnb(value: Json) -> Place:
    address = _object(value)
    names = ("AddressLine1", "AddressLine2", "PostalCode", "City", "CountryCode")
    return Place(*(_text(address.get(name)) for name in names))


def _faxes(value: Json) -> list[str]:
    rows = [_object(each) for each in value] if isinstance(value, list) else []
    numbers = [_dialled(row.get("Number"), _text(row.get("CountryCode"))) for row in rows if _text(row["Type"]) == FAX]
    return [number for number in numbers if number]


def _dialled(number: Json, country_code: str) -> str:
    """The digits that are dialled from abroad; a country code inside the number goes before one beside it."""
    plain = re.sub(r"[^0-9+]", "", _text(number))
    if plain.startswith("+"):
        return plain[1:]
    if plain.startswith("00"):
        return plain[2:]
    beside = re.sub(r"[^0-9]", "", country_code).removeprefix("00")
    if plain and not beside and len(plain) == _HOME_NUMBER_DIGITS:
        beside = _HOME_DIALLING_CODE
    return beside + plain if plain else ""


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) else ""


def _object(value: Json) -> Row:
    return value if isinstance(value, dict) else {}
