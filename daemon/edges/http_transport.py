"""The transport under the HTTP client: aiohttp's connections behind httpx's interface, for what they save (ADR 0003).

Left alone, httpx-aiohttp 0.2 reports a connection that was refused and one that was lost after the request had been
sent by the same exception, and aiohttp sends a GET, PUT or DELETE a second time after a lost connection. The first
makes an unknown outcome look like a call that never left; the second is a call that no quota granted. Both are put
right here: the second in the place that aiohttp offers for it, a middleware around each sending.
"""

import ssl

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport


class ConnectionLost(aiohttp.ClientPayloadError):
    """The connection ended, or spoke no HTTP, and the request may have reached the server.

    A ClientPayloadError, because aiohttp never repeats a request after that and httpx-aiohttp reports a ReadError.
    """


async def send_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request at most once: a lost connection becomes `ConnectionLost` instead of a silent second sending."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientConnectionError, aiohttp.ClientResponseError) as lost:
        raise ConnectionLost(type(lost).__name__) from lost


class OnceTransport(AiohttpTransport):
    """httpx-aiohttp, with a connection that was refused told from one that took too long."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, as httpx asks its transports to."""
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectTimeout as failed:
            if isinstance(failed.__cause__, aiohttp.ClientConnectorError):
                raise httpx.ConnectError(type(failed.__cause__).__name__) from failed.__cause__
            raise


def open_transport(*, max_connections: int, keepalive_seconds: float, tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """Return a transport for `httpx.AsyncClient`, which closes it; the first request opens it inside the running loop.

    What its exceptions say about the request, whatever its method:

    - `httpx.ConnectError`: it was never sent (refused, no address, TLS failed: the text and the cause tell which);
    - `httpx.ConnectTimeout`: it was never sent, no connection or no free slot in time;
    - `httpx.ReadTimeout`: it was sent, no answer in time;
    - `httpx.ReadError`: it may have been sent, and the connection was lost or answered nonsense.
    """

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=keepalive_seconds, ssl=tls)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(send_once,))

    return OnceTransport(client=session)
