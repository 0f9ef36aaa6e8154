"""The voucher procedure against the emulator: every interruption, one voucher, the trial balance right."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Call, Delivered, MissingDependency, Outcome, Refused, Remark, Unchanged
from daemon.sandbox.settings import Switches
from tests.dnb.invoices import (
    BALANCES,
    CREDIT,
    CREDITED_BALANCES,
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
from tests.dnb.world import BEHAVIOURS, COMPANY_KEY, NOW, Behaviour, calls_of, kill_at, run

VOUCHER = booking(flow="voucher")
KEPT = Switches(voucher_number="kept")


def deliver(scene: Scene, data: dict[str, Any], ledger: Any = None, *, entity_id: int = 1) -> Outcome:  # noqa: ANN401 - as Scene has it
    """Deliver one version as a voucher."""
    return scene.deliver(data, ledger, entity_id=entity_id, tenant=VOUCHER)


def test_an_invoice_is_posted_as_a_voucher() -> None:
    """The customer owes the gross, income and VAT are credited, and the project has its dimension."""
    scene = Scene(KEPT)
    assert Delivered(601, "10245", "10245-2026") == deliver(scene, FULL)
    assert BALANCES == scene.balances()
    dimensions = {row["ID"]: row["ProjectID"] for row in scene.world.rows("Dimensions")}
    projects = {dimensions.get(row["DimensionsID"]) for row in scene.world.rows("JournalEntryLine")}
    assert {None, scene.related["project"]} == projects
    assert [] == scene.violations
    assert [] == scene.invoices()


def test_a_new_voucher_costs_three_calls() -> None:
    """Look up, book, read; after an unknown outcome also by Moment's id, and among the invoices."""
    scene = Scene(KEPT)
    deliver(scene, {**FULL, "invoiceNumber": 10200, "paymentId": None})
    ready = prepared(FULL, directories=scene.directories, entity_id=2, tenant=VOUCHER)
    assert ["GET", "POST", "GET"] == methods(calls_of(scene.world, ready.start(scene.known())))
    assert ["GET"] == methods(calls_of(scene.world, ready.start(scene.known(2, 602))))
    again = {**FULL, "invoiceNumber": 10201, "paymentId": None}
    other = prepared(again, directories=scene.directories, entity_id=3, tenant=VOUCHER)
    assert ["GET"] * 4 + ["POST", "GET"] == methods(calls_of(scene.world, other.start(scene.known(dirty=True))))


def test_a_credit_note_takes_back() -> None:
    """Amounts are negative in Moment, so debit and credit turn by themselves."""
    scene = Scene(KEPT)
    assert isinstance(deliver(scene, CREDIT), Delivered)
    assert CREDITED_BALANCES == scene.balances()
    assert ["Kreditnota 10246 krediterer faktura 10245 Kreditering"] == [
        row["Description"] for row in scene.world.rows("JournalEntry")
    ]


@pytest.mark.parametrize(
    ("switches", "payment", "voucher", "expected"),
    [
        (KEPT, "1000420102450", "10245-2026", []),
        (KEPT, "102459", "102459-2026", []),
        (KEPT, "102459-", "10245-2026", ["payment_id_check_digit"]),
        (KEPT, None, "10245-2026", []),
        (Switches(), None, "1-2026", ["voucher_number_differs"]),
    ],
)
def test_the_voucher_has_the_payment_ids_number_else_the_invoices(
    switches: Switches, payment: str | None, voucher: str, expected: list[str]
) -> None:
    """Where DnB's series wins, what it gave is kept and remarked."""
    outcome = deliver(Scene(switches), {**FULL, "paymentId": payment})
    assert isinstance(outcome, Delivered)
    assert (voucher, expected) == (outcome.voucher, remarks(outcome))


