"""The stage of the chaos: a Kafka cluster, an emulated DnB, three daemons, and proxies between them."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec

from daemon.edges.kafka_topics import Topics
from daemon.settings import Settings, read_settings
from tests.chaos.cluster import Cluster, kafka_cluster
from tests.chaos.daemons import Daemon
from tests.chaos.dnb import CLIENT_ID, PRIVATE_KEY, TENANTS
from tests.chaos.dnb_process import DnbProcess, dnb_process
from tests.chaos.fault_proxy import HERE, FaultProxy, proxying

TOPIC = "moment.changes"
GROUP = "moment-dnb"
PARTITIONS = 6
COMPANIES = 8

STATIC = {"a": True, "b": True, "c": False}
"""The daemons, and whether each has a member id of its own that outlives it, as in a StatefulSet."""

DNB_QUOTA = 300.0
"""Calls per second that each company allows: what two owners make in the second of a takeover fits into it."""

TENANT_QUOTA = 100.0
"""Calls per second that a daemon makes for each tenant."""

DNB_FAULTS = 0.03
"""The share of calls that go wrong by DnB's own doing."""

SESSION_SECONDS = 8.0
REQUEST_SECONDS = 2.0

LATE_BOUND_SECONDS = 7.0
"""Longer than DnB applies anything late, and than a daemon that was stopped outlives its session."""

SHORTENED: Mapping[str, float | str] = {
    "session": SESSION_SECONDS,
    "request": REQUEST_SECONDS,
    "rebalance": 20.0,
    "drain": 5.0,
    "retry_first": 0.2,
    "retry_longest": 2.0,
    "park_after": 8.0,
    "parked_retries": "1,2",
    "late_bound": LATE_BOUND_SECONDS,
    "dependency_wait": 1.0,
    "heal_every": 2.0,
}
"""Waits as settings of the daemons, in seconds: what takes minutes in earnest must happen within the chaos."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What the chaos is played on; `proxies` has the one between each daemon and DnB, by the daemon's name.

    `environment` has the settings of a client that nobody disturbs.
    """

    cluster: Cluster
    dnb: DnbProcess
    daemons: tuple[Daemon, ...]
    proxies: Mapping[str, FaultProxy]
    environment: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        """The settings of a client that nobody disturbs."""
        return read_settings(self.environment)


@contextlib.asynccontextmanager
async def staged(folder: Path, *, seed: int) -> AsyncGenerator[Stage]:
    """Set the stage for the length of the block; the daemons are not started yet, and ended at the end.

    Raises `KafkaUnavailable` where this machine cannot run Kafka.
    """
    async with contextlib.AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(kafka_cluster(folder))
        dnb = await stack.enter_async_context(
            dnb_process(folder, seed=seed, companies=COMPANIES, quota=DNB_QUOTA, faults=DNB_FAULTS)
        )
        port = int(dnb.opened.base_url.rpartition(":")[2])
        proxies = {name: await stack.enter_async_context(proxying(port)) for name in STATIC}
        environment = _environment(folder, cluster.straight, dnb.opened.base_url)
        async with Topics(read_settings(environment)) as topics:
            await topics.create(TOPIC, PARTITIONS, {})
        daemons = tuple(_daemon(folder, name, cluster, proxy) for name, proxy in proxies.items())
        try:
            yield Stage(cluster=cluster, dnb=dnb, daemons=daemons, proxies=proxies, environment=environment)
        finally:
            for daemon in daemons:
                daemon.crash()


def member_of(name: str) -> str:
    """Return how the id of a daemon's member of the group begins."""
    return f"chaos-{name}" if STATIC[name] else "aiokafka"


def _daemon(folder: Path, name: str, cluster: Cluster, proxy: FaultProxy) -> Daemon:
    own = folder / f"daemon-{name}"
    own.mkdir()
    environment = _environment(folder, cluster.disturbed, f"http://{HERE}:{proxy.port}")
    environment["MOMENT_DNB_DATA_DIR"] = str(own / "data")
    environment["MOMENT_DNB_MEMBER_ID"] = member_of(name) if STATIC[name] else ""
    return Daemon(name, environment, own)


def _environment(folder: Path, bootstrap: str, dnb: str) -> dict[str, str]:
    settings: dict[str, float | str] = {
        "kafka_bootstrap": bootstrap,
        "topics": TOPIC,
        "group": GROUP,
        "dead_letter_topic": f"{TOPIC}.dead-letters",
        "tenants_file": str(folder / TENANTS),
        "dnb_base_url": dnb,
        "dnb_client_id": CLIENT_ID,
        "dnb_private_key_file": str(folder / PRIVATE_KEY),
        "client_quota": COMPANIES * TENANT_QUOTA,
        "tenant_quota": TENANT_QUOTA,
        "ops_host": HERE,
    }
    return {f"MOMENT_DNB_{name.upper()}": str(value) for name, value in (settings | dict(SHORTENED)).items()}
