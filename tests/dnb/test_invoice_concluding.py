"""What is in DnB already: adopted, continued, refused, and never overwritten."""

from typing import Any

import pytest

from daemon.core.procedure import Call, Delivered, Unchanged
from tests.dnb.invoices import (
    BALANCES,
    CREDIT,
    CREDIT_ID,
    FEE,
    FULL,
    HOURS,
    SHOWN,
    Scene,
    booking,
    invoice_of,
    leave_draft,
    line,
    prepared,
    refused,
)
from tests.dnb.world import COMPANY_KEY, NOW, run


def by_hand(scene: Scene, data: dict[str, Any] = FULL, *, books: bool = True, reference: str | None = None) -> None:
    """Let a person make the invoice in DnB, with no or another external reference."""
    if books:
        run(scene.world, prepared(data).start(scene.known()))
    else:
        leave_draft(scene, data)
    table = scene.world.emulator.books(COMPANY_KEY).table("CustomerInvoice")
    for row in list(table.live()):
        table.update(row, {"ExternalReference": reference}, NOW)


OTHER = {**FULL, **invoice_of([line("100")], "25")}


def test_an_equal_invoice_without_reference_is_adopted() -> None:
    """What an accountant booked by hand is taken over, not doubled."""
    scene = Scene()
    by_hand(scene)
    assert isinstance(scene.deliver(FULL), Unchanged)
    assert 1 == scene.vouchers


@pytest.mark.parametrize(
    ("data", "reference"),
    [(OTHER, None), (FULL, "77"), (OTHER, "77")],
)
def test_another_invoice_with_the_number_is_a_conflict(data: dict[str, Any], reference: str | None) -> None:
    """A stranger is never overwritten and never booked."""
    scene = Scene()
    by_hand(scene, data, reference=reference)
    before = scene.balances()
    assert "conflict" == refused(scene.deliver(FULL)).reason
    assert before == scene.balances()


def test_a_strangers_draft_with_other_content_is_left_alone() -> None:
    """A draft that a person is working on is neither deleted nor booked."""
    scene = Scene()
    by_hand(scene, invoice_of([line("100")], "25"), books=False)
    assert "conflict" == refused(scene.deliver(FULL)).reason
    assert [42001] == [one["status"] for one in scene.invoices()]


def test_an_equal_draft_without_reference_is_booked() -> None:
    """A server that knows no external reference shows our own draft without one."""
    scene = Scene()
    by_hand(scene, books=False)
    assert isinstance(scene.deliver(FULL), Delivered)
    assert (1, BALANCES) == (scene.vouchers, scene.balances())


CHANGES: list[dict[str, Any]] = [
    {"dueDate": "2026-04-30"},
    {"invoiceDate": "2026-03-13"},
    {"customer": {"id": 70311803, "customerNumber": "100043"}},
    invoice_of([line("100")], "25"),
    {"lines": [{**HOURS, "accountNumber": "3100"}, FEE]},
    {"lines": [HOURS, {**FEE, "vatCode": "5"}]},
]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("knows_id", [True, False])
def test_other_content_after_booking_is_refused(changes: dict[str, Any], knows_id: bool) -> None:  # noqa: FBT001 - a column
    """A booked voucher may not be changed: only a credit note corrects it."""
    scene = Scene()
    scene.deliver(FULL)
    if "customer" in changes:
        scene.related.pop("customer")
    outcome = refused(scene.deliver({**FULL, **changes}, scene.known(2, 2201 if knows_id else None)))
    assert "changed_after_booking" == outcome.reason
    assert [SHOWN] == scene.invoices()


SWAPS = [({"accountNumber": "3000"}, {"accountNumber": "3200"}), ({"vatCode": "5"}, {"vatCode": "6"})]


def swapped(first: str, second: str, kinds: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """Return an invoice of two lines that differ in their account or VAT code, and in nothing else but the amount."""
    lines = [line(net, vatCode="6", text="Post") | kind for net, kind in zip((first, second), kinds, strict=True)]
    return invoice_of(lines, "0")


@pytest.mark.parametrize("flow", ["invoice", "voucher"])
@pytest.mark.parametrize("kinds", SWAPS, ids=["accounts", "VAT codes"])
def test_amounts_that_change_places_after_booking_are_refused(flow: Any, kinds: Any) -> None:  # noqa: ANN401 - a literal
    """The totals are the same, and the accounts or the VAT return are not."""
    scene, tenant = Scene(), booking(flow=flow)
    first = scene.deliver(swapped("100", "900", kinds), tenant=tenant)
    assert isinstance(first, Delivered)
    again = scene.deliver(swapped("100", "900", kinds), scene.known(2, first.dnb_id), tenant=tenant)
    assert isinstance(again, Unchanged)
    outcome = refused(scene.deliver(swapped("900", "100", kinds), scene.known(3, first.dnb_id), tenant=tenant))
    assert ("changed_after_booking", "lines.totalExVat") == (outcome.reason, outcome.field)


def test_a_draft_whose_amounts_change_places_is_made_anew() -> None:
    """Nothing but the newest version is booked."""
    scene = Scene()
    leave_draft(scene, swapped("100", "900", SWAPS[0]))
    assert isinstance(scene.deliver(swapped("900", "100", SWAPS[0]), scene.known(2, dirty=True)), Delivered)
    assert {1500: 1000.0, 3000: -900.0, 3200: -100.0} == scene.balances()


def test_a_text_that_changes_after_booking_changes_nothing() -> None:
    """Texts are no accounting content once the invoice is booked."""
    scene = Scene()
    scene.deliver(FULL)
    changed = {**FULL, "description": "April", "lines": [{**HOURS, "text": "Annet"}, FEE]}
    assert isinstance(scene.deliver(changed, scene.known(2, 2201)), Unchanged)


def test_an_invoice_credited_in_dnb_is_still_ours() -> None:
    """What happens to an invoice after booking does not make it look changed."""
    scene = Scene()
    scene.deliver(FULL)
    full_credit = {**CREDIT, **{key: f"-{FULL[key]}" for key in ("totalExVat", "totalVat", "totalIncVat")}}
    lines = [{**one, "totalExVat": f"-{one['totalExVat']}"} for one in FULL["lines"]]
    assert isinstance(scene.deliver({**full_credit, "lines": lines}, entity_id=CREDIT_ID), Delivered)
    assert [42006] == [one["status"] for one in scene.invoices()][:1]
    assert isinstance(scene.deliver(FULL, scene.known(2, 2201)), Unchanged)
    assert {} == scene.balances()


def test_a_draft_deleted_by_a_person_is_created_again() -> None:
    """Its guids stay used, so the next ones are taken."""
    scene = Scene()
    for _ in range(2):
        leave_draft(scene, FULL)
        for one in scene.world.rows("CustomerInvoice"):
            scene.world.send(Call(method="DELETE", target=f"api/biz/invoices/{one['ID']}", writes=True))
    assert isinstance(scene.deliver(FULL, scene.known(dirty=True)), Delivered)
    assert [SHOWN] == scene.invoices()
