"""The demo's stage: a broker, a DnB with its companies, and a daemon whose settings fit them."""

import contextlib
import datetime as dt
import secrets
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec
import yaml

from daemon.app import App
from daemon.edges.kafka_topics import Topics
from daemon.sandbox.accountant import Accountant
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES, HOURS_PRODUCT
from daemon.sandbox.broker import embedded_broker
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.credentials import issued
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.faults import FaultPlan
from daemon.sandbox.generating import transferred
from daemon.sandbox.server import serving
from daemon.sandbox.settings import Client, Settings
from daemon.settings import read_settings

CLIENT_ID = "moment-dnb-demo"
COMPANIES = 5
PARTITIONS = 4

DNB_QUOTA = 150.0
"""Calls per second that the demo's DnB allows each company."""

TENANT_QUOTA = 125.0
"""Calls per second that the demo's daemon makes for each tenant."""

REQUEST_SECONDS = 2.0
LATE_SECONDS = 4.0
DEPENDENCY_WAIT_SECONDS = 1.0
HEAL_SECONDS = 2.0
PARKED_SECONDS = 2.0

SHORTENED = {
    "session": 8.0,
    "request": REQUEST_SECONDS,
    "rebalance": 20.0,
    "drain": 5.0,
    "retry_first": 0.2,
    "retry_longest": 2.0,
    "park_after": 8.0,
    "parked_retries": f"1,{PARKED_SECONDS:g}",
    "late_bound": LATE_SECONDS + 1.0,
    "dependency_wait": DEPENDENCY_WAIT_SECONDS,
    "heal_every": HEAL_SECONDS,
    "tenants_reread": 1.0,
}
"""Waits as settings of the daemon, in seconds: what takes minutes in earnest must happen within a demo."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What the play is played on.

    `companies` maps tenants to their company keys in the demo's DnB, `kinds` to what they transfer.
    """

    app: App
    emulator: Emulator
    companies: dict[str, str]
    kinds: dict[str, frozenset[str]]
    accountants: tuple[Accountant, ...]
    bootstrap: str
    topic: str
    dead_letter_topic: str
    kafka: str


@contextlib.asynccontextmanager
async def staged(folder: Path, *, seed: int, bootstrap: str | None) -> AsyncGenerator[Stage]:
    """Set the stage in `folder` for the length of the block, on a Kafka if one is named."""
    now = dt.datetime.now(dt.UTC)
    credentials = issued(CLIENT_ID, now)
    emulator = Emulator(
        Settings(
            companies=invented(COMPANIES, seed, DNB_QUOTA),
            clients=(Client(CLIENT_ID, credentials.certificate),),
            faults=FaultPlan(seed=seed),
            opened_at=now.timestamp(),
            seed=seed,
        )
    )
    companies = {tenant_name(company.name): company.key for company in emulator.settings.companies}
    (folder / "private_key.pem").write_bytes(credentials.bundle)
    kinds = transferred(tuple(companies))
    accountants = _accountants(emulator, companies, kinds)
    tenants = {name: _tenant(at, key, kinds[name]) for at, (name, key) in enumerate(companies.items())}
    (folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": tenants}), encoding="utf-8")
    with contextlib.ExitStack() as stack:
        address = bootstrap or stack.enter_context(embedded_broker())
        async with serving(emulator) as server:
            topic = f"moment.demo-{secrets.token_hex(4)}"
            environment = _environment(folder, address, topic, server.base_url, is_embedded=bootstrap is None)
            settings = read_settings(environment)
            if bootstrap is not None:
                async with Topics(settings) as topics:
                    await topics.create(topic, PARTITIONS, {})
            yield Stage(
                app=App(settings),
                emulator=emulator,
                companies=companies,
                kinds=kinds,
                accountants=accountants,
                bootstrap=address,
                topic=topic,
                dead_letter_topic=settings.dead_letter_topic,
                kafka="an embedded broker" if bootstrap is None else bootstrap,
            )


def _tenant(position: int, key: str, kinds: frozenset[str]) -> dict[str, object]:
    """Return a tenant as the tenants file has it: the second posts vouchers, the third has a product of its own."""
    own: Mapping[int, dict[str, object]] = {1: {"flow": "voucher"}, 2: {"products": {"hours": HOURS_PRODUCT}}}
    vat_codes = dict(ACCOUNT_VAT_CODES)
    return {"company_key": key, "kinds": sorted(kinds), "vat_codes": vat_codes, **own.get(position, {})}


def _accountants(
    emulator: Emulator, companies: dict[str, str], kinds: dict[str, frozenset[str]]
) -> tuple[Accountant, ...]:
    """Return the accountant of each company, who has put the books in the state in which the story begins."""
    now = emulator.settings.opened_at
    accountants = tuple(Accountant(emulator, key, kinds[tenant], now) for tenant, key in companies.items())
    for accountant in accountants:
        accountant.begin(now)
    return accountants


def _environment(folder: Path, bootstrap: str, topic: str, dnb: str, *, is_embedded: bool) -> dict[str, str]:
    """Return the environment with which `moment-dnb run` would do the same."""
    settings = {
        "kafka_bootstrap": bootstrap,
        "kafka_check_topics": str(not is_embedded).lower(),
        "topics": topic,
        "group": topic,
        "dead_letter_topic": f"{topic}.dead-letters",
        "replication": "1",
        "min_insync": "1",
        "data_dir": str(folder / "data"),
        "tenants_file": str(folder / "tenants.yaml"),
        "dnb_base_url": dnb,
        "dnb_client_id": CLIENT_ID,
        "dnb_private_key_file": str(folder / "private_key.pem"),
        "client_quota": str(COMPANIES * TENANT_QUOTA),
        "tenant_quota": str(TENANT_QUOTA),
        "ops_host": "127.0.0.1",
        "ops_port": "0",
    }
    return {f"MOMENT_DNB_{name.upper()}": str(value) for name, value in (settings | SHORTENED).items()}