def test_an_invoice_in_another_currency_balances() -> None:
    """The journal is in the company's currency."""
    scene = Scene(KEPT)
    lines = [line("1000", vatCode="52", accountNumber="3100"), line("0.33", vatCode="52", accountNumber="3100")]
    outcome = deliver(scene, invoice_of(lines, "0", currencyCode="EUR", currencyRate="11.4525"))
    assert isinstance(outcome, Delivered), outcome
    assert {1500: 11456.28, 3100: -11456.28} == scene.balances()


def test_the_vat_of_an_invoice_in_another_currency_comes_out_right() -> None:
    """DnB takes the VAT out of what is posted in kroner: the net must be Moment's, converted."""
    scene = Scene(KEPT)
    outcome = deliver(scene, invoice_of([line("1603.43")], "400.86", currencyCode="USD", currencyRate="10.2"))
    assert isinstance(outcome, Delivered), outcome
    assert {1500: 20443.74, 2700: -4088.75, 3000: -16354.99} == scene.balances()
    assert isinstance(
        deliver(scene, invoice_of([line("1603.43")], "400.86", currencyCode="USD", currencyRate="10.2")), Unchanged
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (invoice_of([line("100")], "15"), "amounts_differ"),
        (invoice_of([line("100", accountNumber="3999")], "25"), "unknown_account"),
        ({**FULL, "currencyCode": "EUR"}, "currency_rate_missing"),
        ({**FULL, "invoiceDate": "2031-01-01", "dueDate": "2031-01-01"}, "booking_refused"),
    ],
)
def test_what_is_wrong_is_refused_before_it_is_booked(data: dict[str, Any], reason: str) -> None:
    """A booked voucher cannot be taken back, so nothing doubtful is posted."""
    scene = Scene(KEPT)
    assert reason == refused(deliver(scene, data)).reason
    assert 0 == scene.vouchers


def test_a_closed_period_is_refused_and_heals() -> None:
    """Also when it closes after the settings were read."""
    scene = Scene(KEPT, AccountingLockedDate="2026-03-31")
    assert "closed_period" == refused(deliver(scene, FULL)).reason
    scene.set(AccountingLockedDate=None)
    assert isinstance(deliver(scene, {**FULL, "invoiceNumber": 10200, "paymentId": None}), Delivered)
    scene.set(AccountingLockedDate="2026-03-31")
    assert "closed_period" == refused(deliver(scene, FULL, entity_id=2)).reason


def test_small_things_are_remarked() -> None:
    """Rounding, a payment id that is no KID, and a text that does not fit stop nothing."""
    lines = [line("33.33", text="x" * 300), line("33.33")]
    outcome = deliver(Scene(KEPT), invoice_of(lines, "16.67", paymentId="10245-"))
    assert ["payment_id_check_digit", "text_shortened", "vat_rounding_differs"] == remarks(outcome)


def test_a_missing_customer_is_waited_for() -> None:
    """As for every invoice."""
    scene = Scene()
    scene.related.clear()
    data = {**FULL, "customer": {"id": 9, "customerNumber": "100999"}}
    assert MissingDependency("customer") == deliver(scene, data)


def test_a_payment_under_the_number_is_no_voucher_of_the_invoice() -> None:
    """Payments carry the invoice's number too, on the other side of the customer's account."""
    scene = Scene(KEPT)
    deliver(scene, FULL)
    books = scene.world.emulator.books(COMPANY_KEY)
    customer = next(row for row in books.table("JournalEntryLine").live() if row["SubAccountID"])
    values = {**customer, "Amount": -63894.05, "JournalEntryID": 601}
    entry = books.add("JournalEntry", {"Description": "Innbetaling", "JournalEntryNumber": "9-2026"}, NOW)
    values.update({"JournalEntryID": entry["ID"]})
    books.add("JournalEntryLine", {name: value for name, value in values.items() if name != "ID"}, NOW)
    assert isinstance(deliver(scene, FULL), Unchanged)


