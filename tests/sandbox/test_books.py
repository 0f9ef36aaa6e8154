"""Tables of rows."""

from daemon.sandbox.books import Books, Table, id_of, instant
from daemon.sandbox.entities import declarations
from daemon.sandbox.schema import Schema
from tests.sandbox.office import NOON


def _customers() -> Table:
    return Books(Schema(declarations(vat_percent_at_root=True)), 0).table("Customer")


def _add(table: Table, number: int) -> int:
    return id_of(table.insert(table.reserve(), {"CustomerNumber": number}, NOON))


def test_instants() -> None:
    """Instants are written in UTC with milliseconds."""
    assert "2026-02-03T12:00:00.250Z" == instant(NOON + 0.25)


def test_rows_have_every_column() -> None:
    """A new row has its defaults, and was never updated."""
    table = _customers()
    row = table.get(_add(table, 1))
    assert row is not None
    assert list(table.entity.fields) == list(row)
    assert (None, False, {}, False) == (row["UpdatedAt"], row["Deleted"], row["CustomValues"], row["IsPrivate"])


def test_deleted_rows() -> None:
    """A deleted row is found by nothing, yet its ID is known and never given again."""
    table = _customers()
    first = _add(table, 1)
    row = table.get(first)
    assert row is not None
    table.remove(row, NOON)
    assert (None, [], []) == (table.get(first), list(table.live()), table.where("CustomerNumber", 1))
    assert (True, first + 1) == (table.ever_had(first), _add(table, 1))


def test_where() -> None:
    """Rows are found by an indexed column, by ID, and under a new value after an update."""
    table = _customers()
    ids = [_add(table, 7) for _ in range(3)]
    moved = table.get(ids[1])
    assert moved is not None
    table.update(moved, {"CustomerNumber": 8}, NOON)
    assert ([ids[0], ids[2]], [ids[1]]) == (
        [row["ID"] for row in table.where("CustomerNumber", 7)],
        [row["ID"] for row in table.where("CustomerNumber", 8)],
    )


def test_revert() -> None:
    """What a call wrote can be taken back: new, changed and removed rows, and guids; only its IDs are spent."""
    books = Books(Schema(declarations(vat_percent_at_root=True)), 0)
    table = books.table("Customer")
    rows = [table.insert(table.reserve(), {"CustomerNumber": number}, NOON) for number in (1, 2, 3)]
    before = [dict(row) for row in rows]
    books.use_guid("old")
    books.begin()
    books.add("Customer", {"CustomerNumber": 4}, NOON)
    table.update(rows[0], {"CustomerNumber": 9}, NOON + 1)
    table.remove(rows[0], NOON + 1)
    table.update(rows[2], {"CustomerNumber": 8}, NOON + 1)
    books.use_guid("new")
    books.use_guid("old")
    books.revert()
    assert (before, {"old"}) == (list(table.live()), books.guids)
    assert [[301], [302], [303], [], [], []] == [
        [row["ID"] for row in table.where("CustomerNumber", number)] for number in (1, 2, 3, 4, 8, 9)
    ]
    assert (False, 305) == (table.ever_had(304), table.reserve())


def test_companies_have_ids_of_their_own() -> None:
    """The first customer of one company has another ID than that of the next."""
    schema = Schema(declarations(vat_percent_at_root=True))
    assert [301, 1301] == [Books(schema, position).table("Customer").reserve() for position in (0, 1)]
