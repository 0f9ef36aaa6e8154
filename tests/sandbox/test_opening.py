"""What a fresh company has."""

import pytest

from tests.sandbox.office import Office, inside


@pytest.mark.parametrize(("route", "text"), [
    ("accounts", "AccountNumber eq 1500"),
    ("accounts", "AccountNumber eq 1920"),
    ("accounts", "AccountNumber eq 3000"),
    ("vattypes", "VatCode eq '3' and VatPercent eq 25"),
    ("currencycodes", "Code eq 'NOK'"),
    ("currencycodes", "Code eq 'EUR'"),
    ("countries", "CountryCode eq 'NO'"),
    ("countries", "CountryCode eq 'SE'"),
    ("financialyears", "Year eq 2026 and ValidFrom eq '2026-01-01' and ValidTo eq '2026-12-31'"),
    ("number-series", "NumberSeriesType.EntityType eq 'Customer' and FromNumber eq 100000 and ToNumber eq 199999"),
    ("companysettings", "BaseCurrencyCode.Code eq 'NOK' and CustomerAccount.AccountNumber eq 1500"),
])  # fmt: skip
def test_standard_rows(route: str, text: str) -> None:
    """Each standard row is there once, and found by a filter that nobody is blamed for."""
    office = Office()
    assert (1, []) == (len(office.get(route, filter=text).rows), office.rules)


def test_no_customers() -> None:
    """A fresh company has no customers."""
    assert [] == Office().get("customers").rows


def test_ids_are_no_business_numbers() -> None:
    """No standard row has an ID that is also a number it could be mistaken for."""
    office = Office()
    for route, number in (("accounts", "AccountNumber"), ("vattypes", "VatCode")):
        rows = office.get(route).rows
        assert not {str(row["ID"]) for row in rows} & {str(row[number]) for row in rows}


def test_number_series_expands() -> None:
    """A series tells its type and its main account."""
    row = Office().get("number-series", expand="NumberSeriesType,MainAccount").rows[0]
    assert ("Customer", 1500) == (
        inside(row, "NumberSeriesType", "EntityType"),
        inside(row, "MainAccount", "AccountNumber"),
    )
