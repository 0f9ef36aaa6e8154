"""What Moment's help page promises of the integration, from a record in Kafka to DnB's books, with nothing left out.

How each field is told is shown without Kafka, in `tests/dnb/test_moment_mapping.py`; here is what only the whole shows:
when something is transferred, in which order, how often, and what a tenant may leave out. That a failure is told by
mail is shown in `test_mail.py`.
"""

import asyncio
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from daemon.edges.ledger_store import LedgerStore
from daemon.sandbox.settings import Switches
from tests.cli.command import ran
from tests.integration.bookkeeping import (
    CUSTOMER,
    CUSTOMER_ID,
    DRAFT,
    INVOICE,
    INVOICE_ID,
    PROJECT,
    PROJECT_ID,
    ROUTES,
    Shown,
    by_hand,
    record,
    tenants,
)
from tests.integration.daemon_process import LOOK_SECONDS, DaemonProcess
from tests.integration.scene import PARTITIONS, Scene, scene
from tests.integration.test_lost_ledger import delete_topic
from tests.kafka_broker import Kafka

BOOKED_SECONDS = 45.0
"""Within this everything is in the books, on a busy machine."""


async def eventually(process: DaemonProcess, condition: Callable[[], bool]) -> None:
    """Return when the condition holds of the books; fail, with the daemon's log, when it does not in time."""
    deadline = time.monotonic() + BOOKED_SECONDS
    while not condition():
        assert time.monotonic() < deadline, process.tail()
        await asyncio.sleep(LOOK_SECONDS)


async def settled(stage: Scene, process: DaemonProcess) -> None:
    """Return when every record is settled and committed; parked changes may still have tries to come."""
    deadline = time.monotonic() + BOOKED_SECONDS
    while await stage.uncommitted() or (await process.metrics()).get("partitions") != PARTITIONS:
        assert time.monotonic() < deadline, process.tail()
        await asyncio.sleep(LOOK_SECONDS)


async def reasons(process: DaemonProcess) -> dict[str, int]:
    """Return how many changes are parked, by reason."""
    metrics = await process.metrics()
    found = {name: int(value) for name, value in metrics.items() if name.startswith("parked{") and value}
    return {name.partition('"')[2].partition('"')[0]: count for name, count in sorted(found.items())}


def parked(stage: Scene, disk: str = "a") -> dict[tuple[str, str], str]:
    """Return the reason of each parked change, by tenant and kind; the daemon of that disk must have ended."""
    found: dict[tuple[str, str], str] = {}
    for path in (stage.folder / disk / "data").glob("*.sqlite3"):
        store = LedgerStore(path)
        found |= {(one.tenant, one.kind): entry.parked.reason for one, entry in store.parked() if entry.parked}
        store.close()
    return found


def is_named(books: Shown, name: str) -> bool:
    """Tell whether the company has one customer, of this name."""
    return [name] == books.names()


# -- customers and projects --------------------------------------------------------------------------------------


async def test_a_customer_is_transferred_at_once_when_created_and_on_every_change(kafka: Kafka, tmp_path: Path) -> None:
    """Each version of a customer is in DnB before the next one is saved: as created, as changed, as changed again."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        for version, name in enumerate(("Fjellvik AS", "Fjellvik Arkitekter AS", "Fjellvik & Co AS"), 1):
            await stage.publish([record(tenant, "customer", {**CUSTOMER, "name": name}, version)])
            await eventually(process, partial(is_named, books, name))
        await stage.rest(process)
        [customer] = books.customers()
    assert (100042, "974760673", "post@fjellvik.example", "NOK") == tuple(
        customer[name] for name in ("number", "organisation_number", "email", "currency")
    )


async def test_a_project_is_transferred_when_created_and_on_every_change(kafka: Kafka, tmp_path: Path) -> None:
    """Name, customer, dates and state of a project follow Moment, in one and the same row."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        await stage.publish([record(tenant, "customer", CUSTOMER), record(tenant, "project", PROJECT)])
        expected = ("4005", PROJECT["name"], 100042, 42203, "2026-01-15", "2026-09-30")
        await eventually(process, lambda: [expected] == books.projects())
        ended = {**PROJECT, "name": "Kaigata 4, trinn 2", "projectState": "completed", "endDate": "2026-10-31"}
        await stage.publish([record(tenant, "project", ended, 2)])
        changed = ("4005", "Kaigata 4, trinn 2", 100042, 42204, "2026-01-15", "2026-10-31")
        await eventually(process, lambda: [changed] == books.projects())


