"""Customer numbers, project numbers and organisation numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.procedure import Refused
from daemon.moment.numbers import (
    customer_number,
    is_organisation_number,
    numeric_twin,
    organisation_number,
    project_number,
)

FIRST, LAST = 100_000, 199_999


@pytest.mark.parametrize(("text", "expected"), [("100000", 100000), ("199999", 199999), (" 100042 ", 100042)])
def test_number_range_100000_to_199999_is_accepted(text: str, expected: int) -> None:
    """A number within DnB's customer series is sent as an integer."""
    assert expected == customer_number(text, FIRST, LAST)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10001", "customer_number_out_of_range"),
        ("99999", "customer_number_out_of_range"),
        ("200000", "customer_number_out_of_range"),
        ("9" * 64, "customer_number_out_of_range"),
        ("0", "customer_number_out_of_range"),
        ("K-100042", "customer_number_not_numeric"),
        ("0100042", "customer_number_not_numeric"),
        ("-100042", "customer_number_not_numeric"),
        ("+100042", "customer_number_not_numeric"),
        ("100_042", "customer_number_not_numeric"),
        ("100042.0", "customer_number_not_numeric"),
        ("\uff11\uff10\uff10\uff10\uff11", "customer_number_not_numeric"),
        ("10004\u00b2", "customer_number_not_numeric"),
        (" ", "customer_number_not_numeric"),
    ],
)
def test_other_customer_numbers_are_refused(text: str, reason: str) -> None:
    """The refusal names the field, the value and the rule."""
    refused = customer_number(text, FIRST, LAST)
    assert isinstance(refused, Refused)
    assert (reason, "customerNumber", text) == (refused.reason, refused.field, refused.value)
    assert refused.rule


def test_a_tenants_own_range_is_used() -> None:
    """The rule names the tenant's range, not the default."""
    refused = customer_number("100042", 500, 900)
    assert isinstance(refused, Refused)
    assert refused.rule == "from 500 to 900"


@given(st.text(max_size=64))
def test_any_text_is_a_number_in_range_or_refused(text: str) -> None:
    """No text raises, and no number outside the range gets through."""
    found = customer_number(text, FIRST, LAST)
    assert isinstance(found, Refused) or FIRST <= found <= LAST


VALID = [
    "999999999",
    "888888888",
    "998887771",
    "991234578",
    "981234561",
    "922222223",
    "923456783",
    "910000012",
    "812345672",
]


@pytest.mark.parametrize("digits", [*VALID, "123456785"])
def test_valid_organisation_numbers(digits: str) -> None:
    """Numbers with the right check digit are known."""
    assert is_organisation_number(digits)


@pytest.mark.parametrize("digits", ["999999998", "99999999", "9999999999", "", "99999999X", "\uff19" * 9])
def test_invalid_organisation_numbers(digits: str) -> None:
    """A wrong check digit, length or digit is noticed."""
    assert not is_organisation_number(digits)


@pytest.mark.parametrize("prefix", ["91000008", "91000011", "91000025", "91234567"])
def test_numbers_with_check_digit_ten_are_not_issued(prefix: str) -> None:
    """No last digit makes such a number valid."""
    assert not any(is_organisation_number(f"{prefix}{digit}") for digit in range(10))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("998887771", "998887771"),
        ("998 887 771", "998887771"),
        ("998\u00a0887\u00a0771", "998887771"),
        ("998.887.771", "998887771"),
        ("NO998887771MVA", "998887771"),
        ("no 998 887 771 mva", "998887771"),
        ("NO 998 887 771 MVA Foretaksregisteret", "998887771"),
        (" 998887772 ", "998887772"),
        ("SE556677889901", "SE556677889901"),
        ("556677-8899", "556677-8899"),
        ("", ""),
    ],
)
def test_organisation_numbers_are_normalised_or_left_as_given(text: str, expected: str) -> None:
    """Valid Norwegian numbers lose their decoration; anything else never blocks a customer."""
    assert expected == organisation_number(text)


@pytest.mark.parametrize(("text", "expected"), [("4005", "4005"), (" 4005 ", "4005"), ("9" * 40, "9" * 40)])
def test_a_project_number_of_digits_is_taken(text: str, expected: str) -> None:
    """DnB keeps it as text, so its length is no matter."""
    assert expected == project_number(text)


@pytest.mark.parametrize("text", ["4005-1", "2026.17", "0004005", "0", "P4005", " ", "-1", "\uff14", "4 005"])
def test_other_project_numbers_are_refused(text: str) -> None:
    """A leading zero would make two projects one in DnB's numeric twin."""
    refused = project_number(text)
    assert isinstance(refused, Refused)
    assert ("project_number_not_numeric", "projectNumber", text) == (refused.reason, refused.field, refused.value)


@pytest.mark.parametrize(("digits", "twin"), [("4005", 4005), ("2147483647", 2147483647), ("2147483648", None)])
def test_a_number_that_is_too_long_has_no_twin(digits: str, twin: int | None) -> None:
    """The twin is left out, and the text is the number."""
    assert twin == numeric_twin(digits)
