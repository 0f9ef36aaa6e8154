"""A customer of Moment as `data` holds it: what a new one looks like, and what people change in it afterwards."""

import random
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from daemon.sandbox import norwegian
from daemon.sandbox.documents import Json, Row

_ABROAD_SHARE: Final = 0.08  # Moment's users are Norwegian, and so are nearly all of their customers
_NULL_SHARE: Final = 0.5  # of empty fields; the others are left out, which the contract holds to be the same
_INTEGER_SHARE: Final = 0.1  # of customer numbers; Moment writes text, and the contract allows both
_MAILBOXES: Final = ("post", "faktura", "regnskap", "okonomi", "kontor", "invoice")
_CREDIT_DAYS: Final = (10, 14, 14, 14, 15, 20, 30, 30, 45, 60, 0)
_BRANCH: Final = " avd. "
_STATES: Final = ("potential", "active", "blocked", "inactive")
_CLEARABLE: Final = (
    "organizationNumber", "email", "invoiceEmail", "website", "phoneNumber", "faxNumber", "deliveryAddress",
    "creditTermDays", "address",
)  # fmt: skip

Edit: TypeAlias = Callable[[random.Random, Row], Row]
"""What somebody changes: the data before in, the data after out."""


def newcomer(chance: random.Random, number: int) -> Row:
    """The data of a new customer; fields that nobody filled in are null or left out."""
    abroad = chance.choice(norwegian.ABROAD) if chance.random() < _ABROAD_SHARE else None
    name = norwegian.company_name(chance)
    data: Row = {
        "customerNumber": _as_written(chance, number),
        "name": name,
        "organizationNumber": _organization_number(chance, abroad),
        "email": _or_none(chance, 0.9, f"post@{norwegian.domain(name)}"),
        "invoiceEmail": _or_none(chance, 0.3, f"faktura@{norwegian.domain(name)}"),
        "website": _or_none(chance, 0.5, f"https://{norwegian.domain(name)}"),
        "phoneNumber": _or_none(chance, 0.8, _phone(chance, abroad)),
        "faxNumber": _or_none(chance, 0.2, _phone(chance, abroad)),
        "address": {**norwegian.address(chance, abroad)},
        "deliveryAddress": _or_none(chance, 0.3, {**norwegian.address(chance, abroad)}),
        "currencyCode": "NOK" if abroad is None else abroad.currency,
        "countryCode": "NO" if abroad is None else abroad.country,
        "creditTermDays": chance.choice(_CREDIT_DAYS),
        "customerState": "active",
    }
    return {field: value for field, value in data.items() if value is not None or chance.random() < _NULL_SHARE}


def touched(chance: random.Random, data: Row) -> Row:
    """One field written anew, with another value than before."""
    while True:
        field = chance.choice(tuple(_FIELDS))
        value = _FIELDS[field](chance, data)
        if value != data.get(field):
            return {**data, field: value}


def cleared(chance: random.Random, data: Row) -> Row:
    """One field emptied; one written anew where nothing is left to empty."""
    filled = [field for field in _CLEARABLE if data.get(field) is not None]
    if not filled:
        return touched(chance, data)
    field = chance.choice(filled)
    if chance.random() < _NULL_SHARE:
        return {**data, field: None}
    return {name: value for name, value in data.items() if name != field}


def moved(chance: random.Random, data: Row) -> Row:
    """Another address; now and then in another country."""
    if chance.random() < _ABROAD_SHARE:
        abroad = chance.choice(norwegian.ABROAD)
        return {**data, "address": {**norwegian.address(chance, abroad)}, "countryCode": abroad.country}
    return {**data, "address": {**norwegian.address(chance)}, "countryCode": "NO"}


def renumbered(chance: random.Random, data: Row, number: int) -> Row:
    """Another customer number."""
    return {**data, "customerNumber": _as_written(chance, number)}


def unseen(chance: random.Random, data: Row) -> Row:
    """A change of what DnB is never told, or of nothing at all but the instant."""
    changes: tuple[Row, ...] = (
        {"customerState": chance.choice(_STATES)},
        {"tags": ["viktig", f"{chance.randrange(100)}"]},
        {"yourReference": {"name": "Kari Nordmann", "employeeNumber": chance.randrange(1000)}},
        {},
    )
    return {**data, **chance.choice(changes)}


def _as_written(chance: random.Random, number: int) -> Json:
    return number if chance.random() < _INTEGER_SHARE else str(number)


def _or_none(chance: random.Random, share: float, value: Json) -> Json:
    return value if chance.random() < share else None


def _organization_number(chance: random.Random, abroad: norwegian.Abroad | None) -> Json:
    if abroad is None:
        return norwegian.organization_number_as_written(chance)
    return norwegian.foreign_number(chance, abroad.country)


def _phone(chance: random.Random, abroad: norwegian.Abroad | None = None) -> str:
    return norwegian.phone_as_written(chance, None if abroad is None else abroad.dialling)


def _mailbox(chance: random.Random, data: Row) -> Json:
    return f"{chance.choice(_MAILBOXES)}{chance.randrange(1, 50)}@{norwegian.domain(str(data['name']))}"


def _other_name(chance: random.Random, data: Row) -> Json:
    """A branch, or another name altogether."""
    name = str(data["name"]).partition(_BRANCH)[0]
    return chance.choice((f"{name}{_BRANCH}{chance.randrange(1, 99)}", norwegian.company_name(chance)))


_FIELDS: Final[Mapping[str, Callable[[random.Random, Row], Json]]] = {
    "name": _other_name,
    "organizationNumber": lambda chance, _: norwegian.organization_number(chance),
    "email": _mailbox,
    "invoiceEmail": _mailbox,
    "website": lambda chance, data: f"https://www{chance.randrange(100)}.{norwegian.domain(str(data['name']))}",
    "phoneNumber": lambda chance, _: _phone(chance),
    "faxNumber": lambda chance, _: _phone(chance),
    "deliveryAddress": lambda chance, _: {**norwegian.address(chance)},
    "currencyCode": lambda chance, _: chance.choice(("NOK", "NOK", "NOK", "EUR", "SEK", "USD")),
    "creditTermDays": lambda chance, _: chance.choice(_CREDIT_DAYS),
}
