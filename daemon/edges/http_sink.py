"""Sending calls to DnB over HTTP: with a token, within a deadline, and never after a call's time has passed."""

import math
import ssl
import uuid
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import anyio
import httpx
import msgspec
import structlog

from daemon.core.actions import Send
from daemon.core.events import NotSent, Replied
from daemon.core.procedure import Answered, Call, Reply, Unanswered, Unreachable
from daemon.dnb.assertion import Credentials, client_assertion, token_form
from daemon.dnb.tokens import Token, TokenBook, TokenRefused, TokenUnavailable, renewal, token_reply
from daemon.edges.clock import Clock
from daemon.edges.http_transport import OnceTransport, time_out
from daemon.edges.inbox import Inbox
from daemon.settings import Settings

RETRY_AFTER_DIGITS = 7
"""A Retry-After of up to a hundred days is obeyed to the second; a longer one is nonsense."""

IDLE_SECONDS = 50.0
"""Idle connections are closed before a load balancer's usual minute ends them under a request."""

CONNECT_SECONDS = 5.0
"""A connection takes milliseconds; one that is not made by then is known not to have carried the call."""

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.UnsupportedProtocol,  # an address without a host, or that is no HTTP
    httpx.LocalProtocolError,  # a header that no server would take
)
"""What tells that no byte of a request has left."""

log = structlog.get_logger()


class _Endpoints(msgspec.Struct, frozen=True, rename="pascal"):
    identity: str


