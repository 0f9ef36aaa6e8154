"""The application: the only place that builds the daemon's objects and wires them."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from functools import partial

import anyio
import anyio.abc
import structlog
from prometheus_client import generate_latest

from daemon.core.actions import Action
from daemon.core.events import Event, TenantsChanged
from daemon.core.fuse import Fuse
from daemon.core.model import Change, Kind
from daemon.core.notices import Notice
from daemon.core.pacing import Limits
from daemon.core.planner import Planner
from daemon.core.procedure import Recipe
from daemon.core.retrying import Retrying
from daemon.core.state import Bounds, Policy
from daemon.dnb.assertion import Credentials
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import CustomerRecipe, InvoiceRecipe, ProjectRecipe, probe_company
from daemon.edges.clock import Clock
from daemon.edges.dead_letters import DeadLetters
from daemon.edges.http_sink import HttpSink
from daemon.edges.inbox import Inbox
from daemon.edges.intake import Intake
from daemon.edges.kafka_client import disconnect
from daemon.edges.kafka_connection import connection, source_errors
from daemon.edges.kafka_source import KafkaSource
from daemon.edges.kafka_topics import prepare_topics
from daemon.edges.ledger_rebuild import Rebuild
from daemon.edges.ledger_topic import LedgerTopic
from daemon.edges.ledgers import Ledgers
from daemon.edges.lookups import Lookups
from daemon.edges.mailing import Mailing
from daemon.edges.named_tenants import transferred
from daemon.edges.ops_server import OpsServer
from daemon.edges.topic_watch import topics_changed
from daemon.errors import ConfigurationError, SourceError
from daemon.runner import Edges, Runner
from daemon.settings import Settings, variable
from daemon.telemetry.catalogue import Instruments
from daemon.telemetry.logs import Logging
from daemon.telemetry.observing import Observing
from daemon.tenants import Reading, Registry

LIVE_SECONDS = 15.0
"""A runner that has not stepped for this long is stuck: it steps once a second even when nothing happens."""

CLOSE_SECONDS = 10.0
"""A client that is closed waits for what it has sent, for ever if its topic is gone: nobody waits for that any more."""

log = structlog.get_logger()


class App:
    """One daemon: everything it consists of, from its settings."""

    def __init__(self, settings: Settings, *, rebuilds_ledger: bool = False) -> None:
        """Build it; raises `ConfigurationError` if credentials, tenants or TLS files cannot be used."""
        self.settings = settings
        self.clock = Clock()
        self.instruments = Instruments()
        self.observing = Observing(self.instruments, labelled_tenants=settings.metrics_tenants)
        self._logging = Logging()
        self._tenants = Reading(settings.tenants_file, default_quota=settings.tenant_quota)
        self._registry = self._tenants.read()
        policy = policy_of(settings)
        directories = Directories()
        self._recipes: Mapping[Kind, Recipe] = {
            "customer": CustomerRecipe(settings.environment, directories),
            "project": ProjectRecipe(settings.environment, directories),
            "invoice": InvoiceRecipe(settings.environment, directories),
        }
        self._finding: str | None = None
        self._fuse = Fuse(settings.dead_letter_fuse_share, settings.dead_letter_fuse_window)
        self.planner = Planner(policy, self._recipes, probe_company)
        rebuild = Rebuild(settings.environment, self._is_wanted) if rebuilds_ledger else None
        self.edges = self._edges(policy.retrying.longest_wait(), rebuild)
        self.runner = Runner(self.planner, self.edges, self)
        self._mailing = Mailing(settings, self.edges.ledgers.restored, self.edges.ledger.write, self.clock)
        self._mailing.count = partial(self.instruments.count, "mails_total")
        self._ops = OpsServer(self.metrics, is_live=self.is_live, is_ready=lambda: self.edges.source.is_ready)

    def _is_wanted(self, change: Change) -> bool:
        """Tell whether a change is no draft, its tenant is named, and its kind one that we deliver for it."""
        entity = change.entity
        tenant = self._registry.tenants.get(entity.tenant)
        if tenant is None or entity.kind not in tenant.kinds or entity.kind not in self._recipes:
            return False
        return not self._recipes[entity.kind].is_draft(change)

    def _edges(self, longest_wait: float, rebuild: Rebuild | None) -> Edges:
        settings, inbox = self.settings, Inbox()
        credentials = Credentials.from_pem(settings.dnb_private_key.encode(), settings.dnb_client_id)
        for warning in credentials.warnings(self.clock.now()):
            log.warning("credentials.doubted", warning=warning)
        to_kafka = connection(settings)
        ledgers = Ledgers(settings.data_dir, to_kafka, self.clock, longest_wait=longest_wait)
        ledger = LedgerTopic(to_kafka, ledgers.stores, inbox)
        ledgers.writing_with(ledger, rebuild=rebuild)
        intake = Intake(settings.environment, ledgers.stores, self._fuse)
        intake.when_blown = self.stop
        return Edges(
            clock=self.clock,
            inbox=inbox,
            source=KafkaSource(settings, ledgers, inbox, self.clock),
            intake=intake,
            ledgers=ledgers,
            lookups=Lookups(ledgers.restored),
            ledger=ledger,
            dead_letters=DeadLetters(to_kafka, settings.dead_letter_topic, intake, inbox),
            sink=HttpSink(settings, credentials, inbox, self.clock),
        )

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, *, task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop`, then hand everything over; tells the port of the ops server once it answers.

        Raises, after everything was handed over, `SourceError` where the fuse on dead letters has stopped it, and
        `ConfigurationError` where the input was given more partitions than the ledger.
        """
        async with self._closing(), self._ops.serving(self.settings.ops_host, self.settings.ops_port) as port:
            if self.settings.kafka_check_topics:
                await prepare_topics(self.settings)
            with source_errors("connecting the producers"):
                await self.edges.ledger.producer.start()
                await self.edges.dead_letters.producer.start()
            log.info("daemon.started", ops_port=port, tenants=len(self._registry.tenants))
            async with anyio.create_task_group() as tasks:
                self._use(self._registry)
                for serve in (self.runner.run, self.edges.ledger.run, self.edges.dead_letters.run, self.edges.sink.run):
                    tasks.start_soon(serve)
                tasks.start_soon(self.edges.ledgers.run)
                tasks.start_soon(self._watch_tenants)
                tasks.start_soon(self._watch_topics)
                tasks.start_soon(self._mailing.run)
                task_status.started(port)
                await self.edges.source.run()
                tasks.cancel_scope.cancel()
        log.info("daemon.stopped")
        if self._fuse.is_blown:
            raise SourceError(_blown(self.settings, self._fuse))
        if self._finding is not None:
            raise ConfigurationError(self._finding)

    def stop(self) -> None:
        """Ask `run` to finish what is in flight, hand the partitions over and end."""
        self.edges.source.leave()

    @contextlib.asynccontextmanager
    async def _closing(self) -> AsyncGenerator[None]:
        """Close Kafka's clients at the end of the block, connected or not."""
        try:
            yield
        finally:
            edges = self.edges
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(edges.source.aclose)
                    for producer in (edges.ledger.producer, edges.dead_letters.producer):
                        tasks.start_soon(disconnect, producer)

    async def _watch_topics(self) -> None:
        """Stop when the topics are no longer what they were; raises `SourceError` if one is gone."""
        if self.settings.kafka_check_topics:
            self._finding = await topics_changed(self.settings)
            self.stop()

    # -- tenants -----------------------------------------------------------------------------------------------

    async def _watch_tenants(self) -> None:
        """Look at the tenants file every so often; a bad one is reported once and the last good one stays."""
        while True:
            await anyio.sleep(self.settings.tenants_reread)
            try:
                registry = self._tenants.reread()
            except ConfigurationError as error:
                log.error("tenants.refused", finding=str(error))  # noqa: TRY400 - the finding says it all
                self.instruments.set("tenant_problems", 1)
                continue
            if registry is not None:
                self._use(registry)

    def _use(self, registry: Registry) -> None:
        for finding in registry.problems:
            log.error("tenant.refused", finding=finding)
        held = sum(tenant.held is not None for tenant in registry.tenants.values())
        self.instruments.set("tenants", held, "held")
        self.instruments.set("tenants", len(registry.tenants) - held, "served")
        self.instruments.set("tenant_problems", len(registry.problems))
        log.info("tenants.read", count=len(registry.tenants), held=held)
        self.edges.sink.use_keys(registry.keys_by_company)
        self._mailing.use_addresses(registry.notify)
        self.edges.ledgers.name(transferred(registry.tenants))
        self.edges.inbox.put(TenantsChanged(registry.tenants))

    # -- telemetry ---------------------------------------------------------------------------------------------

    def observe(self, event: Event, output: list[Action | Notice], now: float) -> None:
        """Give what happened to metrics and logs."""
        self.observing.observe(event, output, now)
        self._logging.observe(event, output, now)

    def metrics(self) -> bytes:
        """Return the metrics text of this instant."""
        now = self.clock.now()
        self.observing.gauges(self.planner.status(now), now)
        stores = self.edges.ledgers.restored.values()
        self.instruments.set("scheduled", sum(store.scheduled() for store in stores))
        self.instruments.clear("parked")
        for store in stores:
            for reason, count in store.parked_by_reason().items():
                self.instruments.add("parked", count, reason)
        return generate_latest(self.instruments.registry)

    def is_live(self) -> bool:
        """Tell whether the runner has stepped lately."""
        return self.clock.now() - self.runner.stepped_at < LIVE_SECONDS


def _blown(settings: Settings, fuse: Fuse) -> str:
    """Return why the fuse has stopped the daemon, and where to look."""
    counts = fuse.reasons()
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return (
        f"too many dead letters: {sum(counts.values())} of the latest {settings.dead_letter_fuse_window} records are "
        f"no changes ({reasons}), and one more. Look whether {variable('topics')}={','.join(settings.topics)} "
        f"is right and what is published there; {settings.dead_letter_topic} has the records and their reasons. "
        f"To let them through: {variable('dead_letter_fuse_share')}=1"
    )


def policy_of(settings: Settings) -> Policy:
    """Return the planner's policy that the settings ask for."""
    return Policy(
        retrying=Retrying(
            first=settings.retry_first,
            longest=settings.retry_longest,
            park_after=settings.park_after,
            parked_steps=settings.parked_retries,
            give_up_after=settings.give_up_after,
            late_bound=settings.late_bound,
            dependency_wait=settings.dependency_wait,
            heal_every=settings.heal_every,
        ),
        limits=Limits(
            quota=settings.client_quota,
            concurrency=settings.concurrency,
            tenant_concurrency=settings.tenant_concurrency,
        ),
        bounds=Bounds(fence=settings.session - settings.request),
    )