async def test_moment_is_master(kafka: Kafka, tmp_path: Path) -> None:
    """What a person changed in DnB by hand is put back with the entity's next change, and by a replay without one."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        await stage.publish([record(tenant, "customer", CUSTOMER), record(tenant, "project", PROJECT)])
        await eventually(process, lambda: len(books.projects()) == 1)
        await stage.rest(process)
        [customer], [project] = books.rows("Customer"), books.rows("Project")
        info = {"ID": customer["BusinessRelationID"], "Name": "Ola sin kunde"}
        by_hand(stage, tenant, "PUT", f"customers/{customer['ID']}", {"ID": customer["ID"], "Info": info})
        by_hand(stage, tenant, "PUT", f"projects/{project['ID']}", {"ID": project["ID"], "Name": "Ola sitt prosjekt"})
        assert (["Ola sin kunde"], "Ola sitt prosjekt") == (books.names(), books.projects()[0][1])
        await stage.publish([record(tenant, "customer", {**CUSTOMER, "website": "https://fjellvik.example"}, 2)])
        await eventually(process, lambda: [CUSTOMER["name"]] == books.names())
        replayed = await ran("replay", tenant, "project", str(PROJECT_ID), environment=stage.environment)
        assert 0 == replayed.code, replayed
        await eventually(process, lambda: books.projects()[0][1] == PROJECT["name"])
    assert "https://fjellvik.example" == books.customers()[0]["website"]


# -- invoices ----------------------------------------------------------------------------------------------------


async def test_an_invoice_is_transferred_on_finalize_and_not_as_a_draft(kafka: Kafka, tmp_path: Path) -> None:
    """A draft leaves no trace in DnB, however often it is saved; finalized it is a booked invoice and a voucher."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        before = [record(tenant, "customer", CUSTOMER), record(tenant, "project", PROJECT)]
        drafts = [record(tenant, "invoice", {**DRAFT, "description": f"{version}"}, version) for version in (1, 2)]
        await stage.publish([*before, *drafts])
        await stage.rest(process)
        metrics = await process.metrics()
        ignored = sum(value for name, value in metrics.items() if name.startswith('settled_total{reason="draft"'))
        assert ([], [], 2.0) == (books.invoices(), books.vouchers(), ignored)
        await stage.publish([record(tenant, "invoice", INVOICE, 3)])
        await eventually(process, lambda: [("10245", 100042, "4005", 16875.0, True)] == books.invoices())
        await stage.rest(process)
    assert (["10245"], -13500.0) == ([one.partition("-")[0] for one in books.vouchers()], books.balance(3000))


async def test_customer_project_and_invoice_are_transferred_in_this_order(kafka: Kafka, tmp_path: Path) -> None:
    """Published the other way round, the invoice waits for its project, and both for the customer."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        parts = {"invoice": INVOICE, "project": PROJECT, "customer": CUSTOMER}
        for kind, data in parts.items():
            await stage.publish([record(tenant, kind, data)])
            await settled(stage, process) if kind == "customer" else None
        await eventually(process, lambda: [("10245", 100042, "4005", 16875.0, True)] == books.invoices())
        created = [one.route for one in stage.emulator.history.applied if one.created and one.route in ROUTES]
    assert ROUTES == tuple(created)


async def test_repairing_the_customer_lets_its_invoices_follow(kafka: Kafka, tmp_path: Path) -> None:
    """A customer with a number that DnB cannot have keeps project and invoice back; corrected, all three arrive."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        refused = {**CUSTOMER, "customerNumber": "10001"}
        of_it = {"customer": {"id": CUSTOMER_ID, "customerNumber": "10001"}}
        await stage.publish(
            [
                record(tenant, "customer", refused),
                record(tenant, "project", {**PROJECT, **of_it}),
                record(tenant, "invoice", {**INVOICE, **of_it}),
            ]
        )
        await settled(stage, process)
        expected = {"customer_number_out_of_range": 1, "dependency_refused": 2}
        assert (expected, []) == (await reasons(process), books.invoices())
        await stage.publish([record(tenant, "customer", CUSTOMER, 2)])
        await eventually(process, lambda: [CUSTOMER["name"]] == books.names())
        await stage.publish([record(tenant, "project", PROJECT, 2), record(tenant, "invoice", INVOICE, 2)])
        await eventually(process, lambda: [("10245", 100042, "4005", 16875.0, True)] == books.invoices())
        await stage.rest(process)
        assert {} == await reasons(process)


