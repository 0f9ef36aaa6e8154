"""The invoice procedure against the emulator: every field, and what is refused or remarked."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Call, Delivered, Known, MissingDependency, Remark, Unchanged
from daemon.dnb.chart import SETTINGS_SECONDS
from daemon.dnb.directory import Directories
from daemon.sandbox.settings import Switches
from tests.dnb.invoices import (
    BALANCES,
    CREDIT,
    CREDIT_ID,
    CREDITED_BALANCES,
    FEE,
    FULL,
    HOURS,
    SHOWN,
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
    [(False, ["GET", "POST", "POST", "GET"]), (True, ["GET"] * 4 + ["POST", "POST", "GET"])],
)
def test_a_new_invoice_costs_four_calls(dirty: bool, expected: list[str]) -> None:  # noqa: FBT001 - a table's column
    """Look up, create, book, read; after an unknown outcome also by Moment's id, and in the journal."""
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


# -- credit notes -----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("sign", SIGNS)
def test_a_closed_period_says_nothing_of_the_sign(sign: Any) -> None:  # noqa: ANN401 - a literal
    """The first credit note of a company is booked as it should be once its period is opened."""
    scene = Scene(Switches(credit_note_amounts=sign))
    scene.deliver(FULL)
    scene.set(AccountingLockedDate="2026-03-31")
    for _ in range(12):
        assert "closed_period" == refused(scene.deliver(CREDIT, scene.known(dirty=True), entity_id=CREDIT_ID)).reason
    scene.set(AccountingLockedDate=None)
    assert isinstance(scene.deliver(CREDIT, scene.known(dirty=True), entity_id=CREDIT_ID), Delivered)
    assert 47019.05 == scene.receivable()


@pytest.mark.parametrize("sign", SIGNS)
def test_another_refusal_leaves_the_sign_open(sign: Any) -> None:  # noqa: ANN401 - a literal
    """Also one that comes with both signs: they are tried again once DnB says something else."""
    scene = Scene(Switches(credit_note_amounts=sign))
    act = f"api/biz/customers?action={{}}&id={scene.related['customer']}"
    scene.world.send(Call(method="PUT", target=act.format("deactivate"), writes=True))
    for _ in range(12):
        assert "booking_refused" == refused(scene.deliver(CREDIT, scene.known(dirty=True), entity_id=CREDIT_ID)).reason
    scene.world.send(Call(method="PUT", target=act.format("activate"), writes=True))
    assert isinstance(scene.deliver(CREDIT, scene.known(dirty=True), entity_id=CREDIT_ID), Delivered)
    assert CREDITED_BALANCES == scene.balances()


def test_a_sign_that_mattered_is_gone_on_with() -> None:
    """DnB turned the first sign down for itself, and the second for a year that is not opened yet."""
    scene = Scene(Switches(credit_note_amounts="negative"))
    later = {**CREDIT, "creditedInvoice": None, "invoiceDate": "2031-01-02", "dueDate": "2031-01-02"}
    for _ in range(24):
        assert "booking_refused" == refused(scene.deliver(later, scene.known(dirty=True), entity_id=CREDIT_ID)).reason
    scene.world.send(Call(method="GET", target="api/biz/financialyears?action=get-or-create-financial-year&year=2031"))
    assert isinstance(scene.deliver(later, scene.known(dirty=True), entity_id=CREDIT_ID), Delivered)
    assert CREDITED_BALANCES == scene.balances()


def test_a_draft_in_another_sign_than_the_companys_is_made_anew() -> None:
    """What another credit note has shown since is not tried again."""
    scene = Scene()
    scene.directories.of(booking().company).chart.credit_sign = 1
    leave_draft(scene, CREDIT)
    scene.directories = Directories({})
    assert isinstance(scene.deliver(CREDIT, scene.known(dirty=True)), Delivered)
    assert (CREDITED_BALANCES, []) == (scene.balances(), scene.violations)


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


def test_a_credited_invoice_is_waited_for_a_while() -> None:
    """A credit note may come before its invoice; what is posted already waits for nothing."""
    scene = Scene()
    waiting = Known(version=1, related=scene.related)
    assert MissingDependency("invoice") == scene.deliver(CREDIT, waiting)
    assert [] == scene.invoices()
    assert isinstance(scene.deliver(CREDIT), Delivered)
    assert isinstance(scene.deliver(CREDIT, Known(version=2, dnb_id=2201, related=scene.related)), Unchanged)


def test_a_credited_invoice_that_the_ledger_knows_is_looked_at() -> None:
    """Its id in DnB is told with the change, and one call tells that it is the one."""
    scene = Scene()
    scene.deliver(FULL)
    scene.related["invoice"] = 2201
    scene.deliver({**CREDIT, "invoiceNumber": 10300}, entity_id=3)
    made = calls_of(scene.world, prepared(CREDIT, directories=scene.directories, entity_id=4).start(scene.known()))
    assert ["GET", "GET", "POST", "POST", "GET"] == methods(made)


