"""A TCP proxy that slows, holds back and cuts connections when it is told to.

What a client sent is never passed on once the client has gone: a request that arrives after its time-out is played by
the emulator, which tells the judge that it was late.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from typing import Literal

HERE = "127.0.0.1"
CHUNK_BYTES = 65_536
CHUNKS_HELD = 64
"""So much of one direction is held back before the sender is no longer read from."""

Way = Literal["requests", "replies"]
"""Which of the two directions of a connection."""

Chunks = asyncio.Queue[tuple[float, bytes]]
"""What came and when; an empty one is the end."""


class FaultProxy:
    """Leads connections to one port of this machine, and back."""

    def __init__(self, target_port: int) -> None:
        """Take the port to lead to; nothing listens yet."""
        self.port = 0
        self._target_port = target_port
        self._delays: dict[Way, float] = {"requests": 0.0, "replies": 0.0}
        self._is_flowing = asyncio.Event()
        self._is_flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def slowed(self, way: Way, seconds: float) -> Generator[None]:
        """Let all that goes this way take so much longer, for the length of the block."""
        self._delays[way] = seconds
        try:
            yield
        finally:
            self._delays[way] = 0.0

    @contextlib.contextmanager
    def stalled(self) -> Generator[None]:
        """Pass nothing on for the length of the block; connections are still taken."""
        self._is_flowing.clear()
        try:
            yield
        finally:
            self._is_flowing.set()

    def cut(self) -> int:
        """End every connection at once, whatever is under way on it, and return how many there were."""
        for writer in self._writers:
            writer.transport.abort()
        return len(self._writers) // 2

    async def open(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, HERE, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def close(self, server: asyncio.Server) -> None:
        """Listen no more, and end every connection."""
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._lead(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lead one connection until an end of it is gone; a target that does not answer is one that cuts it."""
        try:
            far_reader, far_writer = await asyncio.open_connection(HERE, self._target_port)
        except OSError:
            writer.transport.abort()
            return
        writers = {writer, far_writer}
        self._writers |= writers
        try:
            await self._pass_both_ways((reader, writer), (far_reader, far_writer))
        finally:
            self._writers -= writers
            for one in writers:
                one.close()

    async def _pass_both_ways(
        self,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        requests, replies = Chunks(CHUNKS_HELD), Chunks(CHUNKS_HELD)
        receiving_replies = asyncio.create_task(_receive(far[0], replies))
        ending = {
            asyncio.create_task(_receive(near[0], requests)),  # the client has gone: what it asked is held no more
            asyncio.create_task(self._pass(requests, far[1], "requests")),
            asyncio.create_task(self._pass(replies, near[1], "replies")),
        }
        try:
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = {*ending, receiving_replies}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass(self, chunks: Chunks, writer: asyncio.StreamWriter, way: Way) -> None:
        """Pass on what comes, each chunk when it is due, until its end or the reader's."""
        loop = asyncio.get_running_loop()
        while True:
            came_at, chunk = await chunks.get()
            await self._is_flowing.wait()
            await asyncio.sleep(max(0.0, came_at + self._delays[way] - loop.time()))
            if not chunk:
                return
            writer.write(chunk)
            await writer.drain()


async def _receive(reader: asyncio.StreamReader, chunks: Chunks) -> None:
    """Take in what comes until the sender's end, which is the last thing handed on."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            await chunks.put((loop.time(), chunk))
    await chunks.put((loop.time(), b""))


@contextlib.asynccontextmanager
async def proxying(target_port: int) -> AsyncGenerator[FaultProxy]:
    """Run a proxy before a port of this machine for the length of the block."""
    proxy = FaultProxy(target_port)
    server = await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close(server)
