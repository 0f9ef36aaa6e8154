"""The transport under the HTTP edge: aiohttp's connections behind httpx's interface, for what they save (ADR 0012).

Left alone, aiohttp sends a GET, PUT or DELETE a second time after a lost connection: a call that no quota granted. That
is prevented in the place that aiohttp offers for it, a middleware around each sending.
"""

import contextlib
import ssl
from collections.abc import Generator
from functools import cache

import aiohttp
import httpx
from yarl import URL

NEVER_ROUNDED = float("inf")
"""aiohttp rounds long time-outs up to whole seconds, unless it is told from which length on."""


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


class OnceTransport(httpx.AsyncBaseTransport):
    """Sends each request at most once, and returns the whole answer.

    What its exceptions say about the request, whatever its method:

    - `httpx.ConnectError`: it was never sent (refused, no address, TLS failed: the text and the cause tell which);
    - `httpx.ConnectTimeout`: it was never sent, no connection or no free slot in time;
    - `httpx.UnsupportedProtocol`: it was never sent, the address is none;
    - `httpx.ReadTimeout`: it was sent, no whole answer in time;
    - `httpx.ReadError`, `httpx.DecodingError`: it may have been sent; the connection was lost, or answered nonsense.

    Beside httpx's own time-outs for each wait a request may carry `total` in its extension `timeout`: the seconds from
    here to the last byte of the answer.
    """

    def __init__(self, *, max_connections: int, keepalive_seconds: float, tls: ssl.SSLContext) -> None:
        """Open nothing yet: the first request does, inside the running loop."""
        self._max_connections = max_connections
        self._keepalive_seconds = keepalive_seconds
        self._tls = tls
        self._opened: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, as httpx asks its transports to."""
        timeout = _timeout(**request.extensions.get("timeout", {}))
        with _httpx_exceptions():
            async with self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers,
                data=await request.aread() or None,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                body = await response.read()
        return httpx.Response(response.status, headers=response.raw_headers, content=body, request=request)

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
                middlewares=(send_once,),
                auto_decompress=False,  # httpx does it
                skip_auto_headers=("Content-Type",),
            )
        return self._opened


@cache
def _timeout(
    connect: float | None = None,
    read: float | None = None,
    write: float | None = None,  # noqa: ARG001 - aiohttp has none for writing
    pool: float | None = None,
    total: float | None = None,
) -> aiohttp.ClientTimeout:
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
