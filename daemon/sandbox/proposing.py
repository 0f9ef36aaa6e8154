"""A posted body read against the books: what it would write, and everything that speaks against it.

Nothing is written here. `Proposal` collects the objections of a whole body, so that a request is refused as a whole
or applied as a whole. Messages about a field are put where the API puts them: as `_validationResults` into the posted
object itself.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol
from uuid import UUID

import msgspec

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.columns import fault_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response
from daemon.sandbox.schema import Entity, Field, Many, One, Relation, Twin
from daemon.sandbox.visiting import Visit

ERROR_LEVEL: Final = 30
_NOT_COLUMNS: Final = frozenset({"_createguid", "_links", "_validationResults"})


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One object of the body: the row it changes (None: a new one), its columns, and the objects inside it."""

    entity: Entity
    document: Row
    row: Row | None
    guid: str | None
    deleted: bool
    values: Row
    ones: Mapping[str, "Node"]
    manys: Mapping[str, tuple["Node", ...]]

    def after(self, field: str) -> Json:
        """What `field` will be after the write, unless the server fills it in."""
        return self.values.get(field, None if self.row is None else self.row[field])


class Check(Protocol):
    """An entity's own rules: they object to a node through the proposal."""

    def __call__(self, proposal: "Proposal", node: Node) -> None:
        """Object to `node`, or do nothing."""
        ...


def nothing(_visit: Visit, _subject: object) -> Row:
    """No columns: what most entities fill in themselves."""
    return {}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """An entity's own rules.

    `check` objects to what is posted. `completed` has the columns that the server fills in, `followed_up` changes what
    hangs on a row that was written or removed, `kept` says why a row may not be deleted, and `removed` is what a
    deleted row looks like beside `Deleted`. `finished` ends a POST, from the new row and the body; what it refuses is
    taken back.
    """

    check: Check | None = None
    completed: Callable[[Visit, Node], Row] = nothing
    followed_up: Callable[[Visit, Row], object] = nothing
    kept: Callable[[Visit, Row], str | None] = lambda _visit, _row: None
    removed: Row = {}
    finished: Callable[[Visit, Row, Row], Response | None] = lambda _visit, _row, _document: None


