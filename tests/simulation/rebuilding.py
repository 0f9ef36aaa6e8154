"""The hardest end of a schedule: ledgers compacted, every process killed, every disk empty, and all as it was."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from daemon.core.ledger import Entry
from daemon.core.model import Entity, Generation
from tests.simulation.resting import Resting
from tests.simulation.watching import ViolationError

if TYPE_CHECKING:
    from tests.simulation.world import World

RESTORED_WITHIN_SECONDS = 60.0

STAMPS = ("CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy")
"""When a row was written is not what it says."""

JUDGED_TABLES = ("Customer", "BusinessRelation", "Project", "CustomerInvoice", "JournalEntry", "JournalEntryLine")

Rows = list[tuple[str, str, object]]


class Rebuilding:
    """Lets everything be restored from the compacted ledgers alone, and compares."""

    def __init__(self, world: "World") -> None:
        """Take the world at rest."""
        self._world = world

    def check(self) -> None:
        """Raise `ViolationError` if the ledgers have forgotten something, or DnB is told anything new."""
        known, rows = self._known(), self._rows()
        self._begin_anew()
        self._wait()
        self._compare(known, "restored")
        Resting(self._world).rest()
        self._compare(known, "at rest")
        if self._world.schedule.is_keyed_by_tenant and rows != self._rows():
            told = next(iter([row for row in self._rows() if row not in rows]), "a row is gone")
            raise ViolationError(f"the books differ after a restart without disks: {told}")

    def _begin_anew(self) -> None:
        world = self._world
        world.say("world", "compacts the ledgers, and loses every process and disk")
        for ledger in world.ledgers.values():
            ledger.compact(ledger.end)
        for replica in list(world.replicas.values()):
            world.end(replica, keeps_disk=False)

    def _wait(self) -> None:
        """Wait until the last partition is restored."""
        world = self._world
        until = world.timeline.now + RESTORED_WITHIN_SECONDS
        while any(world.store_of(partition) is None for partition in world.inputs):
            if not world.timeline.step(until):
                raise ViolationError("a ledger is not restored")
            world.count_step()

    def _compare(self, before: Mapping[Entity, Entry], when: str) -> None:
        after = self._known()
        for entity, entry in before.items():
            if after.get(entity) != entry:
                raise ViolationError(
                    f"{entity.key} is not the same when {when}; it was {entry}, is {after.get(entity)}"
                )

    def _known(self) -> dict[Entity, Entry]:
        """Return what is known of every entity, without what another try of a parked change alters.

        Where the entity is the key, what becomes of such a try depends on whose partitions lie together: left out.
        """
        entries = self._world.entries().items()
        settled = {entity: entry for entity, entry in entries if entry.parked is None}
        if not self._world.schedule.is_keyed_by_tenant:
            return settled
        return settled | {entity: _without_tries(entry) for entity, entry in entries if entry.parked is not None}

    def _rows(self) -> Rows:
        """Return the living rows of every company's books."""
        emulator = self._world.network.emulator
        return [
            (company.key, table, {name: value for name, value in row.items() if name not in STAMPS})
            for company in self._world.schedule.companies
            for table in JUDGED_TABLES
            for row in emulator.books(company.key).table(table).live()
        ]


def _without_tries(entry: Entry) -> Entry:
    parked = entry.parked
    assert parked is not None
    parked = replace(parked, next_try=None, attempts=0, steps=(), refusal=None)
    return replace(entry, parked=parked, generation=Generation(0, 0), dirty_until=None, numbers_tried=())
