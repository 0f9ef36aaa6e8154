"""Every promise of Moment's help page on the integration with DnB Regnskap, one test each."""

from typing import Any

import pytest

from daemon.core.procedure import Delivered, MissingDependency, Refused, Unchanged
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import InvoiceRecipe
from daemon.sandbox.settings import Switches
from tests.dnb import customers, invoices, projects
from tests.dnb.invoices import CREDIT, FEE, FULL, HOURS, Scene, booking, line
from tests.dnb.world import World, known, run

KEPT = Switches(voucher_number="kept")
VOUCHER = booking(flow="voucher")


def books_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the one invoice in DnB after this one was delivered."""
    scene = Scene()
    assert isinstance(scene.deliver(data), Delivered)
    [shown] = scene.invoices()
    return shown


# -- customers ---------------------------------------------------------------------------------------------------


def test_a_customer_has_name_numbers_contacts_addresses_currency_and_country() -> None:
    """Name, number, organisation number, e-mail, web site, addresses, phone, fax, currency and country arrive."""
    world = World()
    run(world, customers.prepared(customers.FULL).start(known()))
    assert [customers.SHOWN] == world.customers()


def test_a_customer_is_transferred_on_create_and_on_every_change() -> None:
    """A created and then changed customer is one customer, as it was last."""
    world = World()
    created = run(world, customers.prepared(customers.FULL).start(known()))
    assert isinstance(created, Delivered)
    changed = {**customers.FULL, "name": "Nytt navn AS"}
    assert isinstance(run(world, customers.prepared(changed).start(known(2, created.dnb_id))), Delivered)
    assert [{**customers.SHOWN, "name": "Nytt navn AS"}] == world.customers()


@pytest.mark.parametrize("number", ["99999", "200000", "10001", "K-100042"])
def test_customer_number_must_be_within_100000_to_199999(number: str) -> None:
    """A number that is not is refused, naming field, value and rule."""
    refused = customers.prepare({**customers.FULL, "customerNumber": number})
    assert isinstance(refused, Refused)
    assert ("customerNumber", number) == (refused.field, refused.value)


# -- projects ----------------------------------------------------------------------------------------------------


def test_a_project_has_name_number_customer_state_start_and_end_date() -> None:
    """Every field of the page's list arrives."""
    scene = Scene()
    assert [projects.SHOWN] == projects.shown(scene.world)


@pytest.mark.parametrize("number", ["4005-1", "2026.17", "P4005", "0004005"])
def test_project_number_must_be_digits_only(number: str) -> None:
    """Anything else makes the transfer fail, with a refusal that says so."""
    refused = projects.prepare({**projects.FULL, "projectNumber": number})
    assert isinstance(refused, Refused)
    assert ("project_number_not_numeric", number) == (refused.reason, refused.value)


def test_a_project_comes_after_its_customer() -> None:
    """Customer, then project, then invoice."""
    ready = projects.prepared(projects.FULL)
    assert ["fjellvik/customer/70311802"] == [one.entity.key for one in ready.dependencies]
    assert MissingDependency("customer") == run(World(), ready.start(projects.about()))


# -- invoices ----------------------------------------------------------------------------------------------------


def test_an_invoice_is_posted_on_finalize() -> None:
    """A draft is none of our business; once finalized, the invoice is booked in the journal as a voucher."""
    recipe = InvoiceRecipe("production", Directories({}))
    assert recipe.is_draft(invoices.change({**FULL, "invoiceState": "draft", "invoiceNumber": None}))
    assert not recipe.is_draft(invoices.change(FULL))
    scene = Scene()
    assert isinstance(scene.deliver(FULL), Delivered)
    assert ([42002], 1) == ([one["status"] for one in scene.invoices()], scene.vouchers)


@pytest.mark.parametrize(("payment", "voucher"), [("102459", "102459-2026"), (None, "10245-2026")])
def test_the_voucher_number_comes_from_the_payment_id_else_the_invoice_number(
    payment: str | None, voucher: str
) -> None:
    """Where DnB lets a voucher have its own number; where the series gives it, that is kept and remarked."""
    outcome = Scene(KEPT).deliver({**FULL, "paymentId": payment}, tenant=VOUCHER)
    assert isinstance(outcome, Delivered)
    assert voucher == outcome.voucher


def test_an_invoice_has_number_description_customer_project_and_dates() -> None:
    """Every field of the page's list for the invoice itself arrives."""
    shown = books_of(FULL)
    assert ("10245", "Mars 2026", 100042, "4005", ("2026-03-14", "2026-03-28")) == tuple(
        shown[name] for name in ("number", "comment", "customer", "project", "dates")
    )


@pytest.mark.parametrize(("payment", "expected"), [("1000420102450", "1000420102450"), (None, "10245")])
def test_the_payment_id_is_the_kid_or_the_invoice_number(payment: str | None, expected: str) -> None:
    """What the customer pays with stands on the open item."""
    assert expected == books_of({**FULL, "paymentId": payment})["payment"]


def test_a_payment_id_keeps_its_leading_zeros() -> None:
    """A payment id is text, of up to 25 digits."""
    kid = "0000000000000000000102459"
    assert kid == books_of({**FULL, "paymentId": kid})["payment"]


