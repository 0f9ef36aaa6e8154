"""Kafka behind TLS: with a password, with a client certificate, and with the wrong ones."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.sandbox.judging import Verdict
from tests.conftest import opened
from tests.integration.scene import scene
from tests.integration.secured_kafka import PASSWORD, USER, SecuredKafka, secured_kafka

CHECK_SECONDS = 60.0


@pytest.fixture(scope="module")
def secured() -> Iterator[SecuredKafka]:
    """A real Kafka behind TLS, for this file."""
    with contextlib.ExitStack() as stack:
        yield opened(stack, secured_kafka)


def by_password(kafka: SecuredKafka, password: str = PASSWORD) -> dict[str, str]:
    """Return the settings of a daemon that logs in with SCRAM over TLS."""
    return {
        "MOMENT_DNB_KAFKA_BOOTSTRAP": f"localhost:{kafka.sasl_port}",
        "MOMENT_DNB_KAFKA_SECURITY": "SASL_SSL",
        "MOMENT_DNB_KAFKA_CA_FILE": str(kafka.folder / "ca.pem"),
        "MOMENT_DNB_KAFKA_USERNAME": USER,
        "MOMENT_DNB_KAFKA_PASSWORD": password,
    }


def by_certificate(kafka: SecuredKafka) -> dict[str, str]:
    """Return the settings of a daemon that shows a client certificate."""
    return {
        "MOMENT_DNB_KAFKA_BOOTSTRAP": f"localhost:{kafka.tls_port}",
        "MOMENT_DNB_KAFKA_SECURITY": "SSL",
        "MOMENT_DNB_KAFKA_CA_FILE": str(kafka.folder / "ca.pem"),
        "MOMENT_DNB_KAFKA_CERTIFICATE_FILE": str(kafka.folder / "client.pem"),
        "MOMENT_DNB_KAFKA_KEY_FILE": str(kafka.folder / "client.key"),
    }


@pytest.mark.parametrize("settings", [by_password, by_certificate])
async def test_changes_arrive_through_tls(
    secured: SecuredKafka, tmp_path: Path, settings: Callable[[SecuredKafka], dict[str, str]]
) -> None:
    """A daemon that logs in with a password, or with a certificate, does all its work over TLS."""
    async with scene(secured, tmp_path, companies=1, story="customers") as stage:
        stage.environment |= settings(secured)
        records = stage.planted(seed=1, events=60)
        process = stage.process()
        process.start()
        await stage.publish(records)
        await stage.rest(process)
        assert 0 == await process.stop()
        verdict = await stage.verdict(records)
    assert Verdict() == verdict


async def test_a_wrong_password_is_told_and_not_shown(secured: SecuredKafka, tmp_path: Path) -> None:
    """The preflight names the settings to look at when Kafka lets nobody in, and shows no password."""
    async with scene(secured, tmp_path, companies=1) as stage:
        finished = await _checked(stage.environment | by_password(secured, "wrong-secret"))
    assert 1 == finished.returncode
    assert "FAIL  Kafka" in finished.stdout
    assert "MOMENT_DNB_KAFKA_" in finished.stdout
    assert "wrong-secret" not in finished.stdout + finished.stderr


async def test_a_missing_ca_file_is_a_configuration_error(secured: SecuredKafka, tmp_path: Path) -> None:
    """A CA file that is not there is named, with the variable to repair."""
    async with scene(secured, tmp_path, companies=1) as stage:
        wrong = by_password(secured) | {"MOMENT_DNB_KAFKA_CA_FILE": "/nowhere/ca.pem"}
        finished = await _checked(stage.environment | wrong)
    assert 0 != finished.returncode
    assert "MOMENT_DNB_KAFKA_CA_FILE='/nowhere/ca.pem'" in finished.stdout + finished.stderr


async def _checked(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "daemon", "check"]
    return await asyncio.to_thread(
        subprocess.run,
        command,
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
        env=dict(os.environ) | environment,
    )
