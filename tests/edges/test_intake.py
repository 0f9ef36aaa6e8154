"""From fetched bytes to what the planner understands, with a real ledger store."""

import contextlib
import json
from collections.abc import Generator
from pathlib import Path

from daemon.core.events import Arrival
from daemon.core.fuse import Fuse
from daemon.core.model import Change, Ignored, Undecodable
from daemon.edges.inbox import Batch, RawRecord
from daemon.edges.intake import Intake
from daemon.edges.ledger_store import LedgerStore
from tests.edges.ledger_entries import OURS, PARTITION, customer, delivered

NONSENSE = RawRecord(11, b"key", b"nonsense", None)


@contextlib.contextmanager
def intake(folder: Path, fuse: Fuse | None = None) -> Generator[tuple[Intake, dict[object, LedgerStore]]]:
    """An intake of production, whose partition has customer 1 delivered at version 4."""
    store = LedgerStore(folder / "ledger.sqlite3")
    stores: dict[object, LedgerStore] = {PARTITION: store}
    store.put([(customer(1), delivered(4), 0)])
    yield Intake("production", stores, fuse), stores  # type: ignore[arg-type]
    store.close()


def record(offset: int, number: int, *, environment: str = "production", replay: str | None = None) -> RawRecord:
    """Return a record with a change of a customer."""
    value = {
        "environment": environment,
        "tenant": "fjellvik",
        "kind": "customer",
        "id": number,
        "version": 5,
        "operation": "update",
        "occurredAt": "1970-01-01T00:01:40Z",
        "data": {"name": "x"},
    }
    return RawRecord(offset, b"fjellvik", json.dumps(value).encode(), replay)


def test_changes_come_with_what_the_ledger_holds(tmp_path: Path) -> None:
    """Each record of a batch is decoded and looked up; gaps between offsets stay gaps."""
    with intake(tmp_path) as (taking, _):
        records = [record(10, 1), NONSENSE, record(13, 2, replay="r1"), record(14, 1, environment="sandbox")]
        fetched = taking.fetched(Batch(PARTITION, OURS, records, 15))
    assert fetched is not None
    assert (PARTITION, OURS, 15) == (fetched.partition, fetched.generation, fetched.position)
    known, nonsense, unknown, foreign = fetched.arrivals
    assert Arrival(10, Change(customer(1), 5, 100.0, b'{"name": "x"}'), delivered(4)) == known
    assert Arrival(13, Change(customer(2), 5, 100.0, b'{"name": "x"}', "r1")) == unknown
    assert (11, True) == (nonsense.offset, isinstance(nonsense.message, Undecodable))
    assert Arrival(14, Ignored("environment", "fjellvik")) == foreign


def test_the_bytes_of_a_dead_letter_are_kept_until_they_are_taken(tmp_path: Path) -> None:
    """A record that is no change is written to the dead letters as it came, and its bytes are held no longer."""
    with intake(tmp_path) as (taking, _):
        taking.fetched(Batch(PARTITION, OURS, [record(10, 1), NONSENSE], 12))
    assert None is taking.take_raw(PARTITION, 10)
    assert NONSENSE == taking.take_raw(PARTITION, 11)
    assert None is taking.take_raw(PARTITION, 11)


def test_nothing_is_kept_of_a_partition_that_has_gone(tmp_path: Path) -> None:
    """A partition that is no longer ours leaves no bytes behind, and what still comes of it is dropped."""
    with intake(tmp_path) as (taking, stores):
        taking.fetched(Batch(PARTITION, OURS, [NONSENSE], 12))
        taking.forget(PARTITION)
        assert None is taking.take_raw(PARTITION, 11)
        stores.clear()
        assert None is taking.fetched(Batch(PARTITION, OURS, [record(12, 1)], 13))


def test_a_batch_ends_before_the_record_that_blows_the_fuse(tmp_path: Path) -> None:
    """What came before is taken in hand and settles; that record and all after it are the next start's."""
    told: list[str] = []
    nonsense = [RawRecord(offset, b"key", b"nonsense", None) for offset in (11, 13, 15)]
    with intake(tmp_path, Fuse(0.5, 4)) as (taking, _):
        taking.when_blown = lambda: told.append("blown")
        first = taking.fetched(Batch(PARTITION, OURS, [record(10, 1), nonsense[0]], 12))
        assert (12, []) == (first.position if first else None, told)
        second = taking.fetched(Batch(PARTITION, OURS, [nonsense[1], record(14, 1), nonsense[2], record(16, 1)], 17))
        assert second is not None
        assert ([13, 14], 15, ["blown"]) == ([one.offset for one in second.arrivals], second.position, told)
        assert None is taking.fetched(Batch(PARTITION, OURS, [record(17, 1)], 18))
        assert None is taking.take_raw(PARTITION, 15)
    assert ["blown"] == told
