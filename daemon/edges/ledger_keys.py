"""The records of a ledger partition that are about the ledger itself: keys that begin with an underscore."""

import uuid

import msgspec

from daemon.core.model import Generation

LEDGER_KEY = "_ledger"
HANDOVER_KEY = "_handover"


class LedgerRecord(msgspec.Struct, frozen=True):
    """Which life of the ledger topic this is, and the newest assignment of the partition.

    Written and acknowledged at every assignment, before its first call and its first commit: so a handover is never
    the last record once somebody has begun to work, and a ledger without this record was never committed against.
    """

    identity: str
    generation: Generation

    def following(self, number: int) -> "LedgerRecord":
        """Return the record of the next assignment: the epoch rises when Kafka's number has not."""
        epoch = self.generation.epoch + (number <= self.generation.number)
        return LedgerRecord(self.identity, Generation(epoch, number))


class HandoverRecord(msgspec.Struct, frozen=True):
    """The last record of an owner that left nothing in flight and nothing unknown."""

    generation: Generation
    watermark: int


def first_ledger_record(number: int) -> LedgerRecord:
    """Return the record that begins the life of a ledger partition."""
    return LedgerRecord(uuid.uuid4().hex, Generation(1, number))


def encode_record(record: LedgerRecord | HandoverRecord) -> bytes:
    """Return the record as its msgpack map."""
    return msgspec.msgpack.encode(record)


def decode_ledger_record(raw: bytes) -> LedgerRecord | None:
    """Return the record, None if the bytes are none."""
    try:
        return msgspec.msgpack.decode(raw, type=LedgerRecord)
    except msgspec.DecodeError:
        return None
