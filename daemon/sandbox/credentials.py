"""A client's key and certificate, as the developer portal would issue them."""

import datetime as dt
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

KEY_BITS: Final = 2048  # the least that is still thought safe for RS256, and the quickest to make
VALID_DAYS: Final = 825  # as long as commercial certificates were last allowed to be


class Credentials(msgspec.Struct, frozen=True):
    """PEM of a private key (PKCS#8) and of its self-signed certificate."""

    private_key: bytes
    certificate: bytes

    @property
    def bundle(self) -> bytes:
        """Both in one file, the key first."""
        return self.private_key + self.certificate


def issued(client_id: str, now: dt.datetime) -> Credentials:
    """A new RSA key and a certificate of it that is valid from `now` (with a zone)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, client_id)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    return Credentials(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )
