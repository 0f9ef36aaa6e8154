"""Lists and single rows: filter, order, page, expand, select.

Whatever DnB does not understand it ignores without a word: an unknown parameter, field or expand, a malformed filter.
The call then succeeds, unfiltered. Each of these is noted as a violation, since the client cannot have meant it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response, answer, message
from daemon.sandbox.filtering import NotAFilter, parsed
from daemon.sandbox.linking import links
from daemon.sandbox.matching import Target, Unbound, bound, candidates, comparand, resolved, values_at
from daemon.sandbox.rendering import Columns, Tree, narrowed, planted, rendered, timed
from daemon.sandbox.schema import Entity
from daemon.sandbox.visiting import Visit

Parameters: TypeAlias = Mapping[str, str]

_DIGITS: Final = re.compile(r"[0-9]{1,18}")

ROW_PARAMETERS: Final = frozenset({"select", "expand", "hateoas"})
LIST_PARAMETERS: Final = ROW_PARAMETERS | {"filter", "orderby", "top", "skip"}


def parameters_of(visit: Visit, query: str) -> Parameters:
    """The parameters of a raw query, `+` and `%20` both a space. Of a repeated one the first counts."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in parameters:
            visit.blame(f"repeated_parameter: {name}")
        parameters.setdefault(name, value)
    return parameters


def digits(text: str) -> int | None:
    """The number that `text` is, in plain digits of which none is more than an ID or a count can need."""
    return int(text) if _DIGITS.fullmatch(text) else None


def listed(visit: Visit, entity: Entity, parameters: Parameters) -> Response:
    """`GET /{route}`: a bare array."""
    blame_unknown(visit, parameters, LIST_PARAMETERS)
    rows = _ordered(visit, entity, _matching(visit, entity, parameters.get("filter")), parameters.get("orderby"))
    skip = _whole_number(visit, parameters, "skip") or 0
    top = _whole_number(visit, parameters, "top")
    size = visit.switches.default_page_size if top is None else top
    page = rows[skip:] if size is None else rows[skip : skip + size]
    return answer(200, _shown(visit, entity, page, parameters))


def fetched(visit: Visit, entity: Entity, row_id: int, parameters: Parameters) -> Response:
    """`GET /{route}/{id}`: one object."""
    blame_unknown(visit, parameters, ROW_PARAMETERS)
    row = visit.books.table(entity.name).get(row_id)
    if row is None:
        return message(404, f"{entity.name} {row_id} was not found.")
    return answer(200, _shown(visit, entity, [row], parameters)[0])


def blame_unknown(visit: Visit, parameters: Iterable[str], known: Iterable[str]) -> None:
    """Note every parameter that the call does not know; DnB ignores it."""
    for name in parameters:
        if name not in known:
            visit.blame(f"unknown_parameter: {name}")


def _matching(visit: Visit, entity: Entity, text: str | None) -> list[Row]:
    table = visit.books.table(entity.name)
    if text is None:
        return list(table.live())
    expression = parsed(text)
    if isinstance(expression, NotAFilter):
        visit.blame(f"malformed_filter: {expression.reason}")
        return list(table.live())
    test = bound(visit.books, entity, expression)
    if isinstance(test, Unbound):
        visit.blame(test.rule)
        return list(table.live())
    return [row for row in candidates(table, expression) if test(row)]


def _ordered(visit: Visit, entity: Entity, rows: list[Row], text: str | None) -> list[Row]:
    """By ID unless `orderby` says otherwise; nulls first."""
    for part in reversed((text or "").split(",") if text is not None else []):
        words = part.split()
        target = resolved(visit.books.schema, entity, tuple(words[0].split("."))) if words else None
        if target is None or words[1:] not in ([], ["asc"], ["desc"]):
            visit.blame(f"unknown_order: {part.strip()}")
            continue
        rows = sorted(rows, key=partial(_rank, visit, target), reverse=words[1:] == ["desc"])
    return rows


def _rank(visit: Visit, target: Target, row: Row) -> tuple[bool, str | float]:
    value = comparand(target.field.kind, next(values_at(visit.books, row, target), None))
    return (value is not None, 0 if value is None else value)


def _whole_number(visit: Visit, parameters: Parameters, name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    number = digits(text)
    if number is None:
        visit.blame(f"malformed_{name}")
    return number


def _shown(visit: Visit, entity: Entity, rows: list[Row], parameters: Parameters) -> list[Json]:
    tree = _tree(visit, entity, parameters.get("expand"))
    columns = _columns(visit, entity, tree, parameters.get("select"))
    linked = _linked(visit, parameters)
    shown: list[Json] = []
    for row in rows:
        whole = rendered(visit.books, entity, row, tree)
        if linked:
            whole["_links"] = links(entity, row, visit.switches)
        if visit.switches.dates_with_time:
            whole = timed(visit.books, entity, whole)
        shown.append(narrowed(whole, columns) if columns else whole)
    return shown


def _linked(visit: Visit, parameters: Parameters) -> bool:
    wanted = parameters.get("hateoas", "false").lower()
    if wanted not in {"true", "false"}:
        visit.blame("malformed_hateoas")
    return wanted == "true"


def _tree(visit: Visit, entity: Entity, text: str | None) -> Tree:
    tree: Tree = {}
    for part in (text or "").split(",") if text is not None else []:
        path = _relation_path(visit, entity, part.strip())
        if path is not None:
            planted(tree, path)
    return tree


def _relation_path(visit: Visit, entity: Entity, text: str) -> list[str] | None:
    path: list[str] = []
    for name in text.split("."):
        relation = entity.relation(name)
        if relation is None or (relation.name in entity.declared.recent and not visit.switches.recent_expands):
            if relation is None and not entity.leaves_out(name):
                visit.blame(f"unknown_expand: {text}")
            return None
        path.append(relation.name)
        entity = visit.books.schema.related(relation)
    return path


def _columns(visit: Visit, entity: Entity, tree: Tree, text: str | None) -> Columns:
    """What `select` leaves of a row; empty if it selects nothing that exists, and then all is shown."""
    columns: Columns = {}
    for part in (text or "").split(",") if text is not None else []:
        path = part.strip().split(".")
        target = resolved(visit.books.schema, entity, tuple(path))
        if target is None:
            visit.blame(f"unknown_select_field: {part.strip()}")
        elif not _select(columns, tree, target):
            visit.blame(f"select_without_expand: {part.strip()}")
    return columns


def _select(columns: Columns, tree: Tree, target: Target) -> bool:
    """Add a column, unless a relation on its way is not expanded."""
    inside: Columns | None = columns
    for relation in target.relations:
        if relation.name not in tree or inside is None:
            return False
        tree = tree[relation.name]
        inside = inside.setdefault(relation.name, {})
    if inside is not None:
        inside[target.field.name] = None
    return True
