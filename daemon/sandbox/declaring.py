"""Columns of one kind, several at a time: what keeps the declarations of the entities short."""

from daemon.sandbox.schema import Field, Kind


def integers(*names: str) -> tuple[Field, ...]:
    """Columns of whole numbers."""
    return tuple(Field(name, Kind.INTEGER) for name in names)


def decimals(*names: str, writable: bool = True) -> tuple[Field, ...]:
    """Columns of amounts, prices and rates; those that only the server computes are not `writable`."""
    return tuple(Field(name, Kind.DECIMAL, writable=writable) for name in names)


def booleans(*names: str) -> tuple[Field, ...]:
    """Columns that are false unless told otherwise."""
    return tuple(Field(name, Kind.BOOLEAN, default=False) for name in names)


def dates(*names: str) -> tuple[Field, ...]:
    """Columns of dates."""
    return tuple(Field(name, Kind.DATE) for name in names)


def texts(max_length: int, *names: str) -> tuple[Field, ...]:
    """Columns of text, each at most `max_length` characters long."""
    return tuple(Field(name, max_length=max_length) for name in names)


def foreign_key(name: str, entity: str, *, indexed: bool = False, writable: bool = True) -> Field:
    """A column that names a row of `entity` by its ID."""
    return Field(name, Kind.INTEGER, references=entity, indexed=indexed, writable=writable)
