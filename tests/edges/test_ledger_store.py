"""The local copy of a ledger partition, on real SQLite files."""

import contextlib
import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from daemon.core.actions import Load, Which
from daemon.core.ledger import Entry, rank
from daemon.core.model import Entity, Generation, entity_of
from daemon.edges.ledger_keys import LedgerRecord
from daemon.edges.ledger_store import LedgerStore, Marks, Stored, Summary
from daemon.errors import SourceError
from tests.edges.ledger_entries import OURS, PARTITION, THEIRS, blocked, customer, delivered, parked, refused

MANY = 20_000
MARKS = Marks(position=9, record=LedgerRecord("life", OURS), record_offset=4, handover_offset=8, last_offset=8)
DIRTY = msgspec.structs.replace(delivered(3), dirty_until=50.0, dirty_data=b"{}")


@pytest.fixture
def store(tmp_path: Path) -> Generator[LedgerStore]:
    """A new store."""
    opened = LedgerStore(tmp_path / "new folder" / "ledger.sqlite3")
    yield opened
    opened.close()


def load(
    which: str, *, tenant: str | None = "fjellvik", limit: int = 10, without: frozenset[str] = frozenset()
) -> Load:
    """Return a request for entries."""
    return msgspec.convert(
        {
            "partition": PARTITION,
            "generation": OURS,
            "which": which,
            "tenant": tenant,
            "except_tenants": without,
            "limit": limit,
        },
        Load,
        from_attributes=True,
    )


def ids(loaded: list[tuple[Entity, Entry]]) -> list[int]:
    """Return the Moment ids of what was loaded."""
    return [entity.id for entity, _ in loaded]


def test_what_was_put_is_found(store: LedgerStore) -> None:
    """An entity's entry and its offset are what was put last; an unknown entity has none."""
    store.put([(customer(1), delivered(1), 10), (customer(2), parked(1), 11)])
    store.put([(customer(1), delivered(2), 12)])
    found = store.get([customer(1), customer(2), customer(3)])
    assert {customer(1): Stored(delivered(2), 12), customer(2): Stored(parked(1), 11)} == found


def test_many_entities_are_looked_up_at_once(store: LedgerStore) -> None:
    """More entities than SQLite takes in one query are found all the same."""
    store.put([(customer(number), delivered(1), number) for number in range(2_500)])
    assert 2_500 == len(store.get([customer(number) for number in range(2_600)]))


@pytest.mark.parametrize("seed", range(20))
def test_merging_in_any_order_keeps_the_greatest(store: LedgerStore, seed: int) -> None:
    """However a ledger is read, in whatever order and batches, twice or once, the same entry wins."""
    chance = random.Random(seed)
    generations = (THEIRS, OURS, Generation(2, 1))
    offered: list[tuple[Entity, Entry, int]] = []
    for offset in range(12):
        version, generation = chance.randint(1, 3), chance.choice(generations)
        entry = delivered(version, generation) if chance.random() < 0.5 else parked(version)
        offered.append((customer(1), entry, offset))
    _, greatest, at = max(offered, key=lambda one: rank(one[1], one[2]))
    shuffled = offered + chance.sample(offered, 6)
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.randint(1, 5)
        store.merge(shuffled[:size])
        shuffled = shuffled[size:]
    assert {customer(1): Stored(greatest, at)} == store.get([customer(1)])


def test_due_entries_are_taken_once_the_earliest_first(store: LedgerStore) -> None:
    """What wants work by now is handed out in its order, each once, not for the tenants that are left out."""
    store.put(
        [
            (customer(1), parked(1, "unavailable", next_try=30.0), 0),
            (customer(2), parked(1, "unavailable", next_try=20.0), 1),
            (customer(3), parked(1, "unavailable", next_try=41.0), 2),
            (customer(4, "havgard"), parked(1, "unavailable", next_try=1.0), 3),
            (customer(5), DIRTY, 4),
            (customer(6), parked(1, "conflict"), 5),
        ]
    )
    without = frozenset({"havgard"})
    assert [2] == ids(store.load(load("due", limit=1, without=without), 40.0))
    assert [1] == ids(store.load(load("due", without=without), 40.0))
    assert [] == store.load(load("due", without=without), 40.0)
    assert (41.0, 1.0) == (store.next_due(without), store.next_due())
    assert [3, 5] == ids(store.load(load("due", without=without), 50.0))
    assert None is store.next_due(without)


