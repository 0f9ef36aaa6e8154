"""How an entity of DnB's API is declared: its columns, its relations and where it is reached."""

import enum
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from daemon.sandbox.documents import Json


class Kind(enum.Enum):
    """The type of a column."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    STRING = "string"
    DATE = "date"
    INSTANT = "instant"
    GUID = "guid"
    CODE = "code"  # declared string in 2019, a number such as 150101 in newer sources: both are read
    OBJECT = "object"


class Field(msgspec.Struct, frozen=True):
    """A column. `references` names the entity a foreign key points to; an `indexed` one is found without a scan.

    What a body says of a field that is not `writable` is ignored: a client may send back what it read.
    """

    name: str
    kind: Kind = Kind.STRING
    max_length: int | None = None
    references: str | None = None
    indexed: bool = False
    writable: bool = True
    default: Json = None


class One(msgspec.Struct, frozen=True):
    """A related object behind the foreign key `key`. `back` is the column of the other row that names this one.

    What a body says of an object that is not `writable` is ignored, as with columns.
    """

    name: str
    entity: str
    key: str
    back: str | None = None
    writable: bool = True


class Twin(msgspec.Struct, frozen=True):
    """The one row of another entity whose `back` names this row; read only."""

    name: str
    entity: str
    back: str


class Many(msgspec.Struct, frozen=True):
    """The child rows whose `back` names this row; what a body says of those not `writable` is ignored."""

    name: str
    entity: str
    back: str
    writable: bool = True


Relation: TypeAlias = One | Twin | Many


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One entity. `route` is None where it has no route of its own; without `writable` it can only be read.

    `first_id` keeps IDs apart from business numbers. `unmodelled` are expands that DnB knows and the sandbox does not,
    `recent` those that its oldest contract does not know. `snapshot` is what history expands of a written row.
    """

    name: str
    fields: tuple[Field, ...]
    route: str | None = None
    relations: tuple[Relation, ...] = ()
    first_id: int = 1
    writable: bool = False
    unmodelled: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    snapshot: tuple[str, ...] = ()


HEAD: tuple[Field, ...] = (Field("ID", Kind.INTEGER, writable=False),)
TAIL: tuple[Field, ...] = (
    Field("StatusCode", Kind.INTEGER, writable=False),
    Field("Deleted", Kind.BOOLEAN, writable=False, default=False),
    Field("CreatedAt", Kind.INSTANT, writable=False),
    Field("UpdatedAt", Kind.INSTANT, writable=False),
    Field("CreatedBy", Kind.GUID, writable=False),
    Field("UpdatedBy", Kind.GUID, writable=False),
    Field("CustomValues", Kind.OBJECT),
)


class Entity:
    """A declaration made ready for look-ups; every entity has the common columns around its own."""

    def __init__(self, declared: Declaration) -> None:
        self.declared = declared
        self.name = declared.name
        self.fields = {field.name: field for field in (*HEAD, *declared.fields, *TAIL)}
        self.relations = {relation.name: relation for relation in declared.relations}
        self.indexed = tuple(field.name for field in self.fields.values() if field.indexed)
        self._columns = {name.lower(): field for name, field in self.fields.items()}
        self._paths = {name.lower(): relation for name, relation in self.relations.items()}
        self._unmodelled = {name.lower() for name in declared.unmodelled}
        self._objects = {relation.key: relation.name for relation in declared.relations if isinstance(relation, One)}

    def field(self, name: str) -> Field | None:
        """The column called `name`, in any case."""
        return self._columns.get(name.lower())

    def relation(self, name: str) -> Relation | None:
        """The relation called `name`, in any case."""
        return self._paths.get(name.lower())

    def object_of(self, key: str) -> str | None:
        """The name of the object that the foreign key `key` stands for."""
        return self._objects.get(key)

    def leaves_out(self, name: str) -> bool:
        """Whether DnB knows an expand of this name that the sandbox does not model."""
        return name.lower() in self._unmodelled


class Schema:
    """All entities of the API."""

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        self.entities = {declared.name: Entity(declared) for declared in declarations}
        self._routes = {
            entity.declared.route: entity for entity in self.entities.values() if entity.declared.route is not None
        }

    def entity(self, name: str) -> Entity:
        """The entity called `name`; it must exist."""
        return self.entities[name]

    def at(self, route: str) -> Entity | None:
        """The entity behind `/api/biz/{route}`."""
        return self._routes.get(route)

    def related(self, relation: Relation) -> Entity:
        """The entity at the other end of `relation`."""
        return self.entities[relation.entity]
