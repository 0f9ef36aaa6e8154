"""`moment-dnb check`: the preflight; one line for each thing the daemon needs, and what to repair where it lacks."""

import argparse
import os
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, TypeVar

import anyio
import msgspec

from daemon.core.model import Tenant
from daemon.core.procedure import Call, Denied, Outcome, Reply, Unchanged
from daemon.errors import ConfigurationError, SourceError
from daemon.settings import Settings, read_settings, variable

if TYPE_CHECKING:
    from daemon.dnb.assertion import Credentials
    from daemon.dnb.survey import Surveyed
    from daemon.edges.http_sink import HttpSink
    from daemon.edges.kafka_topics import Topics
    from daemon.tenants import Registry

T = TypeVar("T")

HELP = "check Kafka, topics, credentials and companies, one line each"


class Finding(msgspec.Struct, frozen=True):
    """One line of the preflight: what was checked, what was found, and what to repair if it is not right."""

    what: str
    found: str
    repair: str = ""

    def __str__(self) -> str:
        """Return the line."""
        return f"FAIL  {self.what}: {self.found}; {self.repair}" if self.repair else f"ok    {self.what}: {self.found}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no option: everything comes from the settings."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; returns 1 if anything must be repaired."""
    del arguments
    return anyio.run(_report, read_settings(os.environ))


async def _report(settings: Settings) -> int:
    failures = 0
    for checks in (_kafka(settings), _dnb(settings)):
        async for finding in checks:
            failures += bool(finding.repair)
            print(finding)
    return 1 if failures else 0


async def _kafka(settings: Settings) -> AsyncIterator[Finding]:
    from daemon.edges.kafka_topics import Topics

    try:
        async with Topics(settings) as topics:
            yield Finding("Kafka", f"connected to {settings.kafka_bootstrap}")
            for topic in settings.topics:
                partitions = await topics.partitions(topic)
                if partitions is None:
                    yield Finding(f"topic {topic}", "does not exist", "create it, or name another in MOMENT_DNB_TOPICS")
                    continue
                yield Finding(f"topic {topic}", f"{partitions} partitions")
                yield await _ledger(topics, topic, partitions)
    except (SourceError, ConfigurationError) as error:
        yield Finding("Kafka", str(error), "see MOMENT_DNB_KAFKA_* in the README")


async def _ledger(topics: "Topics", topic: str, partitions: int) -> Finding:
    from daemon.edges.ledger_topic import ledger_of

    ledger = ledger_of(topic)
    found = await topics.partitions(ledger)
    if found is None:
        return Finding(f"ledger {ledger}", "does not exist yet; `run` creates it")
    if found != partitions:
        return Finding(f"ledger {ledger}", f"{found} partitions, not {partitions}", "run `moment-dnb ledger grow`")
    if "compact" not in await topics.cleanup_policy(ledger):
        return Finding(f"ledger {ledger}", "not compacted", "set its cleanup.policy to compact")
    return Finding(f"ledger {ledger}", f"{found} partitions, compacted")


async def _dnb(settings: Settings) -> AsyncIterator[Finding]:
    from daemon.edges.clock import Clock
    from daemon.edges.http_sink import HttpSink
    from daemon.edges.inbox import Inbox

    registry, doubts = _tenants(settings)
    for doubt in doubts:
        yield doubt
    clock = Clock()
    credentials, doubts = _credentials(settings, clock.now())
    for doubt in doubts:
        yield doubt
    if credentials is None:
        return
    sink = HttpSink(settings, credentials, Inbox(), clock)
    sink.use_keys(registry.keys_by_company if registry else {})
    tenants = [registry.tenants[name] for name in sorted(registry.keys)] if registry else []
    try:
        async for finding in _companies(settings, sink, tenants):
            yield finding
    finally:
        await sink.aclose()


def _tenants(settings: Settings) -> tuple["Registry | None", list[Finding]]:
    """Return the registry, None if there is none to be had, and what was found about it."""
    from daemon.tenants import Reading

    repair = f"repair it in {settings.tenants_file}"
    try:
        registry = Reading(settings.tenants_file, default_quota=settings.tenant_quota).read()
    except ConfigurationError as error:
        return None, [Finding("tenants file", str(error), repair)]
    found = Finding("tenants file", f"{len(registry.tenants)} tenants in {settings.tenants_file}")
    return registry, [found, *(Finding("tenants file", problem, repair) for problem in registry.problems)]


def _credentials(settings: Settings, now: float) -> tuple["Credentials | None", list[Finding]]:
    """Return the client's credentials, None if the setting holds none, and what was found about them."""
    from daemon.dnb.assertion import Credentials

    try:
        credentials = Credentials.from_pem(settings.dnb_private_key.encode(), settings.dnb_client_id)
    except ConfigurationError as error:
        repair = f"put the key and the certificate that the vendor knows into {variable('dnb_private_key')}"
        return None, [Finding("credentials", str(error), repair)]
    repair = "have the vendor issue a new certificate"
    return credentials, [Finding("credentials", warning, repair) for warning in credentials.warnings(now)]


async def _companies(settings: Settings, sink: "HttpSink", tenants: list[Tenant]) -> AsyncIterator[Finding]:
    from daemon.dnb.recipes import probe_company
    from daemon.dnb.survey import survey_company

    reason = await sink.check_token()
    if reason is not None:
        places = "MOMENT_DNB_DNB_BASE_URL, _ISSUER, _CLIENT_ID, _SCOPE and _PRIVATE_KEY"
        yield Finding("token", reason, f"check {places}")
        return
    yield Finding("token", f"granted to {settings.dnb_client_id}")
    for tenant in tenants:
        outcome = await _carried_out(sink, tenant, probe_company(tenant))
        yield _company(tenant, outcome)
        if isinstance(outcome, Unchanged):
            for finding in _surveyed(tenant, await _carried_out(sink, tenant, survey_company(tenant))):
                yield finding


def _surveyed(tenant: Tenant, found: "tuple[Surveyed, ...] | Outcome") -> Iterator[Finding]:
    """Yield a line for everything that the company's invoices will need."""
    if not isinstance(found, tuple):
        yield Finding(f"books of {tenant.name}", type(found).__name__.lower(), "try again; DnB may be out of order")
        return
    for one in found:
        yield Finding(f"{one.what} of {tenant.name}", one.found, one.repair)


def _company(tenant: Tenant, outcome: Outcome) -> Finding:
    if isinstance(outcome, Unchanged):
        return Finding(f"company of {tenant.name}", "answers")
    if isinstance(outcome, Denied):
        repair = "have the company activate the integration in DnB's marketplace, and check the company key"
        return Finding(f"company of {tenant.name}", f"denied ({outcome.reason})", repair)
    return Finding(f"company of {tenant.name}", type(outcome).__name__.lower(), "try again; DnB may be out of order")


async def _carried_out(sink: "HttpSink", tenant: Tenant, procedure: Generator[Call, Reply, T]) -> T:
    """Carry a procedure out to its end, outside the daemon's turns and quotas: there is no daemon yet."""
    call: Call = next(procedure)
    while True:
        reply = await sink.ask(tenant.company, call)
        try:
            call = procedure.send(reply)
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome
