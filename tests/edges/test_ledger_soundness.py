"""A copy of a ledger whose table and indices do not hold the same is not whole, however well each of them looks."""

import sqlite3
from pathlib import Path

import pytest

from daemon.core.actions import Load
from daemon.edges.ledger_soundness import EVERY, PARTS, damage
from daemon.edges.ledger_store import LedgerStore
from tests.edges.ledger_entries import OURS, PARTITION, blocked, customer, delivered, parked, refused

PAGE_BYTES = 4_096


def filled(path: Path, first: int) -> bytes:
    """Put an entry of every kind into the copy, and return the file."""
    store = LedgerStore(path)
    kinds = [delivered(1), parked(1), blocked(1, customer(0)), refused(1)]
    kinds += [parked(1, "status_503", next_try=float(first + number)) for number in range(2)]
    store.put((customer(first + number), entry, number) for number, entry in enumerate(kinds))
    store.load(Load(partition=PARTITION, generation=OURS, which="due", limit=1 if first else 0), 99.0)
    store.close()
    return path.read_bytes()


def found(path: Path) -> str | None:
    """Return what is found to be wrong with the file."""
    connection = sqlite3.connect(path)
    try:
        return damage(connection)
    finally:
        connection.close()


def test_a_copy_that_is_whole_has_no_damage(tmp_path: Path) -> None:
    """What was closed with entries of every kind, one of them taken, is used again."""
    path = tmp_path / "ledger.sqlite3"
    filled(path, 0)
    filled(path, 10)
    assert None is found(path)


@pytest.mark.parametrize("name", ["entries_key", *PARTS])
def test_an_old_page_of_an_index_is_damage(tmp_path: Path, name: str) -> None:
    """A power cut that kept an index as it was lets look-ups miss what the table holds."""
    path = tmp_path / "ledger.sqlite3"
    before, now = filled(path, 0), bytearray(filled(path, 10))
    connection = sqlite3.connect(path)
    [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
    connection.close()
    place = slice((page - 1) * PAGE_BYTES, page * PAGE_BYTES)
    now[place] = before[place]
    path.write_bytes(now)
    assert f"{name} does not hold what the table does" == found(path)


def test_every_index_is_looked_at(tmp_path: Path) -> None:
    """What one more index holds must be told here."""
    path = tmp_path / "ledger.sqlite3"
    filled(path, 0)
    connection = sqlite3.connect(path)
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'entries'"
    indices = {name: sql.partition(" WHERE ")[2] or EVERY for name, sql in connection.execute(query)}
    connection.close()
    assert indices == {"entries_key": EVERY, **PARTS}
