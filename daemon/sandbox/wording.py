"""The texts of invoices: short ones, ones far longer than DnB's fields, and the remarks that the law asks for."""

import random
from typing import Final

_WORKS: Final = (
    "Prosjektering", "Byggeledelse", "3D-visualisering", "Befaring", "Møter", "Reisetid", "Kjøring", "Utskrifter",
    "Offentlig gebyr", "Hotell", "Modellbygging", "Brannkonsept", "Uavhengig kontroll", "Lydmåling", "Søknadspapirer",
)  # fmt: skip
_MONTHS: Final = ("januar", "februar", "mars", "april", "mai", "juni", "august", "september", "oktober", "november")
_SENTENCES: Final = (
    "Arbeidet omfatter gjennomgang av tegninger, møter med byggherren og oppdatering av modellen.",
    "Timene er ført etter avtalt satstabell og godkjent av prosjektlederen.",
    "Utlegg er viderefakturert uten påslag; kvitteringer kan fås på forespørsel.",
    "Fakturaen gjelder perioden som er nevnt ovenfor, inkludert tillegg for kveldsarbeid.",
    "Merverdiavgift er ikke beregnet; omvendt avgiftsplikt etter merverdiavgiftsloven § 11-1.",
    "Vennligst oppgi KID ved betaling, og ta kontakt med kontoret vårt på Østre Åsvei ved spørsmål.",
)
_LONG_SENTENCES: Final = (3, 9)


def line_text(chance: random.Random) -> str:
    """The text of a line: `Prosjektering, mars`."""
    return f"{chance.choice(_WORKS)}, {chance.choice(_MONTHS)}"


def long_text(chance: random.Random) -> str:
    """A text of several sentences, with line breaks where somebody pressed Enter."""
    count = chance.randint(*_LONG_SENTENCES)
    breaks = (" ", " ", "\n", "\n\n")
    return "".join(f"{chance.choice(_SENTENCES)}{chance.choice(breaks)}" for _ in range(count)).strip()


def description(chance: random.Random) -> str | None:
    """What an invoice says besides its lines: often nothing, sometimes much."""
    drawn = chance.random()
    if drawn < 0.3:  # noqa: PLR2004 -- a share
        return None
    return long_text(chance) if drawn > 0.9 else f"Honorar {chance.choice(_MONTHS)}"  # noqa: PLR2004 -- a share
