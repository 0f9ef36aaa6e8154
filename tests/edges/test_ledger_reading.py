"""What the records of a ledger partition mean: to a store that is restored, and to an owner that follows."""

from pathlib import Path

import msgspec
import pytest

from daemon.core.events import Followed, HoldChanged
from daemon.core.ledger import Entry, encode
from daemon.core.model import Generation, Partition
from daemon.edges.ledger_keys import (
    HANDOVER_KEY,
    LEDGER_KEY,
    HandoverRecord,
    HoldRecord,
    LedgerRecord,
    encode_record,
    hold_key,
)
from daemon.edges.ledger_reading import LedgerLine, LedgerReading, beginning, is_lost
from daemon.edges.ledger_store import LedgerStore, Marks
from daemon.edges.named_tenants import TenantRecord, encode_tenant_record, tenant_key
from tests.edges.ledger_entries import customer

PARTITION = Partition("changes", 0)
OURS, THEIRS = Generation(1, 8), Generation(1, 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the local copy lies."""
    return tmp_path / "0.sqlite3"


def entry(version: int, generation: Generation = THEIRS) -> Entry:
    """Return what an owner knows after delivering that version."""
    return Entry(generation=generation, version=version)


def line(offset: int, version: int, generation: Generation = THEIRS, number: int = 1) -> LedgerLine:
    """Return the record of such an entry."""
    return LedgerLine(offset, customer(number).key.encode(), encode(entry(version, generation)))


def restored(path: Path, *lines: LedgerLine) -> tuple[LedgerReading, LedgerStore]:
    """Return a reading, and its store, that has read these lines."""
    store = LedgerStore(path)
    reading = LedgerReading(PARTITION, store)
    reading.restore(lines, 0.0, 10.0)
    return reading, store


def known(store: LedgerStore, number: int = 1) -> int:
    """Return the version that the store knows of a customer."""
    return store.get([customer(number)])[customer(number)].entry.version


def test_what_another_process_wrote_is_kept_before_the_planner_has_heard_of_it(path: Path) -> None:
    """The owner may lose the partition meanwhile: what was read must not be skipped when its disk is used again."""
    reading, store = restored(path, line(0, 1, OURS))
    [told] = reading.follow([line(1, 5)], OURS)
    assert Followed(PARTITION, OURS, customer(1), entry(5), 1, entry(1, OURS), 0) == told
    store.close()
    again = LedgerStore(path)
    assert (5, 2) == (known(again), again.marks.position)
    again.close()


def test_a_lesser_record_behind_a_greater_one_is_named_until_the_greater_is_written_again(path: Path) -> None:
    """Compaction keeps the last record of a key; so long the position is not remembered, lest it be forgotten."""
    reading, store = restored(path, line(0, 5), line(1, 2), line(2, 7, number=2))
    assert [(customer(1), entry(5))] == reading.outranked()
    assert 0 == store.marks.position
    store.put([(customer(1), entry(5, OURS), 3)])
    reading.follow([line(3, 5, OURS)], OURS)
    assert ([], 4) == (reading.outranked(), store.marks.position)
    store.close()


def test_a_lesser_record_that_comes_while_the_partition_is_ours_is_named_too(path: Path) -> None:
    """Should the owner die before it has written its own again, the next restore finds the lesser record once more."""
    reading, store = restored(path, line(0, 5, OURS))
    [told] = reading.follow([line(1, 2)], OURS)
    assert (1, 0) == (told.offset if isinstance(told, Followed) else -1, store.marks.position - 1)
    store.close()
    reading, store = restored(path, line(1, 2))
    assert [(customer(1), entry(5, OURS))] == reading.outranked()
    store.close()


def test_a_lesser_record_of_our_own_is_found_once_more_too(path: Path) -> None:
    """A zombie appends what it had under way behind the next owner's, and may then own the partition itself."""
    reading, store = restored(path, line(0, 1))
    reading.follow([line(1, 5, OURS), line(2, 3, THEIRS)], THEIRS)
    assert (5, 0) == (known(store), store.marks.position - 1)
    reading.follow([line(3, 5, OURS)], THEIRS)
    assert 4 == store.marks.position
    store.close()


def test_what_was_written_and_kept_is_not_taken_in_once_more(path: Path) -> None:
    """Reading back what we hold already costs nothing."""
    reading, store = restored(path)
    store.keep([(customer(1), entry(5, OURS), 2), (customer(2), entry(1, OURS), 3)])
    unreadable = LedgerLine(2, customer(1).key.encode(), b"?")
    assert [] == reading.follow([unreadable], OURS)
    assert (5, 3) == (known(store), store.marks.position)
    reading.follow([line(4, 2, OURS, 3)], OURS)
    assert (None, 5) == (store.read_back(3), store.marks.position)
    store.close()


def test_a_record_of_ours_whose_acknowledgement_was_lost_hides_nothing_newer(path: Path) -> None:
    """It was written a second time, and what came after it is held already: read alone, it must not be stored."""
    reading, store = restored(path)
    store.keep([(customer(1), entry(5, OURS), 12), (customer(1), entry(6, OURS), 30)])
    for lines in ([line(10, 5, OURS)], [line(12, 5, OURS), line(30, 6, OURS)], [line(12, 5, OURS)]):
        reading.follow(lines, OURS)
        assert 6 == known(store)
    store.close()


def test_a_greater_record_of_another_before_ours_is_told(path: Path) -> None:
    """Our acknowledgement came before that was read: the planner must hear of it all the same."""
    reading, store = restored(path)
    store.keep([(customer(1), entry(5, OURS), 2)])
    [told] = reading.follow([line(1, 7)], OURS)
    assert isinstance(told, Followed)
    assert (7, 1, 5, 2) == (told.entry.version, told.offset, told.own.version if told.own else 0, told.own_offset)
    assert 7 == known(store)
    store.close()


def test_what_was_kept_before_a_greater_record_was_read_is_found_behind_it(path: Path) -> None:
    """A zombie's acknowledgement may come before it has read what the next owner wrote, in one reading or another."""
    for batches in (((1, 2),), ((1,), (2,))):
        lines = {1: line(1, 5, OURS), 2: line(2, 3, THEIRS)}
        reading, store = restored(path)
        reading.begin_anew()
        store.keep([(customer(1), entry(3, THEIRS), 2)])
        for offsets in batches:
            reading.follow([lines[offset] for offset in offsets], THEIRS)
        assert (5, [(customer(1), entry(5, OURS))]) == (known(store), reading.outranked())
        store.close()


def test_a_greater_record_behind_a_lesser_one_asks_for_nothing(path: Path) -> None:
    """The order in which entries usually come."""
    reading, store = restored(path, line(0, 1), line(1, 2))
    assert ([], 2, 2) == (reading.outranked(), known(store), store.marks.position)
    store.close()


def test_a_hold_is_told_once(path: Path) -> None:
    """What a person said before the restore is in the marks; what is said afterwards is told to the planner."""
    hold = HoldRecord(is_held=True, since=1.0, until=9.0)
    reading, store = restored(path, LedgerLine(0, hold_key("a").encode(), encode_record(hold)))
    assert {"a": 9.0} == reading.marks.held()
    lines = [LedgerLine(1, hold_key("b").encode(), encode_record(hold))]
    assert [HoldChanged(PARTITION, OURS, "b", 9.0)] == reading.follow(lines, OURS)
    assert [] == reading.follow([], OURS)
    store.close()


def named(offset: int, tenant: str, *kinds: str) -> LedgerLine:
    """Return the line that remembers a tenant with these kinds."""
    return LedgerLine(offset, tenant_key(tenant).encode(), encode_tenant_record(TenantRecord(frozenset(kinds))))


def test_the_tenants_that_the_file_has_named_are_remembered(path: Path) -> None:
    """Also of a partition that holds nothing else of them; such a record takes nothing from a handover."""
    reading, store = restored(
        path,
        LedgerLine(0, LEDGER_KEY.encode(), encode_record(LedgerRecord("a life", OURS))),
        LedgerLine(1, HANDOVER_KEY.encode(), encode_record(HandoverRecord(OURS, 0))),
        named(2, "havgard", "customer"),
    )
    assert reading.marks.is_handed_over
    assert [] == reading.follow([named(3, "lysne"), named(4, "havgard", "invoice", "project"), line(5, 1)], OURS)[1:]
    assert {"havgard": frozenset({"invoice", "project"}), "lysne": frozenset[str]()} == store.named
    assert frozenset({"fjellvik", "havgard", "lysne"}) == store.summary().known_tenants
    reading.begin_anew()
    assert {} == store.named
    store.close()


def test_a_store_is_of_the_same_life_while_the_ledger_record_it_saw_is_still_there(path: Path) -> None:
    """Another topic of the same name has another identity, ends earlier, or has something else at that offset."""
    record = LedgerRecord("one", THEIRS)
    own = LedgerLine(0, LEDGER_KEY.encode(), encode_record(record))
    other = LedgerLine(0, LEDGER_KEY.encode(), encode_record(msgspec.structs.replace(record, identity="two")))
    reading, store = restored(path, own, line(1, 3))
    assert reading.is_same_life(own, end=2)
    assert not reading.is_same_life(other, end=2)
    assert not reading.is_same_life(own, end=1)
    assert not reading.is_same_life(None, end=2)
    reading.begin_anew()
    assert (Marks(), {}) == (reading.marks, store.get([customer(1)]))
    store.close()


@pytest.mark.parametrize(
    ("handover", "is_handed_over"), [(THEIRS, True), (Generation(1, 5), False), (OURS, False), (None, False)]
)
def test_only_the_last_owner_can_hand_over(path: Path, handover: Generation | None, is_handed_over: bool) -> None:  # noqa: FBT001 - a table's column
    """A zombie that owned the partition before it knows nothing of what the last owner has left in flight."""
    began = LedgerLine(0, LEDGER_KEY.encode(), encode_record(LedgerRecord("one", THEIRS)))
    said = b"?" if handover is None else encode_record(HandoverRecord(handover, 1))
    reading, store = restored(path, began, line(1, 3), LedgerLine(2, HANDOVER_KEY.encode(), said))
    assert is_handed_over == reading.marks.is_handed_over
    store.close()


def test_an_assignment_is_above_everything_that_was_written(path: Path) -> None:
    """A late owner says once more who it is, behind the last one; compaction may leave nothing but that."""
    last, late = LedgerRecord("one", Generation(2, 4)), LedgerRecord("one", Generation(1, 3))
    said = [LedgerLine(at, LEDGER_KEY.encode(), encode_record(one)) for at, one in enumerate((last, late))]
    reading, store = restored(path, *said)
    assert (last, 0) == (reading.marks.record, reading.marks.record_offset)
    assert Generation(2, 5) == beginning(reading.marks, 5, is_new=False).record.generation
    reading.begin_anew()
    reading.restore([said[1], line(2, 1, Generation(2, 4))], 0.0, 10.0)
    assert (late, Generation(2, 4)) == (reading.marks.record, reading.marks.highest)
    assert Generation(3, 4) == beginning(reading.marks, 4, is_new=False).record.generation
    store.close()


def test_an_assignment_begins_where_the_last_one_ended() -> None:
    """A ledger without a record is new, unless offsets were committed against it: then it is lost."""
    marks = Marks(record=LedgerRecord("one", THEIRS), record_offset=0, handover_offset=4, last_offset=4)
    assert (Generation(1, 8), True) == (beginning(marks, 8, is_new=False).record.generation, marks.is_handed_over)
    assert Generation(2, 7) == beginning(marks, 7, is_new=False).record.generation
    assert beginning(Marks(), 1, is_new=True).is_handed_over
    assert not beginning(Marks(), 1, is_new=False).is_handed_over
    assert (False, True, False) == (
        is_lost(Marks(), is_new=True),
        is_lost(Marks(), is_new=False),
        is_lost(marks, is_new=False),
    )
