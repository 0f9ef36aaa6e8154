"""The invoice procedure against the emulator: every interruption, one booked invoice, the trial balance right."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from daemon.core.procedure import Call, Delivered, Known, MissingDependency, Outcome, Refused, Remark, Unchanged
from daemon.sandbox.settings import Switches
from tests.dnb.invoices import (
    CREDIT,
    FEE,
    FULL,
    HOURS,
    INVOICE_ID,
    Scene,
    booking,
    invoice_of,
    line,
    methods,
    prepared,
)
from tests.dnb.world import BEHAVIOURS, COMPANY_KEY, NOW, Behaviour, calls_of, kill_at, run

CREDIT_ID = 118210022
BALANCES = {1500: 63894.05, 2700: -12656.25, 3000: -50625.0, 3200: -612.8}
CREDITED_BALANCES = {1500: -16875.0, 2700: 3375.0, 3000: 13500.0}
SHOWN: dict[str, Any] = {
    "number": "10245",
    "type": 0,
    "status": 42002,
    "reference": str(INVOICE_ID),
    "customer": 100042,
    "project": "4005",
    "dates": ("2026-03-14", "2026-03-28"),
    "payment": "1000420102450",
    "comment": "Mars 2026",
    "totals": (51237.8, 12656.25, 63894.05),
    "lines": [
        ("Prosjektering", 37.5, 50625.0, "3", 3000, "4005"),
        ("Offentlig gebyr", 1.0, 612.8, "6", 3200, "4005"),
    ],
}


def refused(outcome: Outcome) -> Refused:
    """Return the outcome as the refusal that it is."""
    assert isinstance(outcome, Refused), outcome
    return outcome


def leave_draft(scene: Scene, data: dict[str, Any]) -> None:
    """Leave the invoice in DnB as a draft: everything is done but booking it."""
    procedure = prepared(data, directories=scene.directories).start(scene.known(dirty=True))
    call = next(procedure)
    while "action=invoice" not in call.target:
        call = procedure.send(scene.world.send(call))
    procedure.close()


def remarks(outcome: Outcome) -> list[str]:
    """Return the reasons that are remarked on an invoice that is booked."""
    assert isinstance(outcome, Delivered | Unchanged), outcome
    return [remark.reason for remark in outcome.remarks]


def test_an_invoice_is_booked_with_every_field() -> None:
    """A finalized invoice in Moment is a booked invoice in DnB, and the books say what Moment says."""
    scene = Scene()
    assert Delivered(2201, "10245", "10245-2026") == scene.deliver(FULL)
    assert [SHOWN] == scene.invoices()
    assert BALANCES == scene.balances()
    assert [] == scene.violations


def test_a_second_delivery_only_reads() -> None:
    """An invoice that is booked already is compared with one read, and nothing is written."""
    scene = Scene()
    scene.deliver(FULL)
    made = calls_of(scene.world, prepared(FULL, directories=scene.directories).start(scene.known(2, 2201)))
    assert ["GET"] == methods(made)
    assert Unchanged(2201, "10245", "10245-2026") == scene.deliver(FULL, scene.known(2, 2201))


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [(False, ["GET", "POST", "POST", "GET"]), (True, ["GET", "GET", "POST", "POST", "GET"])],
)
def test_a_new_invoice_costs_four_calls(dirty: bool, expected: list[str]) -> None:  # noqa: FBT001 - a table's column
    """Look up, create, book, read; after an unknown outcome it is looked up by Moment's id too."""
    scene = Scene()
    scene.deliver({**FULL, "invoiceNumber": 10200}, entity_id=1)
    made = calls_of(scene.world, prepared(FULL, directories=scene.directories).start(scene.known(dirty=dirty)))
    assert expected == methods(made)
    assert [b"guid" in (call.body or b"") for call in made if call.writes] == [True, False]


def test_the_directory_is_read_once() -> None:
    """The first invoice reads accounts, VAT types, settings, currency and products, and creates the products."""
    scene = Scene()
    made = calls_of(scene.world, prepared(FULL, directories=scene.directories).start(scene.known()))
    assert (12, 6) == (len(made), sum(call.shared for call in made))
    assert ["MOMENT-HOURS", "MOMENT-EXPENSES"] == [row["PartName"] for row in scene.world.rows("Product")]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_status_of_success_will_do(status: int) -> None:
    """The published contracts disagree on statuses; all of these are success."""
    created = status if status != 204 else 201
    scene = Scene(Switches(created_status=created, action_status=status if status != 201 else 204))
    assert isinstance(scene.deliver(FULL), Delivered)