def test_waiting_changes_are_taken_oldest_first(store: LedgerStore) -> None:
    """What waits for its turn comes by age and by tenant; neither refused nor delivered ones come with it."""
    store.put(
        [
            (customer(1), parked(1, since=30.0), 0),
            (customer(2), parked(1, since=10.0), 1),
            (customer(3), parked(1, since=20.0), 2),
            (customer(4, "havgard"), parked(1, since=1.0), 3),
            (customer(5), parked(1, "conflict", since=2.0), 4),
            (customer(6), delivered(1), 5),
        ]
    )
    assert [2, 3] == ids(store.load(load("waiting", limit=2), 0.0))
    assert [1] == ids(store.load(load("waiting"), 0.0))
    assert [4] == ids(store.load(load("waiting", tenant="havgard"), 0.0))


def test_live_changes_that_wait_come_before_replays(store: LedgerStore) -> None:
    """Each in the order in which they began to wait."""
    for number, is_background in ((1, True), (2, False), (3, True), (4, False)):
        entry = parked(1)
        assert entry.parked is not None
        waits = msgspec.structs.replace(entry.parked, since=float(number), is_background=is_background)
        store.put([(customer(number), msgspec.structs.replace(entry, parked=waits), number)])
    assert [2, 4, 1, 3] == ids(store.load(load("waiting"), 0.0))


def test_refused_changes_are_taken_for_one_tenant(store: LedgerStore) -> None:
    """A tenant's repaired terms release what was refused to it, and nothing that only waits."""
    store.put(
        [
            (customer(1), parked(1, "conflict"), 0),
            (customer(2), parked(1), 1),
            (customer(3, "havgard"), parked(1, "conflict"), 2),
        ]
    )
    assert [1] == ids(store.load(load("refused"), 0.0))
    assert [] == store.load(load("refused"), 0.0)


def test_what_was_taken_comes_back_when_it_is_put_back_or_put(store: LedgerStore) -> None:
    """A taken entry is handed out again after it was put back, or after its next state was stored."""
    store.put([(customer(number), parked(1, since=float(number)), number) for number in (1, 2, 3)])
    assert [1, 2, 3] == ids(store.load(load("waiting"), 0.0))
    store.put_back([customer(2)])
    store.put([(customer(3), parked(2, since=3.0), 9)])
    assert [2, 3] == ids(store.load(load("waiting"), 0.0))


def test_what_we_wrote_does_not_hide_what_was_followed_to_meanwhile(store: LedgerStore) -> None:
    """A greater entry of another process lies before ours in the topic, and is not read again; ours otherwise stays."""
    store.put([(customer(1), delivered(9, THEIRS), 61), (customer(2), delivered(4, THEIRS), 62)])
    store.note_foreign([customer(1), customer(2)])
    store.keep([(customer(number), delivered(5), 66 + number) for number in (1, 2, 3)])
    held = store.get([customer(number) for number in (1, 2, 3)])
    assert [(9, 61), (5, 68), (5, 69)] == [(one.entry.version, one.offset) for one in held.values()]
    assert [None, None, customer(3), None] == [store.read_back(offset) for offset in (67, 68, 69, 69)]


def test_what_was_read_before_it_was_acknowledged_is_not_stored_twice(store: LedgerStore) -> None:
    """It is there already, perhaps outranked; but only now that its writer is through with it may it be taken again."""
    store.put([(customer(1), parked(1), 5), (customer(2), delivered(9), 4)])
    store.load(load("waiting"), 0.0)
    store.read_to(6)
    assert [] == store.load(load("waiting"), 0.0)
    store.keep([(customer(1), parked(1), 5), (customer(2), delivered(8), 3)])
    assert ([1], 9) == (ids(store.load(load("waiting"), 0.0)), store.get([customer(2)])[customer(2)].entry.version)
    assert None is store.read_back(5)


