"""The lane of one entity: its changes in order, at most one in flight, the newest replacing what still queues."""

from collections.abc import Mapping
from typing import Literal

from daemon.core.ledger import Entry
from daemon.core.model import Change, Entity, Generation, Kind, Tenant
from daemon.core.procedure import Known

Origin = Literal["record", "parked", "check"]
"""Where an item came from: a record of the input topic, a parked change of the ledger, a dirty entry to be checked."""

NUMBERS_KEPT = 8
"""So many numbers are remembered under which an entity may have been created: more renumberings in doubt are a bug."""

Phase = Literal["idle", "consulting", "depending", "calling", "backing_off", "recording"]
"""What a lane does: `consulting` the ledger on dependencies, `depending` on one that is not delivered yet."""


class Item:
    """One change in a lane. `offset` is its record's, None for what came from the ledger.

    `is_background`: live changes go before it, as before a replay, a check, and what has failed before.
    `has_written`: a write of it, or of what it replaced, has left; a check writes no more than was delivered.
    """

    __slots__ = (
        "attempts",
        "change",
        "displaced",
        "first_failed_at",
        "first_missed_at",
        "has_written",
        "is_background",
        "is_suspect",
        "offset",
        "origin",
        "refusals",
    )

    def __init__(
        self, change: Change, offset: int | None, origin: Origin, *, is_suspect: bool, is_background: bool
    ) -> None:
        """Take the change; `is_suspect` if a former owner of the partition may have attempted it."""
        self.change = change
        self.offset = offset
        self.origin: Origin = origin
        self.is_suspect = is_suspect
        self.is_background = is_background
        self.attempts = 0
        self.displaced = 0
        self.first_failed_at: float | None = None
        self.first_missed_at: float | None = None
        self.has_written = False
        self.refusals = 0

    def inherit(self, other: "Item") -> None:
        """Take over the failed tries of the item that this one replaces: the API is no better for a newer version.

        Those of a check are not the newer version's: they leave nothing but what the lane holds in doubt.
        """
        self.displaced = other.displaced + 1
        self.first_missed_at = other.first_missed_at
        self.is_suspect = self.is_suspect or other.is_suspect
        self.is_background = self.is_background and other.is_background
        if other.origin != "check":
            self.attempts = other.attempts
            self.first_failed_at = other.first_failed_at
            self.has_written = other.has_written


class Lane:
    """What is open of one entity: the item that is being delivered, the one that will be next, and what is known.

    `entry` is the truth while the lane is open, whatever a look-up says. `must_read` and `dirty_until` tell that DnB
    may hold something the entry does not know; after the instant `dirty_until` nothing can be late any more.
    `held_back` is a superseded item that is not settled before the lane's next entry is written: until then its record
    alone tells of a number under which it may have been created. `terms` are those of the last try.
    """

    __slots__ = (
        "awaits",
        "current",
        "dirty_until",
        "entity",
        "entry",
        "held_back",
        "must_read",
        "numbers_tried",
        "phase",
        "queued",
        "retry_at",
        "terms",
        "version_seen",
    )

    def __init__(self, entity: Entity, entry: Entry) -> None:
        """Open the lane with what the ledger holds, an empty entry if nothing."""
        self.entity = entity
        self.entry = entry
        self.current: Item | None = None
        self.queued: Item | None = None
        self.held_back: Item | None = None
        self.phase: Phase = "idle"
        self.retry_at = 0.0
        self.awaits: Entity | None = None
        self.must_read = False
        self.terms: Tenant | None = None
        self.dirty_until = entry.dirty_until
        self.numbers_tried = entry.numbers_tried
        self.version_seen = entry.highest

    def offer(self, item: Item) -> Item | None:
        """Queue an item, and return the queued one that it supersedes; what takes a live one's place is live."""
        superseded = self.queued
        if superseded:
            item.is_background = item.is_background and superseded.is_background
        self.queued = item
        self.version_seen = max(self.version_seen, item.change.version)
        return superseded

    def advance(self) -> Item | None:
        """Make the queued item the current one, and return it; None if nothing queues."""
        self.current, self.queued = self.queued, None
        return self.current

    def serve(self, tenant: Tenant) -> bool:
        """Go on under these terms; tell whether they name another company, of which the entry says nothing."""
        self.terms = tenant
        entry = self.entry.of_company(tenant.company)
        if entry is self.entry:
            return False
        self.entry = entry
        items = (item.change.version for item in (self.current, self.queued) if item and item.origin != "check")
        self.version_seen = max(entry.highest, *items, 0)
        return True

    def touch(self, item: Item, generation: Generation, late_until: float) -> None:
        """Note what must be doubted before this item is delivered in the assignment of that generation.

        Nothing is concluded from the ledger alone where something above the delivered version can have been
        attempted: a suspect item, a check, a replay, or a parked change other than a waiting one of this assignment
        that was never taken. `late_until` is when a former owner's last request has been applied or never will be.
        """
        parked = self.entry.parked
        is_fresh = not parked or (parked.is_waiting and not parked.attempts and self.entry.generation == generation)
        if item.is_suspect:
            self.dirty_until = max(self.dirty_until or 0.0, late_until)
        if item.is_suspect or item.origin == "check" or item.change.replay is not None or not is_fresh:
            self.must_read = True

    def note_number(self, number: str) -> None:
        """Remember that the entity may be created under that number without the entry's telling."""
        if number and self.entry.dnb_id is None and number not in self.numbers_tried:
            self.numbers_tried = (*self.numbers_tried, number)[-NUMBERS_KEPT:]

    def hold_back(self, superseded: Item) -> Item | None:
        """Hold a superseded item back if its record alone tells of a number, and return what is to settle, if anything.

        What is held back keeps all behind it from being committed: a crash has it read again. So it is the oldest
        one, whichever was superseded first.
        """
        held_back, offset = self.held_back, superseded.offset
        if offset is None or not self.has_untold_numbers:
            return superseded
        if held_back is not None and held_back.offset is not None and held_back.offset < offset:
            return superseded
        self.held_back = superseded
        return held_back

    @property
    def has_untold_numbers(self) -> bool:
        """Tell whether the entity may have been created under a number that the entry does not tell."""
        return not set(self.numbers_tried) <= set(self.entry.numbers_tried)

    @property
    def is_dirty(self) -> bool:
        """Tell whether DnB may hold something that the entry does not know."""
        return self.must_read or self.dirty_until is not None

    def known(self, version: int, related: Mapping[Kind, int]) -> Known:
        """Return what a procedure may know of the entity and of the dependencies that were delivered."""
        return Known(
            version=version,
            dnb_id=self.entry.dnb_id,
            number=self.entry.number,
            dirty=self.is_dirty,
            related=related,
            numbers_tried=self.numbers_tried,
            parts=self.entry.parts,
        )

    def content_of(self, version: int) -> bytes | None:
        """Return the undecoded data of that version if the lane or its entry still holds it."""
        for item in (self.current, self.queued):
            if item and item.change.version == version:
                return item.change.data
        if self.entry.parked and self.entry.parked.version == version:
            return self.entry.parked.data
        return None
