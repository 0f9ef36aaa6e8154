"""The survey of a company for the preflight, against the emulated DnB."""

from typing import Any

import pytest

from daemon.core.model import Booking, Tenant
from daemon.core.procedure import Denied, Outcome, Reply, Unavailable
from daemon.dnb.survey import Survey, Surveyed, survey_company
from tests.dnb.world import COMPANY_KEY, NOW, World, ok

TENANT = Tenant(name="fjellvik", company="c0ffee")


def carried_out(world: World, survey: Survey) -> tuple[Surveyed, ...]:
    """Return the findings of a survey."""
    call = next(survey)
    while True:
        assert "GET" == call.method
        try:
            call = survey.send(world.send(call))
        except StopIteration as stop:
            found: tuple[Surveyed, ...] | Outcome = stop.value
            assert isinstance(found, tuple), found
            return found


def set_up(world: World, **columns: Any) -> World:  # noqa: ANN401 - whatever a column holds
    """Change the company's settings in its books."""
    table = world.emulator.books(COMPANY_KEY).table("CompanySettings")
    [row] = table.live()
    table.update(row, columns, NOW)
    return world


def test_a_company_in_order_has_nothing_to_repair() -> None:
    """Fresh books with the usual series."""
    found = carried_out(World(), survey_company(TENANT))
    assert [("period", "nothing is locked"), ("customer numbers", "100000-199999 lies within DnB's series")] == [
        (one.what, one.found) for one in found
    ]
    assert [""] * 2 == [one.repair for one in found]


def test_what_the_company_does_by_itself_is_told() -> None:
    """A locked period is told; sending invoices once more and a missing VAT registration must be repaired."""
    world = set_up(World(), AccountingLockedDate="2026-01-31", AutoDistributeInvoice=True, TaxMandatoryType=1)
    period, distribution, vat, _ = carried_out(world, survey_company(TENANT))
    assert ("open after 2026-01-31", "") == (period.found, period.repair)
    assert ("distribution", "VAT") == (distribution.what, vat.what)
    assert (True, True) == (distribution.repair != "", vat.repair != "")


def test_a_number_range_outside_the_series_must_be_repaired() -> None:
    """Customers that Moment numbers otherwise than DnB would all be refused."""
    outside = Tenant(name="fjellvik", company="c0ffee", first_number=10_000, last_number=19_999)
    _, numbers = carried_out(World(), survey_company(outside))
    assert "10000-19999 is not within DnB's series (100000-199999)" == numbers.found
    assert numbers.repair


def test_what_the_tenants_settings_name_is_looked_up() -> None:
    """Accounts, VAT codes and products: those that are there, and those that are not."""
    booking = Booking(vat_codes={"3000": "3", "3999": "99"}, products={"hours": "T-1"})
    tenant = Tenant(name="fjellvik", company="c0ffee", booking=booking)
    found = carried_out(World(), survey_company(tenant))[2:]
    assert [
        ("account 3000", True), ("VAT code 3", True), ("account 3999", False), ("VAT code 99", False),
        ("product T-1 for hours", False),
    ] == [(one.what, one.repair == "") for one in found]  # fmt: skip


def replies_after(survey: Survey, *replies: Reply) -> tuple[Surveyed, ...] | Outcome:
    """Return what a survey ends with after these replies."""
    next(survey)
    for reply in replies[:-1]:
        survey.send(reply)
    with pytest.raises(StopIteration) as stop:
        survey.send(replies[-1])
    ended: tuple[Surveyed, ...] | Outcome = stop.value.value
    return ended


def test_a_dnb_that_does_not_answer_ends_the_survey() -> None:
    """Whatever is asked for first or later."""
    settings = ok({"ID": 1, "BaseCurrencyCodeID": 1})
    denied = ok({}, status=403)
    named = Tenant(name="f", company="c", booking=Booking(vat_codes={"3000": "3"}))
    products = Tenant(name="f", company="c", booking=Booking(products={"hours": "T-1"}))
    assert isinstance(replies_after(survey_company(TENANT), denied), Denied)
    assert isinstance(replies_after(survey_company(TENANT), settings, denied), Denied)
    assert isinstance(replies_after(survey_company(named), settings, ok([]), denied), Denied)
    assert isinstance(replies_after(survey_company(products), settings, ok([]), denied), Denied)
    assert isinstance(replies_after(survey_company(TENANT), ok({"ID": 1})), Unavailable)


def test_a_company_that_tells_no_series_is_not_judged_by_it() -> None:
    """Older contracts may not show them."""
    found = replies_after(survey_company(TENANT), ok({"ID": 1, "BaseCurrencyCodeID": 1}), ok([]))
    assert isinstance(found, tuple)
    assert "100000-199999 by the tenant's settings; DnB tells no series" == found[-1].found
