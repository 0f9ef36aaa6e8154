"""Access tokens: what the identity server's reply means, when to renew, and what a 401 says about a tenant.

All pure: the edge sends the requests, and sees to it that one renewal serves all calls that wait for it.
"""

from http import HTTPStatus
from typing import Literal

import msgspec

from daemon.core.events import TokenRenewed
from daemon.core.procedure import Answered, Reply, Unanswered, Unreachable

RENEW_BEFORE_SECONDS = 60.0  # the vendor's advice, and far more than a call may take
DOUBTED_AFTER_SECONDS = 60.0  # a token of this age may have been revoked: then even a denied tenant renews it
UNPROVED_SECONDS = 5.0  # as long is one trusted that has not let anybody in: it may have been revoked at once
RENEW_BEFORE_SHARE = 0.1  # of a lifetime too short for that
DEFAULT_LIFETIME_SECONDS = 300.0  # where the reply names none, which OAuth allows: short, so that nothing rests on it


class Token(msgspec.Struct, frozen=True):
    """An access token and the UTC instant at which it expires; its representation does not show it."""

    access_token: str
    expires_at: float
    renew_at: float

    def __repr__(self) -> str:
        """Return the times only."""
        return f"Token(expires_at={self.expires_at!r})"


class TokenRefused(msgspec.Struct, frozen=True):
    """The identity server does not give this client a token; `reason` is OAuth's error code or the status."""

    reason: str


class TokenUnavailable(msgspec.Struct, frozen=True, kw_only=True):
    """The identity server could not be asked or made no sense; ask again, after `retry_after` seconds where given."""

    reason: str
    retry_after: float | None = None


TokenReply = Token | TokenRefused | TokenUnavailable

OAuthError = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
]


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme, no secret
    expires_in: float | None = None


class _Error(msgspec.Struct, frozen=True):
    error: OAuthError


def token_reply(reply: Reply, now: float) -> TokenReply:
    """Return what the reply to a token request means; `now` is the UTC instant before it was sent."""
    match reply:
        case Unreachable(reason) | Unanswered(reason):
            return TokenUnavailable(reason=reason)
        case Answered(status=status) if 200 <= status < 300:  # noqa: PLR2004 - the range of success in HTTP
            return _granted(reply.body, now)
        case Answered(status=408 | 425 | 429):
            return TokenUnavailable(reason=f"status_{reply.status}", retry_after=reply.retry_after)
        case Answered(status=status) if 400 <= status < 500:  # noqa: PLR2004 - the range of client errors in HTTP
            return TokenRefused(_error_code(reply))
        case Answered():
            return TokenUnavailable(reason=f"status_{reply.status}", retry_after=reply.retry_after)


def renewal(outcome: TokenReply) -> TokenRenewed:
    """Return what the planner is told of a reply to a token request."""
    match outcome:
        case Token():
            return TokenRenewed()
        case TokenRefused():
            return TokenRenewed(refused="token_refused")
        case TokenUnavailable(retry_after=retry_after):
            return TokenRenewed(retry_after=retry_after)


class TokenBook:
    """The current token and what the 401s of each tenant have shown.

    Tokens are numbered; a call takes the serial number of its token along. Any tenant may cause one renewal by a 401.
    When a newer token than that is turned down for the same tenant, it is the tenant that is denied, and its further
    401s renew a token only once it has some age, until a call of it succeeds; a token that nobody was let in with is
    doubted sooner. So one denied tenant cannot make the client renew without end, and a token that is revoked twice in
    a row is renewed twice.
    """

    def __init__(self) -> None:
        """Start without a token."""
        self.serial = 0
        self._token: Token | None = None
        self._is_stale = False
        self._renewed_at = 0.0
        self._is_proved = False
        self._renewed_for: dict[str, int] = {}

    def current(self, now: float) -> Token | None:
        """Return the token to use at this instant, None when a new one must be asked for first."""
        token = self._token
        return None if token is None or self._is_stale or now >= token.renew_at else token

    def renew(self, token: Token, now: float) -> int:
        """Take a new token into use at this instant and return its serial number."""
        self._token, self._is_stale, self._renewed_at, self._is_proved = token, False, now, False
        self.serial += 1
        return self.serial

    def must_repeat(self, tenant: str, serial: int, status: int, now: float) -> bool:
        """Take the status of an answer to that token, and tell whether the call must be made with a newer one."""
        if status == HTTPStatus.UNAUTHORIZED:
            return self.turned_down(tenant, serial, now) == "repeat"
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:  # a gateway that is out of order has looked at no token
            self.accepted(tenant, serial)
        return False

    def accepted(self, tenant: str, serial: int) -> None:
        """Note that a call of the tenant was let in with that token: a later 401 may again be the token's fault."""
        self._is_proved = self._is_proved or serial == self.serial
        self._renewed_for.pop(tenant, None)

    def turned_down(self, tenant: str, serial: int, now: float) -> Literal["repeat", "denied"]:
        """Return what a 401 for this tenant with that token means: repeat with a newer token, or it is denied."""
        if now >= self._renewed_at + (DOUBTED_AFTER_SECONDS if self._is_proved else UNPROVED_SECONDS):
            self._renewed_for.pop(tenant, None)
        if serial <= self._renewed_for.setdefault(tenant, serial):
            self._is_stale = self._is_stale or serial == self.serial
            return "repeat"
        return "denied"


def _granted(body: bytes, now: float) -> TokenReply:
    try:
        granted = msgspec.json.decode(body, type=_Granted)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return TokenUnavailable(reason="reply_not_understood")
    lifetime = DEFAULT_LIFETIME_SECONDS if granted.expires_in is None else granted.expires_in
    if not granted.access_token or granted.token_type.lower() != "bearer" or not 0 < lifetime < float("inf"):
        return TokenUnavailable(reason="reply_not_understood")
    if not (granted.access_token.isascii() and granted.access_token.isprintable()):  # no header can carry it
        return TokenUnavailable(reason="token_not_printable")
    early = RENEW_BEFORE_SECONDS if lifetime > 2 * RENEW_BEFORE_SECONDS else lifetime * RENEW_BEFORE_SHARE
    return Token(granted.access_token, now + lifetime, now + lifetime - early)


def _error_code(answer: Answered) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_Error).error
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return f"status_{answer.status}"
