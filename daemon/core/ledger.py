"""The ledger's entries, and the rules that merge them.

An entry is what is known of one entity. It is stored as a msgpack map whose unknown fields survive a round trip, so
that replicas of neighbouring program versions can share one ledger.
"""

from typing import Any

import msgspec

from daemon.core.model import Generation
from daemon.core.procedure import Refused

SCHEME = 1
WAITING = "waiting"
"""The reason of a change that is parked because its turn has not come: no attempt has been made, nothing is wrong."""


class Parked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A change kept in the ledger until it can be delivered or is repaired.

    `next_try` is None while only a repair, or free quota for a waiting one, can release it. `steps` are the last
    things that happened to it, oldest first; `refusal` says what a person must repair. `blocked_by` is the key of the
    entity whose delivery releases it. `is_background` tells of a waiting one that live changes go before it.
    """

    version: int
    data: bytes
    occurred_at: float
    reason: str
    since: float
    next_try: float | None = None
    attempts: int = 0
    refusal: Refused | None = None
    steps: tuple[str, ...] = ()
    blocked_by: str = ""
    is_background: bool = False
    unknown: dict[str, Any] = {}

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing but its turn keeps the change."""
        return self.reason == WAITING

    @property
    def is_for_others(self) -> bool:
        """Tell whether it waits for a person's repair, or for another entity's delivery, and has not failed."""
        return self.refusal is not None or self.blocked_by != ""

    def was_parked_for(self, reason: str) -> bool:
        """Tell whether that is its reason, or was at one of its last steps."""
        return self.reason == reason or any(step.endswith(f" {reason}") for step in self.steps)


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the ledger knows of one entity. Instants are UTC seconds.

    `company` is the company key's hash, empty while no company was known; `version` is the delivered one, 0 for none;
    `dirty_until` is set while DnB may hold something that the ledger does not know, with `dirty_data` to put it right.
    `remarks` are the reasons of what a person should know about the delivery. `numbers_tried` are those under which a
    create that is not in `dnb_id` may have gone through. `parts` are the DnB ids of the rows inside its row, by the
    procedure's own names; empty while they are not all known.
    """

    scheme: int = SCHEME
    company: str = ""
    generation: Generation = Generation(0, 0)
    version: int = 0
    fingerprint: str = ""
    dnb_id: int | None = None
    number: str | None = None
    voucher: str | None = None
    delivered_at: float | None = None
    occurred_at: float | None = None
    dirty_until: float | None = None
    dirty_data: bytes | None = None
    parked: Parked | None = None
    remarks: tuple[str, ...] = ()
    numbers_tried: tuple[str, ...] = ()
    parts: dict[str, int] = {}
    unknown: dict[str, Any] = {}

    @property
    def highest(self) -> int:
        """Return the highest version the entry speaks of, delivered or parked."""
        return max(self.version, self.parked.version if self.parked else 0)

    @property
    def due(self) -> float | None:
        """Return the instant at which the entry wants work without any event, None if at none."""
        if self.parked is None and self.dirty_data is None:
            return None
        instants = [self.dirty_until if self.dirty_data is not None else None]
        instants.append(self.parked.next_try if self.parked else None)
        return min((instant for instant in instants if instant is not None), default=None)

    def of_company(self, company: str) -> "Entry":
        """Return what the entry says for that company: of another company's only the parked change remains.

        A company that is not known, as while its key cannot be read, is no other company.
        """
        if company == "" or self.company in ("", company):
            return self
        return Entry(company=company, generation=self.generation, parked=self.parked)


class Unreadable(msgspec.Struct, frozen=True):
    """Bytes in the ledger that are no entry, and why; never any of their content."""

    reason: str


def rank(entry: Entry, offset: int) -> tuple[int, bool, Generation, int]:
    """Return what orders the entries of one entity: the greatest is the truth, whatever the order they are read in.

    Highest of delivered and parked version, then delivered before parked, then generation, then ledger offset.
    """
    return (entry.highest, entry.version == entry.highest, entry.generation, offset)


def outranks(one: Entry, other: Entry) -> bool:
    """Tell whether the one entry is greater, whoever wrote it and when; entries of two companies do not compare."""
    return _is_comparable(one, other) and rank(one, 0)[:2] > rank(other, 0)[:2]


def replaces(one: Entry, offset: int, other: Entry, other_offset: int) -> bool:
    """Tell whether the one entry is the truth of the two, by their ranks.

    Of entries of two companies the later one is: what was delivered to the one company says nothing about the other.
    """
    if _is_comparable(one, other):
        return rank(one, offset) > rank(other, other_offset)
    return (one.generation, offset) > (other.generation, other_offset)


def doubted_as(one: Entry, other: Entry) -> Entry:
    """Return the one entry, in doubt for as long as the other is; itself where that adds nothing.

    Which of two is greater says nothing of what the owner of the lesser has sent without hearing the outcome.
    """
    if other.dirty_until is None or other.dirty_until <= (one.dirty_until or 0.0) or not _is_comparable(one, other):
        return one
    return msgspec.structs.replace(one, dirty_until=other.dirty_until)


def _is_comparable(one: Entry, other: Entry) -> bool:
    return one.company == other.company or "" in (one.company, other.company)


def encode(entry: Entry) -> bytes:
    """Return the entry as the msgpack map that the ledger topic and the local store hold."""
    return msgspec.msgpack.encode(entry if _is_plain(entry) else _flattened(entry))


def decode(raw: bytes) -> Entry | Unreadable:
    """Return the entry that the bytes hold, with the fields of a newer program kept in `unknown`.

    An entry that is encoded to the same bytes again has none, and most are such: that is found out far quicker.
    """
    try:
        entry = _ENTRY.decode(raw)
        if _is_plain(entry) and msgspec.msgpack.encode(entry) == raw:
            return _without_outdated(entry)
        return _revived(msgspec.msgpack.decode(raw, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unreadable(type(error).__name__)


def clamped(entry: Entry, now: float, longest_wait: float) -> Entry:
    """Return the entry with no remaining wait longer than `longest_wait`: another machine's clock may be ahead."""
    latest = now + longest_wait
    dirty_until = None if entry.dirty_until is None else min(entry.dirty_until, latest)
    parked = entry.parked
    if parked and parked.next_try is not None and parked.next_try > latest:
        parked = msgspec.structs.replace(parked, next_try=latest)
    if dirty_until == entry.dirty_until and parked is entry.parked:
        return entry
    return msgspec.structs.replace(entry, dirty_until=dirty_until, parked=parked)


