"""Runs the image as the chart has Kubernetes run it: with a real Kafka, an emulated DnB, and mounted Secrets."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
import yaml

from checks.image_building import IMAGE, Workshop
from tests.chart.rendering import MINIMAL, Document, container, environment, mounted_secrets, pod, render

START_SECONDS = 60.0
"""How long anything may take to happen on a busy machine."""

LOOK_SECONDS = 0.1
"""Between two looks."""

NAME = f"moment-dnb-check-{os.getpid()}"

KEY_FILE = "client.pem"
"""What the private key is called in its Secret."""

Objects: TypeAlias = dict[str, Document]


class Sandbox(msgspec.Struct, frozen=True):
    """An emulated DnB that answers, and what a daemon needs to use it."""

    url: str
    client_id: str
    private_key: bytes
    tenants: dict[str, Any]


@contextlib.contextmanager
def sandbox(folder: Path) -> Generator[Sandbox]:
    """Run an emulated DnB for the length of the block."""
    command = (sys.executable, "-m", "daemon", "sandbox", "--port", "0", "--dir", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checkers: it is piped
            if not process.stdout.readline():  # a line comes when it answers and its files are there
                raise SystemExit("the emulated DnB did not start")
            described = json.loads((folder / "sandbox.json").read_text(encoding="utf-8"))
            yield Sandbox(
                url=described["base_url"],
                client_id=described["client_id"],
                private_key=(folder / "private_key.pem").read_bytes(),
                tenants=yaml.safe_load((folder / "tenants.yaml").read_text(encoding="utf-8"))["tenants"],
            )
        finally:
            process.terminate()


def rendered(bootstrap: str, topic: str, dnb: Sandbox, port: int) -> Objects:
    """Return what the chart renders for an installation beside one broker and the emulated DnB."""
    settings = {
        "kafkaBootstrap": bootstrap,
        "topics": [topic],
        "deadLetterTopic": f"{topic}.dead-letters",
        "group": topic,
        "replication": 1,
        "minInsync": 1,
        "dnbBaseUrl": dnb.url,
        "dnbClientId": dnb.client_id,
        "opsHost": "127.0.0.1",
        "opsPort": port,
        "tenantsReread": 1,
    }
    changes = (f"settings.{name}={json.dumps(value)}" for name, value in settings.items())
    return render(MINIMAL, *changes, f'dnb.privateKeyKey="{KEY_FILE}"')


class MountedSecret:
    """A folder as Kubernetes mounts a Secret: files are links into `..data`, itself a link that is replaced at once."""

    def __init__(self, folder: Path, group: int) -> None:
        """Take the folder and the group that may read it: the pod's `fsGroup`."""
        self._folder = folder
        self._group = group
        self._edition = 0

    def write(self, files: dict[str, bytes]) -> None:
        """Put these files in place of what was there, all in one step."""
        self._edition += 1
        inner = self._folder / f"..{self._edition}"
        inner.mkdir(parents=True)
        for name, content in files.items():
            (inner / name).write_bytes(content)
            os.chown(inner / name, 0, self._group)
            (inner / name).chmod(0o440)
            if not (self._folder / name).is_symlink():
                (self._folder / name).symlink_to(f"..data/{name}")
        (self._folder / "..next").symlink_to(inner.name)
        (self._folder / "..next").rename(self._folder / "..data")


class Container:
    """The image running as a pod would, in the foreground of a process of podman's."""

    def __init__(self, shop: Workshop, objects: Objects, secrets: dict[str, Path]) -> None:
        """Take the workshop, what the chart rendered, and the folder of each Secret by its name."""
        self._shop = shop
        self._objects = objects
        self._secrets = secrets
        self.log = shop.folder / "container.log"

    @contextlib.contextmanager
    def running(self) -> Generator[subprocess.Popen[bytes]]:
        """Run it for the length of the block."""
        with self.log.open("wb") as log:
            command = self._shop.podman(
                "run", "--name", NAME, *self._options(), IMAGE, *container(self._objects)["args"]
            )
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self._shop.environment())
        try:
            yield process
        finally:
            self._shop.run(*self._shop.podman("rm", "--force", "--time", "1", "--volumes", "--ignore", NAME))
            process.wait()

    def says(self, path: str) -> tuple[int, str]:
        """Return status and text of an address of the ops server; status 0 while nobody answers."""
        port = environment(self._objects)["MOMENT_DNB_OPS_PORT"]
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except URLError as error:
            return getattr(error, "code", 0), ""

    def metric(self, name: str) -> float:
        """Return the sum of a metric over those of its labels that are not named."""
        lines = (line.rpartition(" ") for line in self.says("/metrics")[1].splitlines())
        return sum(float(value) for key, _, value in lines if key.startswith(f"moment_dnb_{name}"))

    def executes(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Return how a command inside the container ended."""
        return self._shop.run(*self._shop.podman("exec", NAME, *command))

    def peak_memory_mib(self) -> int:
        """Return the most memory that the daemon has held so far."""
        status = self.executes("cat", "/proc/1/status").stdout
        return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def terminate(self) -> None:
        """Ask it to end, as Kubernetes does."""
        self._shop.must(*self._shop.podman("kill", "--signal", "TERM", NAME))

    def _options(self) -> Iterator[str]:
        for name, value in environment(self._objects).items():
            yield from ("--env", f"{name}={value}")
        for secret, place in mounted_secrets(self._objects).items():
            yield from ("--volume", f"{self._secrets[secret]}:{place}:ro")
        user = pod(self._objects)["securityContext"]
        limits = container(self._objects)["resources"]["limits"]
        yield from ("--user", f"{user['runAsUser']}:{user['runAsGroup']}")
        yield from ("--memory", limits["memory"].removesuffix("i").lower())
        yield from RESTRICTED


RESTRICTED = (
    *("--network", "host", "--no-healthcheck"),  # there is neither a bridge nor systemd here
    *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"),
    *("--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
"""What the chart's security context asks for, in podman's words."""


def until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> float:
    """Return after how many seconds the condition held; ends the check if it does not in time."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise SystemExit(f"not within {seconds:g} s: {what}")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - started


def ended(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Return the exit code of a container that is ending."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        raise SystemExit(f"did not end within {seconds:g} s") from None
