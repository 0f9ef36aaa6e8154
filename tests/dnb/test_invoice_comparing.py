"""DnB's sums are Moment's before anything is booked, and no text is cut."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.core.procedure import Delivered, Unchanged
from daemon.dnb.invoice_comparing import is_rate
from tests.dnb.invoices import (
    BALANCES,
    FEE,
    FULL,
    HOURS,
    Scene,
    booking,
    invoice_of,
    leave_draft,
    line,
    methods,
    prepared,
    refused,
    remarks,
)
from tests.dnb.world import COMPANY_KEY, NOW, calls_of

# -- amounts ----------------------------------------------------------------------------------------------------------


AMOUNTS: list[tuple[list[dict[str, Any]], str]] = [
    ([line("0.01")], "0.00"),
    ([line("100", quantity=3)], "25"),
    ([line("1234.56", quantity="37.3333")], "308.64"),
    ([line("1000", quantity=0)], "250"),
    ([line("100000"), line("-40000", text="Fradrag, 40 % annen kunde")], "15000"),
    ([line("73998.20"), line("100", vatCode="31"), line("100", vatCode="33")], "18526.55"),
    ([line("100.40"), line("0.50", accountNumber="7740", vatCode=None)], "25.10"),
    ([line("100", vatCode="52", accountNumber="3100")], "0"),
    ([line("33.33"), line("33.33"), line("33.34")], "25.00"),
    ([line("0", text="Gratis"), line("5")], "1.25"),
    ([line("100", quantity="-2")], "25"),
]


@pytest.mark.parametrize(("lines", "vat"), AMOUNTS)
def test_every_line_is_booked_with_its_exact_net(lines: list[dict[str, Any]], vat: str) -> None:
    """Whatever quantity and price are, the net in DnB is Moment's to the hundredth."""
    scene = Scene()
    data = invoice_of(lines, vat)
    outcome = scene.deliver(data)
    assert isinstance(outcome, Delivered), outcome
    assert [float(one["totalExVat"]) for one in lines] == [one[2] for one in scene.invoices()[0]["lines"]]
    assert abs(float(data["totalIncVat"]) - scene.receivable()) <= 0.01 * len(lines)
    assert [] == scene.violations


def test_a_quantity_without_an_exact_price_stands_in_the_text() -> None:
    """The amount is what must be right; the quantity is told all the same."""
    scene = Scene()
    scene.deliver(invoice_of([line("100", quantity=3)], "25"))
    assert [("Prosjektering (antall: 3)", 1.0, 100.0)] == [one[:3] for one in scene.invoices()[0]["lines"]]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (invoice_of([line("100")], "15"), "totalVat"),
        (invoice_of([line("100", vatCode="6")], "25"), "totalVat"),
        (invoice_of([line("100"), line("100")], "50.03"), "totalVat"),
    ],
)
def test_sums_that_differ_are_refused_and_leave_nothing(data: dict[str, Any], field: str) -> None:
    """A VAT code that does not fit the VAT is seen before anything is booked, and the draft is deleted."""
    scene = Scene()
    outcome = refused(scene.deliver(data))
    assert ("amounts_differ", field) == (outcome.reason, outcome.field)
    assert ([], {}) == (scene.invoices(), scene.balances())


def set_rate(scene: Scene, percent: float) -> None:
    """Let DnB charge this rate for VAT code 3 from now on."""
    books = scene.world.emulator.books(COMPANY_KEY)
    [vat_type] = books.table("VatType").where("VatCode", "3")
    books.table("VatType").update(vat_type, {"VatPercent": percent}, NOW)
    for row in books.table("VatTypePercentage").where("VatTypeID", vat_type["ID"]):
        books.table("VatTypePercentage").update(row, {"VatPercent": percent}, NOW)


AT_26 = invoice_of([line("1000")], "260", invoiceNumber=10300, paymentId=None)
AT_25 = invoice_of([line("1000")], "250", invoiceNumber=10300, paymentId=None)


@pytest.mark.parametrize("flow", ["invoice", "voucher"])
def test_a_rate_that_changes_in_dnb_is_seen_at_once(flow: Any) -> None:  # noqa: ANN401 - a literal
    """Sums that do not fit the rates that are kept are reckoned again with those that DnB has now."""
    scene = Scene()
    scene.deliver(FULL, tenant=booking(flow=flow))
    set_rate(scene, 26.0)
    outcome = scene.deliver(AT_26, entity_id=5, tenant=booking(flow=flow))
    assert isinstance(outcome, Delivered), outcome
    assert 63894.05 + 1260.0 == scene.receivable()


@pytest.mark.parametrize("flow", ["invoice", "voucher"])
def test_a_rate_that_is_not_changed_yet_is_waited_for(flow: Any) -> None:  # noqa: ANN401 - a literal
    """The words are those of DnB's rate and of Moment's VAT, nothing is created, and time heals it."""
    scene, tenant = Scene(), booking(flow=flow)
    scene.deliver(FULL, tenant=tenant)
    ready = prepared(AT_26, directories=scene.directories, entity_id=5, tenant=tenant)
    for _ in range(30):
        assert ["GET", "GET"] == methods(calls_of(scene.world, ready.start(scene.known())))
    no = refused(scene.deliver(AT_26, entity_id=5, tenant=tenant))
    assert ("amounts_differ", "totalVat", True) == (no.reason, no.field, no.heals)
    assert "invoice 10300: 250.00 by the rates in DnB, 260 in Moment" == no.value
    set_rate(scene, 26.0)
    assert isinstance(scene.deliver(AT_26, entity_id=5, tenant=tenant), Delivered)


