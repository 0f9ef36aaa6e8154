"""What the records of a ledger partition mean while it is ours: marks, entries, and what the planner must be told.

Nothing is read here: whoever reads the topic hands in what came, so that a simulated Kafka can do it too.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog

from daemon.core.events import Followed, HoldChanged
from daemon.core.ledger import Entry, clamped, decode, replaces
from daemon.core.model import Entity, Generation, Partition, entity_of
from daemon.edges.ledger_keys import (
    ABOUT_ITSELF,
    HANDOVER_KEY,
    LEDGER_KEY,
    LedgerRecord,
    decode_handover_record,
    decode_hold_record,
    decode_ledger_record,
    first_ledger_record,
    held_scope,
)
from daemon.edges.ledger_store import NEVER, LedgerStore, Marks
from daemon.edges.mail_state import decode_mail_record, mailed_tenant
from daemon.edges.named_tenants import decode_tenant_record, named_tenant

log = structlog.get_logger()

Found = tuple[Entity, Entry, int]


class LedgerLine(msgspec.Struct, frozen=True, gc=False):
    """One record of a ledger partition as bytes, and its offset."""

    offset: int
    key: bytes | None
    value: bytes | None


class Beginning(msgspec.Struct, frozen=True):
    """How an assignment begins: the `_ledger` record that it writes first, and whether nothing need be doubted."""

    record: LedgerRecord
    is_handed_over: bool


class LedgerReading:
    """Takes the records of one ledger partition in order, and keeps store and marks with them."""

    def __init__(self, partition: Partition, store: LedgerStore) -> None:
        """Take the input partition, and its store, which the caller closes."""
        self._partition = partition
        self._store = store
        self._marks = store.marks
        self._told_holds = self._marks.holds
        self._outranked: dict[Entity, None] = {}

    @property
    def marks(self) -> Marks:
        """Return how far the partition was read, and what it said about itself."""
        return self._marks

    def is_same_life(self, first: LedgerLine | None, end: int) -> bool:
        """Tell whether the store is a copy of this topic: the `_ledger` record it last saw is still where it was.

        `first` is what the topic has at or behind that record's offset, and `end` the topic's end.
        """
        record, at = self._marks.record, self._marks.record_offset
        if record is None or self._marks.position > end or first is None:
            return False
        return first.offset == at and first.key == LEDGER_KEY.encode() and _record(first) == record

    def begin_anew(self) -> None:
        """Forget everything: the store is of another life of the topic."""
        self._store.reset()
        self._marks = Marks()

    def restore(self, lines: Iterable[LedgerLine], now: float, longest_wait: float) -> None:
        """Take in what the store lacks; no wait that is stored exceeds `longest_wait` seconds."""
        self._merge([(entity, clamped(entry, now, longest_wait), at) for entity, entry, at in self._take(lines)])
        self._told_holds = self._marks.holds
        self._remember()

    def outranked(self) -> list[tuple[Entity, Entry]]:
        """Return the greater entries behind which the topic holds a lesser one: they must be written again.

        Compaction keeps the last record of a key, and would remove the greater. Once they are written and put into the
        store, `follow` sees them.
        """
        present = self._store.get(list(self._outranked))
        return [(entity, stored.entry) for entity, stored in present.items()]

    def follow(self, lines: Sequence[LedgerLine], generation: Generation) -> list[Followed | HoldChanged]:
        """Take in what came since, and return what another process has written into our partition.

        The store takes what is greater at once: the planner may have lost the partition before it learns of it.
        """
        found = self._take(lines)
        foreign = [one for one in found if one[1].generation != generation]
        self._store.note_foreign(entity for entity, _, _ in foreign)
        told: list[Followed | HoldChanged] = [*self._followed(foreign, generation)]
        told += self._held_or_released(generation)
        self._merge(found)
        if lines:
            self._store.read_to(self._marks.position)
            self._remember()
        return told

    def _merge(self, found: list[Found]) -> None:
        """Take in what is greater than what is there, and note behind what a lesser entry lies, whoever wrote it."""
        kept_from = self._store.merge(found)
        for entity, _, offset in found:
            if kept_from[entity] < offset:
                self._outranked[entity] = None
            else:
                self._outranked.pop(entity, None)

    def _remember(self) -> None:
        """Keep how far was read, unless a greater entry must still be written again: then it is found once more."""
        if not self._outranked:
            self._store.remember(self._marks)

    def _take(self, lines: Iterable[LedgerLine]) -> list[Found]:
        found: list[Found] = []
        subjects: set[Entity] = set()
        named: dict[str, frozenset[str]] = {}
        marks, last_offset, position = self._marks, self._marks.last_offset, self._marks.position
        highest = NEVER
        for line in lines:
            position = line.offset + 1
            if (line.key or b"").startswith(ABOUT_ITSELF):
                key = (line.key or b"").decode(errors="replace")
                tenant = named_tenant(key)
                if tenant is None:
                    marks = msgspec.structs.replace(marks, **_told(line, key, marks))
                else:
                    named[tenant] = decode_tenant_record(line.value).kinds
                continue
            last_offset = line.offset
            own = self._store.read_back(line.offset)
            if own is not None and own not in subjects:
                self._outranked.pop(own, None)
                continue
            entry = self._entry(line)
            if entry is not None:
                found.append(entry)
                subjects.add(entry[0])
                highest = max(highest, entry[1].generation)
        if named:
            self._store.name(named)
        self._marks = msgspec.structs.replace(
            marks,
            position=position,
            last_offset=max(last_offset, marks.last_offset),
            highest=max(highest, marks.highest),
        )
        return found

    def _held_or_released(self, generation: Generation) -> Iterator[HoldChanged]:
        """Return what a person has said about tenants since the store was last told."""
        known, self._told_holds = self._told_holds, self._marks.holds
        for scope, hold in self._told_holds.items():
            if known.get(scope) != hold:
                yield HoldChanged(self._partition, generation, scope, hold.ends_at())

    def _followed(self, foreign: list[Found], generation: Generation) -> Iterator[Followed]:
        """Return what another process wrote and the local store has not seen yet."""
        present = self._store.get([entity for entity, _, _ in foreign])
        for entity, entry, offset in foreign:
            held = present.get(entity)
            if held is None:
                yield Followed(self._partition, generation, entity, entry, offset, None, -1)
            elif held.offset < offset or replaces(entry, offset, held.entry, held.offset):
                yield Followed(self._partition, generation, entity, entry, offset, held.entry, held.offset)

    def _entry(self, line: LedgerLine) -> Found | None:
        entity = entity_of((line.key or b"").decode(errors="replace"))
        if entity is None or line.value is None:
            return None
        entry = decode(line.value)
        if isinstance(entry, Entry):
            return entity, entry, line.offset
        number = self._partition.number
        log.error("ledger.entry_unreadable", partition=number, offset=line.offset, reason=entry.reason)
        return None


def beginning(marks: Marks, number: int, *, is_new: bool) -> Beginning:
    """Return how the assignment of Kafka's generation `number` begins; `is_new`: nothing was ever committed."""
    if marks.record is None:
        return Beginning(first_ledger_record(number), is_new)
    return Beginning(marks.record.following(number, marks.highest), marks.is_handed_over)


