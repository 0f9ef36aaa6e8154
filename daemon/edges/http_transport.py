"""The transport of the HTTP edge: aiohttp's connections behind httpx's interface, for what they save (ADR 0012).

Left alone, aiohttp sends a GET, PUT or DELETE a second time after a lost connection: a call that no quota granted. That
is prevented in the place that aiohttp offers for it, a middleware around each sending.
"""

import contextlib
import re
import ssl
from collections.abc import Generator, Mapping
from functools import cache

import aiohttp
import httpx
import msgspec
from yarl import URL

OF_THE_PACKED_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that say how a body was sent: no longer true of the one that was unpacked."""

NEVER_ROUNDED = float("inf")
"""aiohttp rounds long time-outs up to whole seconds, unless it is told from which length on."""


CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What neither a header nor an address may hold (RFC 9110 section 5.5): aiohttp raises a bare ValueError for it."""


class UnsendableHeader(httpx.LocalProtocolError):
    """A header, as of a token or a company key, holds what no header may."""


class ConnectionLost(aiohttp.ClientPayloadError):
    """The connection ended, or spoke no HTTP, and the request may have reached the server.

    A ClientPayloadError, because aiohttp never repeats a request after that.
    """


async def send_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request at most once: a lost connection becomes `ConnectionLost` instead of a silent second sending."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientConnectionError, aiohttp.ClientResponseError) as lost:
        raise ConnectionLost(type(lost).__name__) from lost


class Exchange(msgspec.Struct, frozen=True):
    """A whole answer: its status, its headers, and its body, unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OnceTransport(httpx.AsyncBaseTransport):
    """Sends each request at most once, and returns the whole answer.

    `exchange` takes what a request is made of, which costs half of what httpx's own objects do; behind httpx's client
    it is a transport like any other. What the exceptions of both say about the request, whatever its method:

    - `httpx.ConnectError`: it was never sent (refused, no address, TLS failed: the text and the cause tell which);
    - `httpx.ConnectTimeout`: it was never sent, no connection or no free slot in time;
    - `httpx.UnsupportedProtocol`: it was never sent, the address is none;
    - `UnsendableHeader`: it was never sent, a header holds a control character;
    - `httpx.ReadTimeout`: it was sent, no whole answer in time;
    - `httpx.ReadError`: it may have been sent, and the connection was lost or answered nonsense.

    Answers are asked for as they are, not packed: aiohttp does not notice where a gzip stream is cut off.
    """

    def __init__(self, *, max_connections: int, keepalive_seconds: float, tls: ssl.SSLContext) -> None:
        """Open nothing yet: the first request does, inside the running loop."""
        self._max_connections = max_connections
        self._keepalive_seconds = keepalive_seconds
        self._tls = tls
        self._opened: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, as httpx asks its transports to."""
        timeout = time_out(**request.extensions.get("timeout", {}))
        body = await request.aread()
        answer = await self.exchange(request.method, str(request.url), request.headers, body, timeout)
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in OF_THE_PACKED_BODY]
        return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)

    async def exchange(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, times: aiohttp.ClientTimeout
    ) -> Exchange:
        """Send a request to an encoded address, and return the answer; `times` come from `time_out`."""
        url = _url(address)
        if any(CONTROL_CHARACTER.search(value) for value in headers.values()):
            raise UnsendableHeader("a header holds a control character")
        with _httpx_exceptions():
            async with self._session.request(
                method, url, headers=headers, data=body or None, timeout=times, allow_redirects=False
            ) as response:
                return Exchange(response.status, response.headers, await response.read())

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            connector = aiohttp.TCPConnector(
                limit=self._max_connections, keepalive_timeout=self._keepalive_seconds, ssl=self._tls
            )
            self._opened = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
                middlewares=(send_once,),
                skip_auto_headers=("Content-Type",),
            )
        return self._opened


def _url(address: str) -> URL:
    """Return the address parsed, all of it: what cannot be is found out before anything is sent."""
    try:
        url = URL(address, encoded=True)
        has_host = url.host is not None and url.port is not None
    except ValueError as error:
        raise httpx.UnsupportedProtocol(type(error).__name__) from error
    if not has_host or CONTROL_CHARACTER.search(address):
        raise httpx.UnsupportedProtocol("an address without a host, of no known protocol, or with a control character")
    return url


@cache
def time_out(
    connect: float | None = None,
    read: float | None = None,
    write: float | None = None,  # noqa: ARG001 - aiohttp has none for writing
    pool: float | None = None,
    total: float | None = None,
) -> aiohttp.ClientTimeout:
    """Return the time-outs, in seconds: httpx's for each wait, and `total` from here to the answer's last byte."""
    return aiohttp.ClientTimeout(
        sock_connect=connect, sock_read=read, connect=pool, total=total, ceil_threshold=NEVER_ROUNDED
    )


@contextlib.contextmanager
def _httpx_exceptions() -> Generator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as failed:
        raise httpx.ConnectTimeout(type(failed).__name__) from failed
    except aiohttp.ClientConnectorError as failed:
        raise httpx.ConnectError(type(failed).__name__) from failed
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as failed:
        raise httpx.UnsupportedProtocol(type(failed).__name__) from failed
    except TimeoutError as failed:
        raise httpx.ReadTimeout(type(failed).__name__) from failed
    except aiohttp.ClientError as failed:
        raise httpx.ReadError(type(failed).__name__) from failed
