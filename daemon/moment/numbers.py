"""The rules of customer, project and organisation numbers, as pure functions.

Sources. Customer number: Moment's help page on the integration with DnB Regnskap (numeric, within 100000-199999, Moment
is master). Project number: the same page (digits only). Organisation number: the Brønnøysund Register Centre's page on
its check digit, modulus 11 with the weights 3, 2, 7, 6, 5, 4, 3, 2.
"""

import re

from daemon.core.procedure import Refused

MAX_INT32 = 2**31 - 1  # what DnB's integer columns hold

_DIGITS = re.compile(r"[0-9]+")  # ASCII only: str.isdigit() also takes full-width and superscript digits
_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
_DECORATION = re.compile(r"[\s.]+|FORETAKSREGISTERET")
_BARE = re.compile(r"(?:NO)?(?P<digits>[0-9]{9})(?:MVA)?")

_REPAIR = (
    "give the customer in Moment a number of digits, not beginning with 0, within the range; saved, it is sent again"
)
_PROJECT_REPAIR = "give the project a number of digits only in Moment; it is sent again when it is saved"


def customer_number(text: str, first: int, last: int) -> int | Refused:
    """Return the number as DnB's 32-bit integer, or why it cannot be one within `first` to `last`.

    Surrounding blanks are harmless and ignored. A leading zero is refused: DnB keeps an integer, so `0100042` and
    `100042`, two customers in Moment, would become one.
    """
    digits = text.strip()
    if not _DIGITS.fullmatch(digits) or (digits.startswith("0") and digits != "0"):
        rule = "digits only, without leading zeros"
        return _refused("customer_number_not_numeric", text, rule)
    number = int(digits)
    if not first <= number <= last:
        return _refused("customer_number_out_of_range", text, f"from {first} to {last}")
    return number


def project_number(text: str) -> str | Refused:
    """Return the project number without surrounding blanks, or why it cannot be one.

    Only digits, as Moment's page says. A leading zero is refused: DnB keeps a numeric twin beside the text, in which
    `0004005` and `4005`, two projects in Moment, would become one.
    """
    digits = text.strip()
    if _DIGITS.fullmatch(digits) and not digits.startswith("0"):
        return digits
    rule = "digits only, without leading zeros"
    reason = "project_number_not_numeric"
    return Refused(reason=reason, field="projectNumber", value=text, rule=rule, repair=_PROJECT_REPAIR)


def numeric_twin(digits: str) -> int | None:
    """Return a project number as DnB's 32-bit integer beside the text, None for one that is too long for it."""
    number = int(digits)
    return number if number <= MAX_INT32 else None


def organisation_number(text: str) -> str:
    """Return the nine digits of a valid Norwegian number, anything else as given without surrounding blanks.

    Understands blanks, dots, the prefix NO, the suffix MVA and the word Foretaksregisteret. Foreign companies and
    private persons have other numbers or none, so nothing is ever refused here.
    """
    bare = _BARE.fullmatch(_DECORATION.sub("", text.upper()))
    return bare["digits"] if bare and is_organisation_number(bare["digits"]) else text.strip()


def is_organisation_number(digits: str) -> bool:
    """Tell whether nine ASCII digits end in their own check digit, modulus 11."""
    if len(digits) != len(_WEIGHTS) + 1 or not _DIGITS.fullmatch(digits):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return (11 - total % 11) % 11 == int(digits[-1])  # a check digit of 10 equals no digit: such numbers are not issued


def _refused(reason: str, value: str, rule: str) -> Refused:
    return Refused(reason=reason, field="customerNumber", value=value, rule=rule, repair=_REPAIR)
