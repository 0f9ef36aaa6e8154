"""A real Kafka that lets nobody in without TLS: one listener with SCRAM passwords, one with client certificates."""

import contextlib
import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.kafka_broker import LocalKafka, free_ports, running

USER = "moment-dnb"
PASSWORD = "s3cret-of-the-test"
DAY = dt.timedelta(days=1)

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
        _write_certificates(folder)
        super().__init__(
            folder, jars, properties=LISTENERS.format(sasl=self.sasl_port, tls=self.tls_port, folder=folder)
        )


def secured_kafka() -> contextlib.AbstractContextManager[SecuredKafka]:
    """Run the secured broker for the length of the block; raise `KafkaUnavailable` without Java or Maven."""
    return running(SecuredKafka)


def _write_certificates(folder: Path) -> None:
    """Write a CA, a server's key and certificate in one file, and a client's in two."""
    ca_key, ca = _issued("test CA", None)
    server_key, server = _issued("localhost", (ca_key, ca))
    client_key, client = _issued(USER, (ca_key, ca))
    (folder / "ca.pem").write_bytes(_pem(ca))
    (folder / "server.pem").write_bytes(_key_pem(server_key) + _pem(server) + _pem(ca))
    (folder / "client.pem").write_bytes(_pem(client))
    (folder / "client.key").write_bytes(_key_pem(client_key))


Issuer = tuple[rsa.RSAPrivateKey, x509.Certificate]


def _issued(name: str, issuer: Issuer | None) -> Issuer:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing_key, signer = (issuer[0], issuer[1].subject) if issuer else (key, subject)
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(names, critical=False)
    )
    return key, builder.sign(signing_key, SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
