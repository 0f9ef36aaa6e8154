"""The life of a Kafka client once it has connected: an end that it tells nobody is noticed, and it is always closed."""

import asyncio
import contextlib
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from daemon.errors import SourceError

Client = AIOKafkaConsumer | AIOKafkaProducer


async def disconnect(client: Client) -> None:
    """Stop a client, also one whose broker is away, or that works no more.

    aiokafka then cancels what still waits for the broker, lets that out as if we were cancelled ourselves, or raises
    what its work has ended by, and leaves its connections open.
    """
    connections = _its(client)
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await client.stop()
    if connections._sync_task is not None and connections._sync_task.done():  # noqa: SLF001
        connections._sync_task = None  # noqa: SLF001 - or close() raises what it has ended by, before it closes
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await connections.close()


class ClientEndedError(KafkaError):
    """A task that a client of Kafka does its work in has ended by itself, by an error of this name."""

    def __init__(self, cause: str) -> None:
        """Take the name of the error."""
        super().__init__(f"Kafka's client works no more ({cause}; the log tells more): start again, nothing is lost")

    def __str__(self) -> str:
        """Return the sentence alone."""
        return str(self.args[0])


def require_working(client: Client) -> None:
    """Raise `ClientEndedError` if a client that was started does not work any more.

    After an error that it does not expect aiokafka ends the task at hand and goes on without it: a consumer then
    fetches nothing, a producer refuses everything, and a cluster that changes is not seen, each for ever.
    """
    for task in _work(client):
        if task.done():
            error = None if task.cancelled() else task.exception()
            cause = error if error is None or error.__cause__ is None else error.__cause__
            raise ClientEndedError("cancelled" if cause is None else type(cause).__name__)


async def watch(client: Client) -> None:
    """Wait for as long as a client that was started works; raises `SourceError` once it does not."""
    await asyncio.wait(_work(client), return_when=asyncio.FIRST_COMPLETED)
    try:
        require_working(client)
    except ClientEndedError as error:
        raise SourceError(str(error)) from None


def _work(client: Client) -> list[asyncio.Task[None]]:
    """Return the tasks that a client does its work in, which aiokafka shows nowhere."""
    at_work = cast("Any", client)
    is_writing = isinstance(client, AIOKafkaProducer)
    own = at_work._sender.sender_task if is_writing else at_work._fetcher.error_future  # noqa: SLF001
    return [own, _its(client)._sync_task]  # noqa: SLF001


def _its(client: Client) -> Any:  # noqa: ANN401 - aiokafka has no types
    """Return what holds a client's connections, and keeps up with the cluster."""
    at_work = cast("Any", client)
    return at_work.client if isinstance(client, AIOKafkaProducer) else at_work._client  # noqa: SLF001
