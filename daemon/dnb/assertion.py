"""The client's credentials, and the signed assertion with which it asks DnB's identity server for a token.

Client credentials with a private key JWT, as the vendor's page on server-to-server authentication describes: RS256, the
key that of the certificate issued to the client. Which header names the server wants is not documented, so key id,
thumbprint and certificate are all sent.
"""

from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlencode

import jwt
import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from daemon.errors import ConfigurationError

ASSERTION_LIFETIME_SECONDS = 60  # the vendor's own sample; it is used at once
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The client's id, private key and certificate; its representation shows neither key nor certificate."""

    client_id: str
    key: RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def from_pem(cls, pem: bytes, client_id: str) -> Self:
        """Return the credentials in a PEM with an unencrypted RSA key and its certificate, in either order.

        Raises `ConfigurationError` naming what is missing or does not fit. An expired certificate is not an error here:
        see `warnings`.
        """
        key, certificate = _key(pem), _certificate(pem)
        if not client_id:
            raise ConfigurationError("credentials: the client id is empty")
        if key.public_key() != certificate.public_key():
            raise ConfigurationError("credentials: the private key does not belong to the certificate")
        return cls(client_id=client_id, key=key, certificate=certificate)

    def warnings(self, now: float) -> list[str]:
        """Return what is doubtful about the certificate at this UTC instant: the server may still accept it."""
        instant = datetime.fromtimestamp(now, UTC)
        if instant >= self.certificate.not_valid_after_utc:
            return [f"the certificate expired on {self.certificate.not_valid_after_utc:%Y-%m-%d}"]
        if instant < self.certificate.not_valid_before_utc:
            return [f"the certificate is valid only from {self.certificate.not_valid_before_utc:%Y-%m-%d}"]
        return []

    def __repr__(self) -> str:
        """Return the client id only."""
        return f"Credentials(client_id={self.client_id!r})"


def client_assertion(credentials: Credentials, *, audience: str, jti: str, now: float) -> str:
    """Return the signed assertion for one token request.

    `audience` is the address of the token endpoint, `jti` an id never used before, `now` UTC seconds.
    """
    issued = int(now)
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued,
        "nbf": issued,
        "exp": issued + ASSERTION_LIFETIME_SECONDS,
    }
    thumbprint = credentials.certificate.fingerprint(SHA1())  # noqa: S303 - x5t is defined as SHA-1; it only names
    headers = {
        "kid": thumbprint.hex().upper(),
        "x5t": urlsafe_b64encode(thumbprint).rstrip(b"=").decode(),
        "x5c": [b64encode(credentials.certificate.public_bytes(Encoding.DER)).decode()],
    }
    return jwt.encode(claims, credentials.key, algorithm="RS256", headers=headers)


def token_form(credentials: Credentials, assertion: str, scope: str) -> bytes:
    """Return the body of the token request, form-encoded."""
    fields = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_id": credentials.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return urlencode(fields).encode()


def _key(pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        reason = "the private key is encrypted; it must be without a password"
        raise ConfigurationError(f"credentials: {reason}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError("credentials: the PEM holds no readable private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError("credentials: the private key is not an RSA key")
    return key


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ConfigurationError("credentials: the PEM holds no readable certificate") from None
