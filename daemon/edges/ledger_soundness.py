"""Whether the local copy of a ledger partition is whole: a disk that fails may lose entries, and say nothing.

That what it holds is also the newest, after a power cut, is seen to by the mark of `open_mark`.

SQLite's own integrity check looks each row up in each index, which costs seconds for a million entries. Its quick
check sees to every page by itself; that table and indices hold the same rows is then seen by counting them, since a
page that is missing or in another's place changes their number or the sum of their row numbers.
"""

import sqlite3

EVERY = "key >= ''"
"""What holds for every entry: every key begins with a letter or a digit."""

PARTS = {
    "entries_due": "due IS NOT NULL AND taken = 0",
    "entries_taken": "taken = 1",
    "entries_waiting": "waiting_since IS NOT NULL",
    "entries_parked": "reason IS NOT NULL",
    "entries_blocked": "blocked_by IS NOT NULL",
    "entries_failing": "is_failing = 1",
}
"""The indices that hold some of the entries, and which."""

SUMS = ", ".join(f"TOTAL({part}), TOTAL(({part}) * rowid)" for part in PARTS.values())
IN_SOME_PART = " OR ".join(f"({part})" for part in PARTS.values())


def damage(connection: sqlite3.Connection) -> str | None:
    """Return what is wrong with the file, None if it is whole; raises what SQLite raises on a page it cannot read."""
    found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        return found
    in_table = (
        *_row(connection, "SELECT COUNT(*), TOTAL(rowid) FROM entries NOT INDEXED"),
        *_row(connection, f"SELECT {SUMS} FROM entries NOT INDEXED WHERE {IN_SOME_PART}"),  # noqa: S608 - no value in it
    )
    for place, (index, part) in enumerate({"entries_key": EVERY, **PARTS}.items()):
        query = f"SELECT COUNT(*), TOTAL(rowid) FROM entries INDEXED BY {index} WHERE {part}"  # noqa: S608 - no value in it
        if _row(connection, query) != in_table[2 * place : 2 * place + 2]:
            return f"{index} does not hold what the table does"
    return None


def _row(connection: sqlite3.Connection, query: str) -> tuple[float, ...]:
    row: tuple[float, ...] = connection.execute(query).fetchone()
    return row
