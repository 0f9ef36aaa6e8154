"""What people do in DnB while a procedure runs: it goes on from what is there then."""

from collections.abc import Callable

import pytest

from daemon.core.procedure import Call, Delivered, Outcome, Procedure, Refused, Unavailable, Unchanged
from daemon.sandbox.settings import Switches
from tests.dnb import projects
from tests.dnb.invoices import BALANCES, CREDIT, FULL, Scene, booking, invoice_of, leave_draft, line, prepared, refused
from tests.dnb.world import COMPANY_KEY, NOW, World


def meddled(world: World, procedure: Procedure, concerns: Callable[[Call], bool], act: Callable[[], object]) -> Outcome:
    """Run a procedure; a person acts once, right before the first call that it concerns."""
    pending = [act]
    try:
        call = next(procedure)
        while True:
            if pending and concerns(call):
                pending.pop()()
            call = procedure.send(world.send(call))
    except StopIteration as ended:
        outcome: Outcome = ended.value
        return outcome


def books(call: Call) -> bool:
    """Tell whether a call books."""
    return "action=invoice" in call.target


def deletes(call: Call) -> bool:
    """Tell whether a call deletes."""
    return call.method == "DELETE"


def creates(call: Call) -> bool:
    """Tell whether a call creates an invoice."""
    return call.target == "api/biz/invoices"


def by_person(scene: Scene, method: str, action: str = "") -> Callable[[], object]:
    """Return what a person does to the only invoice."""
    return lambda: scene.world.send(Call(method=method, target=f"api/biz/invoices/2201{action}", writes=True))


def start(scene: Scene) -> Procedure:
    """Start the delivery of an invoice."""
    return prepared(FULL, directories=scene.directories).start(scene.known())


def test_a_draft_that_is_deleted_before_booking_is_made_anew() -> None:
    """The used guid is not taken again."""
    scene = Scene()
    outcome = meddled(scene.world, start(scene), books, by_person(scene, "DELETE"))
    assert isinstance(outcome, Delivered)
    assert (1, BALANCES) == (scene.vouchers, scene.balances())


def test_a_draft_that_is_booked_by_a_person_is_ours() -> None:
    """Booking it once more is refused, and reading shows why."""
    scene = Scene()
    outcome = meddled(scene.world, start(scene), books, by_person(scene, "POST", "?action=invoice"))
    assert isinstance(outcome, Unchanged)
    assert (1, BALANCES) == (scene.vouchers, scene.balances())


def test_a_stale_draft_that_is_booked_by_a_person_stays() -> None:
    """It cannot be deleted any more, and says something else than Moment."""
    scene = Scene()
    leave_draft(scene, invoice_of([line("100")], "25"))
    outcome = meddled(scene.world, start(scene), deletes, by_person(scene, "POST", "?action=invoice"))
    assert "changed_after_booking" == refused(outcome).reason
    assert (1, 125.0) == (scene.vouchers, scene.receivable())


def test_a_stale_draft_that_is_deleted_by_a_person_is_made_anew() -> None:
    """Deleting what is gone is no trouble."""
    scene = Scene()
    leave_draft(scene, invoice_of([line("100")], "25"))
    assert isinstance(meddled(scene.world, start(scene), deletes, by_person(scene, "DELETE")), Delivered)
    assert BALANCES == scene.balances()


def test_a_number_that_a_person_takes_meanwhile_is_a_conflict() -> None:
    """DnB refuses the second invoice with the number, and the first is somebody else's."""
    scene = Scene()
    body = b'{"InvoiceNumber":"10245","CustomerID":302,"StatusCode":10001,"ExternalReference":"x"}'
    take = Call(method="POST", target="api/biz/invoices?", body=body, writes=True)
    outcome = meddled(scene.world, start(scene), creates, lambda: scene.world.send(take))
    assert "conflict" == refused(outcome).reason
    assert 0 == scene.vouchers


def test_a_status_that_is_not_known_is_left_alone() -> None:
    """An invoice in a state of its own is neither booked nor deleted."""
    scene = Scene()
    leave_draft(scene, FULL)
    table = scene.world.emulator.books(COMPANY_KEY).table("CustomerInvoice")
    for row in list(table.live()):
        table.update(row, {"StatusCode": 30}, NOW)
    assert Unavailable("status_not_understood") == scene.deliver(FULL)