def test_the_id_of_another_flow_is_not_taken_for_the_credited_invoices() -> None:
    """The ledger's id may be a voucher's: no other customer's invoice is credited for it, and nobody waits."""
    scene = Scene()
    scene.deliver(
        {**FULL, "customer": {"id": 70311803, "customerNumber": "100043"}, "invoiceNumber": 1}, Known(version=1)
    )
    scene.related["invoice"] = 2201
    outcome = scene.deliver(CREDIT, Known(version=1, related=scene.related), entity_id=4)
    assert isinstance(outcome, Delivered), outcome
    assert ["credited_invoice_unknown"] == remarks(outcome)


def test_a_credited_invoice_that_is_a_draft_is_waited_for() -> None:
    """A credit note never overtakes its invoice."""
    scene = Scene()
    leave_draft(scene, FULL)
    assert MissingDependency("invoice") == scene.deliver(CREDIT, entity_id=CREDIT_ID)


# -- customer, project, references ------------------------------------------------------------------------------------


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
    assert outcome.heals
    assert [] == scene.invoices()


def test_an_account_added_in_dnb_is_seen_without_a_restart() -> None:
    """A refusal keeps nothing of what was missing."""
    scene = Scene()
    data = invoice_of([line("100", accountNumber="3998")], "25")
    refused(scene.deliver(data))
    books = scene.world.emulator.books(COMPANY_KEY)
    books.add("Account", {"AccountNumber": 3998, "AccountName": "Ny", "StatusCode": 30001}, NOW)
    assert isinstance(scene.deliver(data), Delivered)


# -- periods, distribution, numbers -----------------------------------------------------------------------------------


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


def test_a_company_that_sends_what_it_books_is_refused_and_heals() -> None:
    """Moment has sent the invoice already, and nothing in it is known to keep DnB from sending it again."""
    scene = Scene(AutoDistributeInvoice=True)
    assert ("auto_distribution", True) == ((no := refused(scene.deliver(FULL))).reason, no.heals)
    assert [] == scene.invoices()
    scene.set(AutoDistributeInvoice=False)
    assert isinstance(scene.deliver(FULL), Delivered)
    assert [] == scene.violations


def test_a_distribution_that_is_switched_on_later_is_seen() -> None:
    """Nobody restarts the daemon for it; a closed period is seen before anything is created, by vouchers too."""
    scene = Scene()
    scene.deliver({**FULL, "invoiceNumber": 10200, "paymentId": None}, entity_id=1)
    scene.set(AutoDistributeInvoice=True)
    later = msgspec.structs.replace(scene.known(), now=SETTINGS_SECONDS)
    assert "auto_distribution" == refused(scene.deliver(FULL, later)).reason
    scene.set(AutoDistributeInvoice=False)
    assert isinstance(scene.deliver(FULL, later), Delivered)
    scene.set(AccountingLockedDate="2026-03-31")
    much_later = msgspec.structs.replace(scene.known(), now=3 * SETTINGS_SECONDS)
    again = {**FULL, "invoiceNumber": 10201, "paymentId": None}
    ready = prepared(again, directories=scene.directories, entity_id=2, tenant=booking(flow="voucher"))
    assert [] == [call for call in calls_of(scene.world, ready.start(much_later)) if call.writes]
    assert [] == scene.violations


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


# -- products ---------------------------------------------------------------------------------------------------------


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


# -- what the sources leave open ---------------------------------------------------------------------------------


OPEN_QUESTIONS: list[Switches] = [
    Switches(default_page_size=1),
    Switches(vat_percent_at_root=False),
    Switches(recent_expands=False),
    Switches(dates_with_time=True),
    Switches(guids_enforced=False),
    Switches(post_without_status="draft"),
    Switches(invoice_number="by_setting"),
    Switches(voucher_follows_invoice=False),
    Switches(line_without_product="refused"),
    Switches(line_without_product="accepted"),
    Switches(inactive_customer="accepted"),
    Switches(vat_when_unregistered="refused"),
    Switches(credit_note_reference="required"),
    Switches(payment_id="reassigned"),
]


@pytest.mark.parametrize("switches", OPEN_QUESTIONS)
def test_whatever_dnb_is_like_the_books_are_right(switches: Switches) -> None:
    """An invoice and its credit note come out the same whichever way an open question is answered."""
    scene = Scene(switches)
    text = "ord " * 100
    outcome = scene.deliver({**FULL, "lines": [{**HOURS, "text": text}, FEE]})
    assert isinstance(outcome, Delivered), outcome
    scene.related["invoice"] = outcome.dnb_id
    assert isinstance(scene.deliver(CREDIT, entity_id=CREDIT_ID), Delivered)
    assert {1500: 47019.05, 2700: -9281.25, 3000: -37125.0, 3200: -612.8} == scene.balances()