class HttpSink:
    """The only user of HTTP: workers that take calls, send them and put the replies into the inbox.

    A call that the planner granted too long ago is not sent; a 401 renews the token once for all calls that wait. What
    has waited for a token takes its turn again: all at once, those calls would exceed the quota.
    """

    def __init__(self, settings: Settings, credentials: Credentials, inbox: Inbox, clock: Clock) -> None:
        """Take the settings, the client's credentials, where replies go, and the clock."""
        self._settings = settings
        self._credentials = credentials
        self._inbox = inbox
        self._clock = clock
        self._keys: Mapping[str, str] = {}
        self._book = TokenBook()
        self._renewing = anyio.Lock()
        self._asked = 0
        self._issuer = settings.dnb_issuer.rstrip("/")
        self._send_stream, self._receive_stream = anyio.create_memory_object_stream[Send](math.inf)
        self._transport = OnceTransport(
            max_connections=settings.concurrency, keepalive_seconds=IDLE_SECONDS, tls=ssl.create_default_context()
        )
        connect = min(CONNECT_SECONDS, settings.request / 2)
        self._timeout = time_out(total=settings.request, connect=connect, pool=connect)

    def use_keys(self, keys: Mapping[str, str]) -> None:
        """Use these company keys, by their hashes, from the next call on.

        A key that a tenant had before is kept: what was begun for that company is ended there, and nowhere else.
        """
        self._keys = {**self._keys, **keys}

    def submit(self, send: Send) -> None:
        """Take a call; its reply, or that it was not sent, comes through the inbox."""
        self._send_stream.send_nowait(send)

    async def run(self) -> None:
        """Send calls, as many at once as the settings allow, for ever."""
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._settings.concurrency):
                    tasks.start_soon(self._work)
        finally:
            with anyio.CancelScope(shield=True):
                await self.aclose()

    async def check_token(self) -> str | None:
        """Ask for a token, and return why there is none; None if there is one."""
        async with self._renewing:
            outcome = await self._fetch_token()
        return None if isinstance(outcome, Token) else outcome.reason

    async def ask(self, company: str, call: Call) -> Reply:
        """Make one call for a company outside the planner's turn, for a check before anything runs."""
        token = self._book.current(self._clock.now())
        return await self._exchange(company, call, token) if token else Unreachable("no_token")

    async def aclose(self) -> None:
        """Close the connections, also of a sink that was never run."""
        self._send_stream.close()
        self._receive_stream.close()
        await self._transport.aclose()

    # -- calls -------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        with self._receive_stream.clone() as calls:
            async for send in calls:
                await self._serve(send)

    async def _serve(self, send: Send) -> None:
        token = self._book.current(self._clock.now())
        if token is None:
            has_come = await self._token() is not None
            self._inbox.put(NotSent(send.ticket, "token_awaited" if has_come else "no_token"))
        elif self._clock.now() >= send.not_after:
            self._inbox.put(NotSent(send.ticket, "fenced"))
        else:
            serial = self._book.serial
            reply = await self._exchange(send.company, send.call, token)
            self._inbox.put(self._judge(send, serial, reply))

    def _judge(self, send: Send, serial: int, reply: Reply) -> Replied | NotSent:
        """Tell a token's fault from a tenant's: only after a renewed token was turned down too is the tenant denied."""
        now = self._clock.now()
        if isinstance(reply, Answered) and self._book.must_repeat(send.tenant, serial, reply.status, now):
            return NotSent(send.ticket, "token_expired")
        return Replied(send.ticket, reply)

    async def _exchange(self, company: str, call: Call, token: Token) -> Reply:
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}
        if company in self._keys:
            headers["CompanyKey"] = self._keys[company]
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        address = f"{self._settings.dnb_base_url.rstrip('/')}/{call.target}"
        return await self._request(call.method, address, headers, call.body)

    async def _request(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Make one request; the deadline counts from here to the last byte of the answer."""
        try:
            answer = await self._transport.exchange(method, address, headers, body, self._timeout)
        except NEVER_SENT as error:
            return Unreachable(type(error).__name__)
        except httpx.HTTPError as error:
            return Unanswered(type(error).__name__)
        seconds = retry_after(answer.headers.get("Retry-After"), self._clock.now())
        return Answered(status=answer.status, body=answer.body, retry_after=seconds)

    # -- tokens ------------------------------------------------------------------------------------------------

    async def _token(self) -> Token | None:
        """Return a valid token; one renewal, or one refusal, serves everybody who waits for it."""
        token, asked = self._book.current(self._clock.now()), self._asked
        if token is not None:
            return token
        async with self._renewing:
            if self._asked != asked:
                return self._book.current(self._clock.now())
            self._asked += 1
            outcome = await self._fetch_token()
        self._inbox.put(renewal(outcome))
        match outcome:
            case Token():
                return outcome
            case TokenRefused(reason):
                log.error("token.refused", reason=reason)
            case TokenUnavailable(reason=reason):
                log.warning("token.unavailable", reason=reason)
        return None

    async def _fetch_token(self) -> Token | TokenRefused | TokenUnavailable:
        if not self._issuer:
            issuer = await self._find_issuer()
            if isinstance(issuer, TokenUnavailable):
                return issuer
            self._issuer = issuer
        now, endpoint = self._clock.now(), f"{self._issuer}/connect/token"
        assertion = client_assertion(self._credentials, audience=endpoint, jti=uuid.uuid4().hex, now=now)
        form = token_form(self._credentials, assertion, self._settings.dnb_scope)
        outcome = token_reply(await self._request("POST", endpoint, FORM, form), now)
        if isinstance(outcome, Token):
            self._book.renew(outcome, now)
        return outcome

    async def _find_issuer(self) -> str | TokenUnavailable:
        """Ask DnB's service map where its identity server is."""
        address = f"{self._settings.dnb_base_url.rstrip('/')}/api/endpoints"
        reply = await self._request("GET", address, {"Accept": "application/json"}, None)
        if not isinstance(reply, Answered):
            return TokenUnavailable(reason=reply.reason)
        return identity_server(reply.body) or TokenUnavailable(reason=f"endpoints_status_{reply.status}")


def identity_server(body: bytes) -> str | None:
    """Return the address of the identity server that DnB's service map names, None if it names none."""
    try:
        return msgspec.json.decode(body, type=_Endpoints).identity.rstrip("/") or None
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds a Retry-After header asks for, as a number or until a date; None for none or nonsense."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= RETRY_AFTER_DIGITS else None
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):  # no date, or one that no clock shows
        return None
