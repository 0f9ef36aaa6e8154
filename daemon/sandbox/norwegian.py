"""Norwegian businesses that do not exist: names, organisation numbers, addresses, and how people write them.

Everything is drawn from the `random.Random` that is handed in, so it repeats for a seed. Postal codes belong to their
cities; e-mail and web addresses lie under `.example`, which nobody can own.
"""

import random
import re
from typing import Final

import msgspec

_STEMS: Final = (
    "Åsgård", "Bjørkelund", "Brattvåg", "Dalsbygda", "Elvestrand", "Fagerås", "Fjordgløtt", "Granåsen", "Grønnvoll",
    "Hæstad", "Havbrått", "Høgåsen", "Iskant", "Jordbær", "Kløverstad", "Kråkevik", "Lillevær", "Lyseng", "Måltrost",
    "Midtbø", "Nøkleby", "Nordkapp", "Ospelund", "Ørneberg", "Perlestrand", "Rød", "Rævskår", "Sæterbrå", "Skjærgård",
    "Solbakken", "Stølsheimen", "Tåkeheim", "Tjæreviken", "Trollåsen", "Urskau", "Vårdal", "Vinterbro", "Ytterøya",
)  # fmt: skip
_TRADES: Final = (
    "Eiendom", "Bygg", "Prosjekt", "Utvikling", "Rør", "Elektro", "Sjømat", "Bakeri", "Transport", "Rådgivning",
    "Skogdrift", "Møbel", "Regnskapskontor", "Hotell", "Maskin", "Bokhandel", "Kjøkken & Bad", "Gård", "Fiskeoppdrett",
)  # fmt: skip
_FORMS: Final = ("AS", "AS", "AS", "AS", "AS", "AS", "ASA", "ANS", "DA", "ENK", "SA", "NUF", "KF", "Stiftelse")
_STREETS: Final = (
    "Storgata", "Kirkegata", "Sjøgata", "Bjørnebærstien", "Øvre Bakkegate", "Kongens gate", "Havneveien", "Åsveien",
    "Industriveien", "Torggata", "Fjellveien", "Nedre Strandvei", "Prestegårdsjordet", "Gamle Ringeriksvei",
)  # fmt: skip
_UNDERTAKINGS: Final = (
    "Rehabilitering", "Tilbygg", "Reguleringsplan", "Prosjektering", "Påbygg", "Mulighetsstudie", "Byggeledelse",
    "Brannteknisk vurdering", "Fasade", "Ombygging", "Søknad om tiltak", "Skoleutvidelse", "Næringsbygg",
)  # fmt: skip
_SECOND_LINES: Final = (
    None,
    None,
    None,
    None,
    None,
    None,
    "Postboks 117 Sentrum",
    "2. etasje",
    "Att: Økonomi",
    "Bygg C",
)
_CITIES: Final = (
    ("0155", "Oslo"), ("0580", "Oslo"), ("5003", "Bergen"), ("7010", "Trondheim"), ("4006", "Stavanger"),
    ("9008", "Tromsø"), ("1607", "Fredrikstad"), ("3015", "Drammen"), ("8006", "Bodø"), ("6003", "Ålesund"),
    ("2317", "Hamar"), ("4611", "Kristiansand S"), ("3717", "Skien"), ("9900", "Kirkenes"), ("2609", "Lillehammer"),
    ("6413", "Molde"), ("8624", "Mo i Rana"), ("5525", "Haugesund"), ("1767", "Halden"), ("3616", "Kongsberg"),
)  # fmt: skip
_NUMBER_STARTS: Final = ("2200", "2300", "3200", "5500", "7300", "7700", "4000", "9000")
_ONE_FOUNDER_SHARE: Final = 0.8  # the others are named for two
_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)


class Abroad(msgspec.Struct, frozen=True):
    """A country that a customer may come from: its code, currency, dialling code and a place in it."""

    country: str
    currency: str
    dialling: str
    postal_code: str
    city: str
    street: str


