"""What a tenant is told by mail: failures with field, value, rule and repair, and repairs; on a real Kafka and SMTP."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import yaml
from aiosmtpd.smtp import SMTP

from daemon.sandbox.generating import Planted
from daemon.sandbox.publishing import read_back
from tests.cli.command import ran
from tests.integration.bookkeeping import CUSTOMER, CUSTOMER_ID, INVOICE, Shown, by_hand, record, tenants
from tests.integration.daemon_process import LOOK_SECONDS, DaemonProcess
from tests.integration.scene import PARTITIONS, Scene, scene
from tests.kafka_broker import Kafka, free_ports
from tests.mail_server import MailServer, mail_server

MAILED_SECONDS = 45.0
"""Within this a mail that is due at once has come, on a busy machine."""

DIGEST_SECONDS = 8.0
LOOK_SECONDS_OF_MAILING = 2.0
"""How often the daemon looks for what is to be mailed."""

PERSONAL = {
    **CUSTOMER,
    "name": "Hemmelig Navnesen AS",
    "email": "hemmelig@navnesen.example",
    "phoneNumber": "90909090",
    "address": {"addressLine1": "Hemmeligveien 7", "postalCode": "0150", "city": "Skjulby", "countryCode": "NO"},
}
TELLTALES = ("emmelig", "navnesen", "90909090", "0150", "Skjulby", "Prosjektering")


def mailing(stage: Scene, port: int, **settings: str) -> None:
    """Let the daemons of a scene send their mail to this port, and a digest no sooner than an hour unless told."""
    named = {"smtp_host": "127.0.0.1", "smtp_port": str(port), "smtp_security": "none", "mail_from": "dnb@example.com"}
    stage.environment |= {f"MOMENT_DNB_{name.upper()}": value for name, value in (named | settings).items()}


def refused(tenant: str, number: int = 0, version: int = 1) -> Planted:
    """Return a customer, one for each number, whose own number DnB cannot have."""
    data = {**PERSONAL, "customerNumber": str(10_001 + number)}
    return record(tenant, "customer", data, version, CUSTOMER_ID + number)


async def eventually(process: DaemonProcess, condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail, with the daemon's log, when it does not in time."""
    deadline = time.monotonic() + MAILED_SECONDS
    while not condition():
        assert time.monotonic() < deadline, process.tail()
        await asyncio.sleep(LOOK_SECONDS)


async def remembered(stage: Scene, tenant: str, times: int = 1) -> None:
    """Return when the ledger knows that the tenant was told so many times."""
    deadline = time.monotonic() + MAILED_SECONDS
    key = f"_mail/{tenant}".encode()
    while sum(one.key == key for one in await read_back(stage.bootstrap, f"{stage.topic}.ledger")) < times:
        assert time.monotonic() < deadline
        await asyncio.sleep(LOOK_SECONDS)


async def counted(process: DaemonProcess, name: str, at_least: float) -> None:
    """Return when a metric of the daemon is as high as this."""
    deadline = time.monotonic() + MAILED_SECONDS
    while (await process.metrics()).get(name, 0.0) < at_least:
        assert time.monotonic() < deadline, process.tail()
        await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def opened_later(port: int) -> AsyncGenerator[MailServer]:
    """Serve on a port that was known, and silent, before."""
    server = MailServer()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, hostname="localhost", loop=loop), "127.0.0.1", port)
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