def test_a_used_guid_that_cannot_be_found_is_never_replaced() -> None:
    """A company that shows neither number nor reference may hold the invoice all the same."""
    scene = Scene(Switches(invoice_number="reassigned"))
    scene.deliver(FULL)
    table = scene.world.emulator.books(COMPANY_KEY).table("CustomerInvoice")
    for row in list(table.live()):
        table.update(row, {"ExternalReference": None}, NOW)
    real = scene.world.send

    def unfiltered(call: Call) -> object:
        return real(
            Call(method="GET", target="api/biz/invoices?top=10&expand=Items") if "ExternalRef" in call.target else call
        )

    scene.world.send = unfiltered  # type: ignore[method-assign,assignment]
    assert "conflict" == refused(scene.deliver(FULL)).reason
    assert 1 == scene.vouchers


def test_a_project_id_that_dnb_does_not_have_heals() -> None:
    """The reference is forgotten, and looked for again later."""
    scene = Scene()
    scene.related["project"] = 999_999
    outcome = refused(scene.deliver(FULL))
    assert ("unknown_reference", True) == (outcome.reason, outcome.heals)


def test_a_number_outside_dnbs_series_is_refused_in_its_own_words() -> None:
    """Nothing is tried twice that DnB refuses for good."""
    scene = Scene(Switches(invoice_number_outside_series="refused"))
    outcome = refused(scene.deliver({**FULL, "invoiceNumber": "F-1"}))
    assert ("rejected_by_dnb", "InvoiceNumber", False) == (outcome.reason, outcome.field, outcome.heals)


def test_a_credit_note_that_dnb_refuses_with_either_sign_heals() -> None:
    """Such as one of more than its invoice: a person must see it."""
    scene = Scene()
    scene.deliver(invoice_of([line("100")], "25"))
    for _ in range(30):
        outcome = refused(scene.deliver(CREDIT, entity_id=2))
        assert ("booking_refused", True) == (outcome.reason, outcome.heals)
    assert (1, 2) == (scene.vouchers, len(scene.invoices()))


@pytest.mark.parametrize("flow", ["invoice", "voucher"])
def test_an_invoice_that_is_gone_after_delivery_is_not_booked_again(flow: str) -> None:
    """What the ledger knows as delivered was booked; that it is not there is a person's matter."""
    scene = Scene(Switches(voucher_number="kept"))
    tenant = booking(flow=flow)
    assert isinstance(scene.deliver(FULL, tenant=tenant), Delivered)
    tables = scene.world.emulator.books(COMPANY_KEY)
    for entity in ("CustomerInvoice", "JournalEntryLine", "JournalEntry"):
        for row in list(tables.table(entity).live()):
            tables.table(entity).remove(row, NOW)
    ledger = scene.known(2, 2201 if flow == "invoice" else 601)
    assert "conflict" == refused(scene.deliver(FULL, ledger, tenant=tenant)).reason
    assert 0 == scene.vouchers


def test_a_project_deleted_before_its_update_is_created_again() -> None:
    """The row that was read is gone, so the next reading decides."""
    scene = Scene()
    changed = {**projects.FULL, "name": "Annet"}
    [row] = scene.world.rows("Project")
    delete = Call(method="DELETE", target=f"api/biz/projects/{row['ID']}", writes=True)
    ready = projects.prepared(changed).start(scene.known(2, row["ID"]))
    outcome = meddled(scene.world, ready, lambda call: call.method == "PUT", lambda: scene.world.send(delete))
    assert isinstance(outcome, Delivered)
    assert ["Annet"] == [one["name"] for one in projects.shown(scene.world)]


def test_a_project_deleted_before_its_transition_is_tried_again() -> None:
    """The next run starts from what is there."""
    scene = Scene()
    [row] = scene.world.rows("Project")
    delete = Call(method="DELETE", target=f"api/biz/projects/{row['ID']}", writes=True)
    ready = projects.prepared({**projects.FULL, "projectState": "finished"}).start(scene.known(2, row["ID"]))
    outcome = meddled(
        scene.world, ready, lambda call: "CompleteProject" in call.target, lambda: scene.world.send(delete)
    )
    assert Unavailable("row_vanished") == outcome


def test_two_vouchers_under_one_number_are_a_conflict() -> None:
    """Which is meant, only a person can tell."""
    scene = Scene(Switches(voucher_number="kept"))
    tenant = booking(flow="voucher")
    scene.deliver(FULL, tenant=tenant)
    tables = scene.world.emulator.books(COMPANY_KEY)
    for row in list(tables.table("JournalEntryLine").live()):
        if row["SubAccountID"]:
            copy = {name: value for name, value in row.items() if name != "ID"}
            tables.add("JournalEntryLine", {**copy, "JournalEntryID": 9999}, NOW)
    outcome = scene.deliver(FULL, tenant=tenant)
    assert isinstance(outcome, Refused)
    assert "conflict" == outcome.reason
