"""A real Kafka for tests, and with `python -m tests.kafka_broker` one for trying things out.

`open_kafka` takes the first that this machine offers: the one named by KAFKA_BOOTSTRAP, a container where a Docker
engine answers, or Apache Kafka itself, fetched once by Maven into `.cache/` and run by the local Java. Tests share one
broker and keep apart by names: take each topic and group from `fresh_name`.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

KAFKA_VERSION = "4.1.0"
LOG4J_VERSION = "2.24.3"  # the one that Kafka brings, which does not bring what ties it to slf4j
MIN_JAVA = 17  # what Kafka 4's broker is compiled for
START_SECONDS = 60.0  # a broker needs 3 s; a loaded machine ten times as much
STOP_SECONDS = 20.0  # an orderly stop needs 1 s; after this the process is killed
POLL_SECONDS = 0.05  # between two looks at a port that does not answer yet
DOCKER_SECONDS = 2.0  # an engine that is there answers a ping at once
CLUSTER_ID = "bW9tZW50LWRuYi10ZXN0cw"  # Kafka wants 16 bytes in base64

USUAL_TOPIC = "moment.changes"  # what the daemon reads unless it is told otherwise

CACHE = Path(__file__).resolve().parent.parent / ".cache" / f"kafka-{KAFKA_VERSION}"

POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>moment-dnb</groupId><artifactId>kafka-jars</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>{LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=4
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
"""

LOGGING = """\
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c)%n
"""


class Kafka(Protocol):
    """A broker that tests may use and do not own."""

    @property
    def bootstrap(self) -> str:
        """The address that clients start from, as host:port."""
        ...


class KafkaUnavailable(Exception):  # noqa: N818 -- named for the state of the machine, it is no fault of the caller
    """This machine offers no Kafka; the text says what is missing."""


