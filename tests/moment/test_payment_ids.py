"""Payment ids (KID) and voucher numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.moment.payment_ids import PaymentId, is_kid, mod10, mod11, payment_id, voucher_number

MOMENTS_FORMATS = [
    ("010245", "0102459"),
    ("010245100042", "0102451000420"),
    ("100042010245", "1000420102450"),
    ("1010245", "10102457"),
    ("3010246", "30102461"),
    ("2300102451000424", "23001024510004246"),
    ("00010245140326", "000102451403269"),
    ("000000000000000000010245", "0000000000000000000102459"),
    ("004345023412", "0043450234125"),
    ("2300043450234124", "23000434502341244"),
]
MOD10_VECTORS = [
    ("234567", "6"),
    ("1234", "4"),
    ("60224", "3"),
    ("000001", "8"),
    ("000019", "0"),
]
MOD11_VECTORS = [
    ("1234", "3"),
    ("1234567890", "3"),
    ("012955", "0"),
    ("000006", "-"),
    ("000023", "-"),
    ("000014", "0"),
]


@pytest.mark.parametrize(("base", "kid"), MOMENTS_FORMATS)
def test_every_format_of_moments_is_valid(base: str, kid: str) -> None:
    """What Moment makes by modulus 10 passes, leading zeros and 25 digits included."""
    assert kid == base + mod10(base)
    assert PaymentId(kid) == payment_id(kid, "10245")


@pytest.mark.parametrize(("base", "digit"), MOD10_VECTORS)
def test_modulus_10(base: str, digit: str) -> None:
    """The published vectors give their check digit."""
    assert digit == mod10(base)
    assert is_kid(base + digit)


@pytest.mark.parametrize(("base", "digit"), MOD11_VECTORS)
def test_modulus_11_may_end_in_a_hyphen(base: str, digit: str) -> None:
    """A remainder of ten is a hyphen, as the last character only."""
    assert digit == mod11(base)
    assert is_kid(base + digit)


@pytest.mark.parametrize(
    "text",
    [
        "0102457",
        "5",
        "",
        "-",
        "123-4",
        "12a4",
        " 12344",
        "\uff11\uff12\uff13\uff14\uff14",
        "1" * 26,
        "12344\n",
        "1234-",
    ],
)
def test_other_texts_are_no_kid(text: str) -> None:
    """A wrong check digit, another length or another character is no KID."""
    assert not is_kid(text)


@pytest.mark.parametrize(("text", "valid"), [("0102459", True), ("0102458", True), ("2345676", True)])
def test_either_modulus_will_do(text: str, valid: bool) -> None:  # noqa: FBT001 - a table's column
    """Moment makes modulus 10 only; a company may have had modulus 11 before."""
    assert valid is is_kid(text)


@pytest.mark.parametrize("given", [None, "", "  "])
def test_without_a_payment_id_the_invoice_number_is_paid_with(given: str | None) -> None:
    """As Moment's page says: payment id, else the invoice number."""
    assert PaymentId("10245") == payment_id(given, "10245")


def test_a_wrong_check_digit_becomes_a_free_reference() -> None:
    """The invoice is transferred all the same, and the payment id stands where no bank reads it."""
    assert PaymentId("10245", "0102457") == payment_id(" 0102457 ", "10245")


@pytest.mark.parametrize(
    ("payment", "number", "voucher"),
    [
        ("102459", "10245", 102459),
        ("0102459", "10245", 10245),
        ("1000420102450", "10245", 10245),
        ("100042", "10245", 10245),
        ("2147483647", "214748364", 2147483647),
        ("2147483648", "214748364", 214748364),
        (None, "10245", 10245),
        ("", "10245", 10245),
        ("10245-", "10245", 10245),
        (None, "F-10245", None),
        (None, "010245", None),
        (None, "9999999999", None),
    ],
)
def test_the_voucher_number_comes_from_the_payment_id_else_the_invoice_number(
    payment: str | None, number: str, voucher: int | None
) -> None:
    """A payment id is taken where it is digits, holds the invoice's own number and fits 32 bits."""
    assert voucher == voucher_number(payment, number)


@given(st.text(max_size=30))
def test_any_text_is_a_kid_or_a_reference(text: str) -> None:
    """No text raises, and none is lost."""
    found = payment_id(text, "10245")
    assert text.strip() in {found.kid, found.free_reference}


@given(st.from_regex(r"[0-9]{1,24}", fullmatch=True))
def test_both_moduli_make_valid_kids(base: str) -> None:
    """What the rules make, the rules accept."""
    assert is_kid(base + mod10(base))
    assert is_kid(base + mod11(base))
