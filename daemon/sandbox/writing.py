"""Creating, updating and deleting rows: all of a request or nothing of it."""

from collections.abc import Mapping
from typing import Final

from daemon.sandbox import customers
from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Malformed, Row, decoded
from daemon.sandbox.exchange import Request, Response, answer, empty, message
from daemon.sandbox.proposing import Check, Node, Proposal
from daemon.sandbox.schema import Entity, Many, One
from daemon.sandbox.visiting import Visit

CHECKS: Final[Mapping[str, Check]] = {"Customer": customers.check}


def created(visit: Visit, entity: Entity, request: Request) -> Response:
    """`POST /{route}`: a new row with the children that are in the body."""
    document = _document(visit, request)
    if isinstance(document, Response):
        return document
    if document.get("ID") not in (None, 0):
        visit.blame("id_in_post")
        return message(400, "A new entity has no ID.")
    proposal = Proposal(visit, CHECKS, updating=False)
    node = proposal.read(entity, document, None)
    refused = _objection(proposal, document)
    if refused is not None:
        return refused
    shown = _apply(visit, node, {})
    visit.wrote(entity, _row_of(visit.books, entity, shown), created=True)
    return answer(visit.switches.created_status, shown)


def updated(visit: Visit, entity: Entity, row_id: int, request: Request) -> Response:
    """`PUT /{route}/{id}`: a merge; what the body leaves out keeps its value."""
    row = visit.books.table(entity.name).get(row_id)
    if row is None:
        return message(404, f"{entity.name} {row_id} was not found.")
    document = _document(visit, request)
    if isinstance(document, Response):
        return document
    if document.get("ID") != row_id:
        visit.blame("missing_id")
        if document.get("ID") is not None:
            return message(400, "The ID of the body is not the ID of the address.")
    proposal = Proposal(visit, CHECKS, updating=True)
    node = proposal.read(entity, document, row)
    refused = _objection(proposal, document)
    if refused is not None:
        return refused
    shown = _apply(visit, node, {})
    visit.wrote(entity, row, deleted=node.deleted)
    return answer(200, shown)


def deleted(visit: Visit, entity: Entity, row_id: int) -> Response:
    """`DELETE /{route}/{id}`: the row stays, hidden, and its guid stays used."""
    row = visit.books.table(entity.name).get(row_id)
    if row is None:
        return message(404, f"{entity.name} {row_id} was not found.")
    _remove(visit, entity, row)
    visit.wrote(entity, row, deleted=True)
    return empty(visit.switches.deleted_status)


def _document(visit: Visit, request: Request) -> Row | Response:
    """The object in the body, or the refusal of what is no object."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        visit.blame(f"content_type: {content_type or 'none'}")
        return message(400, "The request entity's media type is not supported.")
    document = decoded(request.body)
    if isinstance(document, Malformed) or not isinstance(document, dict):
        visit.blame("malformed_body")
        return answer(400, "The body is not a JSON object.")
    return document


def _objection(proposal: Proposal, document: Row) -> Response | None:
    """The refusal of a body, in the order in which the server gets to see its faults; None if there is none."""
    if proposal.reused:
        return message(400, f"An entity with _createguid {proposal.reused[0]} has already been created.")
    if proposal.refusals:
        return answer(400, {"Messages": proposal.refusals, "Message": "Validation failed"})
    if proposal.is_invalid:
        return answer(400, document)
    if proposal.dangling:
        return message(500, f'The statement conflicted with the FOREIGN KEY constraint "{proposal.dangling[0]}".')
    return None


def _apply(visit: Visit, node: Node, parent: Row) -> Row:
    """Write `node` and what is inside it; the row as it then is, with the posted objects in it.

    `parent` holds the column that names the row above. A row's ID is given before its related objects are written:
    those may have to name it.
    """
    table = visit.books.table(node.entity.name)
    row_id = table.reserve() if node.row is None else id_of(node.row)
    if node.deleted and node.row is not None:
        _remove(visit, node.entity, node.row)
        return dict(node.row)
    values: Row = {**node.values, **parent, **_completed(visit.books, node)}
    shown = _apply_ones(visit, node, row_id, values)
    row = node.row
    if row is None:
        row = table.insert(row_id, values, visit.now)
    else:
        table.update(row, values, visit.now)
    if node.guid is not None:
        visit.books.guids.add(node.guid)
    shown.update(_apply_manys(visit, node, row_id))
    _follow_up(visit, node.entity, row)
    return {**row, **shown}


def _apply_ones(visit: Visit, node: Node, row_id: int, values: Row) -> Row:
    """Write the single related objects and put their IDs into `values`."""
    shown: Row = {}
    for name, child in node.ones.items():
        relation = node.entity.relations[name]
        if isinstance(relation, One):
            written = _apply(visit, child, {} if relation.back is None else {relation.back: row_id})
            shown[name] = None if child.deleted else written
            values[relation.key] = written["ID"]
    return shown


def _apply_manys(visit: Visit, node: Node, row_id: int) -> Row:
    shown: Row = {}
    for name, children in node.manys.items():
        relation = node.entity.relations[name]
        if isinstance(relation, Many):
            written = [(child, _apply(visit, child, {relation.back: row_id})) for child in children]
            remaining: list[Json] = [row for child, row in written if not child.deleted]
            shown[name] = remaining
    return shown


def _completed(books: Books, node: Node) -> Row:
    return customers.completed(books, node) if node.entity.name == "Customer" else {}


def _follow_up(visit: Visit, entity: Entity, row: Row) -> None:
    if entity.name == "Customer":
        customers.followed_up(visit.books, row, visit.now)


def _remove(visit: Visit, entity: Entity, row: Row) -> None:
    table = visit.books.table(entity.name)
    if entity.name == "Customer":
        table.update(row, customers.removed(), visit.now)
    table.remove(row, visit.now)
    _follow_up(visit, entity, row)


def _row_of(books: Books, entity: Entity, shown: Row) -> Row:
    row = books.table(entity.name).get(id_of(shown))
    assert row is not None  # noqa: S101 -- it was written a moment ago
    return row
