"""The client's credentials and its signed assertion."""

import datetime as dt
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from daemon.dnb.assertion import Credentials, client_assertion, token_form
from daemon.errors import ConfigurationError
from daemon.sandbox.credentials import issued
from tests.dnb.world import CLIENT_ID, NOW, credentials, pem

AUDIENCE = "https://login.example/connect/token"


def split() -> tuple[bytes, bytes]:
    """Return the test client's key and certificate apart."""
    bundle, certificate = pem()
    return bundle.replace(certificate, b""), certificate


def test_the_assertion_is_what_the_identity_server_checks() -> None:
    """Signed with the certificate's key, for one minute, by and about the client, for this endpoint."""
    token = client_assertion(credentials(), audience=AUDIENCE, jti="j1", now=NOW + 0.7)
    key = credentials().certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, options=options)
    issued_at = int(NOW)
    assert claims == {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": AUDIENCE,
        "jti": "j1",
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + 60,
    }


def test_the_header_names_the_certificate_in_every_way() -> None:
    """Which of them the server wants is not documented."""
    header = jwt.get_unverified_header(client_assertion(credentials(), audience=AUDIENCE, jti="j1", now=NOW))
    assert ("RS256", "JWT") == (header["alg"], header["typ"])
    assert credentials().certificate.fingerprint(SHA1()).hex().upper() == header["kid"]  # noqa: S303 - x5t is SHA-1
    assert {"x5t", "x5c"} <= set(header)
    assert 1 == len(header["x5c"])


def test_the_form_is_a_client_credentials_request() -> None:
    """The fields are those of the vendor's page."""
    form = parse_qs(token_form(credentials(), "A", "AppFramework").decode())
    assert form == {
        "grant_type": ["client_credentials"],
        "scope": ["AppFramework"],
        "client_id": [CLIENT_ID],
        "client_assertion_type": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
        "client_assertion": ["A"],
    }


def test_key_and_certificate_may_stand_in_either_order() -> None:
    """Tools write the bundle either way."""
    key, certificate = split()
    assert credentials().certificate == Credentials.from_pem(certificate + key, CLIENT_ID).certificate


def other() -> bytes:
    """Return another client's certificate."""
    return issued("other", dt.datetime.fromtimestamp(NOW, dt.UTC)).certificate


def encrypted() -> bytes:
    """Return the test client's key behind a password."""
    key = load_pem_private_key(split()[0], None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))


def elliptic() -> bytes:
    """Return a key that RS256 cannot use."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("bundle", "client_id", "finding"),
    [
        (lambda: b"", CLIENT_ID, "private key"),
        (lambda: split()[0], CLIENT_ID, "certificate"),
        (lambda: split()[1], CLIENT_ID, "private key"),
        (lambda: split()[0] + other(), CLIENT_ID, "does not belong"),
        (lambda: encrypted() + split()[1], CLIENT_ID, "encrypted"),
        (lambda: elliptic() + split()[1], CLIENT_ID, "RSA"),
        (lambda: split()[0].replace(b"M", b"!", 5) + split()[1], CLIENT_ID, "private key"),
        (lambda: pem()[0], "", "client id"),
    ],
)
def test_bad_credentials_name_what_is_wrong(bundle: Any, client_id: str, finding: str) -> None:  # noqa: ANN401 - made when run
    """An operator reads what to repair, and nothing of the key."""
    with pytest.raises(ConfigurationError, match=finding) as caught:
        Credentials.from_pem(bundle(), client_id)
    assert "BEGIN" not in str(caught.value)


def test_an_expired_certificate_is_a_warning() -> None:
    """The server may still accept it, so the daemon starts."""
    certificate: x509.Certificate = credentials().certificate
    assert [] == credentials().warnings(NOW)
    assert "expired" in credentials().warnings(certificate.not_valid_after_utc.timestamp())[0]
    assert "valid only from" in credentials().warnings(certificate.not_valid_before_utc.timestamp() - 1)[0]


def test_credentials_are_never_shown() -> None:
    """A key in a log would be worse than a token."""
    assert f"Credentials(client_id='{CLIENT_ID}')" == repr(credentials())
