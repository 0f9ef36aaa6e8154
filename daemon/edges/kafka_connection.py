"""How every Kafka client of the daemon connects, and what its errors become."""

import contextlib
import ssl
from collections.abc import Generator
from typing import Any

from aiokafka.errors import KafkaError

from daemon.edges.kafka_client import ClientEndedError
from daemon.errors import ConfigurationError, SourceError
from daemon.settings import Settings, variable


def connection(settings: Settings) -> dict[str, Any]:
    """Return the arguments that connect an aiokafka client: addresses, TLS and SASL.

    Raises `ConfigurationError` naming the file that cannot be used.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_security.endswith("SSL"):
        arguments["ssl_context"] = _tls(settings)
    if settings.kafka_security.startswith("SASL"):
        arguments["sasl_mechanism"] = settings.kafka_mechanism
        arguments["sasl_plain_username"] = settings.kafka_username
        arguments["sasl_plain_password"] = settings.kafka_password
    return arguments


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except (OSError, ssl.SSLError) as error:
        text = f"{variable('kafka_ca_file')}={str(settings.kafka_ca_file)!r}: no CA certificates ({error.strerror})"
        raise ConfigurationError(text) from None
    if settings.kafka_certificate_file and settings.kafka_key_file:
        try:
            # An empty password, or OpenSSL would ask whoever sits at the terminal for the key's.
            context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file, password="")
        except (OSError, ssl.SSLError) as error:
            names = f"{variable('kafka_certificate_file')} and {variable('kafka_key_file')}"
            text = f"{names}: not a certificate and its key ({error.strerror})"
            raise ConfigurationError(text) from None
    return context


@contextlib.contextmanager
def source_errors(doing: str) -> Generator[None]:
    """Translate what aiokafka raises inside the block into `SourceError`: what could not be done, and Kafka's word."""
    try:
        yield
    except ClientEndedError as error:
        raise SourceError(f"{doing}: {error}") from error
    except KafkaError as error:
        text = f"{doing}: {type(error).__name__}; check the brokers, {PLACES}"
        raise SourceError(text) from error


PLACES = "MOMENT_DNB_KAFKA_BOOTSTRAP, the security settings and the ACLs of topics and group"
"""Where to look: Kafka's client tells a wrong password and a wrong CA apart from a dead broker only in its own log."""