def test_a_wrong_payment_id_stops_nothing() -> None:
    """It is transferred as free reference, with a warning."""
    scene = Scene()
    outcome = scene.deliver({**FULL, "paymentId": "1000420102451"})
    assert isinstance(outcome, Delivered)
    assert ["payment_id_check_digit"] == [remark.reason for remark in outcome.remarks]
    [row] = scene.world.rows("CustomerInvoice")
    assert ("10245", "1000420102451") == (row["PaymentID"], row["PaymentInformation"])


def test_a_line_has_text_quantity_total_vat_code_and_account() -> None:
    """Every field of the page's list for a line arrives, on the project."""
    assert [
        ("Prosjektering", 37.5, 50625.0, "3", 3000, "4005"),
        ("Offentlig gebyr", 1.0, 612.8, "6", 3200, "4005"),
    ] == books_of(FULL)["lines"]


@pytest.mark.parametrize("kind", ["hours", "expenses", "products"])
def test_a_line_is_tied_to_a_product_type(kind: str) -> None:
    """Each type has its product, with the account of Moment's line."""
    scene = Scene()
    data = invoices.invoice_of([line("100", productType=kind)], "25")
    assert isinstance(scene.deliver(data), Delivered)
    [product], [item] = scene.world.rows("Product"), scene.world.rows("CustomerInvoiceItem")
    assert (f"MOMENT-{kind.upper()}", product["ID"]) == (product["PartName"], item["ProductID"])
    assert product["AccountID"] == item["AccountID"]


def test_accounts_must_be_equal_in_both_systems() -> None:
    """An account that DnB does not have is refused, and goes through once it is there."""
    outcome = Scene().deliver({**FULL, "lines": [{**HOURS, "accountNumber": "3999"}, FEE]})
    assert isinstance(outcome, Refused)
    assert ("unknown_account", "3999", True) == (outcome.reason, outcome.value, outcome.heals)


def test_vat_codes_must_be_equal_in_both_systems() -> None:
    """A VAT code that DnB does not have is refused, and goes through once it is there."""
    outcome = Scene().deliver({**FULL, "lines": [{**HOURS, "vatCode": "39"}, FEE]})
    assert isinstance(outcome, Refused)
    assert ("unknown_vat_code", "39", True) == (outcome.reason, outcome.value, outcome.heals)


def test_a_missing_vat_code_names_invoice_account_and_repair() -> None:
    """The one known issue that Moment's pages list for all its integrations."""
    refused = invoices.prepare({**FULL, "lines": [{**HOURS, "vatCode": None}, FEE]})
    assert isinstance(refused, Refused)
    assert ("vat_code_missing", "invoice 10245, account 3000") == (refused.reason, refused.value)


def test_the_rounding_line_on_7740_needs_no_vat_code() -> None:
    """Rounding to whole kroner is posted on its account without VAT."""
    scene = Scene()
    lines = [line("100.40"), line("0.50", accountNumber="7740", vatCode=None, text="Øreavrunding")]
    assert isinstance(scene.deliver(invoices.invoice_of(lines, "25.10")), Delivered)
    assert {1500: 126.0, 2700: -25.1, 3000: -100.4, 7740: -0.5} == scene.balances()


def test_a_split_invoice_has_its_deduction_line() -> None:
    """An ordinary invoice may carry a negative line; only the sum counts."""
    scene = Scene()
    lines = [line("100000", text="Honorar mars"), line("-40000", text="Fradrag, 40 % annen kunde")]
    assert isinstance(scene.deliver(invoices.invoice_of(lines, "15000")), Delivered)
    assert {1500: 75000.0, 2700: -15000.0, 3000: -60000.0} == scene.balances()


def test_a_credit_note_refers_to_its_invoice() -> None:
    """A credit note corrects an invoice, and says which."""
    scene = Scene()
    scene.deliver(FULL)
    assert isinstance(scene.deliver(CREDIT, entity_id=2), Delivered)
    [credited, credit] = scene.world.rows("CustomerInvoice")
    assert (1, credited["ID"]) == (credit["InvoiceType"], credit["InvoiceReferenceID"])


def test_a_booked_invoice_is_never_changed() -> None:
    """After booking only a credit note corrects."""
    scene = Scene()
    scene.deliver(FULL)
    before = scene.invoices()
    outcome = scene.deliver({**FULL, "dueDate": "2026-04-30"}, scene.known(2, 2201))
    assert isinstance(outcome, Refused)
    assert ("changed_after_booking", before) == (outcome.reason, scene.invoices())


@pytest.mark.parametrize("extra", [{"payments": [1]}, {"reminders": 2}, {"attachments": ["a.pdf"]}])
def test_payments_reminders_and_attachments_are_not_transferred(extra: dict[str, Any]) -> None:
    """They leave the fingerprint alone, so that an event about them costs no call at all."""
    assert invoices.prepared(FULL).fingerprint == invoices.prepared({**FULL, **extra}).fingerprint
    scene = Scene()
    scene.deliver(FULL)
    assert isinstance(scene.deliver({**FULL, **extra}, scene.known(2, 2201)), Unchanged)


def test_the_invoice_is_booked_on_its_own_date() -> None:
    """VAT belongs to the period in which the invoice is issued; a closed period is a person's matter."""
    scene = Scene()
    scene.deliver(FULL)
    assert {"2026-03-14"} == {row["FinancialDate"] for row in scene.world.rows("JournalEntryLine")}
    scene.set(AccountingLockedDate="2026-03-31")
    outcome = Scene(AccountingLockedDate="2026-03-31").deliver(FULL)
    assert isinstance(outcome, Refused)
    assert "closed_period" == outcome.reason
