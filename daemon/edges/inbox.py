"""The runner's inbox: what the edges put in, in order, and when there is something to take."""

from collections import deque

import anyio
import msgspec

from daemon.core.events import Event
from daemon.core.model import Generation, Partition


class RawRecord(msgspec.Struct, frozen=True, gc=False):
    """One Kafka record as bytes, with the id of its replay header."""

    offset: int
    key: bytes | None
    value: bytes | None
    replay: str | None


class Batch:
    """Records of one partition as they were fetched, neither decoded nor looked up."""

    __slots__ = ("generation", "partition", "position", "records")

    def __init__(self, partition: Partition, generation: Generation, records: list[RawRecord], position: int) -> None:
        """Take the records in order of offset, and the offset after the last."""
        self.partition = partition
        self.generation = generation
        self.records = records
        self.position = position


class Inbox:
    """A queue of events with one taker; putting never waits, taking returns all there is."""

    def __init__(self) -> None:
        """Start empty."""
        self._events: deque[Event | Batch] = deque()
        self._filled = anyio.Event()
        self._emptied = anyio.Event()

    def put(self, event: Event | Batch) -> None:
        """Put an event in."""
        self._events.append(event)
        self._filled.set()

    def take(self) -> list[Event | Batch]:
        """Take all events that are there, oldest first."""
        events = list(self._events)
        self._events.clear()
        self._filled = anyio.Event()
        self._emptied.set()
        self._emptied = anyio.Event()
        return events

    async def filled(self) -> None:
        """Wait until something is there."""
        await self._filled.wait()

    async def emptied(self) -> None:
        """Wait until what was put in has been taken: how a fetcher keeps pace with the planner."""
        if self._events:
            await self._emptied.wait()