def test_what_we_wrote_for_another_company_is_kept(store: LedgerStore) -> None:
    """What was delivered to a company that the tenant had before says nothing about the present one."""
    store.put([(customer(1), delivered(9, THEIRS), 61)])
    store.note_foreign([customer(1)])
    store.keep([(customer(1), msgspec.structs.replace(delivered(5), company="d"), 67)])
    assert 5 == store.get([customer(1)])[customer(1)].entry.version


def test_merging_what_was_taken_changes_nothing(store: LedgerStore) -> None:
    """Following our own ledger does not hand out again what is being worked on."""
    store.put([(customer(1), parked(1), 5)])
    store.load(load("waiting"), 0.0)
    store.merge([(customer(1), parked(1), 5), (customer(1), parked(1), 4)])
    assert [] == store.load(load("waiting"), 0.0)


def test_what_is_stored_together_is_there_as_a_whole_or_not_at_all(store: LedgerStore) -> None:
    """A restore that is broken off leaves marks and entries as they were, so that it begins there again."""
    store.put([(customer(1), parked(1), 1)])
    with contextlib.suppress(KeyError), store.together():
        store.merge([(customer(1), delivered(2), 2)])
        store.remember(MARKS)
        raise KeyError
    assert (Marks(), parked(1)) == (store.marks, store.get([customer(1)])[customer(1)].entry)
    with store.together():
        store.cache(8 * 1024 * 1024)
        store.merge([(customer(1), delivered(2), 2)])
        store.put([(customer(2), delivered(1), 3)])
        store.remember(MARKS)
        store.cache()
    assert (MARKS, 2) == (store.marks, len(store.get([customer(1), customer(2)])))


def test_the_last_entry_of_an_entity_is_what_is_put(store: LedgerStore) -> None:
    """Of several in one batch, whichever of them wants something later."""
    store.put([(customer(1), parked(2), 1), (customer(1), delivered(2), 2), (customer(2), delivered(1), 3)])
    store.put([(customer(2), delivered(2), 4), (customer(2), parked(3), 5)])
    found = store.get([customer(1), customer(2)])
    assert {customer(1): Stored(delivered(2), 2), customer(2): Stored(parked(3), 5)} == found
    assert 1 == store.summary().parked


def test_the_summary_tells_what_is_held_for_later(store: LedgerStore) -> None:
    """At an assignment the planner learns how much is parked, who waits, who is known and what is due first."""
    store.put(
        [
            (customer(1), parked(1), 0),
            (customer(2), parked(1, "conflict"), 1),
            (customer(3, "havgard"), parked(1, "unavailable", next_try=77.0), 2),
            (customer(4, "nordlia"), DIRTY, 3),
            (customer(5, "lysne"), blocked(1, customer(1)), 4),
        ]
    )
    expected = Summary(
        parked=4,
        waiting_tenants=frozenset({"fjellvik"}),
        blocked_tenants=frozenset({"lysne"}),
        known_tenants=frozenset({"fjellvik", "havgard", "lysne", "nordlia"}),
        next_due=50.0,
    )
    assert expected == store.summary()
    assert {"waiting": 1, "conflict": 1, "unavailable": 1, "missing_dependency": 1} == store.parked_by_reason()
    assert (2, [1, 2, 3, 5]) == (store.scheduled(), sorted(ids(store.parked())))


def test_a_new_store_holds_nothing(store: LedgerStore) -> None:
    """Before the first read there is nothing to do and nobody known."""
    nothing = Summary(
        parked=0, waiting_tenants=frozenset(), blocked_tenants=frozenset(), known_tenants=frozenset(), next_due=None
    )
    assert (nothing, Marks(), {}) == (store.summary(), store.marks, store.parked_by_reason())


def test_everything_survives_close_and_open(tmp_path: Path) -> None:
    """With a volume a restart has entries and marks at once; what was being worked on is handed out again."""
    path = tmp_path / "ledger.sqlite3"
    before = LedgerStore(path)
    before.put([(customer(1), parked(1), 5)])
    before.remember(MARKS)
    before.load(load("waiting"), 0.0)
    before.close()
    after = LedgerStore(path)
    assert (MARKS, [1]) == (after.marks, ids(after.load(load("waiting"), 0.0)))
    after.close()


