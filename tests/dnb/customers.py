"""Customers of Moment for the tests, and what DnB should then show of them."""

from typing import Any

import msgspec

from daemon.core.model import Change, Entity, Tenant
from daemon.core.procedure import Prepared, Refused
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import CustomerRecipe

TENANT = Tenant(name="fjellvik", company="c0ffee")

FULL: dict[str, Any] = {
    "customerNumber": "100042",
    "name": "Havgard Eiendom AS",
    "organizationNumber": "NO 998 887 771 MVA",
    "email": "post@havgard.example",
    "invoiceEmail": "faktura@havgard.example",
    "website": "https://havgard.example",
    "phoneNumber": "+47 22 33 44 55",
    "faxNumber": "+47 22 33 44 56",
    "address": {"addressLine1": "Kaigata 4", "postalCode": "0150", "city": "Oslo", "countryCode": "NO"},
    "deliveryAddress": {
        "addressLine1": "Lagerveien 9",
        "addressLine2": "Port B",
        "postalCode": "211 22",
        "city": "Malm\u00f6",
        "countryCode": "SE",
    },
    "currencyCode": "NOK",
    "countryCode": "NO",
    "creditTermDays": 14,
}

SHOWN: dict[str, Any] = {
    "number": 100042,
    "organisation_number": "998887771",
    "website": "https://havgard.example",
    "currency": "NOK",
    "credit_days": 14,
    "name": "Havgard Eiendom AS",
    "email": "faktura@havgard.example",
    "phone": "+47 22 33 44 55",
    "faxes": ["+47 22 33 44 56"],
    "invoice_address": ("Kaigata 4", "", "0150", "Oslo", "NO", "Norge"),
    "delivery_address": ("Lagerveien 9", "Port B", "211 22", "Malm\u00f6", "SE", "Sverige"),
}

MINIMAL: dict[str, Any] = {"customerNumber": 100042, "name": "Havgard Eiendom AS"}
MINIMAL_SHOWN: dict[str, Any] = {
    **dict.fromkeys(("organisation_number", "website", "currency", "email", "phone"), ""),
    **dict.fromkeys(("invoice_address", "delivery_address"), ()),
    "number": 100042,
    "credit_days": None,
    "name": "Havgard Eiendom AS",
    "faxes": [],
}


def change(data: dict[str, Any], version: int = 1, entity_id: int = 70311802) -> Change:
    """Return a change of a customer."""
    return Change(Entity(TENANT.name, "customer", entity_id), version, 0.0, msgspec.json.encode(data))


def prepare(
    data: dict[str, Any], directories: Directories | None = None, entity_id: int = 70311802
) -> Prepared | Refused:
    """Return a customer as the recipe prepares it."""
    recipe = CustomerRecipe("production", directories or Directories({}))
    return recipe.prepare(TENANT, change(data, entity_id=entity_id))


def prepared(data: dict[str, Any], directories: Directories | None = None, entity_id: int = 70311802) -> Prepared:
    """Return a customer that is fit to be delivered."""
    found = prepare(data, directories, entity_id)
    assert isinstance(found, Prepared), found
    return found
