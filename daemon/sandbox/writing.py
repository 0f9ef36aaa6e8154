"""Creating, updating and deleting rows: all of a request or nothing of it."""

from collections.abc import Mapping
from typing import Final

from daemon.sandbox import customers, invoices, products, projects
from daemon.sandbox.bodies import object_in
from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Request, Response, answer, empty, message
from daemon.sandbox.proposing import Node, Proposal, Rules
from daemon.sandbox.rendering import timed
from daemon.sandbox.schema import Entity, Many, One, Relation
from daemon.sandbox.visiting import Visit

RULES: Final[Mapping[str, Rules]] = {
    "Customer": customers.RULES,
    "Project": projects.RULES,
    "Product": products.RULES,
    "CustomerInvoice": invoices.RULES,
    "CustomerInvoiceItem": invoices.ITEM_RULES,
}
_NO_RULES: Final = Rules()


def created(visit: Visit, entity: Entity, request: Request) -> Response:
    """`POST /{route}`: a new row with the children that are in the body."""
    document = object_in(visit, request)
    if isinstance(document, Response):
        return document
    if document.get("ID") not in (None, 0):
        visit.blame("id_in_post")
        return message(400, "A new entity has no ID.")
    proposal = Proposal(visit, RULES, updating=False)
    node = proposal.read(entity, document, None)
    refused = objection(proposal, document)
    if refused is not None:
        return refused
    shown = apply(visit, node, {})
    row = row_of(visit.books, entity, shown)
    refused = rules_of(entity).finished(visit, row, document)
    if refused is not None:
        visit.revert()
        return refused
    visit.wrote(entity, row, created=True)
    return answer(visit.switches.created_status, _answered(visit, entity, shown))


def updated(visit: Visit, entity: Entity, row_id: int, request: Request) -> Response:
    """`PUT /{route}/{id}`: a merge; what the body leaves out keeps its value."""
    row = visit.books.table(entity.name).get(row_id)
    if row is None:
        return message(404, f"{entity.name} {row_id} was not found.")
    document = object_in(visit, request)
    if isinstance(document, Response):
        return document
    if document.get("ID") != row_id:
        visit.blame("missing_id")
        if document.get("ID") is not None:
            return message(400, "The ID of the body is not the ID of the address.")
    proposal = Proposal(visit, RULES, updating=True)
    node = proposal.read(entity, document, row)
    refused = objection(proposal, document)
    if refused is not None:
        return refused
    shown = apply(visit, node, {})
    visit.wrote(entity, row, deleted=node.deleted)
    return answer(200, _answered(visit, entity, shown))


def deleted(visit: Visit, entity: Entity, row_id: int) -> Response:
    """`DELETE /{route}/{id}`: the row stays, hidden, and its guid stays used."""
    row = visit.books.table(entity.name).get(row_id)
    if row is None:
        return message(404, f"{entity.name} {row_id} was not found.")
    reason = rules_of(entity).kept(visit, row)
    if reason is not None:
        return message(400, reason)
    _remove(visit, entity, row)
    visit.wrote(entity, row, deleted=True)
    return empty(visit.switches.deleted_status)


def objection(proposal: Proposal, document: Json) -> Response | None:
    """The refusal of a body, in the order in which the server gets to see its faults; None if there is none.

    `document` is the body, with the messages about its fields in it.
    """
    if proposal.reused:
        return message(400, f"An entity with _createguid {proposal.reused[0]} has already been created.")
    if proposal.refusals:
        return answer(400, {"Messages": proposal.refusals, "Message": "Validation failed"})
    if proposal.is_invalid:
        return answer(400, document)
    if proposal.dangling:
        return message(500, f'The statement conflicted with the FOREIGN KEY constraint "{proposal.dangling[0]}".')
    return None


def apply(visit: Visit, node: Node, parent: Row) -> Row:
    """Write `node` and what is inside it; the row as it then is, with the posted objects in it.

    `parent` holds the column that names the row above. A row's ID is given before its related objects are written:
    those may have to name it.
    """
    table = visit.books.table(node.entity.name)
    row_id = table.reserve() if node.row is None else id_of(node.row)
    if node.deleted and node.row is not None:
        _remove(visit, node.entity, node.row)
        return dict(node.row)
    values: Row = {**node.values, **parent, **rules_of(node.entity).completed(visit, node)}
    shown = _apply_ones(visit, node, row_id, values)
    row = node.row
    if row is None:
        row = table.insert(row_id, values, visit.now)
    else:
        table.update(row, values, visit.now)
    if node.guid is not None:
        visit.books.use_guid(node.guid)
    shown.update(_apply_manys(visit, node, row_id))
    rules_of(node.entity).followed_up(visit, row)
    return {**row, **shown}


def _apply_ones(visit: Visit, node: Node, row_id: int, values: Row) -> Row:
    """Write the single related objects and put their IDs into `values`."""
    shown: Row = {}
    for name, child in node.ones.items():
        relation = node.entity.relations[name]
        if isinstance(relation, One):
            written = apply(visit, child, {} if relation.back is None else {relation.back: row_id})
            shown[name] = None if child.deleted else written
            values[relation.key] = written["ID"]
    return shown


def _apply_manys(visit: Visit, node: Node, row_id: int) -> Row:
    shown: Row = {}
    for name, children in node.manys.items():
        relation = node.entity.relations[name]
        if isinstance(relation, Many):
            written = [(child, apply(visit, child, {relation.back: row_id})) for child in children]
            remaining: list[Json] = [row for child, row in written if not child.deleted]
            shown[name] = remaining
    return shown


def _remove(visit: Visit, entity: Entity, row: Row) -> None:
    table = visit.books.table(entity.name)
    rules = rules_of(entity)
    if rules.removed:
        table.update(row, rules.removed, visit.now)
    table.remove(row, visit.now)
    rules.followed_up(visit, row)


def rules_of(entity: Entity) -> Rules:
    """The rules that `entity` has beyond its columns."""
    return RULES.get(entity.name, _NO_RULES)


def _answered(visit: Visit, entity: Entity, shown: Row) -> Row:
    new = renewed(visit.books, entity, shown)
    return timed(visit.books, entity, new) if visit.switches.dates_with_time else new


def renewed(books: Books, entity: Entity, shown: Row) -> Row:
    """What `apply` showed, with every row in it as it is now: what follows a write may change rows inside it."""
    row = books.table(entity.name).get(id_of(shown))
    if row is None:
        return shown
    related = {name: _renewed(books, relation, shown[name]) for name, relation in entity.relations.items()
               if name in shown}  # fmt: skip
    return {**row, **related}


def _renewed(books: Books, relation: Relation, shown: Json) -> Json:
    other = books.schema.related(relation)
    if isinstance(shown, list):
        return [renewed(books, other, each) for each in shown if isinstance(each, dict)]
    return renewed(books, other, shown) if isinstance(shown, dict) else shown


def row_of(books: Books, entity: Entity, shown: Row) -> Row:
    """The row that `apply` has shown."""
    row = books.table(entity.name).get(id_of(shown))
    assert row is not None  # noqa: S101 -- it was written a moment ago
    return row
