"""The records of a ledger partition that are about the ledger itself."""

import msgspec
import pytest

from daemon.core.model import Generation
from daemon.edges.ledger_keys import (
    HandoverRecord,
    LedgerRecord,
    decode_ledger_record,
    encode_record,
    first_ledger_record,
)


@pytest.mark.parametrize(
    ("number", "following"),
    [(8, Generation(1, 8)), (7, Generation(2, 7)), (1, Generation(2, 1))],
)
def test_the_epoch_rises_when_kafkas_number_does_not(number: int, following: Generation) -> None:
    """Each assignment's generation is above the one before, also when a deleted group counts from 1 again."""
    before = LedgerRecord("life", Generation(1, 7))
    after = before.following(number, Generation(0, 0))
    assert ("life", following, True) == (after.identity, after.generation, after.generation > before.generation)
    assert Generation(3, number) == before.following(number, Generation(2, 9)).generation


def test_each_life_of_a_ledger_has_an_identity_of_its_own() -> None:
    """Two ledgers that begin are told apart, whatever else they have in common."""
    first, second = first_ledger_record(1), first_ledger_record(1)
    assert (Generation(1, 1), Generation(1, 1)) == (first.generation, second.generation)
    assert first.identity != second.identity


def test_a_record_survives_its_round_trip() -> None:
    """What was written is what is read."""
    record = first_ledger_record(4)
    assert record == decode_ledger_record(encode_record(record))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xc1", b"{}", b"\x80", b"\xa2\xff\xff", msgspec.msgpack.encode({"identity": 5, "generation": {}})],
)
def test_bytes_that_are_no_record_are_none(raw: bytes) -> None:
    """A record that somebody else wrote under our key is not understood, and nothing is raised."""
    assert None is decode_ledger_record(raw)


def test_a_handover_is_no_ledger_record() -> None:
    """One kind of record is not taken for the other."""
    assert None is decode_ledger_record(encode_record(HandoverRecord(Generation(1, 1), 5)))
