"""Contenders that are compiled before they run, into the cache: what is missing where they cannot be."""

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.contending import CannotRun
from bench.far_end import CACHE
from tests.kafka_broker import MIN_JAVA, java_version

HERE = Path(__file__).parent
PIPELINE = HERE / "benthos" / "pipeline.yaml"

HEAP = "-Xmx512m"
"""As much as one gives such a service in a container; by itself Java takes a quarter of the machine."""


def parallel_consumer() -> Sequence[str]:
    """Return the command of the Confluent parallel-consumer, built by Maven."""
    if java_version() < MIN_JAVA:
        raise CannotRun(f"there is no Java {MIN_JAVA} or newer")
    sources, built = HERE / "parallel_consumer", CACHE / "parallel-consumer"
    jar = built / "parallel-consumer-1.jar"
    if not _is_newer(jar, sources.rglob("*.*")):
        if shutil.which("mvn") is None:
            raise CannotRun("there is no Maven to build it with")
        libraries = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={built}/libs")
        _run("mvn", "-q", "-B", "-f", str(sources / "pom.xml"), f"-Dbuilt={built}", "clean", "package", *libraries)
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ("java", HEAP, quiet, "-cp", f"{jar}:{built}/libs/*", "Contender")


def benthos() -> Sequence[str]:
    """Return the command of the stream processor of which Bento and Redpanda Connect are made, built by Go.

    Its core is served as a Go module, and a Kafka input is added to it here.
    """
    sources, built = HERE / "benthos", CACHE / "benthos"
    if not _is_newer(built, sources.glob("*.go")):
        if shutil.which("go") is None:
            raise CannotRun("there is no Go to build it with")
        CACHE.mkdir(parents=True, exist_ok=True)
        print("building benthos, which takes some minutes at first …", flush=True)
        _run("go", "build", "-C", str(sources), "-o", str(built), ".")
    return (str(built), "run", str(PIPELINE))


def bento() -> Sequence[str]:
    """Return the command of Bento where it is installed.

    It is not built here: `go install github.com/warpstreamlabs/bento/cmd/bento@latest` is refused by the Go module
    proxy with 403, "This module version is not available", and so is each release that was asked for.
    """
    program = shutil.which("bento")
    if program is None:
        raise CannotRun("no `bento` on PATH, and Go's module proxy does not serve it (403); see benthos for its engine")
    return (program, "run", str(PIPELINE))


def _is_newer(built: Path, sources: Iterable[Path]) -> bool:
    return built.exists() and all(built.stat().st_mtime > source.stat().st_mtime for source in sources)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        told = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise CannotRun(f"{command[0]} could not build it: {' '.join(told)[:300]}")