CHANGES: list[dict[str, Any]] = [
    {"invoiceDate": "2026-03-13"},
    {"customer": {"id": 70311803, "customerNumber": "100043"}},
    invoice_of([line("100")], "25"),
    {"lines": [{**HOURS, "accountNumber": "3100"}, FEE]},
    {"dueDate": "2026-12-24"},
]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize(("knows_id", "entity_id", "reason"), [
    (True, 1, "changed_after_booking"), (False, 1, "changed_after_booking"), (False, 2, "conflict"),
])  # fmt: skip
def test_other_content_is_never_posted_beside(
    changes: dict[str, Any],
    knows_id: bool,  # noqa: FBT001 - a table's column
    entity_id: int,
    reason: str,
) -> None:
    """A voucher under the number that says something else is a person's matter."""
    scene = Scene(KEPT)
    deliver(scene, FULL)
    if "customer" in changes:
        scene.related.pop("customer")
    ledger = scene.known(2, 601 if knows_id else None)
    assert reason == refused(deliver(scene, {**FULL, **changes}, ledger, entity_id=entity_id)).reason
    assert (1, BALANCES) == (scene.vouchers, scene.balances())


@pytest.mark.parametrize("flows", [("invoice", "voucher"), ("voucher", "invoice")])
def test_a_change_of_flow_books_nothing_again(flows: tuple[Any, Any]) -> None:
    """What the ledger knows as delivered is looked for, and never created in the other way."""
    scene = Scene(KEPT)
    first = scene.deliver(FULL, tenant=booking(flow=flows[0]))
    assert isinstance(first, Delivered)
    outcome = scene.deliver(FULL, scene.known(2, first.dnb_id), tenant=booking(flow=flows[1]))
    assert isinstance(outcome, Unchanged | Refused), outcome
    assert (1, BALANCES) == (scene.vouchers, scene.balances())


def is_booking(call: Call) -> bool:
    """Tell whether a call books an invoice."""
    return "action=invoice" in call.target


def strike_booking(scene: Scene, behaviour: Behaviour) -> None:
    """Deliver by the flow `invoice` until it is booked, and let that call meet the fault."""
    procedure = prepared(FULL, directories=scene.directories).start(scene.known())
    call = next(procedure)
    while not is_booking(call):
        call = procedure.send(scene.world.send(call))
    scene.world.strike(call, behaviour)
    procedure.close()


