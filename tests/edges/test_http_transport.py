"""The HTTP transport over real sockets: what each way of failing tells about the request."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest

from daemon.edges.http_transport import OnceTransport

TLS = ssl.create_default_context()
SHORT_SECONDS = 0.2
METHODS = ("GET", "POST", "PUT", "DELETE")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger for 0 s: the peer gets a reset instead of an end
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok"


class Server:
    """A server that does as the path says, and remembers each request that reached it."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.url = ""
        self.arrived = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection in a task of its own."""
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End the connections that are still open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(await self._read(reader), writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "content-length: " in head:
            await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        path = head.split()[1]
        self.requests.append(path)
        self.arrived.set()
        return path

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        match path:
            case "/ok":
                writer.write(OK)
                return True
            case "/silent" | "/stalled":
                writer.write(HALF if path == "/stalled" else b"")
                return await asyncio.Event().wait()
            case "/reset":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                writer.transport.abort()
            case "/half" | "/nonsense":
                writer.write(HALF if path == "/half" else b"nonsense\r\n\r\n")
                await writer.drain()
            case _:
                pass
        return False


@asynccontextmanager
async def serving() -> AsyncGenerator[Server]:
    """A server on a port of its own."""
    server = Server()
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server
        await server.stop()


def client(seconds: float = SHORT_SECONDS) -> httpx.AsyncClient:
    """A client with a single connection and the same limit for each wait."""
    transport = OnceTransport(max_connections=1, keepalive_seconds=15.0, tls=TLS)
    return httpx.AsyncClient(transport=transport, timeout=seconds)


@contextmanager
def deaf_address() -> Generator[str]:
    """An address whose queue of new connections is full, so that connecting takes forever."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for each in (first, second):
            each.settimeout(0)
            each.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("method", METHODS)
async def test_a_refused_connection_was_never_sent(method: str) -> None:
    """Where nobody listens, the exception says that nothing was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with client() as http:
            with pytest.raises(httpx.ConnectError):
                await http.request(method, f"http://127.0.0.1:{port}/ok", content=b"{}")


async def test_a_connection_that_is_not_made_in_time_was_never_sent() -> None:
    """The connect time-out is honoured, and tells that nothing was sent."""
    with deaf_address() as url:
        async with client() as http:
            with pytest.raises(httpx.ConnectTimeout):
                await http.post(url, content=b"{}")


async def test_a_request_that_waits_too_long_for_a_connection_was_never_sent() -> None:
    """When every connection stays taken, the pool time-out is honoured and nothing is sent."""
    async with serving() as server, client() as http:
        taken = asyncio.create_task(http.post(server.url + "/silent", timeout=None))
        await server.arrived.wait()
        with pytest.raises(httpx.ConnectTimeout):
            await http.post(server.url + "/ok")
        taken.cancel()
        await asyncio.gather(taken, return_exceptions=True)
        assert ["/silent"] == server.requests


@pytest.mark.parametrize("path", ["/silent", "/stalled"])
@pytest.mark.parametrize("method", METHODS)
async def test_no_answer_in_time_is_a_read_timeout_after_one_sending(method: str, path: str) -> None:
    """A server that takes the request and does not finish its answer leaves the outcome unknown."""
    async with serving() as server, client() as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.request(method, server.url + path, content=b"{}")
        assert [path] == server.requests


@pytest.mark.parametrize("path", ["/close", "/reset", "/half", "/nonsense"])
@pytest.mark.parametrize("method", METHODS)
async def test_a_lost_connection_is_a_read_error_after_one_sending(method: str, path: str) -> None:
    """A connection lost after the request leaves the outcome unknown, and nothing is sent a second time by itself."""
    async with serving() as server, client() as http:
        with pytest.raises(httpx.ReadError):
            await http.request(method, server.url + path, content=b"{}")
        assert [path] == server.requests


@pytest.mark.parametrize("method", METHODS)
async def test_a_connection_lost_while_reused_is_not_sent_again(method: str) -> None:
    """A kept connection that dies under a request is reported like a new one: one sending, outcome unknown."""
    async with serving() as server, client() as http:
        await http.post(server.url + "/ok", content=b"{}")
        with pytest.raises(httpx.ReadError):
            await http.request(method, server.url + "/close", content=b"{}")
        assert ["/ok", "/close"] == server.requests


@pytest.mark.parametrize("path", ["/silent", "/stalled"])
async def test_a_cancelled_call_gives_its_connection_back(path: str) -> None:
    """After calls cancelled in the middle, the only slot of the pool is free and the next answer is its own."""
    async with serving() as server, client(seconds=5.0) as http:
        for _ in range(5):
            server.arrived.clear()
            call = asyncio.create_task(http.post(server.url + path, content=b"{}"))
            await server.arrived.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        answer = await http.post(server.url + "/ok", content=b"{}")
        assert (200, b"ok") == (answer.status_code, answer.content)
