"""Certificates of a CA of the tests' own: a server's and a client's, good for a day."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


def write_certificates(folder: Path, client: str = "client") -> None:
    """Write `ca.pem`, `server.pem` (key, certificate and CA), and `client.pem` with `client.key`.

    The server is `localhost` and 127.0.0.1; the client is called as given.
    """
    ca_key, ca = _issued("test CA", None)
    server_key, server = _issued("localhost", (ca_key, ca))
    client_key, client_certificate = _issued(client, (ca_key, ca))
    (folder / "ca.pem").write_bytes(_pem(ca))
    (folder / "server.pem").write_bytes(_key_pem(server_key) + _pem(server) + _pem(ca))
    (folder / "client.pem").write_bytes(_pem(client_certificate))
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
