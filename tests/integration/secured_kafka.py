"""A real Kafka that lets nobody in without TLS: one listener with SCRAM passwords, one with client certificates."""

import contextlib
from pathlib import Path

from tests.certificates import write_certificates
from tests.kafka_broker import LocalKafka, free_ports, running

USER = "moment-dnb"
PASSWORD = "s3cret-of-the-test"

LISTENERS = """
listeners=PLAINTEXT://127.0.0.1:{{broker}},CONTROLLER://127.0.0.1:{{controller}},SASL_SSL://127.0.0.1:{sasl},SSL://127.0.0.1:{tls}
advertised.listeners=PLAINTEXT://127.0.0.1:{{broker}},SASL_SSL://localhost:{sasl},SSL://localhost:{tls}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
"""


class SecuredKafka(LocalKafka):
    """The local broker with two listeners more; `folder` holds `ca.pem`, `client.pem` and `client.key`."""

    format_options = ("--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")

    def __init__(self, folder: Path, jars: Path) -> None:
        """Make the certificates; nothing runs yet."""
        self.folder = folder
        self.sasl_port, self.tls_port = free_ports(2)
        write_certificates(folder, client=USER)
        super().__init__(
            folder, jars, properties=LISTENERS.format(sasl=self.sasl_port, tls=self.tls_port, folder=folder)
        )


def secured_kafka() -> contextlib.AbstractContextManager[SecuredKafka]:
    """Run the secured broker for the length of the block; raise `KafkaUnavailable` without Java or Maven."""
    return running(SecuredKafka)
