"""Accounting for the records of one input partition after the fact: what has become of each, by the ledger alone.

Nothing is remembered of a record that is accounted for; of an entity that is not, one line. So a topic of millions of
records is judged with little more memory than what its ledger holds of versions.
"""

from collections import Counter
from collections.abc import Mapping
from typing import assert_never

import msgspec

from daemon.core.model import Change, Ignored, Message, Undecodable

LISTED_LETTERS = 1_000
"""So many records without their dead letter are named: they have no entity to gather them under."""

NEVER = -1.0


class Standing(msgspec.Struct, frozen=True):
    """What a ledger partition says of its entities, by their keys: the version delivered, and the version parked."""

    delivered: Mapping[str, int] = {}
    parked: Mapping[str, int] = {}

    def highest(self, key: str) -> int:
        """Return the highest version that it says anything of, 0 if there is none."""
        return max(self.delivered.get(key, 0), self.parked.get(key, 0))


class Letters(msgspec.Struct, frozen=True):
    """The offsets of a partition that have a dead letter.

    `removed_until` is an instant up to which letters may have been removed by the topic's retention, below 0 if none
    was: of a record before it nobody can say whether it had one.
    """

    offsets: frozenset[int] = frozenset()
    removed_until: float = NEVER


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """A record that nothing accounts for; `key` is its entity's, empty with version 0 for one that is no change.

    `count` is how many records say the same: that version of that entity, the first of them at `offset`.
    """

    key: str
    version: int
    offset: int
    count: int = 1


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How the records of a partition before its committed offset are accounted for; figures of several can be added.

    `removed_unread` are offsets that retention removed before they were ever committed, `beyond` the records behind the
    committed offset, which are not judged; `letters_removed` those whose dead letter retention may have removed.
    """

    records: int = 0
    delivered: int = 0
    parked: int = 0
    superseded: int = 0
    dead_lettered: int = 0
    letters_removed: int = 0
    ignored: Mapping[str, int] = {}
    unaccounted: int = 0
    removed_unread: int = 0
    removed: int = 0
    beyond: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        """Return the figures of both."""
        counts = {
            name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__ if name != "ignored"
        }
        return Figures(ignored=Counter(self.ignored) + Counter(other.ignored), **counts)

    @property
    def is_conserved(self) -> bool:
        """Tell whether every record that was taken in hand is accounted for."""
        return self.unaccounted == 0 and self.removed_unread == 0


class _Open:
    """An entity with records above what the ledger knows: its newest version, and what lies below that."""

    __slots__ = ("count", "newest", "offset", "older")

    def __init__(self) -> None:
        self.newest = 0
        self.offset = 0
        self.count = 0
        self.older = 0

    def supersede(self, version: int) -> None:
        """Let a newer version take the place of all before it."""
        self.older += self.count
        self.newest, self.count = version, 0

    def judge(self, version: int, offset: int) -> None:
        """Take a record that must be accounted for."""
        if version < self.newest:
            self.older += 1
            return
        if version > self.newest:
            self.supersede(version)
            self.offset = offset
        self.count += 1


class Conserving:
    """Takes the records of one partition in order of offset, and tells in the end what accounts for them."""

    def __init__(self, standing: Standing, letters: Letters, *, first: int, committed: int | None) -> None:
        """Take what ledger and dead letters say, the first offset that is still there, and the committed one."""
        self._standing = standing
        self._letters = letters
        self._first = first
        self._committed = committed
        self._counts: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._open: dict[str, _Open] = {}
        self._unlettered: list[int] = []

    def take(self, offset: int, message: Message, at: float) -> None:
        """Take a record, written at an instant.

        A change that the contract lets be ignored (a draft, an unknown tenant, a kind that is not transferred) must
        come as `Ignored`: such a one supersedes nothing.
        """
        if self._committed is None or offset >= self._committed:
            self._beyond(message)
            return
        self._counts["records"] += 1
        match message:
            case Ignored(reason=reason):
                self._ignored[reason] += 1
            case Undecodable():
                self._lettered(offset, at)
            case Change():
                self._judge(offset, message)
            case _ as never:
                assert_never(never)

    def figures(self) -> Figures:
        """Return how the records are accounted for."""
        lacking = sum(one.count for one in self._open.values())
        superseded = sum(one.older for one in self._open.values())
        return Figures(
            ignored=dict(self._ignored),
            superseded=superseded,
            unaccounted=lacking + self._counts["unlettered"],
            removed=self._first,
            removed_unread=max(0, self._first - (self._first if self._committed is None else self._committed)),
            **{name: self._counts[name] for name in COUNTED},
        )

    def lacking(self) -> list[Lacking]:
        """Return what nothing accounts for, in order of offset; of what is no change the first thousand."""
        changes = [
            Lacking(key=key, version=one.newest, offset=one.offset, count=one.count)
            for key, one in self._open.items()
            if one.count
        ]
        letters = [Lacking(key="", version=0, offset=offset) for offset in self._unlettered]
        return sorted([*changes, *letters], key=lambda one: one.offset)

    def _beyond(self, message: Message) -> None:
        self._counts["beyond"] += 1
        if isinstance(message, Change):
            one = self._open.get(message.entity.key)
            if one is not None and message.version > one.newest:
                one.supersede(message.version)

    def _lettered(self, offset: int, at: float) -> None:
        if offset in self._letters.offsets:
            self._counts["dead_lettered"] += 1
        elif at <= self._letters.removed_until:
            self._counts["letters_removed"] += 1
        else:
            self._counts["unlettered"] += 1
            if len(self._unlettered) < LISTED_LETTERS:
                self._unlettered.append(offset)

    def _judge(self, offset: int, change: Change) -> None:
        key = change.entity.key
        if change.version <= self._standing.delivered.get(key, 0):
            self._counts["delivered"] += 1
        elif change.version <= self._standing.parked.get(key, 0):
            self._counts["parked"] += 1
        elif offset in self._letters.offsets:
            self._counts["dead_lettered"] += 1
        else:
            self._open.setdefault(key, _Open()).judge(change.version, offset)


COUNTED = ("records", "delivered", "parked", "dead_lettered", "letters_removed", "beyond")
"""What is counted record by record."""