def test_drafts_are_posted_as_drafts_only() -> None:
    """An invoice that is posted without the status of a draft would be booked before its sums were seen."""
    scene = Scene()
    made = calls_of(scene.world, prepared(FULL, directories=scene.directories).start(scene.known()))
    bodies = [call.body or b"" for call in made if call.target == "api/biz/invoices"]
    assert [True] == [b'"StatusCode":10001' in body for body in bodies]


# -- credit notes ------------------------------------------------------------------------------------------------


SIGNS: tuple[Any, ...] = ("positive", "negative")


@pytest.mark.parametrize("sign", SIGNS)
def test_a_credit_note_reduces_receivable_and_income_whatever_sign_dnb_wants(sign: Any) -> None:  # noqa: ANN401 - a literal
    """The invoice is taken back on the same accounts, and set off against the invoice it credits."""
    scene = Scene(Switches(credit_note_amounts=sign))
    scene.deliver(FULL)
    outcome = scene.deliver(CREDIT, entity_id=CREDIT_ID)
    assert isinstance(outcome, Delivered)
    assert {1500: 47019.05, 2700: -9281.25, 3000: -37125.0, 3200: -612.8} == scene.balances()
    assert [2201] == [row["InvoiceReferenceID"] for row in scene.world.rows("CustomerInvoice")[1:]]


@pytest.mark.parametrize("sign", SIGNS)
def test_the_second_credit_note_knows_the_sign(sign: Any) -> None:  # noqa: ANN401 - a literal
    """What was learnt with the first costs nothing with the next, and a restart learns it from the books."""
    scene = Scene(Switches(credit_note_amounts=sign))
    scene.deliver(CREDIT, entity_id=1)
    again = {**CREDIT, "invoiceNumber": 10247}
    made = calls_of(scene.world, prepared(again, directories=scene.directories, entity_id=2).start(scene.known()))
    assert ["GET", "GET", "POST", "POST", "GET"] == methods(made)  # the credited invoice is looked up too
    fresh = calls_of(scene.world, prepared({**CREDIT, "invoiceNumber": 10248}, entity_id=3).start(scene.known()))
    assert [] == [call for call in fresh if call.method == "DELETE"]
    assert {1500: -3 * 16875.0, 2700: 3 * 3375.0, 3000: 3 * 13500.0} == scene.balances()


def test_an_independent_credit_note_is_booked() -> None:
    """A credit note that names no invoice is legal, and nothing is remarked."""
    scene = Scene()
    assert [] == remarks(scene.deliver({**CREDIT, "creditedInvoice": None}))
    assert CREDITED_BALANCES == scene.balances()


def test_a_credited_invoice_that_nobody_knows_is_named_in_the_text() -> None:
    """An invoice from before the integration is credited all the same."""
    scene = Scene()
    outcome = scene.deliver(CREDIT)
    assert isinstance(outcome, Delivered)
    assert (Remark(reason="credited_invoice_unknown", field="creditedInvoice", value="10245"),) == outcome.remarks
    assert ["Prosjektering", "Krediterer faktura nr. 10245"] == [one[0] for one in scene.invoices()[0]["lines"]]


def test_a_credited_invoice_that_the_ledger_knows_costs_no_call() -> None:
    """Its id in DnB is told with the change."""
    scene = Scene()
    scene.deliver(FULL)
    scene.related["invoice"] = 2201
    scene.deliver({**CREDIT, "invoiceNumber": 10300}, entity_id=3)
    made = calls_of(scene.world, prepared(CREDIT, directories=scene.directories, entity_id=4).start(scene.known()))
    assert ["GET", "POST", "POST", "GET"] == methods(made)


def test_a_credited_invoice_that_is_a_draft_is_waited_for() -> None:
    """A credit note never overtakes its invoice."""
    scene = Scene()
    leave_draft(scene, FULL)
    assert MissingDependency("invoice") == scene.deliver(CREDIT, entity_id=CREDIT_ID)


# -- customer, project, references -------------------------------------------------------------------------------


def test_customer_and_project_are_found_by_number() -> None:
    """What the ledger does not know is looked up in DnB, one call each."""
    scene = Scene()
    scene.related.clear()
    assert isinstance(scene.deliver(FULL), Delivered)
    assert [SHOWN] == scene.invoices()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"customer": {"id": 9, "customerNumber": "100999"}}, "customer"),
        ({"project": {"id": 9, "projectNumber": "9999"}}, "project"),
    ],
)
def test_what_is_on_its_way_is_waited_for(changes: dict[str, Any], kind: Any) -> None:  # noqa: ANN401 - a literal
    """Nothing is written for an invoice whose customer or project will come."""
    scene = Scene()
    scene.related.clear()
    assert MissingDependency(kind) == scene.deliver({**FULL, **changes})
    assert [] == scene.invoices()


