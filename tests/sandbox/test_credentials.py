"""Keys and certificates."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.office import CLIENT_ID, NOON, credentials


def test_key_and_certificate_belong_together() -> None:
    """The certificate is of the key, self-signed, named after the client, and valid from the given day."""
    certificate = x509.load_pem_x509_certificate(credentials().certificate)
    key = load_pem_private_key(credentials().private_key, None)
    certificate.verify_directly_issued_by(certificate)
    assert key.public_key() == certificate.public_key()
    assert f"CN={CLIENT_ID}" == certificate.subject.rfc4514_string()
    assert dt.datetime.fromtimestamp(NOON, dt.UTC) == certificate.not_valid_before_utc


def test_bundle() -> None:
    """In the bundle the key stands before the certificate, and both can be read from it."""
    bundle = credentials().bundle
    assert bundle.index(b"BEGIN PRIVATE KEY") < bundle.index(b"BEGIN CERTIFICATE")
    assert load_pem_private_key(bundle, None).public_key() == x509.load_pem_x509_certificate(bundle).public_key()