@pytest.mark.parametrize("number", ["kept", "reassigned"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_change_of_flow_after_a_booking_in_doubt_books_nothing_again(behaviour: Behaviour, number: Any) -> None:  # noqa: ANN401 - a literal
    """The invoice counts if it is booked; else its draft goes first, so that a late booking finds no row."""
    scene = Scene(Switches(invoice_number=number))
    strike_booking(scene, behaviour)
    ready = prepared(FULL, directories=scene.directories, tenant=VOUCHER)
    arrives: Callable[[], None] = scene.world.arrive if behaviour == "late" else (lambda: None)
    outcome = run(scene.world, ready.start(scene.known(1, dirty=True)), writing=arrives)
    scene.world.arrive()
    assert isinstance(outcome, Delivered | Unchanged), outcome
    assert (1, BALANCES) == (scene.vouchers, scene.balances())
    assert [] == scene.violations


def test_a_draft_of_the_other_flow_costs_three_calls_more() -> None:
    """It is deleted, and looked for again, before the voucher is posted."""
    scene = Scene()
    strike_booking(scene, "not_applied")
    deliver(scene, {**FULL, "invoiceNumber": 10200, "paymentId": None})
    ready = prepared(FULL, directories=scene.directories, tenant=VOUCHER)
    made = calls_of(scene.world, ready.start(msgspec.structs.replace(scene.known(), was_attempted=True)))
    assert ["GET"] * 3 + ["DELETE", "GET", "GET", "POST", "GET"] == methods(made)
    assert [] == scene.invoices()


def test_a_draft_that_may_be_anothers_is_a_conflict() -> None:
    """Where drafts carry no reference of ours, nobody knows whose it is: nothing is deleted, and nothing booked."""
    scene = Scene()
    leave_draft(scene, FULL)
    [draft] = list(scene.world.emulator.books(COMPANY_KEY).table("CustomerInvoice").live())
    draft["ExternalReference"] = None
    assert "conflict" == refused(deliver(scene, FULL, scene.known(1, dirty=True))).reason
    assert (1, 0) == (len(scene.invoices()), scene.vouchers)


def rerun(scene: Scene, data: dict[str, Any], behaviour: Behaviour) -> Outcome:
    """Run again from the start while the calls under way arrive, and verify when they all have."""
    arrives: Callable[[], None] = scene.world.arrive if behaviour == "late" else (lambda: None)

    def once(acts: Callable[[], None] = lambda: None) -> Outcome:
        ready = prepared(data, directories=scene.directories, tenant=VOUCHER)
        return run(scene.world, ready.start(scene.known(2, dirty=True)), writing=acts)

    once(arrives)
    scene.world.arrive()
    once()
    return once()


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("switches", [Switches(), KEPT], ids=["number by series", "number kept"])
@pytest.mark.parametrize(
    ("data", "balances"), [(FULL, BALANCES), (CREDIT, CREDITED_BALANCES)], ids=["invoice", "credit"]
)
def test_killed_at_every_yield_it_is_posted_once(
    data: dict[str, Any], balances: dict[int, float], switches: Switches, behaviour: Behaviour
) -> None:
    """Whatever became of the call at which it was killed, a fresh start ends with one voucher."""
    for number in range(40):
        scene = Scene(switches)
        ready = prepared(data, directories=scene.directories, tenant=VOUCHER)
        was_killed = kill_at(scene.world, ready.start(scene.known()), number, behaviour)
        outcome = rerun(scene, data, behaviour)
        assert isinstance(outcome, Unchanged), (number, outcome)
        assert (1, balances) == (scene.vouchers, scene.balances()), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


def test_a_used_guid_that_shows_nothing_is_never_replaced() -> None:
    """Once more could make two."""
    scene = Scene(KEPT)
    deliver(scene, FULL)
    books = scene.world.emulator.books(COMPANY_KEY)
    for entity in ("JournalEntryLine", "JournalEntry"):
        for row in list(books.table(entity).live()):
            books.table(entity).remove(row, NOW)
    assert "booking_refused" == refused(deliver(scene, FULL)).reason
    assert 0 == scene.vouchers


def test_a_project_that_nobody_has_is_remarked() -> None:
    """The voucher is posted without the dimension."""
    scene = Scene(KEPT)
    scene.related.pop("project")
    tenant = type(VOUCHER)(
        name=VOUCHER.name, company=VOUCHER.company, kinds=frozenset({"invoice"}), booking=VOUCHER.booking
    )
    outcome = scene.deliver({**FULL, "project": {"id": 9, "projectNumber": "9999"}}, tenant=tenant)
    assert isinstance(outcome, Delivered)
    assert (Remark(reason="project_not_found", field="projectNumber", value="9999"),) == outcome.remarks


def test_a_voucher_of_the_other_flow_is_found_when_the_ledger_is_lost() -> None:
    """Posted as a voucher, then the ledger rebuilt and the tenant's flow changed: adopted, and not booked again."""
    scene = Scene(KEPT)
    first = scene.deliver(FULL, tenant=booking(flow="voucher"))
    assert isinstance(first, Delivered)
    again = scene.deliver(FULL, scene.known(2, dirty=True), tenant=booking(flow="invoice"))
    assert isinstance(again, Unchanged), again
    replayed = scene.deliver(FULL, scene.known(2, first.dnb_id), tenant=booking(flow="invoice"))
    assert isinstance(replayed, Unchanged), replayed
    changed = {**FULL, "dueDate": "2026-12-24"}
    other = scene.deliver(changed, scene.known(3, dirty=True), tenant=booking(flow="invoice"))
    assert "changed_after_booking" == refused(other).reason
    assert (1, BALANCES) == (scene.vouchers, scene.balances())
