"""Whether a posted value fits its column."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

import msgspec

from daemon.sandbox.documents import Json
from daemon.sandbox.matching import moment
from daemon.sandbox.schema import Field, Kind

_INT32_LIMIT: Final = 2**31
_DECIMAL_LIMIT: Final = 10**14  # what a database's decimal with four places of eighteen holds


class Fault(msgspec.Struct, frozen=True):
    """Why a value does not fit: the rule it breaks, and the text a person reads."""

    rule: str
    text: str


def fault_of(field: Field, value: Json) -> Fault | None:
    """Why `value` cannot stand in `field`; null fits every column."""
    if value is None:
        return None
    if not _FITS[field.kind](value):
        return Fault("wrong_type", "Feil type")
    if field.max_length is not None and isinstance(value, str) and len(value) > field.max_length:
        return Fault("too_long", f"Maks {field.max_length} tegn")
    return None


def _is_integer(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_INT32_LIMIT <= value < _INT32_LIMIT


def _is_decimal(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _DECIMAL_LIMIT


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_moment(value: Json) -> bool:
    return isinstance(value, str) and moment(value) is not None


def _is_guid(value: Json) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value).hex)
    except ValueError:
        return False


_FITS: Final[Mapping[Kind, Callable[[Json], bool]]] = {
    Kind.INTEGER: _is_integer,
    Kind.DECIMAL: _is_decimal,
    Kind.BOOLEAN: lambda value: isinstance(value, bool),
    Kind.STRING: _is_text,
    Kind.DATE: _is_moment,
    Kind.INSTANT: _is_moment,
    Kind.GUID: _is_guid,
    Kind.CODE: lambda value: _is_text(value) or _is_integer(value),
    Kind.OBJECT: lambda value: isinstance(value, dict),
}
