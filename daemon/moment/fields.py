"""The types of single fields in the event contract, with the bounds that decoder and published schema share.

Bounds are wider than any real value on purpose: a text that is merely too long for DnB is refused later, where the
refusal can name DnB's limit; here only what no program should have to hold is kept out.
"""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

MAX_TEXT_LENGTH_CHARACTERS = 4_000  # far above any field of Moment's pages, far below a record's 1 MiB
MAX_NUMBER_LENGTH_CHARACTERS = 64  # the longest business number known, a payment id, has 25
MAX_INT64 = 2**63 - 1  # ids and versions are 63-bit in Moment
MAX_WHOLE_DIGITS = 12  # 18 digits in all, of which 6 are places
MAX_PLACES = 6

# `$` alone would let a trailing line feed pass in Python; JSON Schema's own dialect knows no \Z.
TENANT_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$(?!\n)"

Id = Annotated[int, Meta(ge=0, le=MAX_INT64, description="Moment's id of the object")]
Text = Annotated[str, Meta(max_length=MAX_TEXT_LENGTH_CHARACTERS)]
RequiredText = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_LENGTH_CHARACTERS, pattern=r"\S")]
Code = Annotated[str, Meta(max_length=16)]  # ISO codes have two or three letters
BusinessNumber = (
    Annotated[str, Meta(min_length=1, max_length=MAX_NUMBER_LENGTH_CHARACTERS, pattern=r"\S")]
    | Annotated[int, Meta(ge=0, le=MAX_INT64)]
)


def require_decimals(**values: Decimal | None) -> None:
    """Raise `ValueError` naming the first value that is not finite or has too many digits.

    msgspec reads decimals of any size, and the strings "NaN" and "Infinity"; the contract allows neither.
    """
    for name, value in values.items():
        if value is not None and not is_bounded(value):
            message = f"Expected `{name}` to be a finite decimal of at most {MAX_WHOLE_DIGITS} digits before the point"
            raise ValueError(f"{message} and {MAX_PLACES} after it")


def is_bounded(value: Decimal) -> bool:
    """Tell whether a decimal is finite, with at most 12 digits before and 6 after the point."""
    if not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MAX_PLACES and value.adjusted() < MAX_WHOLE_DIGITS