def is_lost(marks: Marks, *, is_new: bool) -> bool:
    """Tell whether the ledger is lost: offsets were committed against it, and it says nothing."""
    return marks.record is None and not is_new


def _told(line: LedgerLine, key: str, marks: Marks) -> dict[str, Any]:
    """Return what a record changes in the marks; a person's hold is no record of an owner, nor what was mailed."""
    scope = held_scope(key)
    if scope is not None:
        hold = decode_hold_record(line.value or b"")
        return {"holds": {**marks.holds, scope: hold}} if hold else {}
    tenant = mailed_tenant(key)
    if tenant is not None:
        mailed = decode_mail_record(line.value or b"")
        return {"mailed": {**marks.mailed, tenant: mailed}} if mailed else {}
    told: dict[str, Any] = {"last_offset": line.offset}
    record = _record(line) if key == LEDGER_KEY else None
    if record is not None and (marks.record is None or record.generation >= marks.record.generation):
        told |= {"record": record, "record_offset": line.offset, "highest": max(record.generation, marks.highest)}
    if key == HANDOVER_KEY and _is_of_the_owner(line, marks):
        told["handover_offset"] = line.offset
    return told


def _is_of_the_owner(line: LedgerLine, marks: Marks) -> bool:
    """Tell whether the last owner has handed over; one before it that slept so long speaks for itself alone."""
    handover = decode_handover_record(line.value or b"")
    return handover is not None and marks.record is not None and handover.generation == marks.record.generation


def _record(line: LedgerLine) -> LedgerRecord | None:
    return decode_ledger_record(line.value or b"")
