"""What the generator, the accountants and the tenants' settings of a story agree on.

Dates are days before the day on which the story begins.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

LOCKED_AT_FIRST_DAYS: Final = 45
"""So many days before today the last locked one lies when the story begins."""

LOCKED_FOR_GOOD_DAYS: Final = 90
"""The same after the accountant has opened a period: what is older stays closed."""

MISSING_ACCOUNT: Final = "3050"
"""An account that the accountant adds in the course of the story."""

LOCKED_ACCOUNT: Final = "3060"
"""An account that the accountant unlocks in the course of the story."""

MISSING_VAT_CODE: Final = "51"
"""A VAT code that the accountant adds in the course of the story."""

ACCOUNT_VAT_CODES: Final[Mapping[str, str]] = {"3120": "3"}
"""The VAT code of lines that have none, by account, as the tenants' settings name it."""

HOURS_PRODUCT: Final = "TIMER"
"""A product for lines of hours that every company has, for tenants whose settings name it."""


def locked_at_first(today: dt.date) -> dt.date:
    """The last day that is locked when the story begins."""
    return today - dt.timedelta(days=LOCKED_AT_FIRST_DAYS)


def locked_for_good(today: dt.date) -> dt.date:
    """The last day that stays locked."""
    return today - dt.timedelta(days=LOCKED_FOR_GOOD_DAYS)