def test_a_rate_that_only_dnb_has_changed_is_told_as_dnbs() -> None:
    """What was kept of the rates is not told as Moment's, and the draft goes again."""
    scene = Scene()
    scene.deliver(FULL)
    set_rate(scene, 26.0)
    ready = prepared(AT_25, directories=scene.directories, entity_id=5)
    assert ["GET", "POST", "GET", "DELETE"] == methods(calls_of(scene.world, ready.start(scene.known())))
    no = refused(scene.deliver(AT_25, entity_id=5))
    assert "invoice 10300: 260.00 by the rates in DnB, 250 in Moment" == no.value
    assert ("amounts_differ", True, 1) == (no.reason, no.heals, len(scene.invoices()))


def test_rounding_that_is_no_line_is_refused() -> None:
    """A company that rounds to whole kroner by itself would ask for another amount than the invoice."""
    scene = Scene(RoundingType=2)
    outcome = refused(scene.deliver(invoice_of([line("100.40")], "25.10")))
    assert "amounts_differ" == outcome.reason
    assert [] == scene.invoices()


def test_vat_that_is_rounded_otherwise_is_remarked() -> None:
    """A hundredth for each line is the difference of two ways to round."""
    scene = Scene()
    assert ["vat_rounding_differs"] == remarks(scene.deliver(invoice_of([line("33.33"), line("33.33")], "16.67")))


def test_a_refused_invoice_may_be_replayed_many_times() -> None:
    """Each try creates and deletes a draft, whose guid stays used; the next is found."""
    scene = Scene()
    for _ in range(12):
        assert "amounts_differ" == refused(scene.deliver(invoice_of([line("100")], "15"))).reason
    assert isinstance(scene.deliver(FULL), Delivered)


def test_an_invoice_in_another_currency_is_compared_in_that_currency() -> None:
    """Moment's totals are in the invoice's currency, DnB's books in its own."""
    scene = Scene()
    lines = [line("1000", vatCode="52", accountNumber="3100")]
    outcome = scene.deliver(invoice_of(lines, "0", currencyCode="EUR", currencyRate="11.4525"))
    assert isinstance(outcome, Delivered), outcome
    assert {1500: 11452.5, 3100: -11452.5} == scene.balances()


def test_another_currency_needs_a_rate() -> None:
    """A rate of today would book another amount than Moment has."""
    scene = Scene()
    outcome = refused(scene.deliver({**FULL, "currencyCode": "EUR"}))
    assert "currency_rate_missing" == outcome.reason
    assert [] == scene.invoices()


def in_euro(rate: str) -> dict[str, Any]:
    """Return an invoice in euro at a rate."""
    return invoice_of([line("1000")], "250", currencyCode="EUR", currencyRate=rate)


def test_a_draft_at_another_rate_is_not_booked() -> None:
    """The sums in the invoice's currency are the same, and what the books say is not."""
    scene = Scene()
    leave_draft(scene, in_euro("10"))
    assert isinstance(scene.deliver(in_euro("12"), scene.known(2, dirty=True)), Delivered)
    assert 15000.0 == scene.receivable()


def test_a_rate_that_changes_after_booking_is_seen() -> None:
    """A booked invoice is never changed, and a person is told."""
    scene = Scene()
    outcome = scene.deliver(in_euro("11.4525"))
    assert isinstance(outcome, Delivered)
    assert isinstance(scene.deliver(in_euro("11.45250"), scene.known(2, outcome.dnb_id)), Unchanged)
    no = refused(scene.deliver(in_euro("11.4526"), scene.known(3, outcome.dnb_id)))
    assert ("changed_after_booking", "currencyRate") == (no.reason, no.field)


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ("10.0", "10", True),
        ("10", "10.0001", False),
        ("11.4525", "11.45253", True),
        ("0.0007", "0.00065", True),
        ("0.00066", "0.00065", False),
    ],
)
def test_a_rate_may_be_rounded_to_four_places(found: str, wanted: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """How many places DnB keeps of a rate is not documented; those that it shows count."""
    assert expected is is_rate(Decimal(found), Decimal(wanted))


def test_a_company_that_charges_no_vat_refuses_vat() -> None:
    """DnB drops the VAT of a company that is not registered, and the sums tell."""
    scene = Scene(TaxMandatoryType=1)
    assert "amounts_differ" == refused(scene.deliver(FULL)).reason
    assert [] == scene.invoices()


# -- texts ------------------------------------------------------------------------------------------------------------


def test_long_texts_continue_on_lines_of_text() -> None:
    """Nothing of a text is cut, whatever DnB's fields hold."""
    scene = Scene()
    text, description = "ord " * 200 + "slutt", "avsnitt " * 100 + "ferdig"
    outcome = scene.deliver({**FULL, "description": description, "lines": [{**HOURS, "text": text}, FEE]})
    assert isinstance(outcome, Delivered), outcome
    [shown] = scene.invoices()
    texts = [one[0] for one in shown["lines"]]
    assert text.split() == " ".join(texts[:4]).split()
    assert description.split() == " ".join([shown["comment"], *texts[5:]]).split()
    assert BALANCES == scene.balances()
    assert [] == scene.violations
