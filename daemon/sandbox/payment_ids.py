"""Payment ids (KID) as Moment makes them: its format language, and the check digit of modulus 10.

A format is a list of parts with their lengths: the invoice number, the customer number, literal digits, the type (1 for
an invoice, 3 for a credit note) and the invoice date. Numbers are filled up with zeros from the left, and the check
digit is always appended.
"""

import datetime as dt
import random
from typing import Final

import msgspec

_MOD11_WEIGHTS: Final = (2, 3, 4, 5, 6, 7)
_LONGEST: Final = 25


class Payable(msgspec.Struct, frozen=True):
    """What a payment id is made from."""

    invoice_number: int
    customer_number: str
    is_credit_note: bool
    day: dt.date


FORMATS: Final[tuple[tuple[str, ...], ...]] = (
    ("CLI6", "INV6"),
    ("INV24",),  # with its check digit the longest that banks take
    ("TYPE", "INV6"),
    ("INV8", "ISSUE"),
    ("COM23", "INV7", "CLI6", "COM4"),
    ("INV6",),
    ("CLI6",),  # the same for all invoices of a customer
)
"""Formats in use, each a list of parts."""


def payment_id(parts: tuple[str, ...], payable: Payable) -> str:
    """The payment id of an invoice by the format `parts`."""
    base = "".join(_part(part, payable) for part in parts)
    return base + mod10(base)


def broken(right: str) -> str:
    """A payment id whose last digit is a check digit by neither modulus."""
    base = right[:-1]
    wrong = next(digit for digit in "0123456789" if digit not in {mod10(base), mod11(base)})
    return base + wrong


def is_valid(text: str) -> bool:
    """Whether banks take `text`: 2 to 25 characters that end in their check digit by modulus 10 or 11."""
    base = text[:-1]
    if not base.isdecimal() or not base.isascii() or len(text) > _LONGEST:
        return False
    return text[-1] in {mod10(base), mod11(base)}


def mod10(base: str) -> str:
    """The check digit by modulus 10: weights 2, 1, 2, … from the right, the digits of every product added."""
    doubled = "".join(str(int(digit) * (2 - at % 2)) for at, digit in enumerate(reversed(base)))
    return str(-sum(map(int, doubled)) % 10)


def mod11(base: str) -> str:
    """The check character by modulus 11: weights 2 to 7 from the right, again and again; 10 is a hyphen."""
    total = sum(int(digit) * _MOD11_WEIGHTS[at % 6] for at, digit in enumerate(reversed(base)))
    return "0123456789-"[-total % 11]


def as_written(chance: random.Random, text: str) -> str | int:
    """A payment id as text, or now and then as the number that it is where it has no leading zero."""
    is_number = not text.startswith("0") and len(text) < 19  # noqa: PLR2004 -- what surely fits 63 bits
    return int(text) if is_number and chance.random() < 0.05 else text  # noqa: PLR2004 -- a share


def _part(part: str, payable: Payable) -> str:
    name = part.rstrip("0123456789")
    width = part.removeprefix(name)
    match name:
        case "INV":
            return str(payable.invoice_number).zfill(int(width))
        case "CLI":
            return payable.customer_number.zfill(int(width))
        case "COM":
            return width
        case "TYPE":
            return "3" if payable.is_credit_note else "1"
        case _:
            return payable.day.strftime("%d%m%y")