def _is_plain(entry: Entry) -> bool:
    """Tell whether the entry has no fields of a newer program."""
    return not entry.unknown and not (entry.parked and entry.parked.unknown)


def _flattened(entry: Entry) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(entry, builtin_types=(bytes,))
    fields.update(fields.pop("unknown", {}))
    if "parked" in fields:
        fields["parked"].update(fields["parked"].pop("unknown", {}))
    return fields


def _revived(fields: dict[str, Any]) -> Entry:
    """Return the entry that the fields make, and what is beyond it."""
    entry = msgspec.convert(fields | {"unknown": {}}, Entry, builtin_types=(bytes,))
    parked = entry.parked
    if parked:
        parked = msgspec.structs.replace(parked, unknown=_beyond(fields["parked"], _OF_PARKED))
    return _without_outdated(msgspec.structs.replace(entry, unknown=_beyond(fields, _OF_ENTRY), parked=parked))


def _without_outdated(entry: Entry) -> Entry:
    """Return the entry; a parked change that is older than what was delivered is none."""
    is_outdated = entry.parked is not None and entry.parked.version < entry.version
    return msgspec.structs.replace(entry, parked=None) if is_outdated else entry


def _beyond(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the fields that are not among those that are known."""
    return {name: value for name, value in fields.items() if name not in known}


_OF_ENTRY = frozenset(Entry.__struct_fields__) - {"unknown"}
_OF_PARKED = frozenset(Parked.__struct_fields__) - {"unknown"}
_ENTRY = msgspec.msgpack.Decoder(Entry)
