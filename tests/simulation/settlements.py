"""What every commit passes: each record settled by the process that commits, and for good where that must last."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from daemon.core.ledger import Entry
from daemon.core.model import Change, Entity, Message, Partition, Undecodable
from daemon.core.notices import Settled
from daemon.edges.inbox import RawRecord
from daemon.moment.envelope import decode as decode_envelope
from daemon.moment.invoice import is_draft
from daemon.sandbox.generating import ENVIRONMENT

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.world import World

Place = tuple[Partition, int]
"""A partition and an offset."""


class Settlements:
    """Knows what each process says to be settled, and what the ledgers and the dead letters hold.

    `highest` is the highest version of each entity that any ledger tells of.
    """

    def __init__(self, world: "World") -> None:
        """Begin with nothing settled."""
        self.highest: dict[Entity, int] = {}
        self._world = world
        self._said: dict[tuple[Replica, Partition], dict[int, str]] = {}
        self._recorded_at: dict[Entity, float] = {}
        self._replayed_at: dict[Place, float] = {}
        self._letters: set[Place] = set()

    def begin(self, replica: "Replica", partition: Partition) -> None:
        """Take note that a partition begins for a process: whatever it said of it before, it reads all again."""
        self._said[replica, partition] = {}

    def say(self, replica: "Replica", notice: Settled) -> None:
        """Take note that a process says a record to be settled; what is being tried need not be tried again."""
        self._said.setdefault((replica, notice.partition), {})[notice.offset] = notice.reason
        place, entity = (notice.partition, notice.offset), notice.entity
        is_replay = place in self._replayed_at and notice.settlement == "stale"
        if is_replay and entity is not None and _is_in_hand(replica, entity, notice.version):
            del self._replayed_at[place]

    def record(self, entity: Entity, entry: Entry) -> None:
        """Take note of an entry that a ledger holds."""
        self.highest[entity] = max(self.highest.get(entity, 0), entry.highest)
        self._recorded_at[entity] = self._world.timeline.now

    def letter(self, partition: Partition, offset: int) -> None:
        """Take note of a dead letter."""
        self._letters.add((partition, offset))

    def replay(self, partition: Partition, offset: int) -> None:
        """Take note that a record asks for what is known to be done again."""
        self._replayed_at[partition, offset] = self._world.timeline.now

    def passed_over(
        self, replica: "Replica", before: Mapping[Partition, int], offsets: Mapping[Partition, int]
    ) -> Iterator[tuple[Partition, int]]:
        """Yield the records that a commit passes though they are not settled."""
        for partition, offset in offsets.items():
            begin, said = before.get(partition, 0), self._said.get((replica, partition), {})
            for record in self._world.inputs[partition].read(begin, max(0, offset - begin)):
                if record.offset >= offset:
                    break
                if record.offset not in said or not self._lasts(partition, record, offset, said[record.offset]):
                    yield partition, record.offset

    def _lasts(self, partition: Partition, record: RawRecord, committed: int, reason: str) -> bool:
        """Tell whether a record is dead-lettered, no change of ours, in the ledger, or superseded by one not passed.

        A replay of what the ledger tells already is in it once an entry has been written since.
        """
        message = decode_envelope(record.value, environment=ENVIRONMENT, replay=record.replay)
        if isinstance(message, Undecodable):
            return (partition, record.offset) in self._letters
        if not isinstance(message, Change) or reason in {"tenant", "kind"} or is_draft_of(message):
            return True
        known = self.highest.get(message.entity, 0)
        replayed_at = self._replayed_at.get((partition, record.offset), 0.0)
        if known > message.version or (known == message.version and self._recorded_at[message.entity] >= replayed_at):
            return True
        later = self._world.inputs[partition].read(committed, 1_000_000)
        return any(_supersedes(decode_envelope(one.value, environment=ENVIRONMENT), message) for one in later)


def _is_in_hand(replica: "Replica", entity: Entity, version: int) -> bool:
    """Tell whether a process is about to deliver that version, or is reading whether DnB still shows it."""
    lane = replica.memory.lane_of(entity)
    items = (lane.current, lane.queued) if lane is not None and lane.phase != "recording" else ()
    return any(item is not None and item.change.version == version for item in items)


def is_draft_of(change: Change) -> bool:
    """Tell whether a change is of a draft of an invoice, of which nothing comes."""
    return change.entity.kind == "invoice" and is_draft(change.data)


def _supersedes(other: Message, change: Change) -> bool:
    is_newer = isinstance(other, Change) and other.entity == change.entity and other.version > change.version
    return is_newer and isinstance(other, Change) and not is_draft_of(other)