async def test_what_is_repaired_in_dnb_alone_is_found_out(kafka: Kafka, tmp_path: Path) -> None:
    """Accounts must be the same in both systems: one that is added in DnB later lets the invoice through by itself."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        stage.environment["MOMENT_DNB_HEAL_EVERY"] = "3"
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        lines = [{**INVOICE["lines"][0], "accountNumber": "3055"}]
        invoice = {**INVOICE, "project": None, "lines": lines}
        await stage.publish([record(tenant, "customer", CUSTOMER), record(tenant, "invoice", invoice)])
        await settled(stage, process)
        assert ({"unknown_account": 1}, []) == (await reasons(process), books.invoices())
        vat_type = next(row["ID"] for row in books.rows("VatType") if row["VatCode"] == "3")
        account = {"AccountNumber": 3055, "AccountName": "Salg", "VatTypeID": vat_type, "Active": True}
        stage.emulator.books(stage.companies[tenant]).add("Account", account, time.time())
        await eventually(process, lambda: [("10245", 100042, None, 16875.0, True)] == books.invoices())
        await stage.rest(process)
        assert {} == await reasons(process)


@pytest.mark.parametrize(
    ("flow", "path"),
    [("invoice", "/api/biz/invoices"), ("invoice", "/api/biz/invoices/"), ("voucher", "/api/biz/journalentries")],
    ids=["reply to create lost", "reply to book lost", "reply to voucher lost"],
)
async def test_an_invoice_is_booked_in_the_journal_once(kafka: Kafka, tmp_path: Path, flow: str, path: str) -> None:
    """A lost reply and a kill, a lost disk, the same record again, a newer one, a replay: nothing books it twice."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        tenants(stage, flow=flow)
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        await stage.publish([record(tenant, "customer", CUSTOMER), record(tenant, "project", PROJECT)])
        await stage.rest(process)
        stage.emulator.inject("reply_lost", method="POST", path_prefix=path)
        await stage.publish([record(tenant, "invoice", INVOICE)])
        await eventually(process, lambda: stage.emulator.faults.counts["reply_lost"] == 1)
        process.kill()
        process.start()
        await stage.publish([record(tenant, "invoice", INVOICE)])
        await stage.rest(process)
        process.kill()
        shutil.rmtree(tmp_path / "a" / "data")
        process.start()
        await stage.publish([record(tenant, "invoice", INVOICE, version) for version in (1, 2, 1)])
        await stage.rest(process)
        replayed = await ran("replay", tenant, "invoice", str(INVOICE_ID), environment=stage.environment)
        assert 0 == replayed.code, replayed
        await stage.rest(process)
        assert {} == await reasons(process)
    invoices = [("10245", 100042, "4005", 16875.0, True)] if flow == "invoice" else []
    assert (invoices, 1) == (books.invoices(), len(books.vouchers()))
    assert (-13500.0, -3375.0) == (books.balance(3000), books.balance(2700))


@pytest.mark.parametrize(("before", "after"), [("voucher", "invoice"), ("invoice", "voucher")])
async def test_another_flow_books_nothing_again(kafka: Kafka, tmp_path: Path, before: str, after: str) -> None:
    """Even when the ledger is lost, a rebuild under the other flow finds in the journal what the first one booked."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        tenants(stage, flow=before)
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        data = {**INVOICE, "project": None}
        await stage.publish([record(tenant, "customer", CUSTOMER), record(tenant, "invoice", data)])
        await eventually(process, lambda: len(books.vouchers()) == 1)
        await stage.rest(process)
        assert 0 == await process.stop()
        await delete_topic(stage, f"{stage.topic}.ledger")
        tenants(stage, flow=after)
        process.start("--rebuild-ledger")
        await stage.rest(process)
        await stage.publish([record(tenant, "invoice", data, 2)])
        await stage.rest(process)
    assert (1, -13500.0) == (len(books.vouchers()), books.balance(3000))


async def test_an_invoice_that_a_credit_note_corrects_leaves_nothing_owed(kafka: Kafka, tmp_path: Path) -> None:
    """A credit note, which is negative in Moment, takes back income, VAT and what the customer owes, once."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        credit = {
            **INVOICE,
            "invoiceNumber": "10246",
            "invoiceType": "creditNote",
            "creditedInvoice": {"id": INVOICE_ID, "invoiceNumber": "10245"},
            "totalExVat": "-13500.00",
            "totalVat": "-3375.00",
            "totalIncVat": "-16875.00",
            "lines": [{**INVOICE["lines"][0], "quantity": -10, "totalExVat": "-13500.00"}],
        }
        note = record(tenant, "invoice", credit, entity_id=INVOICE_ID + 1)
        await stage.publish([note, record(tenant, "customer", CUSTOMER), record(tenant, "project", PROJECT)])
        await stage.publish([record(tenant, "invoice", INVOICE), note])
        await eventually(process, lambda: len(books.vouchers()) == 2)
        await stage.rest(process)
        assert {} == await reasons(process)
    assert (0.0, 0.0, 0.0) == (books.balance(3000), books.balance(2700), books.owed())


