"""What the planner asks of the local stores: taking entries, putting them back, looking dependencies up."""

from collections.abc import Mapping

from daemon.core.actions import Adopt, Consult, Load, PutBack
from daemon.core.events import Consulted, Loaded
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Partition
from daemon.edges.ledger_store import LedgerStore
from daemon.edges.moved_entries import is_moved


class Lookups:
    """Carries out the actions on local stores, at once: SQLite answers faster than a task would start."""

    def __init__(self, stores: Mapping[Partition, LedgerStore]) -> None:
        """Take the stores of the partitions that are ours and restored."""
        self._stores = stores

    def answer(self, action: Load | Consult, now: float) -> Loaded | Consulted | None:
        """Return the event that answers the action, None if the partition is no longer ours."""
        if isinstance(action, Consult):
            return self._consulted(action)
        store = self._stores.get(action.partition)
        return None if store is None else _loaded(action, store, now)

    def change(self, action: PutBack | Adopt) -> None:
        """Change what a store holds, unless its partition is no longer ours."""
        store = self._stores.get(action.partition)
        if store is None:
            return
        match action:
            case PutBack(entities=entities, tenant=tenant):
                store.put_back(entities, tenant)
            case Adopt(entity=entity, entry=entry, offset=offset):
                store.merge([(entity, entry, offset)])

    def _consulted(self, consult: Consult) -> Consulted:
        """Look entities up in the partition's own store, and what it does not know in the others that are ours."""
        own = self._stores.get(consult.partition)
        wanted = consult.wanted if consult.entity or own is None else own.awaited()
        entries: dict[Entity, Entry] = {}
        for store in ([own] if own else []) + [store for store in self._stores.values() if store is not own]:
            lacking = [entity for entity in wanted if entity not in entries]
            found = store.get(lacking)
            entries.update((entity, one.entry) for entity, one in found.items() if not is_moved(one.entry))
        return Consulted(consult.partition, consult.generation, consult.entity, entries)


def _loaded(load: Load, store: LedgerStore, now: float) -> Loaded:
    entries = store.load(load, now)
    return Loaded(
        partition=load.partition,
        generation=load.generation,
        which=load.which,
        tenant=load.tenant,
        entries=tuple(entries),
        next_due=store.next_due(load.except_tenants),
        exhausted=len(entries) < load.limit,
        about=load.about,
    )
