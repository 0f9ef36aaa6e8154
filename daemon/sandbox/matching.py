"""A filter bound to an entity: which rows of the books it selects.

Null follows SQL: a comparison with a missing value is unknown, `not` keeps it unknown, and a row of which the filter
is not known to be true is left out (so `StatusCode ne 1` drops rows without a status). `eq null` and `ne null` ask
for the null itself.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, assert_never

import msgspec

from daemon.sandbox.books import Books, Table, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.filtering import FUNCTIONS, All, Comparison, Either, Expression, Not, Value
from daemon.sandbox.rendering import followed
from daemon.sandbox.schema import Entity, Field, Kind, Relation, Schema

Test: TypeAlias = Callable[[Row], bool | None]
"""True, false or unknown of one row."""

_ORDERING: Final[dict[str, Callable[[str | float, str | float], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "lt": operator.lt,
    "ge": operator.ge,
    "le": operator.le,
}
_TEXTUAL: Final = frozenset({"like", "notlike", *FUNCTIONS})
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.DECIMAL})
_DATES: Final = frozenset({Kind.DATE, Kind.INSTANT})


class Unbound(msgspec.Struct, frozen=True):
    """A filter that names what the entity has not, or compares what cannot be compared; DnB ignores it silently."""

    rule: str


class Target(msgspec.Struct, frozen=True):
    """A dotted path resolved: the relations to follow, then the column to read."""

    relations: tuple[Relation, ...]
    field: Field


def resolved(schema: Schema, entity: Entity, path: tuple[str, ...]) -> Target | None:
    """Where `path` leads from `entity`, names in any case; None if it leads nowhere."""
    relations: list[Relation] = []
    for name in path[:-1]:
        relation = entity.relation(name)
        if relation is None:
            return None
        relations.append(relation)
        entity = schema.related(relation)
    field = entity.field(path[-1])
    return None if field is None else Target(tuple(relations), field)


def values_at(books: Books, row: Row, target: Target) -> Iterator[Json]:
    """The values that `target` has for `row`: several if it crosses an array, none if a relation is empty."""
    rows: Iterable[Row] = (row,)
    for relation in target.relations:
        rows = [other for each in rows for other in followed(books, each, relation)]
    return (each[target.field.name] for each in rows)


def bound(books: Books, entity: Entity, expression: Expression) -> Test | Unbound:
    """The test that `expression` is for rows of `entity`."""
    match expression:
        case Comparison():
            return _comparison(books, entity, expression)
        case Not():
            inner = bound(books, entity, expression.inner)
            return inner if isinstance(inner, Unbound) else _opposite(inner)
        case All() | Either():
            return _joined(books, entity, expression)
        case _:
            assert_never(expression)


def candidates(table: Table, expression: Expression) -> Iterable[Row]:
    """Rows that may fulfil `expression`, by ID: those that indexes name if it fixes indexed columns, else all."""
    found = _indexed(table, expression)
    if found is None:
        return table.live()
    return [row for row_id in sorted(found) if (row := table.get(row_id)) is not None]


def _indexed(table: Table, expression: Expression) -> set[int] | None:
    """The IDs that may fulfil `expression`; None if no index tells."""
    match expression:
        case Comparison():
            return _looked_up(table, expression)
        case All():
            return next((found for term in expression.terms if (found := _indexed(table, term)) is not None), None)
        case Either():
            return _united([_indexed(table, term) for term in expression.terms])
        case Not():
            return None
        case _:
            assert_never(expression)


def _united(found: list[set[int] | None]) -> set[int] | None:
    known = [each for each in found if each is not None]
    return set[int]().union(*known) if len(known) == len(found) else None


def _looked_up(table: Table, comparison: Comparison) -> set[int] | None:
    field = table.entity.field(comparison.path[0])
    if field is None or comparison.operator != "eq" or len(comparison.path) > 1:
        return None
    if field.name == "ID" and isinstance(comparison.value, int):
        return {comparison.value}
    if comparison.value is None or not table.indexes(field.name):
        return None
    return {id_of(row) for row in table.where(field.name, comparison.value)}


def _joined(books: Books, entity: Entity, expression: All | Either) -> Test | Unbound:
    tests: list[Test] = []
    for term in expression.terms:
        test = bound(books, entity, term)
        if isinstance(test, Unbound):
            return test
        tests.append(test)
    return _decided_by(tests, decisive=isinstance(expression, Either))


def _decided_by(tests: list[Test], *, decisive: bool) -> Test:
    """`or` is decided by one true term, `and` by one false term; without either, an unknown term leaves it unknown."""

    def test(row: Row) -> bool | None:
        unknown = False
        for each in tests:
            verdict = each(row)
            if verdict is decisive:
                return decisive
            unknown = unknown or verdict is None
        return None if unknown else not decisive

    return test


def _opposite(inner: Test) -> Test:
    def test(row: Row) -> bool | None:
        known = inner(row)
        return None if known is None else not known

    return test


def _comparison(books: Books, entity: Entity, comparison: Comparison) -> Test | Unbound:
    target = resolved(books.schema, entity, comparison.path)
    if target is None:
        return Unbound(f"unknown_filter_field: {'.'.join(comparison.path)}")
    if not _comparable(target.field.kind, comparison):
        return Unbound(f"filter_type: {'.'.join(comparison.path)}")
    holds = _holds(target.field.kind, comparison)

    def test(row: Row) -> bool | None:
        verdicts = [holds(value) for value in values_at(books, row, target)]
        if True in verdicts:
            return True
        return False if False in verdicts else _of_nothing(comparison)

    return test


def _of_nothing(comparison: Comparison) -> bool | None:
    """What a comparison says where there is no value: a missing related row reads as null."""
    if comparison.value is None and comparison.operator in {"eq", "ne"}:
        return comparison.operator == "eq"
    return None


def _comparable(kind: Kind, comparison: Comparison) -> bool:
    value = comparison.value
    if value is None:
        return comparison.operator in {"eq", "ne"}
    if comparison.operator in _TEXTUAL:
        return isinstance(value, str) and kind in {Kind.STRING, Kind.CODE, Kind.GUID}
    return _suits(kind, value)


def _suits(kind: Kind, value: Value) -> bool:
    if kind is Kind.CODE:
        return isinstance(value, str | int) and not isinstance(value, bool)
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind in _DATES:
        return isinstance(value, str) and moment(value) is not None
    return isinstance(value, str) and kind is not Kind.OBJECT


def _holds(kind: Kind, comparison: Comparison) -> Callable[[Json], bool | None]:
    value = comparison.value
    if value is None:
        wanted = comparison.operator == "eq"
        return lambda found: (found is None) is wanted
    if isinstance(value, str) and comparison.operator in _TEXTUAL:
        return _textual(comparison.operator, value)
    compare, right = _ORDERING[comparison.operator], comparand(kind, value)

    def holds(found: Json) -> bool | None:
        left = comparand(kind, found)
        return None if left is None or right is None else compare(left, right)

    return holds


def comparand(kind: Kind, value: Json) -> str | float | None:
    """`value` in a form that compares with its like: instants as seconds, codes as text."""
    if value is None or isinstance(value, list | dict):
        return None
    if kind in _DATES and isinstance(value, str):
        return moment(value)
    if kind is Kind.CODE:
        return str(value)
    return value


def moment(text: str) -> float | None:
    """An ISO date or date-time as UTC seconds; without a zone it is UTC; None if it is neither."""
    try:
        value = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()


def _textual(name: str, value: str) -> Callable[[Json], bool | None]:
    tests: dict[str, Callable[[str], bool]] = {
        "contains": lambda text: value in text,
        "startswith": lambda text: text.startswith(value),
        "endswith": lambda text: text.endswith(value),
        "like": lambda text: _pattern(value).fullmatch(text) is not None,
        "notlike": lambda text: _pattern(value).fullmatch(text) is None,
    }
    test = tests[name]
    return lambda found: None if found is None else test(str(found))


def _pattern(like: str) -> re.Pattern[str]:
    """SQL's LIKE: `%` stands for any text, `_` for one character."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in like), re.DOTALL)