@pytest.mark.parametrize(
    ("payment_id", "expected"), [("102459", "102459"), (None, "10245"), ("1000420102450", "10245")]
)
async def test_the_voucher_number_comes_from_the_payment_id_else_the_invoice_number(
    kafka: Kafka, tmp_path: Path, payment_id: str | None, expected: str
) -> None:
    """Posted directly, a voucher asks for the payment id as its number; for the invoice number if that does not fit."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        stage.emulator.settings = msgspec.structs.replace(
            stage.emulator.settings, switches=Switches(voucher_number="kept")
        )
        [tenant] = stage.companies
        tenants(stage, flow="voucher")
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        invoice = {**INVOICE, "project": None, "paymentId": payment_id}
        await stage.publish([record(tenant, "customer", CUSTOMER), record(tenant, "invoice", invoice)])
        await eventually(process, lambda: len(books.vouchers()) == 1)
        await stage.rest(process)
    assert ([expected], -13500.0) == ([one.partition("-")[0] for one in books.vouchers()], books.balance(3000))


# -- data types --------------------------------------------------------------------------------------------------

EMPTY, KNOWN = "nothing in DnB", "customer and project in DnB"
BOOKED, BOOKED_WITH_PROJECT = ("10245", 100042, None, 16875.0, True), ("10245", 100042, "4005", 16875.0, True)
UNKNOWN = "unknown_customer"

TRANSFERS: dict[tuple[str, tuple[str, ...]], tuple[int, int, list[tuple[Any, ...]], dict[str, str]]] = {
    (EMPTY, ("customer", "project", "invoice")): (1, 1, [BOOKED_WITH_PROJECT], {}),
    (EMPTY, ("customer", "invoice")): (1, 0, [BOOKED], {}),
    (EMPTY, ("customer", "project")): (1, 1, [], {}),
    (EMPTY, ("customer",)): (1, 0, [], {}),
    (EMPTY, ("project",)): (0, 0, [], {"project": UNKNOWN}),
    (EMPTY, ("invoice",)): (0, 0, [], {"invoice": UNKNOWN}),
    (EMPTY, ("project", "invoice")): (0, 0, [], {"project": UNKNOWN, "invoice": "dependency_refused"}),
    (KNOWN, ("project",)): (1, 1, [], {}),
    (KNOWN, ("invoice",)): (1, 1, [BOOKED_WITH_PROJECT], {}),
    (KNOWN, ("project", "invoice")): (1, 1, [BOOKED_WITH_PROJECT], {}),
    (KNOWN, ("customer", "invoice")): (1, 1, [BOOKED_WITH_PROJECT], {}),
}
"""By what a company has before and what its tenant transfers: customers, projects and invoices after, and refusals."""


async def test_only_the_data_types_that_a_tenant_chooses_are_transferred(kafka: Kafka, tmp_path: Path) -> None:
    """What is not transferred is looked up in DnB: without a project an invoice goes, without a customer nothing."""
    async with scene(kafka, tmp_path, companies=len(TRANSFERS)) as stage:
        cases = dict(zip(stage.companies, TRANSFERS, strict=True))
        named = {name: {"company_key": stage.companies[name], "kinds": list(cases[name][1])} for name in cases}
        (tmp_path / "tenants.yaml").write_text(yaml.safe_dump({"tenants": named}), encoding="utf-8")
        for name in (name for name, case in cases.items() if case[0] == KNOWN):
            info = {"ID": 0, "Name": CUSTOMER["name"]}
            customer = by_hand(stage, name, "POST", "customers", {"CustomerNumber": 100042, "Info": info})
            body = {"ProjectNumber": "4005", "Name": PROJECT["name"], "ProjectCustomerID": customer["ID"]}
            by_hand(stage, name, "POST", "projects", body)
        process = stage.process()
        process.start()
        changes = {"customer": CUSTOMER, "project": PROJECT, "invoice": INVOICE}
        await stage.publish([record(name, kind, data) for name in cases for kind, data in changes.items()])
        await settled(stage, process)
        assert 0 == await process.stop()
        refusals = parked(stage)
        found = {case: outcome(Shown(stage, name), name, refusals) for name, case in cases.items()}
    assert TRANSFERS == found


def outcome(
    books: Shown, tenant: str, refusals: dict[tuple[str, str], str]
) -> tuple[int, int, list[tuple[Any, ...]], dict[str, str]]:
    """Return what a company has: how many customers and projects, its invoices, and what was refused by kind."""
    refused = {kind: reason for (name, kind), reason in refusals.items() if name == tenant}
    return (len(books.customers()), len(books.projects()), books.invoices(), refused)
