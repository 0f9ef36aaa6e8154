"""The invented businesses look like real ones where a rule can tell."""

import random
import re

import pytest

from daemon.sandbox import norwegian


def dice() -> random.Random:
    """The same luck for every test."""
    return random.Random(1)


@pytest.mark.parametrize(
    ("eight", "expected"),
    [("12345678", "5"), ("99999999", "9"), ("88888888", "8"), ("99888777", "1"), ("91000001", "2"), ("91000008", None)],
)
def test_check_digit(eight: str, expected: str | None) -> None:
    """The last digit of an organisation number follows modulus 11, and some beginnings have none."""
    assert expected == norwegian.check_digit(eight)


def test_organization_numbers() -> None:
    """Every number has nine digits, begins as Norwegian ones do and ends in its check digit."""
    chance = dice()
    numbers = [norwegian.organization_number(chance) for _ in range(1000)]
    assert [] == [number for number in numbers if not re.fullmatch(r"[89]\d{8}", number)]
    assert [number[8] for number in numbers] == [norwegian.check_digit(number[:8]) for number in numbers]


def test_organization_numbers_as_written() -> None:
    """Numbers come plain, spaced, as VAT numbers, or not at all; the digits are always right."""
    chance = dice()
    written = [norwegian.organization_number_as_written(chance) for _ in range(200)]
    assert None in written
    shapes = {re.sub(r"\d", "9", each) for each in written if each is not None}
    assert {"999999999", "999 999 999", "NO 999 999 999 MVA", "NO999999999MVA", "999999999 MVA"} == shapes
    digits = [re.sub(r"\D", "", each) for each in written if each is not None]
    assert [each[8] for each in digits] == [norwegian.check_digit(each[:8]) for each in digits]


def test_phones() -> None:
    """Norwegian numbers have eight digits in any spelling; foreign ones begin with their country's code."""
    chance = dice()
    written = [norwegian.phone_as_written(chance) for _ in range(200)]
    national = [re.sub(r"\D", "", each.replace("+47", "").removeprefix("0047")) for each in written]
    assert {8} == {len(each) for each in national}
    assert len({re.sub(r"\d", "9", each) for each in written}) > 5
    assert norwegian.phone_as_written(chance, "46").startswith(("+46 ", "0046 "))


def test_addresses() -> None:
    """A postal code always stands with its city, and a foreign address with its country."""
    chance = dice()
    places = [norwegian.address(chance) for _ in range(500)]
    cities = {(place["postalCode"], place["city"]) for place in places}
    assert 20 == len(cities) == len({code for code, _ in cities})
    assert {"NO"} == {place["countryCode"] for place in places}
    abroad = norwegian.address(chance, norwegian.ABROAD[0])
    assert ("111 22", "Stockholm", "SE") == (abroad["postalCode"], abroad["city"], abroad["countryCode"])


def test_foreign_numbers() -> None:
    """A foreign number begins with its country."""
    chance = dice()
    for abroad in norwegian.ABROAD:
        assert norwegian.foreign_number(chance, abroad.country).startswith(abroad.country)


def test_names_and_domains() -> None:
    """Names carry a legal form and Norwegian letters; domains are plain and under a name that nobody can own."""
    chance = dice()
    names = [norwegian.company_name(chance) for _ in range(500)]
    assert {"AS", "ASA", "ANS", "ENK"} <= {name.rsplit(" ", 1)[1] for name in names}
    assert all(any(letter in "".join(names) for letter in pair) for pair in ("æÆ", "øØ", "åÅ"))
    assert "raevskargard.example" == norwegian.domain("Rævskår Gård")
    assert [] == [name for name in names if not re.fullmatch(r"[a-z0-9]+\.example", norwegian.domain(name))]