def test_a_project_that_nobody_transfers_is_left_out() -> None:
    """The invoice is booked without the dimension, and a person is told."""
    scene = Scene()
    tenant = booking()
    tenant = type(tenant)(name=tenant.name, company=tenant.company, kinds=frozenset({"customer", "invoice"}))
    scene.related.pop("project")
    outcome = scene.deliver({**FULL, "project": {"id": 9, "projectNumber": "9999"}}, tenant=tenant)
    assert isinstance(outcome, Delivered)
    assert (Remark(reason="project_not_found", field="projectNumber", value="9999"),) == outcome.remarks
    assert [None] == [one["project"] for one in scene.invoices()]


@pytest.mark.parametrize(
    ("changes", "reason", "value"),
    [
        ({"lines": [line("100", accountNumber="3999")]}, "unknown_account", "3999"),
        ({"lines": [line("100", accountNumber="K3000")]}, "unknown_account", "K3000"),
        ({"lines": [line("100", vatCode="99")]}, "unknown_vat_code", "99"),
        ({"currencyCode": "XXX"}, "unknown_currency", "XXX"),
    ],
)
def test_an_unknown_code_is_refused_and_heals(changes: dict[str, Any], reason: str, value: str) -> None:
    """A person reads what DnB does not have, and adds it; nothing is left in DnB meanwhile."""
    scene = Scene()
    outcome = refused(scene.deliver({**invoice_of([line("100")], "25"), **changes}))
    assert (reason, value) == (outcome.reason, outcome.value)
    assert outcome.heals is (reason != "unknown_currency")
    assert [] == scene.invoices()


def test_an_account_added_in_dnb_is_seen_without_a_restart() -> None:
    """A refusal keeps nothing of what was missing."""
    scene = Scene()
    data = invoice_of([line("100", accountNumber="3998")], "25")
    refused(scene.deliver(data))
    books = scene.world.emulator.books(COMPANY_KEY)
    books.add("Account", {"AccountNumber": 3998, "AccountName": "Ny", "StatusCode": 30001}, NOW)
    assert isinstance(scene.deliver(data), Delivered)


# -- amounts -----------------------------------------------------------------------------------------------------


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


def test_a_company_that_charges_no_vat_refuses_vat() -> None:
    """DnB drops the VAT of a company that is not registered, and the sums tell."""
    scene = Scene(TaxMandatoryType=1)
    assert "amounts_differ" == refused(scene.deliver(FULL)).reason
    assert [] == scene.invoices()


# -- texts -------------------------------------------------------------------------------------------------------


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


# -- periods, distribution, numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["AccountingLockedDate", "VatLockedDate"])
def test_a_closed_period_is_refused_and_heals(name: str) -> None:
    """Nothing is written into a closed period; once it is opened the next try goes through."""
    scene = Scene()
    scene.set(**{name: "2026-03-31"})
    outcome = refused(scene.deliver(FULL))
    assert ("closed_period", "invoiceDate", "2026-03-14", True) == (
        outcome.reason, outcome.field, outcome.value, outcome.heals,
    )  # fmt: skip
    assert [] == scene.invoices()
    scene.set(**{name: "2026-02-28"})
    assert isinstance(scene.deliver(FULL), Delivered)


def test_a_period_that_closes_meanwhile_is_found_when_booking() -> None:
    """What DnB refuses to book is read again, told as what it is, and booked from its draft once it can be."""
    scene = Scene()
    scene.deliver({**FULL, "invoiceNumber": 10200}, entity_id=1)
    scene.set(AccountingLockedDate="2026-03-31")
    for _ in range(12):
        assert "closed_period" == refused(scene.deliver(FULL)).reason
        assert [42002, 42001] == [one["status"] for one in scene.invoices()]
    scene.set(AccountingLockedDate=None)
    assert isinstance(scene.deliver(FULL), Delivered)
    assert [42002, 42002] == [one["status"] for one in scene.invoices()]


