"""How Kafka's clients connect, and what an operator is told where they cannot."""

import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from daemon.edges.kafka_connection import connection, source_errors
from daemon.errors import ConfigurationError, SourceError
from daemon.sandbox.credentials import issued
from daemon.settings import Settings

CREDENTIALS = issued("kafka", dt.datetime.now(dt.UTC))


def settings(**changed: Any) -> Settings:  # noqa: ANN401 - each setting's own type
    """Return settings with these changes."""
    least = Settings(
        kafka_bootstrap="kafka:9092",
        tenants_file=Path("unused"),
        dnb_base_url="unused",
        dnb_client_id="unused",
        dnb_private_key="unused",
    )
    return msgspec.structs.replace(least, **changed)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a certificate."""
    path = tmp_path / "certificate.pem"
    path.write_bytes(CREDENTIALS.certificate)
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file with the certificate's private key."""
    path = tmp_path / "key.pem"
    path.write_bytes(CREDENTIALS.private_key)
    return path


def test_a_plain_kafka_needs_its_address_only() -> None:
    """Neither TLS nor a password is handed to a client that needs none."""
    assert {"bootstrap_servers": "kafka:9092", "security_protocol": "PLAINTEXT"} == connection(settings())


def test_a_password_goes_with_its_mechanism() -> None:
    """SASL without TLS gives user, password and mechanism, and no TLS."""
    arguments = connection(
        settings(kafka_security="SASL_PLAINTEXT", kafka_username="me", kafka_password="s3cret", kafka_mechanism="PLAIN")
    )
    expected = {"sasl_mechanism": "PLAIN", "sasl_plain_username": "me", "sasl_plain_password": "s3cret"}
    assert expected == {name: value for name, value in arguments.items() if name.startswith("sasl")}
    assert "ssl_context" not in arguments


def test_tls_checks_the_brokers(certificate: Path, key: Path) -> None:
    """With a CA of its own or the system's, with a client certificate or without, the broker's name is checked."""
    for changed in ({}, {"kafka_ca_file": certificate}, {"kafka_certificate_file": certificate, "kafka_key_file": key}):
        context = connection(settings(kafka_security="SSL", **changed))["ssl_context"]
        assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


def test_a_ca_file_that_cannot_be_used_is_told(tmp_path: Path, key: Path) -> None:
    """A file that is not there, or holds no certificate, is told by its setting."""
    for path in (tmp_path / "nowhere.pem", key):
        with pytest.raises(ConfigurationError, match=f"MOMENT_DNB_KAFKA_CA_FILE='{path}': no CA certificates"):
            connection(settings(kafka_security="SASL_SSL", kafka_ca_file=path))


def test_a_certificate_without_its_key_is_told(certificate: Path, tmp_path: Path) -> None:
    """A key that is not there, belongs to another certificate, or needs a password that nobody can type, is told."""
    other, locked = tmp_path / "other.pem", tmp_path / "locked.pem"
    other.write_bytes(issued("other", dt.datetime.now(dt.UTC)).private_key)
    private = load_pem_private_key(CREDENTIALS.private_key, None)
    locked.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s3cret")))
    for path in (tmp_path / "nowhere.pem", other, locked):
        with pytest.raises(ConfigurationError, match="KAFKA_KEY_FILE: not a certificate and its key"):
            connection(settings(kafka_security="SSL", kafka_certificate_file=certificate, kafka_key_file=path))


@pytest.mark.parametrize("error", [KafkaConnectionError("a body"), TopicAuthorizationFailedError("a topic")])
def test_what_kafka_refuses_is_told_with_where_to_look(error: Exception) -> None:
    """The text says what could not be done, names Kafka's error without its content, and where to look."""
    with pytest.raises(SourceError) as caught, source_errors("joining the consumer group"):
        raise error
    assert f"joining the consumer group: {type(error).__name__}; check the brokers, " in str(caught.value)
    assert "MOMENT_DNB_KAFKA_BOOTSTRAP" in str(caught.value)
    assert str(error) not in str(caught.value)


def test_what_is_not_kafkas_keeps_its_name() -> None:
    """An error of ours is not blamed on the brokers."""
    with pytest.raises(KeyError), source_errors("joining"):
        raise KeyError
