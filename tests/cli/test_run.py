"""`moment-dnb run`, as a process: what it refuses to start with, told to who starts it."""

import json
import socket
from pathlib import Path

import pytest

from daemon.cli.run import first_cause
from tests.cli.command import ran
from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka, free_ports, fresh_name

CONFIGURATION_EXIT = 78


def words(text: str) -> list[str]:
    """Return the lines for a person: what is not a log event."""
    return [line for line in text.splitlines() if not line.startswith("{")]


async def refusal(stage: Scene, **settings: str) -> str:
    """Start the daemon with these settings besides, and return why it refused, which no traceback must hide."""
    changed = {f"MOMENT_DNB_{name.upper()}": value for name, value in settings.items()}
    folder = {"MOMENT_DNB_DATA_DIR": str(stage.folder / "data")}
    ended = await ran("run", environment=stage.environment | folder | changed)
    assert (CONFIGURATION_EXIT, "") == (ended.code, ended.out), ended.err
    first, *rest = words(ended.err)
    assert "moment-dnb: configuration" == first
    assert "Traceback" not in ended.err
    return "\n".join(rest)


async def test_a_port_in_use_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """The operator reads which setting names the port that somebody else has."""
    async with scene(kafka, tmp_path) as stage:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert f"MOMENT_DNB_OPS_PORT={port}: cannot be served on" in await refusal(stage, ops_port=str(port))


async def test_a_missing_topic_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """A topic that does not exist is not made up: Moment would write to another one."""
    async with scene(kafka, tmp_path) as stage:
        missing = fresh_name("missing")
        assert f"the topic {missing} of MOMENT_DNB_TOPICS does not exist" in await refusal(stage, topics=missing)


async def test_a_key_that_cannot_be_read_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """A file that is not there, and one that holds no key, are refused; what it holds is not shown."""
    async with scene(kafka, tmp_path) as stage:
        nowhere = str(tmp_path / "nowhere.pem")
        told = await refusal(stage, dnb_private_key_file=nowhere)
        assert f"MOMENT_DNB_DNB_PRIVATE_KEY_FILE={nowhere!r}: the file cannot be read" in told
        (tmp_path / "private_key.pem").write_text("no key at all", encoding="utf-8")
        told = await refusal(stage)
        assert "holds no readable private key" in told
        assert "no key at all" not in told


async def test_a_tenants_file_that_cannot_be_used_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """At the start there is no last good file to stay with."""
    async with scene(kafka, tmp_path) as stage:
        (tmp_path / "tenants.yaml").write_text("tenants: {", encoding="utf-8")
        assert "is not YAML" in await refusal(stage)


async def test_a_data_folder_that_cannot_be_had_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """A volume that is not writable, or a file in the folder's place, is told by its setting."""
    async with scene(kafka, tmp_path) as stage:
        (tmp_path / "taken").write_text("", encoding="utf-8")
        told = await refusal(stage, data_dir=str(tmp_path / "taken"))
        assert "MOMENT_DNB_DATA_DIR" in told


async def test_a_kafka_that_is_down_ends_it_with_one_line(kafka: Kafka, tmp_path: Path) -> None:
    """It may be up when Kubernetes starts the daemon again: exit 1, one sentence, and otherwise JSON lines alone."""
    async with scene(kafka, tmp_path) as stage:
        [port] = free_ports(1)
        environment = stage.environment | {"MOMENT_DNB_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"}
        ended = await ran("run", environment=environment)
        assert 1 == ended.code
        [line] = words(ended.err)
        assert line.startswith("moment-dnb: connecting to Kafka: KafkaConnectionError; check the brokers")
        events = [json.loads(event) for event in ended.err.splitlines() if event != line]
        assert all({"event", "level", "timestamp"} <= event.keys() for event in events)


async def test_settings_that_are_missing_are_all_told() -> None:
    """Nothing starts without settings, and every missing one is told at once, before any log."""
    ended = await ran("run")
    assert (CONFIGURATION_EXIT, "") == (ended.code, ended.out)
    assert 5 == ended.err.count(" is not set: ")


@pytest.mark.parametrize(
    "error",
    [ValueError("1"), ExceptionGroup("", [ExceptionGroup("", [ValueError("1")]), ValueError("2")])],
)
def test_of_errors_in_groups_the_first_is_told(error: BaseException) -> None:
    """A person is told one cause, out of all nesting of task groups."""
    assert "1" == str(first_cause(error))
