"""A cluster of three Kafka nodes, each broker and controller, whose nodes can be killed and brought back.

Clients have two ways to it: straight ones, and ones that lead through a fault proxy before each node.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.chaos.fault_proxy import HERE, FaultProxy, proxying
from tests.kafka_broker import LocalKafka, free_ports, kafka_jars

NODES = 3
PORTS_OF_A_NODE = 3

LOOK_SECONDS = 0.3
"""Between two looks at the replicas of the cluster."""

PROPERTIES = """\
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{straight},PROXY://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{straight},PROXY://127.0.0.1:{proxy}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXY:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=6000
"""


class Cluster:
    """Three nodes and the proxies before them; what a node is told is done to its end, also if nobody waits for it."""

    def __init__(self, nodes: Sequence[LocalKafka], proxies: Sequence[FaultProxy]) -> None:
        """Take the nodes, and the proxy of each."""
        self.nodes = nodes
        self.proxies = proxies
        self._doing: set[asyncio.Future[None]] = set()

    @property
    def straight(self) -> str:
        """The addresses to start from for a client that nobody disturbs."""
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def disturbed(self) -> str:
        """The addresses to start from for a client whose connections lead through the proxies."""
        return ",".join(f"{HERE}:{proxy.port}" for proxy in self.proxies)

    async def start(self) -> None:
        """Start all nodes at once, as none is ready without another."""
        await asyncio.gather(*(self.start_node(node) for node in self.nodes))

    async def start_node(self, node: LocalKafka) -> None:
        """Start one node, and return when it accepts clients."""
        await self._do(node.start)

    async def kill_node(self, node: LocalKafka) -> None:
        """End one node at once, as a crash does."""
        await self._do(node.kill)

    async def end(self) -> None:
        """End all nodes, also one that is being started."""
        for node in self.nodes:
            node.kill()
        await asyncio.gather(*self._doing, return_exceptions=True)
        for node in self.nodes:
            node.kill()

    async def whole(self) -> None:
        """Wait until every partition has all its replicas in sync."""
        while not await self._is_whole():  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(LOOK_SECONDS)

    async def _do(self, work: Callable[[], None]) -> None:
        doing = asyncio.get_running_loop().run_in_executor(None, work)
        self._doing.add(doing)
        doing.add_done_callback(self._doing.discard)
        await asyncio.shield(doing)

    async def _is_whole(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.straight)
        try:
            await admin.start()
            topics = await admin.describe_topics()
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
        partitions = [partition for topic in topics for partition in topic["partitions"]]
        return all(len(partition["isr"]) == NODES for partition in partitions)


@contextlib.asynccontextmanager
async def kafka_cluster(folder: Path) -> AsyncGenerator[Cluster]:
    """Run a cluster for the length of the block; raises `KafkaUnavailable` where this machine cannot."""
    jars = await asyncio.to_thread(kafka_jars)
    async with contextlib.AsyncExitStack() as stack:
        ports = _ports()
        proxies = [await stack.enter_async_context(proxying(behind)) for _, behind, _ in ports]
        cluster = Cluster([_node(folder, jars, at, ports, proxy) for at, proxy in enumerate(proxies)], proxies)
        try:
            await cluster.start()
            yield cluster
        finally:
            await cluster.end()


def _ports() -> list[tuple[int, int, int]]:
    """Return each node's ports: the straight listener's, the one's behind the proxy, the controller's."""
    free = iter(free_ports(NODES * PORTS_OF_A_NODE))
    return list(zip(free, free, free, strict=True))


def _node(folder: Path, jars: Path, at: int, ports: list[tuple[int, int, int]], proxy: FaultProxy) -> LocalKafka:
    own = folder / f"kafka-{at + 1}"
    own.mkdir()
    straight, behind, controller = ports[at]
    voters = ",".join(f"{number + 1}@127.0.0.1:{port}" for number, (_, _, port) in enumerate(ports))
    properties = PROPERTIES.format(
        node=at + 1, voters=voters, straight=straight, behind=behind, controller=controller, proxy=proxy.port
    )
    return LocalKafka(own, jars, properties=properties, ports=(straight, controller))