class Proposal:
    """The reading of one body. In an `updating` one (PUT) a new child must carry a `_createguid`."""

    def __init__(self, visit: Visit, rules: Mapping[str, Rules], *, updating: bool) -> None:
        self.visit = visit
        self.books: Books = visit.books
        self.guids: set[str] = set()
        self.reused: list[str] = []
        self.refusals: list[Json] = []
        self.dangling: list[str] = []
        self.is_invalid = False
        self._rules = rules
        self._updating = updating

    def read(self, entity: Entity, document: Row, row: Row | None) -> Node:
        """What `document` says of `row`, or of a new row of `entity`."""
        guid = self._guid(document) if row is None else None
        ones, manys = self._related(entity, document, row)
        node = Node(
            entity=entity,
            document=document,
            row=row,
            guid=guid,
            deleted=document.get("Deleted") is True and row is not None,
            values=self._columns(entity, document),
            ones=ones,
            manys=manys,
        )
        self._judge(node)
        return node

    def _judge(self, node: Node) -> None:
        rules = self._rules.get(node.entity.name)
        if rules is None:
            return
        if node.deleted and node.row is not None:
            reason = rules.kept(self.visit, node.row)
            if reason is not None:
                self.refuse(node.entity.name, "Deleted", reason)
        elif rules.check is not None:
            rules.check(self, node)

    def refuse(self, entity: str, field: str, text: str) -> None:
        """Object to the whole body."""
        self.refusals.append(_item(entity, field, text))

    def invalidate(self, document: Row, entity: str, field: str, text: str) -> None:
        """Object to one field of a posted object."""
        self.is_invalid = True
        results = document.setdefault("_validationResults", {})
        if isinstance(results, dict):
            messages = results.setdefault(field, [])
            if isinstance(messages, list):
                messages.append(_item(entity, field, text))

    def blame(self, rule: str) -> None:
        """Note that a correct client would not have sent this."""
        self.visit.blame(rule)

    def _guid(self, document: Row) -> str | None:
        value = document.get("_createguid")
        if value is None:
            return None
        guid = _canonical(value)
        if guid is None:
            self.blame("malformed_guid")
            self.refusals.append(_item("", "_createguid", "_createguid is not a guid"))
        elif guid in self.books.guids and self.visit.switches.guids_enforced:
            self.reused.append(guid)
        elif guid in self.guids:
            self.blame("guid_twice_in_body")
        if guid is not None:
            self.guids.add(guid)
        return guid

    def _columns(self, entity: Entity, document: Row) -> Row:
        values: Row = {}
        for name, value in tuple(document.items()):
            field = entity.fields.get(name)
            if field is None:
                self._pass_over(entity, name)
            elif field.writable and self._accepts(entity, document, field):
                values[name] = value
        return values

    def _pass_over(self, entity: Entity, name: str) -> None:
        if name not in entity.relations and name not in _NOT_COLUMNS and not entity.leaves_out(name):
            self.blame(f"unknown_body_field: {entity.name}.{name}")

    def _accepts(self, entity: Entity, document: Row, field: Field) -> bool:
        value = document[field.name]
        name = entity.object_of(field.name)
        if name is not None and value is not None and isinstance(document.get(name), dict):
            self.blame(f"id_and_object: {entity.name}.{name}")
            return False
        fault = fault_of(field, value)
        if fault is not None:
            self.blame(f"{fault.rule}: {entity.name}.{field.name}")
            self.invalidate(document, entity.name, field.name, fault.text)
            return False
        self._check_reference(entity, field, value)
        return True

    def _check_reference(self, entity: Entity, field: Field, value: Json) -> None:
        if field.references is None or not isinstance(value, int):
            return
        if not self.books.table(field.references).ever_had(value):
            self.blame(f"foreign_key: {entity.name}.{field.name}")
            self.dangling.append(f"FK_{entity.name}_{field.references}_{field.name}")

    def _related(
        self, entity: Entity, document: Row, row: Row | None
    ) -> tuple[dict[str, Node], dict[str, tuple[Node, ...]]]:
        ones: dict[str, Node] = {}
        manys: dict[str, tuple[Node, ...]] = {}
        for name, relation in entity.relations.items():
            value = document.get(name)
            if isinstance(relation, Twin) or not relation.writable:
                continue
            if isinstance(relation, One) and isinstance(value, dict):
                self._add_one(ones, relation, value, row)
            elif isinstance(relation, Many) and isinstance(value, list):
                manys[name] = self._children(relation, value, row)
            elif value is not None:
                self.blame(f"wrong_type: {entity.name}.{name}")
                self.invalidate(document, entity.name, name, "Feil type")
        return ones, manys

    def _add_one(self, ones: dict[str, Node], relation: One, document: Row, parent: Row | None) -> None:
        node = self._child(relation, document, parent)
        if node is None:
            return
        ones[relation.name] = node
        before = None if parent is None else parent[relation.key]
        if relation.back is None and before is not None and node.row is not None and node.row["ID"] != before:
            self.blame(f"relinked: {relation.name}")

    def _children(self, relation: Many, documents: list[Json], parent: Row | None) -> tuple[Node, ...]:
        nodes: list[Node] = []
        for document in documents:
            node = self._child(relation, document, parent) if isinstance(document, dict) else None
            if node is not None:
                nodes.append(node)
            elif not isinstance(document, dict):
                self._refuse(relation, "wrong_type", "is no object")
        return tuple(nodes)

    def _child(self, relation: Relation, document: Row, parent: Row | None) -> Node | None:
        entity = self.books.schema.related(relation)
        row_id = _given_id(document)
        if row_id == 0:
            return self._new_child(relation, entity, document)
        row = self.books.table(entity.name).get(row_id)
        if row is None:
            self._miss(relation, entity, row_id)
            return None
        if not isinstance(relation, One) or relation.back is not None:
            return self._own_child(relation, document, parent, row)
        return self.read(entity, document, row)

    def _new_child(self, relation: Relation, entity: Entity, document: Row) -> Node | None:
        if document.get("Deleted") is True:
            self._refuse(relation, "deleted_without_id", "cannot be deleted without an ID")
            return None
        if self._updating and document.get("_createguid") is None:
            self._refuse(
                relation, "child_without_createguid", "is new: not allowed in a PUT unless _createguid is specified"
            )
        return self.read(entity, document, None)

    def _own_child(self, relation: Relation, document: Row, parent: Row | None, row: Row) -> Node | None:
        """The child `row`, which must belong to the row above it."""
        if isinstance(relation, One | Many) and relation.back is not None:
            owner = None if parent is None else id_of(parent)
            if row[relation.back] != owner:
                self._refuse(relation, "child_of_another", "belongs to another row")
                return None
        return self.read(self.books.schema.related(relation), document, row)

    def _miss(self, relation: Relation, entity: Entity, row_id: int) -> None:
        """An ID that is not there: a deleted row may be a race, one that never was is a mistake."""
        if self.books.table(entity.name).ever_had(row_id):
            self.refusals.append(_item(relation.entity, relation.name, f"{relation.name} was deleted"))
        else:
            self._refuse(relation, "unknown_child", "does not exist")

    def _refuse(self, relation: Relation, rule: str, text: str) -> None:
        self.blame(f"{rule}: {relation.name}")
        self.refusals.append(_item(relation.entity, relation.name, f"{relation.name} {text}"))


def _given_id(document: Row) -> int:
    """The ID an object of a body names: 0 for a new one, -1 for what no row can have."""
    value = document.get("ID")
    if value is None:
        return 0
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _canonical(value: Json) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _item(entity: str, field: str, text: str) -> Json:
    return {"ID": 0, "EntityID": 0, "EntityType": entity, "PropertyName": field, "Level": ERROR_LEVEL, "Message": text}
