"""What an entry leaves behind where it moved away: it is greater than the entry itself, and wants nothing."""

from pathlib import Path

import msgspec
import pytest

from daemon.core.actions import Consult, Load
from daemon.core.ledger import Entry, decode, encode, rank
from daemon.core.model import Generation
from daemon.edges.ledger_store import LedgerStore, Stored
from daemon.edges.lookups import Lookups
from daemon.edges.moved_entries import carried_over, is_moved, left_behind, wants_work
from tests.edges.ledger_entries import OURS, PARTITION, blocked, customer, delivered, parked, refused

DIRTY = msgspec.structs.replace(delivered(3), dirty_until=50.0, dirty_data=b"{}")
BOTH = msgspec.structs.replace(DIRTY, parked=refused(5).parked)
NEW_LIFE = Generation(2, 0)

ENTRIES = [
    delivered(2), parked(4), parked(4, "unavailable", next_try=3.0), refused(5), blocked(2, customer(9)), DIRTY, BOTH,
]  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_left_outranks_the_entry_and_is_outranked_where_it_went(entry: Entry) -> None:
    """In whatever order a partition is read the rest wins there, and over all partitions the entry does."""
    rest = decode(encode(left_behind(entry)))
    assert isinstance(rest, Entry)
    assert rank(rest, 11) > rank(entry, 10)
    assert rank(carried_over(entry, NEW_LIFE), 0) > rank(rest, 11)
    assert entry.highest == rest.highest
    assert not wants_work(rest)
    assert (entry.parked is not None) == is_moved(rest)


def test_what_is_carried_over_is_the_entry() -> None:
    """Only the generation is new: what is parked is tried under the same terms as before."""
    assert BOTH == msgspec.structs.replace(carried_over(BOTH, NEW_LIFE), generation=BOTH.generation)


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_owner_finds_nothing_to_do_about_it(entry: Entry, tmp_path: Path) -> None:
    """Neither by time nor by its tenant, its dependency or its name is it handed out, counted or mailed."""
    store = LedgerStore(tmp_path / "ledger.sqlite3")
    store.put([(customer(1), entry, 10)])
    store.merge([(customer(1), left_behind(entry), 11)])
    about = {"named": customer(1), "blocked": customer(9)}
    for which in ("due", "waiting", "refused", "blocked", "named"):
        wanted = msgspec.convert(
            {
                "partition": PARTITION, "generation": OURS, "which": which, "tenant": "fjellvik", "limit": 9,
                "about": about.get(which),
            },
            Load, from_attributes=True,
        )  # fmt: skip
        assert [] == store.load(wanted, 1e12), which
    assert (0, {}, {}, 0) == (
        store.summary().parked, store.parked_by_reason(), store.failing_tenants(), store.scheduled(),
    )  # fmt: skip
    assert Stored(left_behind(entry), 11) == store.get([customer(1)])[customer(1)]
    store.close()


def test_all_that_parked_changes_wait_for_is_looked_up_in_every_store(tmp_path: Path) -> None:
    """With nobody named who depends on it: whatever blocks a change of the partition, wherever its entry lies."""
    here, there = PARTITION, msgspec.structs.replace(PARTITION, number=9)
    stores = {one: LedgerStore(tmp_path / f"{one.number}.sqlite3") for one in (here, there)}
    stores[here].put([(customer(number), blocked(1, customer(number + 10)), number) for number in (1, 2, 3)])
    stores[here].put([(customer(11), delivered(4), 20)])
    stores[there].put([(customer(12), delivered(6), 1), (customer(14), delivered(1), 2)])
    assert [customer(11), customer(12), customer(13)] == stores[here].awaited()
    answer = Lookups(stores).answer(Consult(here, OURS, None), 0.0)
    assert {customer(11): delivered(4), customer(12): delivered(6)} == getattr(answer, "entries", None)
    assert None is getattr(answer, "entity", "")
    for store in stores.values():
        store.close()


def test_nobody_who_depends_on_it_is_told_of_it(tmp_path: Path) -> None:
    """The partition it went to speaks for it, whichever is asked first."""
    old, new = LedgerStore(tmp_path / "old.sqlite3"), LedgerStore(tmp_path / "new.sqlite3")
    old.put([(customer(1), left_behind(refused(5)), 11)])
    new.put([(customer(1), refused(5), 0)])
    here, there = PARTITION, msgspec.structs.replace(PARTITION, number=9)
    answer = Lookups({here: old, there: new}).answer(Consult(here, OURS, customer(2), (customer(1),)), 0.0)
    assert {customer(1): refused(5)} == getattr(answer, "entries", None)
    old.close()
    new.close()
