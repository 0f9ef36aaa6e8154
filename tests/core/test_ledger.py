"""Entries: stored, merged, and read by other program versions."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.ledger import Entry, Parked, Unreadable, clamped, decode, encode, rank, replaces
from daemon.core.model import Generation
from tests.core.playbook import refusal

PARKED = Parked(version=4, data=b"{}", occurred_at=1.0, reason="waiting", since=2.0)

generations = st.builds(Generation, st.integers(0, 2), st.integers(0, 3))
parked = st.none() | st.builds(
    Parked,
    version=st.integers(1, 5),
    data=st.binary(max_size=5),
    occurred_at=st.floats(0, 9),
    reason=st.sampled_from(["waiting", "conflict"]),
    since=st.floats(0, 9),
    next_try=st.none() | st.floats(0, 9),
    refusal=st.none() | st.just(refusal("conflict")),
    steps=st.just(("1 waiting",)),
)
entries = st.builds(
    Entry,
    company=st.sampled_from(["", "a"]),
    generation=generations,
    version=st.integers(0, 5),
    fingerprint=st.text(max_size=3),
    dnb_id=st.none() | st.integers(1, 9),
    dirty_until=st.none() | st.floats(0, 9),
    dirty_data=st.none() | st.binary(max_size=3),
    parked=parked,
)


@given(entries)
def test_an_entry_survives_the_ledger(entry: Entry) -> None:
    """What is written is read back unchanged, but for a parked change that is older than what was delivered."""
    is_overtaken = entry.parked is not None and entry.parked.version < entry.version
    expected = msgspec.structs.replace(entry, parked=None) if is_overtaken else entry
    assert expected == decode(encode(entry))


def test_a_parked_change_below_what_was_delivered_is_none() -> None:
    """Whoever has left it in the ledger, it is not written over the newer version any more."""
    at, below = Entry(version=4, parked=PARKED), Entry(version=5, parked=PARKED)
    assert at == decode(encode(at))
    assert Entry(version=5) == decode(encode(below))


def test_fields_of_a_newer_program_survive_an_older_one() -> None:
    """A replica of an older version writes back what it does not understand, also of a parked change."""
    raw = msgspec.msgpack.encode(
        {"version": 3, "colour": "red", "parked": msgspec.to_builtins(PARKED, builtin_types=(bytes,)) | {"mood": [1]}}
    )
    entry = decode(raw)
    assert isinstance(entry, Entry)
    assert (3, {"colour": "red"}) == (entry.version, entry.unknown)
    assert entry.parked is not None
    assert {"mood": [1]} == entry.parked.unknown
    assert msgspec.msgpack.decode(raw) == msgspec.msgpack.decode(encode(entry))


def test_fields_of_a_newer_program_survive_where_nothing_is_parked() -> None:
    """Also in what is delivered, and in whatever order another program writes its fields."""
    raw = msgspec.msgpack.encode({"colour": "red", "dnb_id": 7, "version": 3})
    entry = Entry(version=3, dnb_id=7, unknown={"colour": "red"})
    assert entry == decode(raw)
    assert msgspec.msgpack.decode(raw) == msgspec.msgpack.decode(encode(entry))
    assert Entry(version=3, dnb_id=7) == decode(msgspec.msgpack.encode({"dnb_id": 7, "version": 3}))


def test_a_field_called_unknown_is_a_field_like_others() -> None:
    """The name under which unknown fields are kept in memory means nothing in the ledger."""
    entry = decode(msgspec.msgpack.encode({"version": 3, "unknown": {"version": 9}}))
    assert isinstance(entry, Entry)
    assert 3 == entry.version


@pytest.mark.parametrize(
    "raw", [b"", b"\xc1", b"\x93\x01", msgspec.msgpack.encode({"version": "x"}), b"\x81\xa1\xff\x01"]
)
def test_bytes_that_are_no_entry_are_told_and_not_raised(raw: bytes) -> None:
    """A record that is no entry stops nobody."""
    assert isinstance(decode(raw), Unreadable)


@given(st.binary(max_size=60))
def test_no_bytes_raise(raw: bytes) -> None:
    """Whatever stands in the ledger, reading it gives a value."""
    assert isinstance(decode(raw), Entry | Unreadable)


@given(st.lists(entries, min_size=2, max_size=4))
def test_merging_does_not_depend_on_the_order(some: list[Entry]) -> None:
    """Entries of one entity merge to the same one whatever order they are read in: their ranks are a total order."""
    ranks = [rank(entry, offset) for offset, entry in enumerate(some)]
    winners = {max(order) for order in itertools.permutations(ranks)}
    assert 1 == len(winners)


def test_the_order_of_merging() -> None:
    """The highest version wins, then delivered before parked, then the later assignment, then the later record."""
    delivered = Entry(version=4, generation=Generation(1, 1))
    behind = Entry(version=3, parked=PARKED, generation=Generation(1, 9))
    later = msgspec.structs.replace(delivered, generation=Generation(2, 0))
    newer = Entry(version=5)
    ordered = [rank(behind, 9), rank(delivered, 1), rank(delivered, 2), rank(later, 0), rank(newer, 0)]
    assert ordered == sorted(ordered)


def test_of_two_companies_the_later_assignments_entry_is_the_truth() -> None:
    """A version that was delivered to the company before, however high, hides nothing that waits for the next one."""
    before = Entry(company="one", version=9, generation=Generation(1, 1))
    waiting = Entry(company="two", parked=PARKED, generation=Generation(1, 2))
    assert (True, False) == (replaces(waiting, 7, before, 3), replaces(before, 8, waiting, 7))
    nameless = msgspec.structs.replace(waiting, company="")
    assert (False, True) == (replaces(nameless, 7, before, 3), replaces(before, 3, nameless, 7))


def test_another_company_keeps_only_what_is_parked() -> None:
    """After a tenant's company key changed nothing counts as delivered, and nothing parked is lost."""
    entry = Entry(company="a", version=4, dnb_id=7, parked=PARKED)
    assert entry is entry.of_company("a")
    assert Entry(version=1) == Entry(version=1).of_company("b")
    other = entry.of_company("b")
    assert (0, None, PARKED, "b") == (other.version, other.dnb_id, other.parked, other.company)


def test_what_is_due_and_when() -> None:
    """An entry wants work at its next try, or when a dirty delivery is to be checked, whichever is first."""
    tried = msgspec.structs.replace(PARKED, next_try=8.0)
    assert None is Entry(dirty_until=5.0).due
    assert None is Entry(parked=PARKED).due
    assert 5.0 == Entry(dirty_until=5.0, dirty_data=b"{}", parked=tried).due
    assert 8.0 == Entry(parked=tried).due


def test_a_clock_that_was_ahead_makes_nobody_wait_for_it() -> None:
    """Waits written by a machine whose clock was ahead are cut to the longest wait there is."""
    tried = msgspec.structs.replace(PARKED, next_try=900.0)
    entry = Entry(dirty_until=500.0, dirty_data=b"{}", parked=tried)
    cut = clamped(entry, now=100.0, longest_wait=60.0)
    assert cut.parked is not None
    assert (160.0, 160.0) == (cut.dirty_until, cut.parked.next_try)
    assert entry is clamped(entry, now=900.0, longest_wait=60.0)
    assert 160.0 == clamped(Entry(dirty_until=500.0), now=100.0, longest_wait=60.0).dirty_until


def test_an_unknown_company_is_no_other_company() -> None:
    """A company key that cannot be read for a moment takes nothing from what is known."""
    entry = Entry(company="c0ffee", version=5, dnb_id=9)
    assert entry == entry.of_company("")