def test_a_reset_forgets_everything(store: LedgerStore) -> None:
    """A copy of another life of the topic is emptied, marks included."""
    store.put([(customer(1), parked(1), 5)])
    store.remember(MARKS)
    store.reset()
    assert (Marks(), {}) == (store.marks, store.get([customer(1)]))


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\x00" + b"\xff" * 5_000, b""])
def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """A damaged copy costs a re-read of the topic and stops nobody."""
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(content)
    store = LedgerStore(path)
    store.put([(customer(1), delivered(1), 0)])
    assert (Marks(), 1) == (store.marks, len(store.get([customer(1)])))
    store.close()


def test_marks_that_are_nested_without_end_are_begun_anew(tmp_path: Path) -> None:
    """A copy whose marks overstrain the decoder is as damaged as one that has none."""
    path = tmp_path / "ledger.sqlite3"
    LedgerStore(path).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        nested = '{"unknown": ' + "[" * 100_000 + "]" * 100_000 + "}"
        connection.execute("INSERT INTO meta (name, value) VALUES ('marks', ?)", (nested,))
    store = LedgerStore(path)
    assert Marks() == store.marks
    store.close()


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_copy_damaged_in_the_middle_is_begun_anew(tmp_path: Path, tenth: int) -> None:
    """A page that a power cut left in another's place: half a copy would let an old version pass, so none is kept."""
    path, entities = tmp_path / "ledger.sqlite3", [customer(number) for number in range(2_000)]
    before = LedgerStore(path)
    before.put((entity, delivered(1), 0) for entity in entities)
    before.remember(MARKS)
    before.close()
    content = bytearray(path.read_bytes())
    start = len(content) * tenth // 10 // 4_096 * 4_096
    content[start : start + 4_096] = content[start + 4_096 : start + 8_192]
    path.write_bytes(content)
    after = LedgerStore(path)
    assert (Marks(), {}) == (after.marks, after.get(entities))
    after.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of a quarter of a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder))
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(("umount", "--lazy", str(folder)), check=True)


def test_a_full_disk_stops_the_store(small_disk: Path) -> None:
    """What cannot be kept is not passed over: an old version would pass later. What was kept before is still there."""
    full = LedgerStore(small_disk / "ledger.sqlite3")
    rows = [(customer(number), refused(1, data=b"x" * 10_000), number) for number in range(100)]
    full.put(rows[:5])
    with pytest.raises(SourceError, match=r"MOMENT_DNB_DATA_DIR=.*ledger.sqlite3 cannot be .*full.*Nothing is lost"):
        full.put(rows[5:])
    assert [customer(number) for number in range(5)] == sorted(full.get([customer(number) for number in range(100)]))
    full.close()


def test_a_file_that_is_damaged_while_it_is_open_stops_the_store(tmp_path: Path) -> None:
    """What SQLite can no longer read is told like a full disk; the next start begins the file anew."""
    path = tmp_path / "ledger.sqlite3"
    damaged = LedgerStore(path)
    damaged.put([(customer(number), refused(1, data=b"x" * 2_000), number) for number in range(4_000)])
    damaged.close()
    damaged = LedgerStore(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (size - 4_096))
    with pytest.raises(SourceError, match=r"malformed"):
        damaged.get([customer(number) for number in range(4_000)])
    damaged.close()
    again = LedgerStore(path)
    assert {} == again.get([customer(1)])
    again.close()


def test_marks_that_cannot_be_read_begin_the_file_anew(tmp_path: Path) -> None:
    """A copy whose marks make no sense is not believed in anything else."""
    path = tmp_path / "ledger.sqlite3"
    before = LedgerStore(path)
    before.put([(customer(1), delivered(1), 0)])
    before.close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO meta VALUES ('marks', '{\"position\": \"far\"}')")
    connection.close()
    after = LedgerStore(path)
    assert (Marks(), {}) == (after.marks, after.get([customer(1)]))
    after.close()


def test_a_handover_counts_only_as_the_last_record() -> None:
    """Anything after the handover means that somebody has begun to work."""
    assert [True, False, False] == [
        MARKS.is_handed_over,
        msgspec.structs.replace(MARKS, last_offset=9).is_handed_over,
        Marks().is_handed_over,
    ]


