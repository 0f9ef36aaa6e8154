"""The event contract as JSON Schema 2020-12, derived from the structs that the decoder itself uses."""

from typing import Any, cast

import msgspec

from daemon.moment.customer import Customer
from daemon.moment.envelope import Envelope
from daemon.moment.fields import MAX_PLACES, MAX_WHOLE_DIGITS
from daemon.moment.invoice import Invoice
from daemon.moment.project import Project

Schema = dict[str, Any]

_DATA: dict[str, type[msgspec.Struct]] = {"customer": Customer, "project": Project, "invoice": Invoice}
_LIMIT = 10**MAX_WHOLE_DIGITS
_DATE_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def change_schema() -> Schema:
    """Return the schema of a record's value: the envelope, and `data` by kind; unknown fields are allowed anywhere."""
    models = (Envelope, *_DATA.values())
    _, definitions = msgspec.json.schema_components(models, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A change event of Moment",
        "description": "Every change of an object is in one partition of one topic. A null value is ignored.",
        "allOf": [{"$ref": "#/$defs/Envelope"}, _data_unless_deleted(), *map(_data_by_kind, _DATA)],
        "$defs": {name: _corrected(definition) for name, definition in sorted(definitions.items())},
    }


def _data_unless_deleted() -> Schema:
    """Return the rule that only a delete may come without `data`."""
    deleted = {"properties": {"operation": {"const": "delete"}}, "required": ["operation"]}
    return {"if": deleted, "else": {"required": ["data"]}}


def _data_by_kind(kind: str) -> Schema:
    """Return the rule that ties the shape of `data` to one kind, for anything but a delete."""
    concerned = {
        "properties": {"kind": {"const": kind}, "operation": {"not": {"const": "delete"}}},
        "required": ["kind", "operation"],
    }
    return {"if": concerned, "then": {"properties": {"data": {"$ref": f"#/$defs/{_DATA[kind].__name__}"}}}}


def _corrected(node: object) -> object:
    """Return a schema in which decimals and dates are stated as the decoder reads them.

    msgspec states a decimal as a string only, though it reads JSON numbers too, and a date by `format`, which
    validators need not check.
    """
    if isinstance(node, list):
        return [_corrected(item) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    schema = {key: _corrected(value) for key, value in cast("dict[str, object]", node).items()}
    if schema.get("format") == "decimal":
        return {"anyOf": _decimal_forms()}
    if schema.get("format") == "date":
        return {**schema, "pattern": _DATE_PATTERN}
    return schema


def _decimal_forms() -> list[Schema]:
    """Return the two ways to write a decimal; a number's places cannot be bounded reliably by a schema."""
    number = {
        "type": "number",
        "exclusiveMinimum": -_LIMIT,
        "exclusiveMaximum": _LIMIT,
        "description": f"at most {MAX_PLACES} places",
    }
    text = {"type": "string", "pattern": rf"^-?[0-9]{{1,{MAX_WHOLE_DIGITS}}}(\.[0-9]{{1,{MAX_PLACES}}})?$(?!\n)"}
    return [number, text]