def test_a_year_that_is_not_opened_is_refused_and_heals() -> None:
    """DnB's own words are handed on, and the draft waits for the year."""
    scene = Scene()
    later = {**FULL, "invoiceDate": "2031-01-02", "dueDate": "2031-01-02"}
    for _ in range(2):
        outcome = refused(scene.deliver(later))
        assert ("booking_refused", True) == (outcome.reason, outcome.heals)
    scene.world.send(Call(method="GET", target="api/biz/financialyears?action=get-or-create-financial-year&year=2031"))
    assert isinstance(scene.deliver(later), Delivered)
    assert 1 == len(scene.invoices())


def test_an_inactive_customer_is_refused_and_heals() -> None:
    """A person activates the customer in DnB."""
    scene = Scene()
    customer = scene.related["customer"]
    act = f"api/biz/customers?action={{}}&id={customer}"
    scene.world.send(Call(method="PUT", target=act.format("deactivate"), writes=True))
    for _ in range(12):
        assert ("booking_refused", True) == ((no := refused(scene.deliver(FULL))).reason, no.heals)
    scene.world.send(Call(method="PUT", target=act.format("activate"), writes=True))
    assert isinstance(scene.deliver(FULL), Delivered)
    assert 1 == len(scene.invoices())


def test_automatic_distribution_is_remarked() -> None:
    """Moment has sent the invoice already; nothing in it is known to keep DnB from sending it again."""
    scene = Scene(AutoDistributeInvoice=True)
    assert ["auto_distribution"] == remarks(scene.deliver(FULL))


def test_a_number_of_dnbs_own_is_kept_and_remarked() -> None:
    """Where DnB's series wins, the invoice is known under the number that DnB gave."""
    scene = Scene(Switches(invoice_number="reassigned"))
    outcome = scene.deliver(FULL)
    assert isinstance(outcome, Delivered)
    assert ["invoice_number_differs"] == remarks(outcome)
    assert outcome.number == scene.invoices()[0]["number"] != "10245"
    assert Unchanged(outcome.dnb_id, outcome.number, outcome.voucher, outcome.remarks) == scene.deliver(
        FULL, scene.known(2, dirty=True)
    )
    assert 1 == scene.vouchers


def test_a_payment_id_of_dnbs_own_is_remarked() -> None:
    """The customer pays with Moment's payment id, so a person must know."""
    assert ["payment_id_differs"] == remarks(Scene(Switches(payment_id="reassigned")).deliver(FULL))


# -- what is there already ---------------------------------------------------------------------------------------


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


# -- products ----------------------------------------------------------------------------------------------------


def test_the_tenants_own_products_are_used() -> None:
    """A product that the settings name is found by its number, and none of ours is created."""
    scene = Scene()
    body = b'{"PartName":"T-1","Name":"Timer"}'
    scene.world.send(Call(method="POST", target="api/biz/products", body=body, writes=True))
    tenant = booking(products={"hours": "T-1", "expenses": "T-1", "products": "T-1"})
    assert isinstance(scene.deliver(FULL, tenant=tenant), Delivered)
    assert ["T-1"] == [row["PartName"] for row in scene.world.rows("Product")]


def test_a_product_that_the_settings_name_and_dnb_lacks_is_refused_and_heals() -> None:
    """A person adds it in DnB, or corrects the settings."""
    outcome = refused(Scene().deliver(FULL, tenant=booking(products={"hours": "T-1"})))
    assert ("unknown_product", "T-1", True) == (outcome.reason, outcome.value, outcome.heals)


def test_vat_codes_of_accounts_come_from_the_settings() -> None:
    """A line without a code takes its account's."""
    scene = Scene()
    lines = [{**HOURS, "vatCode": None}, {**FEE, "vatCode": None}]
    outcome = scene.deliver({**FULL, "lines": lines}, tenant=booking(vat_codes={"3000": "3", "3200": "6"}))
    assert isinstance(outcome, Delivered)
    assert BALANCES == scene.balances()


# -- interruptions -----------------------------------------------------------------------------------------------


def rerun(scene: Scene, data: dict[str, Any], behaviour: Behaviour, *, entity_id: int = INVOICE_ID) -> Outcome:
    """Run again from the start while the calls under way arrive, and verify when they all have."""
    arrives: Callable[[], None] = scene.world.arrive if behaviour == "late" else (lambda: None)

    def once(acts: Callable[[], None] = lambda: None) -> Outcome:
        ready = prepared(data, directories=scene.directories, entity_id=entity_id)
        return run(scene.world, ready.start(scene.known(2, dirty=True)), writing=acts)

    once(arrives)
    scene.world.arrive()
    once()
    return once()


