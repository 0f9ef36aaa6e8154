"""The dead-letter topic: records that are no change, unaltered, with where they came from and why."""

from collections.abc import Mapping, Sequence
from typing import Any, Never

import anyio
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from daemon.core.actions import DeadLetter
from daemon.core.events import DeadLettered
from daemon.core.model import Partition
from daemon.edges.inbox import Inbox, RawRecord
from daemon.edges.intake import Intake
from daemon.edges.kafka_client import watch
from daemon.edges.ledger_topic import LARGEST_ENTRY_BYTES

WRITE_AGAIN_SECONDS = 1.0
"""After a refused write: long enough for a new leader to be elected."""

TOPIC_HEADER = "moment-dnb-topic"
PARTITION_HEADER = "moment-dnb-partition"
OFFSET_HEADER = "moment-dnb-offset"

OFFSET_DIGITS = 19
"""Kafka's offsets have 63 bits: what is longer is none."""

log = structlog.get_logger()


def source_of(headers: Sequence[tuple[str, bytes]]) -> tuple[Partition, int] | None:
    """Return the partition and offset of the record whose letter this is; None for a record that is no letter."""
    told = {name: value.decode(errors="replace") for name, value in headers}
    numbers = [told.get(name, "") for name in (PARTITION_HEADER, OFFSET_HEADER)]
    if TOPIC_HEADER not in told or not all(map(_is_number, numbers)):
        return None
    number, offset = map(int, numbers)
    return Partition(told[TOPIC_HEADER], number), offset


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= OFFSET_DIGITS


class DeadLetters:
    """Writes dead letters and tells the planner when Kafka has them.

    The producer is not idempotent: one that is numbers its batches, and when the topic refuses one (a record that is
    too large), Kafka waits for that number and takes no other letter any more. A letter that is written twice harms
    nobody.
    """

    def __init__(self, connection: Mapping[str, Any], topic: str, intake: Intake, inbox: Inbox) -> None:
        """Take how to connect, the topic, who still has the bytes, and where `DeadLettered` goes."""
        self.producer = AIOKafkaProducer(**connection, acks="all", max_request_size=LARGEST_ENTRY_BYTES)
        self._topic = topic
        self._intake = intake
        self._inbox = inbox
        self._queue: list[DeadLetter] = []
        self._filled = anyio.Event()

    def append(self, letter: DeadLetter) -> None:
        """Queue a dead letter."""
        self._queue.append(letter)
        self._filled.set()

    async def run(self) -> None:
        """Write what is queued, for ever; raises `SourceError` if the client of Kafka does not work any more."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, self.producer)
            await self._write_queued()

    async def _write_queued(self) -> Never:
        while True:
            await self._filled.wait()
            self._filled = anyio.Event()
            letters, self._queue = self._queue, []
            for letter in letters:
                await self._write(letter)
            self._inbox.put(DeadLettered(tuple(letter.ticket for letter in letters)))

    async def _write(self, letter: DeadLetter) -> None:
        """Write one letter; a letter whose partition has gone is the next owner's to write.

        A record that the topic does not take is written without its value: its headers tell where it can be read.
        """
        raw = self._intake.take_raw(letter.partition, letter.offset)
        if raw is None:
            return
        headers = [
            ("moment-dnb-reason", letter.cause.reason.encode()),
            ("moment-dnb-detail", letter.cause.detail.encode()),
            (TOPIC_HEADER, letter.partition.topic.encode()),
            (PARTITION_HEADER, str(letter.partition.number).encode()),
            (OFFSET_HEADER, str(letter.offset).encode()),
        ]
        try:
            await self._send(raw, headers)
        except MessageSizeTooLargeError:
            log.warning("dead_letter.shortened", offset=letter.offset, partition=letter.partition.number)
            omitted = ("moment-dnb-omitted-bytes", str(len(raw.value or b"")).encode())
            await self._send(RawRecord(raw.offset, raw.key or b"", None, None), [*headers, omitted])

    async def _send(self, raw: RawRecord, headers: list[tuple[str, bytes]]) -> None:
        """Write the bytes, again and again; raises `MessageSizeTooLargeError` if the topic never takes so many."""
        while True:
            try:
                await self.producer.send_and_wait(self._topic, raw.value, raw.key, headers=headers)
            except MessageSizeTooLargeError:
                raise
            except KafkaError as error:
                log.warning("dead_letter.write_refused", error=type(error).__name__, offset=raw.offset)
                await anyio.sleep(WRITE_AGAIN_SECONDS)
            else:
                return
