"""What must be written so that each entity's entry lies in the ledger partition of its future changes: decided here.

An arrangement is worked out from what the ledgers hold, whatever they hold: so it comes out right too when it is worked
out again after a crash in the middle of its writing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.core.ledger import Entry, rank
from daemon.core.model import Entity, Generation, entity_of
from daemon.edges.ledger_copies import LedgerCopy
from daemon.edges.ledger_keys import HoldRecord
from daemon.edges.mail_state import MAX_TOLD, MailRecord, Told
from daemon.edges.moved_entries import carried_over, left_behind, wants_work
from daemon.edges.named_tenants import TenantRecord, to_be_named
from daemon.edges.partitioning import Keying, home_of, key_of


class Layout(msgspec.Struct, frozen=True):
    """By what Moment's records are keyed, and over how many partitions they are spread."""

    keyed_by: Keying
    partitions: int

    def home(self, entity: Entity) -> int:
        """Return the partition in which the entity's future changes will be."""
        return home_of(key_of(entity, self.keyed_by), self.partitions)


class Placed(msgspec.Struct, frozen=True):
    """An entry, and the ledger partition that it must be written to."""

    number: int
    entity: Entity
    entry: Entry


class Portion(msgspec.Struct, frozen=True):
    """Entries to be carried to their partitions; when these are acknowledged, what to leave behind."""

    carried: tuple[Placed, ...]
    left: tuple[Placed, ...]


class Arranging:
    """Works out what to write, out of copies of all ledger partitions that are there."""

    def __init__(self, copies: Sequence[LedgerCopy], layout: Layout) -> None:
        """Take the copies by partition number, and how the entries must be spread."""
        self._copies = copies
        self._layout = layout

    @property
    def generation(self) -> Generation:
        """Return the generation of what is carried over: above all that was written, below all that will be."""
        return Generation(max((copy.marks.highest.epoch for copy in self._copies), default=0) + 1, 0)

    @property
    def is_handed_over(self) -> bool:
        """Tell whether no former owner of any partition has left anything in doubt."""
        return all(copy.marks.is_handed_over for copy in self._copies if copy.marks.record is not None)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether an arrangement was begun and not finished, or was made for another number of partitions."""
        records = [copy.marks.record for copy in self._copies]
        return any(one and one.arranged_for not in (None, self._layout.partitions) for one in records)

    def portions(self, size: int) -> Iterator[Portion]:
        """Yield what becomes of the entries, some at a time."""
        generation = self.generation
        for number, copy in enumerate(self._copies):
            for entries in copy.store.portions(size):
                strangers = [one for one in entries if self._layout.home(one[0]) != number]
                yield self._portion(number, strangers, generation)

    def holds(self) -> list[tuple[int, str, HoldRecord]]:
        """Return the newest word on each tenant, and on all, for the partitions that do not have it."""
        newest: dict[str, HoldRecord] = {}
        for copy in self._copies:
            for scope, hold in copy.marks.holds.items():
                if scope not in newest or hold.since > newest[scope].since:
                    newest[scope] = hold
        return [
            (number, scope, hold)
            for number in range(self._layout.partitions)
            for scope, hold in sorted(newest.items())
            if self._marked(number, scope) != hold
        ]

    def named(self) -> list[tuple[int, str, TenantRecord]]:
        """Return the tenants that a ledger remembers, for the partitions that do not."""
        remembered = dict(enumerate(copy.store.named for copy in self._copies))
        everything: dict[str, frozenset[str]] = {}
        for named in remembered.values():
            everything |= to_be_named(named, everything)
        return [
            (number, tenant, TenantRecord(kinds))
            for number in range(self._layout.partitions)
            for tenant, kinds in to_be_named(everything, remembered.get(number, {})).items()
        ]

    def mails(self) -> list[tuple[int, str, MailRecord]]:
        """Return what tenants were told, for the partitions that now have what they were told about, or had it.

        First everything is added where it belongs, then taken from where it was.
        """
        tenants = sorted({tenant for copy in self._copies for tenant in copy.marks.mailed})
        added: list[tuple[int, str, MailRecord]] = []
        taken: list[tuple[int, str, MailRecord]] = []
        for tenant in tenants:
            for number, record in enumerate(self._told(tenant)):
                before = self._mailed(number, tenant)
                both = _joined((before, record))
                if both != before:
                    added.append((number, tenant, both))
                if record != both:
                    taken.append((number, tenant, record))
        return [*added, *taken]

    def _portion(self, number: int, entries: Sequence[tuple[Entity, Entry]], generation: Generation) -> Portion:
        others = [
            (other, copy.store.get([entity for entity, _ in entries]))
            for other, copy in enumerate(self._copies)
            if other != number
        ]
        carried: list[Placed] = []
        left: list[Placed] = []
        for entity, entry in entries:
            home = self._layout.home(entity)
            rivals = {other: found[entity].entry for other, found in others if entity in found}
            if _is_greatest(entry, rivals, home):
                carried.append(Placed(home, entity, carried_over(entry, generation)))
            if wants_work(entry):
                left.append(Placed(number, entity, left_behind(entry)))
        return Portion(tuple(carried), tuple(left))

    def _marked(self, number: int, scope: str) -> HoldRecord | None:
        return self._copies[number].marks.holds.get(scope) if number < len(self._copies) else None

    def _mailed(self, number: int, tenant: str) -> MailRecord:
        marks = self._copies[number].marks if number < len(self._copies) else None
        return marks.mailed.get(tenant, MailRecord()) if marks else MailRecord()

    def _told(self, tenant: str) -> list[MailRecord]:
        """Return what a tenant was told, by the partition of what it was told about."""
        everything = _joined(copy.marks.mailed.get(tenant, MailRecord()) for copy in self._copies)
        return [self._about(everything, number) for number in range(self._layout.partitions)]

    def _about(self, record: MailRecord, number: int) -> MailRecord:
        """Return the part of what was told that is about entities whose home is that partition."""
        told = {
            reason: Told(one.at, tuple(filter(self._lives_in(number), one.keys))) for reason, one in record.told.items()
        }
        return MailRecord({reason: one for reason, one in told.items() if one.keys})

    def _lives_in(self, number: int) -> Callable[[str], bool]:
        return lambda key: (entity := entity_of(key)) is not None and self._layout.home(entity) == number


def _is_greatest(entry: Entry, rivals: Mapping[int, Entry], home: int) -> bool:
    """Tell whether the entry is an entity's truth; of equal ones the one that is at home already, or any."""
    own = rank(entry, 0)
    return all(own > rank(other, 0) or (own == rank(other, 0) and at != home) for at, other in rivals.items())


def _joined(records: Iterable[MailRecord]) -> MailRecord:
    """Return all that the records tell; the newest telling of a reason counts for its time."""
    told: dict[str, Told] = {}
    for record in records:
        for reason, one in record.told.items():
            before = told.get(reason, Told(one.at))
            keys = tuple(dict.fromkeys((*before.keys, *one.keys)))
            told[reason] = Told(max(before.at, one.at), keys[-MAX_TOLD:])
    return MailRecord(told)