SWITCHES: dict[str, Switches] = {
    "usual": Switches(),
    "number reassigned": Switches(invoice_number="reassigned"),
    "no guids": Switches(guids_enforced=False),
    "no guids, number reassigned": Switches(guids_enforced=False, invoice_number="reassigned"),
    "dates with time": Switches(dates_with_time=True, recent_expands=False),
}
CASES: list[tuple[str, dict[str, Any], Switches, dict[int, float]]] = [
    *((name, FULL, switches, BALANCES) for name, switches in SWITCHES.items()),
    ("credit positive", CREDIT, Switches(), CREDITED_BALANCES),
    ("credit negative", CREDIT, Switches(credit_note_amounts="negative"), CREDITED_BALANCES),
]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize(("name", "data", "switches", "balances"), CASES, ids=[case[0] for case in CASES])
def test_killed_at_every_yield_it_is_booked_once(
    name: str, data: dict[str, Any], switches: Switches, balances: dict[int, float], behaviour: Behaviour
) -> None:
    """Whatever became of the call at which it was killed, a fresh start ends with one booked invoice."""
    for number in range(40):
        scene = Scene(switches)
        was_killed = kill_at(
            scene.world, prepared(data, directories=scene.directories).start(scene.known()), number, behaviour
        )
        outcome = rerun(scene, data, behaviour)
        assert isinstance(outcome, Unchanged), (name, number, outcome)
        assert (1, 1, balances) == (len(scene.invoices()), scene.vouchers, scene.balances()), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


@pytest.mark.parametrize(("first_behaviour", "second_behaviour"), list(product(BEHAVIOURS, repeat=2)))
def test_killed_twice_it_is_booked_once(first_behaviour: Behaviour, second_behaviour: Behaviour) -> None:
    """A second crash, during the repair of the first, changes nothing about that."""
    for first, second in product(range(4), range(6)):
        scene = Scene()
        scene.deliver({**FULL, "invoiceNumber": 10200}, entity_id=1)  # the directory is warm
        before = scene.vouchers
        kill_at(scene.world, prepared(FULL, directories=scene.directories).start(scene.known()), first, first_behaviour)
        again = prepared(FULL, directories=scene.directories).start(scene.known(1, dirty=True))
        kill_at(scene.world, again, second, second_behaviour)
        outcome = rerun(scene, FULL, second_behaviour)
        assert isinstance(outcome, Unchanged), (first, second, outcome)
        assert (2, before + 1) == (len(scene.invoices()), scene.vouchers), (first, second)
        assert {number: 2 * amount for number, amount in BALANCES.items()} == scene.balances()


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_newer_version_after_a_kill_is_booked_or_refused(behaviour: Behaviour) -> None:
    """An invoice of unknown outcome that changes is booked once, as one of its versions; a booked one stays."""
    newer = {**FULL, **invoice_of([line("100")], "25")}
    for number in range(40):
        scene = Scene()
        was_killed = kill_at(
            scene.world, prepared(FULL, directories=scene.directories).start(scene.known()), number, behaviour
        )
        outcome = rerun(scene, newer, behaviour)
        assert (1, 1) == (len(scene.invoices()), scene.vouchers), number
        if isinstance(outcome, Unchanged):
            assert 125.0 == scene.receivable(), number
        else:
            assert "changed_after_booking" == refused(outcome).reason
            assert BALANCES == scene.balances()
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_killed_while_refusing_it_leaves_nothing(behaviour: Behaviour) -> None:
    """A draft of ours that ends refused is deleted, however often that is interrupted."""
    wrong = invoice_of([line("100")], "15")
    for number in range(40):
        scene = Scene()
        was_killed = kill_at(
            scene.world, prepared(wrong, directories=scene.directories).start(scene.known()), number, behaviour
        )
        assert "amounts_differ" == refused(rerun(scene, wrong, behaviour)).reason
        assert ([], 0) == (scene.invoices(), scene.vouchers), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


def test_a_stale_draft_of_ours_is_replaced() -> None:
    """A draft with other content, such as after a changed mapping, is deleted and made anew."""
    scene = Scene()
    scene.deliver({**FULL, "invoiceNumber": 10200}, entity_id=1)
    stale = invoice_of([line("100")], "25")
    leave_draft(scene, stale)
    ledger = Known(version=2, dirty=True, related=scene.related)
    made = calls_of(scene.world, prepared(FULL, directories=scene.directories).start(ledger))
    assert ["GET", "GET", "DELETE", "GET", "GET", "POST", "POST", "GET"] == methods(made)
    assert ["10200", "10245"] == [one["number"] for one in scene.invoices()]