@pytest.mark.parametrize(
    "key",
    [
        *("", "_ledger", "_hold/*", "a/customer", "a/offer/1", "a/customer/x", "a/customer/-1", "a/customer/1/2"),
        *("/customer/1", "a/customer/" + "1" * 5_000),
    ],
)
def test_a_key_that_is_no_entitys_is_none(key: str) -> None:
    """Records about the ledger itself, and whatever a newer program writes, are no entries."""
    assert None is entity_of(key)


def test_an_entitys_key_leads_back_to_it() -> None:
    """The key of a ledger record names its entity."""
    assert customer(2**63 - 1) == entity_of(customer(2**63 - 1).key)


def test_a_large_ledger_is_quick(store: LedgerStore) -> None:
    """Twenty thousand entries are stored, found, and handed out in seconds on a busy machine."""
    started = time.monotonic()
    entries = [(customer(number), parked(1, since=float(number)), number) for number in range(MANY)]
    for start in range(0, MANY, 2_000):
        store.merge(entries[start : start + 2_000])
    taken = 0
    while loaded := store.load(load("waiting", limit=200), 0.0):
        taken += len(loaded)
    store.put([(entity, delivered(1), MANY + offset) for entity, _, offset in entries])
    assert (MANY, 0) == (taken, store.summary().parked)
    assert time.monotonic() - started < 20.0


def portion(which: Which, **others: object) -> Load:
    """Return a load of a tenant's entries."""
    fields = {"partition": PARTITION, "generation": OURS, "which": which, "tenant": "fjellvik", "limit": 2} | others
    return msgspec.convert(fields, Load)


def test_what_a_dependency_blocks_is_taken_in_order_of_keys(store: LedgerStore) -> None:
    """When the customer is delivered its dependents come in portions, each once, and nobody else's."""
    entries = [(customer(number), blocked(1, customer(1)), number) for number in (2, 3, 4)]
    store.put([*entries, (customer(5), blocked(1, customer(9)), 5), (customer(6, "havgard"), parked(1), 6)])
    first = store.load(portion("blocked", about=customer(1)), 0.0)
    second = store.load(portion("blocked", about=customer(1), after=first[-1][0].key), 0.0)
    assert ([2, 3], [4]) == (ids(first), ids(second))
    assert [] == store.load(portion("blocked", about=customer(1)), 0.0)


def test_one_parked_change_is_taken_by_name(store: LedgerStore) -> None:
    """A dependency that waits for its turn is taken before it; a delivered one has nothing to take."""
    store.put([(customer(1), parked(1), 0), (customer(2), delivered(1), 1)])
    taken = [store.load(portion("named", about=customer(number)), 0.0) for number in (1, 2, 3)]
    assert [[1], [], []] == [ids(one) for one in taken]


def test_refused_changes_are_walked_through_once(store: LedgerStore) -> None:
    """Behind the last key that was seen come the others: what is refused again meanwhile does not come again."""
    store.put([(customer(number), parked(1, "conflict"), number) for number in (1, 2, 3)])
    first = store.load(portion("refused"), 0.0)
    store.put([(customer(1), parked(1, "conflict"), 9)])
    assert [3] == ids(store.load(portion("refused", after=first[-1][0].key), 0.0))


def test_what_a_person_must_repair_is_told_by_tenant(store: LedgerStore) -> None:
    """How many there are, and where the newest stands: so that a change is seen without reading them."""
    store.put([(customer(1), refused(1), 3), (customer(2), refused(1), 7), (customer(3), parked(1), 9)])
    assert {"fjellvik": (2, 7)} == store.failing_tenants()
    assert [(customer(1), "conflict"), (customer(2), "conflict")] == store.failing("fjellvik")
    assert [] == store.failing("havgard")


def test_a_file_of_another_form_is_begun_anew(tmp_path: Path) -> None:
    """A program version with other columns reads the topic again."""
    path = tmp_path / "a.sqlite3"
    LedgerStore(path).close()
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 1")
    store = LedgerStore(path)
    store.put([(customer(1), delivered(1), 0)])
    assert {customer(1)} == store.get([customer(1)]).keys()
    store.close()
