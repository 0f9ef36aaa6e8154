"""The books of one company: tables of rows, the guids ever used, and nothing that knows HTTP."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeAlias

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.schema import Entity, Schema

AUTHOR: Final = "d3f0c0f2-6a1e-4c1c-9d0c-4f8b0b1e2a33"
"""Who writes: the technical user of every integration of the sandbox."""

IDS_PER_COMPANY: Final = 1000
"""How far the IDs of two companies lie apart, so that an ID cached for one is not by chance the other's too."""

_Key: TypeAlias = str | int | float | bool | None
_Undo: TypeAlias = Callable[[], None]


def instant(now: float) -> str:
    """`now` (UTC seconds) as the API writes it, in milliseconds."""
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Table:
    """The rows of one entity, by ID. A deleted row stays, hidden: its ID is never given again."""

    def __init__(self, entity: Entity, first_id: int, undo: list[_Undo]) -> None:
        """An empty table; how to take back each change of it is appended to `undo`."""
        self.entity = entity
        self._undo = undo
        self._next_id = first_id
        self._rows: dict[int, Row] = {}
        self._live: dict[int, Row] = {}
        self._indexes: dict[str, dict[_Key, set[int]]] = {name: {} for name in entity.indexed}

    def live(self) -> Iterator[Row]:
        """The rows that are not deleted, by ID."""
        return iter(self._live.values())

    def get(self, row_id: int) -> Row | None:
        """The row, unless it is deleted or never was."""
        return self._live.get(row_id)

    def ever_had(self, row_id: int) -> bool:
        """Whether a row of this ID exists, deleted or not: what a foreign key is checked against."""
        return row_id in self._rows

    def indexes(self, field: str) -> bool:
        """Whether `where` finds rows by `field`."""
        return field in self._indexes

    def where(self, field: str, value: Json) -> list[Row]:
        """The live rows whose indexed `field` equals `value`, by ID."""
        found = self._indexes[field].get(_key(value), ())
        return [self._live[row_id] for row_id in sorted(found)]

    def reserve(self) -> int:
        """An ID for a row that is about to be inserted."""
        self._next_id += 1
        return self._next_id - 1

    def insert(self, row_id: int, values: Row, now: float) -> Row:
        """A new row under a reserved ID: `values` over the columns' defaults."""
        row: Row = {field.name: field.default for field in self.entity.fields.values()}
        row.update({"ID": row_id, "CreatedAt": instant(now), "CreatedBy": AUTHOR, "CustomValues": {}})
        row.update(values)
        self._rows[row_id] = self._live[row_id] = row
        self._index(row)
        self._undo.append(partial(self._forget, row))
        return row

    def update(self, row: Row, values: Row, now: float) -> None:
        """Write `values` into a live row; what they leave out stays."""
        self._undo.append(partial(self._restore, row, dict(row)))
        self._unindex(row)
        row.update(values)
        row.update({"UpdatedAt": instant(now), "UpdatedBy": AUTHOR})
        self._index(row)

    def remove(self, row: Row, now: float) -> None:
        """Hide the row from every list, look-up and expand."""
        self.update(row, {"Deleted": True}, now)
        self._unindex(row)
        del self._live[id_of(row)]
        self._undo.append(partial(self._revive, row))

    def _forget(self, row: Row) -> None:
        self._unindex(row)
        del self._live[id_of(row)], self._rows[id_of(row)]

    def _restore(self, row: Row, before: Row) -> None:
        self._unindex(row)
        row.clear()
        row.update(before)
        self._index(row)

    def _revive(self, row: Row) -> None:
        self._live = {row_id: each for row_id, each in self._rows.items() if row_id in self._live or each is row}
        self._index(row)

    def _index(self, row: Row) -> None:
        for name, index in self._indexes.items():
            index.setdefault(_key(row[name]), set()).add(id_of(row))

    def _unindex(self, row: Row) -> None:
        for name, index in self._indexes.items():
            index[_key(row[name])].discard(id_of(row))


def id_of(row: Row) -> int:
    """The row's ID."""
    row_id = row["ID"]
    assert isinstance(row_id, int)  # noqa: S101 -- rows of the books always have one; this tells the type checker
    return row_id


def _key(value: Json) -> _Key:
    return None if isinstance(value, list | dict) else value


class Books:
    """Everything one company has: a table per entity, and the guids of every row ever created."""

    def __init__(self, schema: Schema, position: int) -> None:
        """Empty books of the sandbox's company number `position`, from 0."""
        self.schema = schema
        self.guids: set[str] = set()
        self._undo: list[_Undo] = []
        self._tables = {
            name: Table(entity, entity.declared.first_id + position * IDS_PER_COMPANY, self._undo)
            for name, entity in schema.entities.items()
        }

    def table(self, entity: str) -> Table:
        """The rows of `entity`."""
        return self._tables[entity]

    def begin(self) -> None:
        """Begin a call: what was written before stays."""
        self._undo.clear()

    def revert(self) -> None:
        """Take back everything since the call began, except that its IDs are spent."""
        while self._undo:
            self._undo.pop()()

    def use_guid(self, guid: str) -> None:
        """Remember the guid of a row that is created."""
        if guid not in self.guids:
            self.guids.add(guid)
            self._undo.append(partial(self.guids.discard, guid))

    def add(self, entity: str, values: Row, now: float) -> Row:
        """Insert one row, unchecked: how a company is set up."""
        table = self._tables[entity]
        return table.insert(table.reserve(), values, now)
