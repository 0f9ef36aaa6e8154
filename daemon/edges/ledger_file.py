"""The SQLite file in which a ledger partition is kept on local disk: its tables, and whether it may be used again."""

import sqlite3
from pathlib import Path

from daemon.edges.ledger_soundness import damage

SCHEMA = """
CREATE TABLE entries (
    key TEXT NOT NULL,
    tenant TEXT NOT NULL,
    position INTEGER NOT NULL,
    due REAL,
    waiting_since REAL,
    reason TEXT,
    blocked_by TEXT,
    is_failing INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,
    value BLOB NOT NULL
);
CREATE UNIQUE INDEX entries_key ON entries (key);
CREATE INDEX entries_taken ON entries (taken) WHERE taken = 1;
CREATE INDEX entries_due ON entries (due) WHERE due IS NOT NULL AND taken = 0;
CREATE INDEX entries_waiting ON entries (tenant, waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX entries_parked ON entries (tenant, key, reason) WHERE reason IS NOT NULL;
CREATE INDEX entries_blocked ON entries (blocked_by, key) WHERE blocked_by IS NOT NULL;
CREATE INDEX entries_failing ON entries (tenant, key, position, reason) WHERE is_failing = 1;
CREATE TABLE tenants (name TEXT PRIMARY KEY, kinds TEXT NOT NULL);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

FORM = 7
"""Rises with the columns above: a file of another form is begun anew, from the topic."""

OWNER_ONLY = 0o600
"""Parked changes hold what Moment says of the tenants' customers."""

FILE_ENDS = ("", "-wal", "-shm")
"""What SQLite calls the files of one database, behind its name."""


def opened(path: Path) -> sqlite3.Connection:
    """Open the file, or begin a new one where there is none; raises `DatabaseError` where it cannot be used.

    An entry that a damaged file has forgotten would let an old version pass.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(OWNER_ONLY)
    path.chmod(OWNER_ONLY)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def discard(path: Path) -> None:
    """Remove the file, if it is there."""
    for end in FILE_ENDS:
        path.with_name(path.name + end).unlink(missing_ok=True)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    form: int = connection.execute("PRAGMA user_version").fetchone()[0]
    is_new = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0] == 0
    if is_new:
        connection.execute(f"PRAGMA user_version = {FORM}")
        connection.executescript(SCHEMA)
        return
    found = damage(connection) if form == FORM else f"the file has form {form}, not {FORM}"
    if found is not None:
        raise sqlite3.DatabaseError(found)