class NamedKafka:
    """A broker that somebody else runs."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


class LocalKafka:
    """Apache Kafka in one Java process: its ports and its data outlive `stop`, `kill` and `restart`.

    The methods block for a second or more: call them through `asyncio.to_thread` while clients of the loop are at work.
    """

    format_options: tuple[str, ...] = ()
    """What the formatting of a fresh broker's data is told besides, as users with their passwords."""

    def __init__(self, folder: Path, jars: Path, *, properties: str = "", ports: tuple[int, int] | None = None) -> None:
        """Prepare a broker that keeps data, configuration and `broker.log` in the folder; nothing runs yet.

        Properties given here stand behind the usual ones and win. The ports are the broker's and the controller's.
        """
        self._folder = folder
        self._jars = jars
        self._process: subprocess.Popen[bytes] | None = None
        broker, controller = ports or free_ports(2)
        self._port = broker
        self._config = folder / "server.properties"
        usual = PROPERTIES.format(broker=broker, controller=controller, data=folder / "data")
        self._config.write_text(usual + properties.format(broker=broker, controller=controller))
        (folder / "log4j2.properties").write_text(LOGGING)

    @property
    def bootstrap(self) -> str:
        """The address that clients start from; the same over restarts."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return when the broker accepts clients; raise `KafkaUnavailable` if it ends first or takes too long."""
        if not (self._folder / "data").exists():
            self._format()
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._java("-Xms128m", "-Xmx320m", "kafka.Kafka", str(self._config)), stdout=log, stderr=log
            )
        self._wait_until_accepting(self._process)

    def stop(self) -> None:
        """End the broker in good order, as a rolling restart does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once, as a crash does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the broker in good order and start it again on the same data and port."""
        self.stop()
        self.start()

    def _java(self, *arguments: str) -> tuple[str, ...]:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"
        quick = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        return ("java", *quick, logging, "-cp", f"{self._jars}/*", *arguments)

    def _format(self) -> None:
        tool = ("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._config))
        command = self._java(*tool, *self.format_options)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise KafkaUnavailable(f"Kafka's StorageTool failed: {done.stderr[-500:]}")

    def _wait_until_accepting(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not accepts_connections(self._port):
            if process.poll() is not None or time.monotonic() > deadline:
                last_words = (self._folder / "broker.log").read_text()[-1000:]
                raise KafkaUnavailable(f"Kafka did not start: {last_words}")
            time.sleep(POLL_SECONDS)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


AnyLocal = TypeVar("AnyLocal", bound=LocalKafka)


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on right now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def accepts_connections(port: int) -> bool:
    """Tell whether somebody listens on the port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def java_version() -> int:
    """Return the major version of the local Java, 0 if there is none."""
    if shutil.which("java") is None:
        return 0
    done = subprocess.run(("java", "-version"), check=False, capture_output=True, text=True)
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found[1]) if found else 0


def kafka_jars() -> Path:
    """Return the folder with Kafka's jars, fetched by Maven at first use.

    Raises `KafkaUnavailable` with what is missing.
    """
    if java_version() < MIN_JAVA:
        raise KafkaUnavailable(f"there is no Java {MIN_JAVA} or newer")
    jars = CACHE / "libs"
    if not jars.exists():
        fetch_jars(jars)
    return jars


def fetch_jars(target: Path) -> None:
    """Let Maven fetch Kafka and what it needs; the target appears at once and complete."""
    if shutil.which("mvn") is None:
        raise KafkaUnavailable("there is no Maven to fetch Kafka with")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        pom = Path(scratch) / "pom.xml"
        pom.write_text(POM)
        options = ("-DoutputDirectory=" + scratch + "/libs", "-DincludeScope=runtime")
        command = ("mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", *options)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise KafkaUnavailable(f"Maven could not fetch Kafka: {done.stdout[-500:]}")
        with contextlib.suppress(OSError):  # another test run was quicker
            (Path(scratch) / "libs").rename(target)


def docker_answers() -> bool:
    """Tell whether a Docker engine is there, quickly and without a word."""
    engine = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    is_local = engine.scheme == "unix"
    address = engine.path if is_local else (engine.hostname or "", engine.port or 2375)
    with socket.socket(socket.AF_UNIX if is_local else socket.AF_INET) as probe:
        probe.settimeout(DOCKER_SECONDS)
        try:
            probe.connect(address)
            probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in probe.recv(64)
        except OSError:
            return False


@contextlib.contextmanager
def container_kafka() -> Generator[NamedKafka]:
    """Run Kafka in a container for the length of the block."""
    from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415 -- costs more than all the rest: only where it is used

    with KafkaContainer().with_kraft() as container:
        yield NamedKafka(container.get_bootstrap_server())


@contextlib.contextmanager
def running(make: Callable[[Path, Path], AnyLocal]) -> Generator[AnyLocal]:
    """Make a local broker of a folder and Kafka's jars, and run it for the length of the block."""
    jars = kafka_jars()
    folder = Path(tempfile.mkdtemp(prefix="moment-dnb-kafka-"))
    kafka = make(folder, jars)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()
        shutil.rmtree(folder, ignore_errors=True)


def local_kafka() -> contextlib.AbstractContextManager[LocalKafka]:
    """Run Apache Kafka with the local Java for the length of the block."""
    return running(LocalKafka)


@contextlib.contextmanager
def open_kafka() -> Generator[Kafka]:
    """Open the first Kafka that this machine offers; raise `KafkaUnavailable` if there is none."""
    if named := os.environ.get("KAFKA_BOOTSTRAP"):
        yield NamedKafka(named)
    elif docker_answers():
        with container_kafka() as kafka:
            yield kafka
    else:
        with local_kafka() as kafka:
            yield kafka


def fresh_name(stem: str) -> str:
    """Return a name for a topic or a group that no other test uses."""
    return f"{stem}-{uuid.uuid4().hex[:12]}"


async def create_topic(
    bootstrap: str, name: str, partitions: int = 4, configs: Mapping[str, str] | None = None
) -> None:
    """Create a topic with one replica; raise RuntimeError with Kafka's reason if it refuses."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        refused = [error for error in answer.topic_errors if error[1] != 0]
        if refused:
            raise RuntimeError(f"Kafka refused a topic: {refused}")
    finally:
        await admin.close()


def main() -> None:
    """Run a broker that has the daemon's usual topic, and print its address, until Ctrl-C or SIGTERM."""
    endings = (signal.SIGINT, signal.SIGTERM)
    for ending in endings:
        signal.signal(ending, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), open_kafka() as kafka:
        signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # a second Ctrl-C must not interrupt the cleaning up
        if not isinstance(kafka, NamedKafka):  # a topic of somebody else is his
            asyncio.run(create_topic(kafka.bootstrap, USUAL_TOPIC))
        print(kafka.bootstrap, flush=True)  # noqa: T201 -- this is the command's answer
        signal.sigwait(endings)


if __name__ == "__main__":
    main()
