"""The commands as an operator meets them: their lines, their errors, their exit codes."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka, free_ports

COMMAND_SECONDS = 60.0
CONFIGURATION_EXIT = 78


async def command(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with these settings and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("MOMENT_DNB_")}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "daemon", *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        env=others | (environment or {}),
    )


async def checked(stage: Scene, **changed: str) -> tuple[int, str]:
    """Return exit code and lines of the preflight with some settings changed."""
    changes = {f"MOMENT_DNB_{name.upper()}": value for name, value in changed.items()}
    finished = await command("check", environment=stage.environment | changes)
    return finished.returncode, finished.stdout


async def test_the_preflight_is_content(kafka: Kafka, tmp_path: Path) -> None:
    """With everything in order each thing has its line, and the exit code is 0."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        code, lines = await checked(stage)
    [tenant] = stage.companies
    assert 0 == code
    for word in (
        "Kafka: connected",
        f"topic {stage.topic}: 4 partitions",
        "token: granted",
        f"company of {tenant}: answers",
    ):
        assert f"ok    {word}" in lines


async def test_the_preflight_names_what_to_repair(kafka: Kafka, tmp_path: Path) -> None:
    """A dead Kafka, a missing topic, a wrong client and a company that denies us each have a line with the repair."""
    [port] = free_ports(1)
    async with scene(kafka, tmp_path, companies=1) as stage:
        found = await checked(stage, kafka_bootstrap=f"127.0.0.1:{port}", dnb_client_id="somebody-else")
        missing = await checked(stage, topics="nowhere")
        stage.emulator.inject("company_denied", seconds=600.0)
        denied = await checked(stage)
    assert [1, 1, 1] == [found[0], missing[0], denied[0]]
    assert "FAIL  Kafka: connecting to Kafka" in found[1]
    assert "FAIL  token: invalid_client; check MOMENT_DNB_DNB_BASE_URL" in found[1]
    assert "FAIL  topic nowhere: does not exist; create it" in missing[1]
    assert "denied (status_403); have the company activate the integration" in denied[1]


async def test_the_preflight_tells_of_tenants_with_findings(kafka: Kafka, tmp_path: Path) -> None:
    """A tenant with an error in its configuration is told, and the others are still checked."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        with (tmp_path / "tenants.yaml").open("a", encoding="utf-8") as file:
            file.write("  bad: {company_key: nonsense}\n")
        code, lines = await checked(stage)
    assert 1 == code
    assert "FAIL  tenants file: tenant bad: company_key: not a GUID" in lines


@pytest.mark.parametrize("name", ["run", "check"])
async def test_missing_settings_are_told_all_at_once(name: str) -> None:
    """Without settings both commands end with 78 and a line for each that is missing."""
    finished = await command(name)
    assert CONFIGURATION_EXIT == finished.returncode
    assert 5 == finished.stderr.count(" is not set: ")


async def test_what_run_cannot_start_with_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """A port in use, a key that is none and a topic that is missing each end `run` with 78 and the place to repair."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        own = {"MOMENT_DNB_DATA_DIR": str(tmp_path / "data")}
        settings = stage.environment | own
        port = stage.emulator.base_url.rpartition(":")[2]
        busy = await command("run", environment=settings | {"MOMENT_DNB_OPS_PORT": port})
        keyless = await command(
            "run", environment=settings | {"MOMENT_DNB_DNB_PRIVATE_KEY_FILE": str(tmp_path / "tenants.yaml")}
        )
        topicless = await command("run", environment=settings | {"MOMENT_DNB_TOPICS": "nowhere"})
    assert [CONFIGURATION_EXIT] * 3 == [busy.returncode, keyless.returncode, topicless.returncode]
    assert f"MOMENT_DNB_OPS_PORT={port}" in busy.stderr
    assert "no readable private key" in keyless.stderr
    assert "the topic nowhere of MOMENT_DNB_TOPICS does not exist" in topicless.stderr
    assert "Traceback" not in busy.stderr + keyless.stderr + topicless.stderr


async def test_the_schema_is_a_json_schema() -> None:
    """What `schema` prints is a valid JSON Schema."""
    finished = await command("schema")
    jsonschema.Draft202012Validator.check_schema(json.loads(finished.stdout))
    assert 0 == finished.returncode


async def test_help_and_version_answer() -> None:
    """The commands are listed with what they do, and the version is told."""
    shown, version = await command("--help"), await command("--version")
    assert all(name in shown.stdout for name in ("run", "check", "demo", "sandbox", "schema"))
    assert "moment-dnb " in version.stdout
