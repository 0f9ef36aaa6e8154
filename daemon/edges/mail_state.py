"""What a tenant has been told by mail: kept in the ledger, so that no restart and no other replica tells it again.

The record stands under `_mail/<tenant>` in the tenant's ledger partition and is written after the mail server has taken
the mail. A crash in between tells it once more: a mail too many is better than one that nobody got.
"""

from collections.abc import Mapping

import msgspec

MAIL_PREFIX = "_mail/"
"""Before a tenant's name: the key of what that tenant has been told."""

MAX_TOLD = 500
"""So many keys are remembered for a reason: a record stays small, and nobody reads a mail about the five hundredth."""


class Told(msgspec.Struct, frozen=True):
    """When a tenant was last told of a reason, in UTC seconds, and of which entities, by their ledger keys."""

    at: float
    keys: tuple[str, ...] = ()


class MailRecord(msgspec.Struct, frozen=True):
    """All that a tenant was told and that is not repaired yet, by reason."""

    told: Mapping[str, Told] = {}


def mail_key(tenant: str) -> str:
    """Return the key of what a tenant was told."""
    return f"{MAIL_PREFIX}{tenant}"


def mailed_tenant(key: str) -> str | None:
    """Return the tenant that a key is about; None for a key of another kind."""
    return key.removeprefix(MAIL_PREFIX) if key.startswith(MAIL_PREFIX) else None


def encode_mail_record(record: MailRecord) -> bytes:
    """Return the record as its msgpack map."""
    return msgspec.msgpack.encode(record)


def decode_mail_record(raw: bytes) -> MailRecord | None:
    """Return the record, None if the bytes are none."""
    try:
        return msgspec.msgpack.decode(raw, type=MailRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
