"""Rows as the API shows them: related objects only where they are expanded."""

from collections.abc import Iterable
from typing import TypeAlias, Union

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.schema import Entity, Kind, Many, One, Relation

Tree: TypeAlias = dict[str, "Tree"]
"""Relations to expand, by their declared names, each with the relations inside it."""

Columns: TypeAlias = dict[str, Union["Columns", None]]
"""Columns to show: a name with None is a column, with a mapping the columns of a related object."""

ALWAYS_SHOWN = ("ID", "Deleted", "CustomValues")


def followed(books: Books, row: Row, relation: Relation) -> list[Row]:
    """The live rows at the other end of `relation`."""
    table = books.table(relation.entity)
    if isinstance(relation, One):
        key = row[relation.key]
        other = table.get(key) if isinstance(key, int) else None
        return [] if other is None else [other]
    return table.where(relation.back, id_of(row))


def rendered(books: Books, entity: Entity, row: Row, tree: Tree) -> Row:
    """A copy of `row` with the relations of `tree` in it: null for an absent object, an array for children."""
    shown = dict(row)
    for name, inside in tree.items():
        relation = entity.relations[name]
        other = books.schema.related(relation)
        found: list[Json] = [rendered(books, other, each, inside) for each in followed(books, row, relation)]
        shown[name] = found if isinstance(relation, Many) else next(iter(found), None)
    return shown


def whole(books: Books, entity: Entity, row: Row) -> Row:
    """A copy of `row` with everything that history keeps of it."""
    tree: Tree = {}
    for path in entity.declared.snapshot:
        planted(tree, path.split("."))
    return rendered(books, entity, row, tree)


def timed(books: Books, entity: Entity, shown: Row) -> Row:
    """A rendered row whose dates have a time: `2026-02-03T00:00:00Z`."""
    return {name: _timed(books, entity, name, value) for name, value in shown.items()}


def _timed(books: Books, entity: Entity, name: str, value: Json) -> Json:
    field, relation = entity.fields.get(name), entity.relations.get(name)
    if relation is not None and isinstance(value, list):
        return [_timed(books, entity, name, each) for each in value]
    if relation is not None and isinstance(value, dict):
        return timed(books, books.schema.related(relation), value)
    if field is not None and field.kind is Kind.DATE and isinstance(value, str):
        return f"{value[:10]}T00:00:00Z"
    return value


def planted(tree: Tree, path: Iterable[str]) -> None:
    """Add a path of declared relation names to `tree`."""
    for name in path:
        tree = tree.setdefault(name, {})


def narrowed(shown: Json, columns: Columns) -> Json:
    """A rendered row, or array of rows, with only the selected columns, and those that are always shown.

    Related objects that the selection does not name stay whole.
    """
    if isinstance(shown, list):
        return [narrowed(each, columns) for each in shown]
    if not isinstance(shown, dict):
        return shown
    return {name: _inside(value, columns.get(name)) for name, value in shown.items() if _wanted(name, value, columns)}


def _inside(value: Json, columns: Columns | None) -> Json:
    return value if columns is None else narrowed(value, columns)


def _wanted(name: str, value: Json, columns: Columns) -> bool:
    return name in columns or name in ALWAYS_SHOWN or isinstance(value, dict | list)
