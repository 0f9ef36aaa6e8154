"""The rules of the payment id (KID) and of the voucher number that is made from it, as pure functions.

Sources. Form and check digits: the Norwegian banks' rules for KID (Mastercard Payment Services): digits with a check
digit by modulus 10 or modulus 11 as the last character, where modulus 11 may also give a hyphen. Moment's help page on
payment ids: Moment itself makes modulus 10 only. Voucher number: Moment's help page on the integration with DnB
Regnskap (derived from the payment id, else from the invoice number).
"""

import re

import msgspec

from daemon.moment.numbers import MAX_INT32

_FORM = re.compile(r"[0-9]{1,24}[0-9-]")
_DIGITS = re.compile(r"[0-9]+")
_MOD11_WEIGHTS = (2, 3, 4, 5, 6, 7)


class PaymentId(msgspec.Struct, frozen=True):
    """What an invoice is paid with: `kid` with its leading zeros, the invoice number where Moment gave none.

    `free_reference` is a payment id whose check digit is wrong, so that banks refuse it as KID; such an invoice is
    paid with its invoice number too.
    """

    kid: str
    free_reference: str = ""


def payment_id(text: str | None, invoice_number: str) -> PaymentId:
    """Return how an invoice with this payment id is paid; a wrong check digit never stops an invoice."""
    given = (text or "").strip()
    if given and is_kid(given):
        return PaymentId(given)
    return PaymentId(invoice_number, given)


def is_kid(text: str) -> bool:
    """Tell whether a text is a KID: 2 to 25 characters, with a right check digit by either modulus."""
    if not _FORM.fullmatch(text):
        return False
    return text[-1] in {mod10(text[:-1]), mod11(text[:-1])}


def mod10(base: str) -> str:
    """Return the check digit by modulus 10 (Luhn): weights 2, 1, 2, … from the right, the products' digits added."""
    total = 0
    for place, digit in enumerate(reversed(base)):
        product = int(digit) * (1 if place % 2 else 2)
        total += product // 10 + product % 10
    return str(-total % 10)


def mod11(base: str) -> str:
    """Return the check character by modulus 11: weights 2 to 7 repeated from the right; 10 becomes a hyphen."""
    weighted = (int(digit) * _MOD11_WEIGHTS[place % 6] for place, digit in enumerate(reversed(base)))
    remainder = -sum(weighted) % 11
    return "-" if remainder == 10 else str(remainder)  # noqa: PLR2004 - the one remainder that is no digit


def voucher_number(payment: str | None, invoice_number: str) -> int | None:
    """Return the number that the invoice's voucher should have, None where neither number can be one.

    The payment id where it is digits, fits 32 bits and is unique, else the invoice number. A payment id is unique if it
    holds the invoice's own number: formats of the customer number alone repeat. Leading zeros would vanish in a number
    and could make two equal, so such a payment id is not taken.
    """
    candidate = (payment or "").strip()
    is_unique = invoice_number != "" and invoice_number in candidate[:-1]
    return (_as_voucher(candidate) if is_unique else None) or _as_voucher(invoice_number)


def _as_voucher(text: str) -> int | None:
    if not _DIGITS.fullmatch(text) or text.startswith("0") or int(text) > MAX_INT32:
        return None
    return int(text)