async def test_a_refused_customer_is_mailed_once_to_its_tenant(kafka: Kafka, tmp_path: Path) -> None:
    """Field, value, rule and repair reach the tenant's address, and nobody else's; another tenant hears nothing."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=2) as stage:
        tenant, _ = stage.companies
        mailing(stage, server.port)
        named = {name: {"company_key": key, "notify": [f"{name}@example.com"]} for name, key in stage.companies.items()}
        (tmp_path / "tenants.yaml").write_text(yaml.safe_dump({"tenants": named}), encoding="utf-8")
        process = stage.process()
        process.start()
        await stage.publish([refused(tenant)])
        await eventually(process, lambda: len(server.taken) == 1)
        await remembered(stage, tenant)
    [mail] = server.taken
    assert [[f"{tenant}@example.com"]] == server.recipients
    assert (
        f"{tenant}: 1 transfer to DnB Regnskap must be repaired (customer_number_out_of_range)",
        "dnb@example.com",
    ) == (mail["Subject"], mail["From"])
    assert server.texts()[0] == (
        f"What Moment sent for {tenant} could not be transferred to DnB Regnskap:\n"
        "\n"
        f"* customer 10001 (Moment's id {CUSTOMER_ID})\n"
        "    reason: customer_number_out_of_range\n"
        "    field:  customerNumber = 10001\n"
        "    rule:   from 100000 to 199999\n"
        "    repair: give the customer in Moment a number of digits, not beginning with 0, within the range; saved, "
        "it is sent again\n"
        "\n"
        "Each is tried again when it is saved in Moment. What is repaired in DnB is noticed within half an hour.\n"
    )


async def test_neither_a_kill_nor_another_owner_repeats_a_mail(kafka: Kafka, tmp_path: Path) -> None:
    """What was told is in the ledger: after kill -9, and at a second replica that takes over, only news are mailed."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        mailing(stage, server.port)
        first, second = stage.process("a"), stage.process("b")
        first.start()
        await stage.publish([refused(tenant)])
        await remembered(stage, tenant)
        first.kill()
        first.start()
        await counted(first, "partitions", PARTITIONS)
        await stage.publish([record(tenant, "customer", {"name": "A AS"}, entity_id=8)])
        await remembered(stage, tenant, 2)
        second.start()
        await counted(second, "partitions", PARTITIONS // 2)
        assert 0 == await first.stop()
        await counted(second, "partitions", PARTITIONS)
        unknown = {**CUSTOMER, "currencyCode": "XXX"}
        await stage.publish([record(tenant, "customer", unknown, entity_id=9)])
        await remembered(stage, tenant, 3)
    told = [[word for word in (str(CUSTOMER_ID), "id 8)", "id 9)") if word in text] for text in server.texts()]
    assert [[str(CUSTOMER_ID)], ["id 8)"], ["id 9)"]] == told


async def test_a_repair_is_mailed_once(kafka: Kafka, tmp_path: Path) -> None:
    """The corrected customer is delivered and one line says so, which neither more changes nor a restart repeat."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        mailing(stage, server.port)
        process = stage.process()
        process.start()
        await stage.publish([refused(tenant)])
        await remembered(stage, tenant)
        await stage.publish([record(tenant, "customer", CUSTOMER, 2)])
        await remembered(stage, tenant, 2)
        await stage.publish([record(tenant, "customer", {**CUSTOMER, "name": "Ny AS"}, 3)])
        await stage.rest(process)
        process.kill()
        process.start()
        await counted(process, "partitions", PARTITIONS)
        await stage.publish([refused(tenant, 1)])
        await remembered(stage, tenant, 3)
    assert 3 == len(server.taken)
    subject, text = server.taken[1]["Subject"], server.texts()[1]
    assert (f"{tenant}: 1 transfer to DnB Regnskap repaired", f"Repaired: customer (Moment's id {CUSTOMER_ID})\n") == (
        subject,
        text,
    )


async def test_a_newer_version_that_waits_repairs_nothing_yet(kafka: Kafka, tmp_path: Path) -> None:
    """While the tenant is held nobody is told of a repair; once it is released and delivered the tenant is."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        mailing(stage, server.port)
        process = stage.process()
        process.start()
        await stage.publish([refused(tenant)])
        await remembered(stage, tenant)
        assert 0 == (await ran("hold", tenant, environment=stage.environment)).code
        await counted(process, "held_tenants", 1)
        await stage.publish([record(tenant, "customer", CUSTOMER, 2)])
        await counted(process, 'parked{reason="waiting"}', 1)
        await asyncio.sleep(2 * LOOK_SECONDS_OF_MAILING)
        assert 1 == len(server.taken)
        assert 0 == (await ran("release", tenant, environment=stage.environment)).code
        await remembered(stage, tenant, 2)
    assert f"Repaired: customer (Moment's id {CUSTOMER_ID})\n" == server.texts()[1]


async def test_ten_more_failures_of_a_reason_come_in_one_digest(kafka: Kafka, tmp_path: Path) -> None:
    """The first failure is told at once, the next ten together when a digest is due: two mails, not eleven."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        mailing(stage, server.port, mail_digest=f"{DIGEST_SECONDS:g}")
        process = stage.process()
        process.start()
        await stage.publish([refused(tenant)])
        await eventually(process, lambda: len(server.taken) == 1)
        first_at = time.monotonic()
        await stage.publish([refused(tenant, number) for number in range(1, 11)])
        await stage.rest(process)
        settled_at = time.monotonic()
        await remembered(stage, tenant, 2)
        mailed_at = time.monotonic()
        assert settled_at - first_at < DIGEST_SECONDS, "the machine is too slow for this test"
        assert mailed_at - first_at >= DIGEST_SECONDS - 1.0
    told = [[number for number in range(11) if f"id {CUSTOMER_ID + number})" in text] for text in server.texts()]
    assert [[0], list(range(1, 11))] == told
    assert "10 transfers to DnB Regnskap must be repaired" in server.taken[1]["Subject"]


async def test_a_mail_server_that_is_down_holds_nothing_up(kafka: Kafka, tmp_path: Path) -> None:
    """Changes are delivered and settled meanwhile; the mail comes once the server answers."""
    [port] = free_ports(1)
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        mailing(stage, port)
        books, process = Shown(stage, tenant), stage.process()
        process.start()
        await stage.publish([refused(tenant)])
        await stage.rest(process)
        await counted(process, 'mails_total{result="SMTPConnectError"}', 1)
        await stage.publish([record(tenant, "customer", CUSTOMER, 2), refused(tenant, 1)])
        await stage.rest(process)
        assert [CUSTOMER["name"]] == books.names()
        async with opened_later(port) as server:
            await eventually(process, lambda: len(server.taken) == 1)
            await remembered(stage, tenant)
        metrics = await process.metrics()
    assert ["10002" in text and "10001" not in text for text in server.texts()] == [True]
    assert 1.0 == metrics['mails_total{result="sent"}']


async def test_a_tenant_without_an_address_gets_no_mail(kafka: Kafka, tmp_path: Path) -> None:
    """It fails in silence, as its entry in the tenants file asks for; another one is told all the same."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=2) as stage:
        mailing(stage, server.port)
        silent, told = stage.companies
        named: dict[str, dict[str, object]] = {name: {"company_key": key} for name, key in stage.companies.items()}
        named[told]["notify"] = ["ola@example.com"]
        (tmp_path / "tenants.yaml").write_text(yaml.safe_dump({"tenants": named}), encoding="utf-8")
        process = stage.process()
        process.start()
        await stage.publish([refused(silent)])
        await stage.rest(process)
        await stage.publish([refused(told)])
        await remembered(stage, told)
        await stage.rest(process)
    assert [["ola@example.com"]] == server.recipients


async def test_no_mail_holds_anything_personal(kafka: Kafka, tmp_path: Path) -> None:
    """Whatever is refused, and whoever refuses it: no name, address, phone, text or DnB's own words are in a mail."""
    async with mail_server() as server, scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        mailing(stage, server.port, mail_digest="1")
        tenants(stage, number_range=[1, 999_999], notify=["ola@example.com"])
        info = {"ID": 0, "Name": "Skjulby Hemmelig"}
        by_hand(stage, tenant, "POST", "customers", {"CustomerNumber": 100050, "Info": info})
        process = stage.process()
        process.start()
        failures = {
            "customer_number_out_of_range": {**PERSONAL, "customerNumber": "1000042"},
            "too_long": {**PERSONAL, "name": "Hemmelig " * 40},
            "rejected_by_dnb": {**PERSONAL, "customerNumber": "250000"},
            "unknown_country": {**PERSONAL, "address": {**CUSTOMER["address"], "countryCode": "QQ"}},
            "conflict": {**PERSONAL, "customerNumber": "100050"},
            "invalid_data": {**PERSONAL, "email": ["hemmelig@navnesen.example"]},
        }
        changes = [record(tenant, "customer", data, 1, 1_000 + n) for n, data in enumerate(failures.values())]
        line = {**INVOICE["lines"][0], "text": "Hemmelig", "vatCode": None}
        invoice = {**INVOICE, "description": "Hemmelig", "project": None, "lines": [line]}
        await stage.publish([*changes, record(tenant, "invoice", invoice)])
        expected = {*failures, "vat_code_missing"}
        await eventually(process, lambda: expected == {one for one in expected if one in "".join(server.texts())})
    mails = "\n".join(mail.as_string() + str(mail.get_content()) for mail in server.taken)
    assert [] == [word for word in TELLTALES if word in mails]
