"""Companies to fill a sandbox with: invented names, and keys that repeat for a seed."""

import random
import re
import unicodedata
from typing import Final
from uuid import UUID

from daemon.sandbox.settings import Company

LONGEST_TENANT_NAME: Final = 63  # as a tenant's name is checked where it is read

_PLACES: Final = (
    "Fjellvik", "Havgard", "Nordlia", "Steinmo", "Elvebakk", "Skogheim", "Sundnes", "Bergtun",
    "Myrvang", "Lyngstad", "Tindevik", "Furulund",
)  # fmt: skip
_FIRST_ORGANIZATION_NUMBER: Final = 912_345_678
_TRADES: Final = ("Arkitekter", "Ingeniører", "Rådgivning", "Landskap")


def invented(count: int, seed: int = 0, quota: float | None = None) -> tuple[Company, ...]:
    """`count` companies, the same ones for the same seed, no two of a name."""
    chance = random.Random(seed)  # noqa: S311 -- keys must repeat for a seed; they guard nothing
    keys = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(count)]
    return tuple(
        Company(_name(position), key, quota, str(_FIRST_ORGANIZATION_NUMBER + position))
        for position, key in enumerate(keys)
    )


def tenant_name(company: str) -> str:
    """What the tenant of a company is called: `fjellvik` for the first one, always `[a-z0-9][a-z0-9._-]{0,62}`."""
    plain = unicodedata.normalize("NFKD", company.lower().replace("ø", "o").replace("æ", "ae"))
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode())
    return "-".join(word for word in words if word != "as")[:LONGEST_TENANT_NAME] or "company"


def _name(position: int) -> str:
    place = _PLACES[position % len(_PLACES)]
    round_ = position // len(_PLACES)
    if round_ == 0:
        return f"{place} AS"
    trade = _TRADES[(round_ - 1) % len(_TRADES)]
    number = (round_ - 1) // len(_TRADES)
    return f"{place} {trade} AS" if number == 0 else f"{place} {trade} {number + 1} AS"
