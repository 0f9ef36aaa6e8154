"""The records of a ledger partition that are about the ledger itself: keys that begin with an underscore."""

import uuid
from typing import TypeVar

import msgspec

from daemon.core.model import Generation

T = TypeVar("T")

ABOUT_ITSELF = b"_"
"""How the key of a record begins that is about the ledger, and no entity's."""

LEDGER_KEY = "_ledger"
HANDOVER_KEY = "_handover"
HOLD_PREFIX = "_hold/"
"""Before a tenant's name, or `*` for all of them: the key of the newest word on whether that is held."""


class LedgerRecord(msgspec.Struct, frozen=True):
    """Which life of the ledger topic this is, and the newest assignment of the partition.

    Written and acknowledged at every assignment, before its first call and its first commit: so a handover is never
    the last record once somebody has begun to work, and a ledger without this record was never committed against.
    `arranged_for` is how many partitions the entries are spread over, once that has ever been changed: another number
    of partitions means that a change of it was not finished.
    """

    identity: str
    generation: Generation
    arranged_for: int | None = None

    def following(self, number: int, above: Generation) -> "LedgerRecord":
        """Return the record of the next assignment, above that generation too.

        The epoch rises when Kafka's number has not.
        """
        last = max(self.generation, above)
        return LedgerRecord(self.identity, Generation(last.epoch + (number <= last.number), number), self.arranged_for)


class HandoverRecord(msgspec.Struct, frozen=True):
    """The last record of an owner that left nothing in flight and nothing unknown."""

    generation: Generation
    watermark: int


class HoldRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's word on a tenant, or on all: held until an instant (None: until released), or released.

    A release is a record like any other, not a deletion: a local copy that was away would never see a deletion that
    compaction has removed meanwhile. Instants are UTC seconds.
    """

    is_held: bool
    since: float
    until: float | None = None
    reason: str = ""

    def ends_at(self) -> float | None:
        """Return until when the hold lasts, infinity if nobody said; None for a release."""
        if not self.is_held:
            return None
        return float("inf") if self.until is None else self.until


def hold_key(scope: str) -> str:
    """Return the key of what is said about a tenant, or with `*` about all."""
    return f"{HOLD_PREFIX}{scope}"


def held_scope(key: str) -> str | None:
    """Return the tenant, or `*`, that a key speaks about; None for a key of another kind."""
    return key.removeprefix(HOLD_PREFIX) if key.startswith(HOLD_PREFIX) else None


def first_ledger_record(number: int) -> LedgerRecord:
    """Return the record that begins the life of a ledger partition."""
    return LedgerRecord(uuid.uuid4().hex, Generation(1, number))


def encode_record(record: LedgerRecord | HandoverRecord | HoldRecord) -> bytes:
    """Return the record as its msgpack map."""
    return msgspec.msgpack.encode(record)


def decode_ledger_record(raw: bytes) -> LedgerRecord | None:
    """Return the record, None if the bytes are none."""
    return _decoded(raw, LedgerRecord)


def decode_handover_record(raw: bytes) -> HandoverRecord | None:
    """Return the record, None if the bytes are none."""
    return _decoded(raw, HandoverRecord)


def decode_hold_record(raw: bytes) -> HoldRecord | None:
    """Return the record, None if the bytes are none."""
    return _decoded(raw, HoldRecord)


def _decoded(raw: bytes, form: type[T]) -> T | None:
    try:
        return msgspec.msgpack.decode(raw, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