ABROAD: Final = (
    Abroad("SE", "SEK", "46", "111 22", "Stockholm", "Drottninggatan"),
    Abroad("DK", "DKK", "45", "2100", "København Ø", "Østerbrogade"),
    Abroad("DE", "EUR", "49", "20095", "Hamburg", "Große Bleichen"),
    Abroad("FI", "EUR", "358", "00100", "Helsinki", "Mannerheimintie"),
    Abroad("GB", "GBP", "44", "EC1A 1BB", "London", "St Martin's Le Grand"),
)


def company_name(chance: random.Random) -> str:
    """A name with its legal form: `Kråkevik Bygg AS`."""
    stem, trade, form = chance.choice(_STEMS), chance.choice(_TRADES), chance.choice(_FORMS)
    if chance.random() < _ONE_FOUNDER_SHARE:
        return f"{stem} {trade} {form}"
    return f"{stem} & {chance.choice(_STEMS)} {trade} {form}"


def project_name(chance: random.Random) -> str:
    """What a project is called: `Rehabilitering Storgata 17`."""
    return f"{chance.choice(_UNDERTAKINGS)} {chance.choice(_STREETS)} {chance.randrange(1, 140)}"


def check_digit(eight: str) -> str | None:
    """The ninth digit of an organisation number (modulus 11); None if no number begins with these eight."""
    rest = sum(int(digit) * weight for digit, weight in zip(eight, _WEIGHTS, strict=True)) % 11
    return None if rest == 1 else str((11 - rest) % 11)


def organization_number(chance: random.Random) -> str:
    """Nine digits whose last one is right."""
    while True:
        eight = f"{chance.choice('89')}{chance.randrange(10**7):07}"
        last = check_digit(eight)
        if last is not None:
            return eight + last


def organization_number_as_written(chance: random.Random) -> str | None:
    """An organisation number in one of the ways in which people write it; None for those who left it out."""
    number = organization_number(chance)
    spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
    spellings = (number, number, number, number, spaced, f"NO {spaced} MVA", f"NO{number}MVA", f"{number} MVA", None)
    return chance.choice(spellings)


def foreign_number(chance: random.Random, country: str) -> str:
    """A VAT number of another country, by its looks."""
    digits = {"SE": 12, "DE": 9, "GB": 9}.get(country, 8)
    return f"{country}{chance.choice(('', ' '))}{chance.randrange(10 ** (digits - 1), 10**digits)}"


def phone_as_written(chance: random.Random, dialling: str | None = None) -> str:
    """A telephone number in one of many spellings; `dialling` is another country's code, without plus."""
    if dialling is not None:
        return f"{chance.choice(('+', '00'))}{dialling} {chance.randrange(10**8, 10**9)}"
    digits = chance.choice(_NUMBER_STARTS) + f"{chance.randrange(10**4):04}"
    pairs = " ".join(digits[at : at + 2] for at in range(0, 8, 2))
    mobile = f"{digits[:3]} {digits[3:5]} {digits[5:]}"
    grouped = mobile if digits[0] in "49" else pairs
    return chance.choice((grouped, digits, pairs, f"+47 {grouped}", f"+47{digits}", f"0047 {digits}", f"(+47) {pairs}"))


def address(chance: random.Random, abroad: Abroad | None = None) -> dict[str, str | None]:
    """A postal address as the contract writes it, in Norway unless told otherwise."""
    postal_code, city = chance.choice(_CITIES) if abroad is None else (abroad.postal_code, abroad.city)
    street = chance.choice(_STREETS) if abroad is None else abroad.street
    return {
        "addressLine1": f"{street} {chance.randrange(1, 140)}{chance.choice(('', '', '', 'A', 'B'))}",
        "addressLine2": chance.choice(_SECOND_LINES),
        "postalCode": postal_code,
        "city": city,
        "countryCode": "NO" if abroad is None else abroad.country,
    }


def domain(name: str) -> str:
    """The domain that a business of this name would have, if `.example` existed."""
    plain = name.lower().replace("æ", "ae").translate(str.maketrans("øå", "oa"))
    return "".join(re.findall(r"[a-z0-9]+", plain)) + ".example"
