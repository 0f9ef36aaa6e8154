"""The identity provider: client credentials proved by a signed assertion, and bearer tokens for it.

Working clients send assertions without `kid`, `typ`, `nbf`, `x5t` or `x5c`, so none of these is asked for; where a
certificate or its thumbprint is named, it must be the registered one.
"""

import base64
import binascii
import hashlib
import random
from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import parse_qsl

import jwt
import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from jwt.types import Options

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Request, Response, answer
from daemon.sandbox.settings import Client, Settings

GRANT_TYPE: Final = "client_credentials"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Claims are checked here, against the caller's instant: the library would read the clock.
_UNCHECKED: Final[Options] = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False,
                              "verify_iss": False, "verify_sub": False, "verify_jti": False}  # fmt: skip


class Refusal(msgspec.Struct, frozen=True):
    """An OAuth2 error (RFC 6749, section 5.2), with the reason for the operator of the sandbox."""

    error: str
    reason: str


class _Registered:
    """A client and its key, read from PEM once."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.certificate: bytes | None = None
        if b"BEGIN CERTIFICATE" in client.certificate:
            certificate = x509.load_pem_x509_certificate(client.certificate)
            self.certificate = certificate.public_bytes(Encoding.DER)
            self.key = _rsa(certificate.public_key())
        else:
            self.key = _rsa(load_pem_public_key(client.certificate))

    def vouches_for(self, header: Mapping[str, object]) -> bool:
        """Whether the certificate that the assertion's header names, if any, is the registered one."""
        return self._is_own_chain(header.get("x5c")) and self._is_own_thumbprint(header.get("x5t"))

    def _is_own_chain(self, chain: object) -> bool:
        if chain is None:
            return True
        first = cast("list[object]", chain)[0] if isinstance(chain, list) and chain else None
        try:
            der = base64.b64decode(first, validate=True) if isinstance(first, str) else b""
            return der == self.certificate if self.certificate else self._is_own_key(der)
        except (binascii.Error, ValueError):
            return False

    def _is_own_key(self, der: bytes) -> bool:
        key = x509.load_der_x509_certificate(der).public_key()
        return _spki(key) == _spki(self.key) if isinstance(key, RSAPublicKey) else False

    def _is_own_thumbprint(self, thumbprint: object) -> bool:
        if thumbprint is None or self.certificate is None:
            return True
        digest = hashlib.sha1(self.certificate, usedforsecurity=False).digest()
        return thumbprint == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Identity:
    """Tokens: given for a valid assertion, known until they expire or are all revoked."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.issuer or settings.base_url
        self._switches = settings.switches
        self._clients = {client.client_id: _Registered(client) for client in settings.clients}
        self._random = random.Random(settings.seed)  # noqa: S311 -- must repeat itself; its tokens guard nothing
        self._tokens: dict[str, tuple[str, float]] = {}
        self._used: dict[str, float] = {}

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for, and the `aud` of an assertion."""
        return f"{self.issuer}/connect/token"

    def discovery(self) -> Response:
        """`/.well-known/openid-configuration`."""
        document: Row = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/connect/authorize",
            "token_endpoint": self.token_endpoint,
            "grant_types_supported": [GRANT_TYPE],
            "scopes_supported": ["AppFramework"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        }
        return answer(200, document)

    def token(self, request: Request, now: float) -> Response:
        """`POST /connect/token`: a bearer token for a valid assertion, else a standard OAuth error."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        problem = _form_problem(request, form) or self._assertion_problem(form, now)
        if problem is not None:
            return answer(400, {"error": problem.error, "error_description": problem.reason})
        client_id, lifetime = form["client_id"], self._switches.token_lifetime_seconds
        token = self._issue(client_id, now + lifetime)
        granted: Json = {"access_token": token, "expires_in": int(lifetime), "token_type": "Bearer",
                         "scope": form["scope"]}  # fmt: skip
        return answer(200, granted)

    def bearer(self, request: Request, now: float) -> str | None:
        """The id of the client whose living token the request carries."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client_id, expires = self._tokens.get(token, ("", 0.0))
        return client_id if scheme.lower() == "bearer" and now < expires else None

    def revoke_all(self) -> None:
        """End every token given so far."""
        self._tokens.clear()

    def _issue(self, client_id: str, expires: float) -> str:
        claims = {
            "iss": self.issuer,
            "client_id": client_id,
            "exp": int(expires),
            "jti": self._random.randbytes(16).hex(),
        }
        token = jwt.encode(claims, self._random.randbytes(32), algorithm="HS256")
        self._tokens[token] = (client_id, expires)
        return token

    def _assertion_problem(self, form: Mapping[str, str], now: float) -> Refusal | None:
        registered = self._clients.get(form["client_id"])
        if registered is None:
            return Refusal("invalid_client", "unknown client")
        try:
            assertion = jwt.decode_complete(
                form["client_assertion"], registered.key, algorithms=["RS256"], options=_UNCHECKED
            )
        except (jwt.PyJWTError, UnsupportedAlgorithm) as error:
            return Refusal("invalid_client", type(error).__name__)
        reason = self._claims_problem(assertion["payload"], form["client_id"], now)
        if reason is None and not registered.vouches_for(assertion["header"]):
            reason = "another certificate"
        if reason is not None:
            return Refusal("invalid_client", reason)
        if not set(form["scope"].split()) <= set(registered.client.scopes):
            return Refusal("invalid_scope", "the scope is not registered on the client")
        return None

    def _claims_problem(self, claims: Mapping[str, object], client_id: str, now: float) -> str | None:
        audience = claims.get("aud")
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            return "iss and sub must be the client id"
        if audience not in (self.token_endpoint, [self.token_endpoint]):
            return "aud must be the token endpoint"
        return self._time_problem(claims, now) or self._reuse_problem(claims, now)

    def _time_problem(self, claims: Mapping[str, object], now: float) -> str | None:
        expires, skew = claims.get("exp"), self._switches.clock_skew_seconds
        if not isinstance(expires, int | float):
            return "exp is required"
        if expires + skew <= now:
            return "expired"
        for name in ("nbf", "iat"):
            instant = claims.get(name)
            if instant is not None and (not isinstance(instant, int | float) or instant - skew > now):
                return f"{name} lies ahead"
        return None

    def _reuse_problem(self, claims: Mapping[str, object], now: float) -> str | None:
        """Each `jti` may be used once; it is remembered as long as its assertion could still be valid."""
        jti, expires = claims.get("jti"), claims.get("exp")
        self._used = {used: until for used, until in self._used.items() if now < until}
        if not isinstance(jti, str) or not jti:
            return "jti is required"
        if jti in self._used:
            return "jti was used before"
        if isinstance(expires, int | float):
            self._used[jti] = expires + self._switches.clock_skew_seconds
        return None


def _form_problem(request: Request, form: Mapping[str, str]) -> Refusal | None:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method != "POST" or content_type != "application/x-www-form-urlencoded":
        return Refusal("invalid_request", "a POST of a form is required")
    for name in ("grant_type", "client_id", "client_assertion_type", "client_assertion", "scope"):
        if not form.get(name):
            return Refusal("invalid_request", f"{name} is required")
    if form["grant_type"] != GRANT_TYPE:
        return Refusal("unsupported_grant_type", "only client_credentials")
    if form["client_assertion_type"] != ASSERTION_TYPE:
        return Refusal("invalid_client", "only signed assertions")
    return None


def _rsa(key: object) -> RSAPublicKey:
    if isinstance(key, RSAPublicKey):
        return key
    raise TypeError("a client proves itself with an RSA key")


def _spki(key: RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
