"""From a record's bytes to a change, or to the reason why it is none: the checks of the envelope, in their order.

The order is part of the contract: null, undecodable, other environment, unknown kind, delete. `data` is checked to be
JSON in UTF-8 and otherwise left alone: what it holds, also when it is no object, is refused per entity later, with its
version kept, so that a newer version heals it. A dead letter would have no entity to heal.
"""

from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from daemon.core.model import Change, Entity, Ignored, Kind, Message, Undecodable
from daemon.moment.decoding import DECODING_ERRORS
from daemon.moment.fields import MAX_INT64, TENANT_PATTERN, Id

Reason = Literal["too_large", "not_utf8", "not_json", "too_deep", "missing_field", "wrong_type", "out_of_range"]
REASONS: tuple[Reason, ...] = get_args(Reason)

MAX_VALUE_BYTES = 1_048_576  # Kafka's own default bound of a record; no object of Moment comes near it

Name = Annotated[str, Meta(max_length=63)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One change of one customer, project or invoice in Moment."""

    environment: Annotated[Name, Meta(description="where the change was made; the sandbox repeats production's ids")]
    tenant: Annotated[str, Meta(pattern=TENANT_PATTERN, description="whose company the object belongs to")]
    kind: Annotated[Name, Meta(description="customer, project or invoice; records of other kinds are ignored")]
    id: Id
    version: Annotated[int, Meta(ge=1, le=MAX_INT64, description="grows with every change of the object")]
    operation: Annotated[
        Literal["create", "update", "upsert", "delete"],
        Meta(description="delete is never transferred; the others mean the same"),
    ]
    occurred_at: Annotated[datetime, Meta(tz=True, description="the instant of the change, with its offset")]
    data: Annotated[Raw | UnsetType, Meta(description="the full object after the change; a delete has none")] = UNSET


_ENVELOPE = msgspec.json.Decoder(Envelope)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


def decode(value: bytes | None, *, environment: str, replay: str | None = None) -> Message:
    """Return the change a record holds, or why it holds none; nothing is raised for any bytes.

    `environment` is the daemon's own; `replay` the id from the header `moment-dnb-replay`.
    """
    if value is None:
        return Ignored("null")
    envelope = decode_envelope(value)
    if isinstance(envelope, Undecodable):
        return envelope
    kind = _KINDS.get(envelope.kind)
    if envelope.environment != environment:
        return Ignored("environment", envelope.tenant)
    if kind is None:
        return Ignored("kind", envelope.tenant)
    if envelope.operation == "delete":
        return Ignored("delete", envelope.tenant)
    return change(envelope, kind, replay)


def decode_envelope(value: bytes) -> Envelope | Undecodable:
    """Return the typed envelope, or what is wrong with it."""
    if len(value) > MAX_VALUE_BYTES:
        return Undecodable("too_large", f"the value is longer than {MAX_VALUE_BYTES} bytes")
    try:
        value.decode()  # msgspec skips `data` without looking at its UTF-8
        return _ENVELOPE.decode(value)
    except msgspec.ValidationError:
        return diagnose(value)
    except DECODING_ERRORS as error:
        return undecodable(error)


def undecodable(error: BaseException) -> Undecodable:
    """Return why a value is no JSON object, without quoting it."""
    match error:
        case UnicodeDecodeError():
            return Undecodable("not_utf8", "the value is not UTF-8")
        case RecursionError():
            return Undecodable("too_deep", "the value is nested too deeply")
        case msgspec.ValidationError():
            return Undecodable("wrong_type", "the value is not a JSON object")
        case _:
            return Undecodable("not_json", "the value is not JSON")


def change(envelope: Envelope, kind: Kind, replay: str | None) -> Change | Undecodable:
    """Return the change of an envelope that concerns this daemon."""
    if isinstance(envelope.data, UnsetType):
        return Undecodable("missing_field", "data")
    try:
        occurred_at = envelope.occurred_at.timestamp()
    except (OverflowError, ValueError):
        return Undecodable("out_of_range", "occurredAt")
    entity = Entity(envelope.tenant, kind, envelope.id)
    return Change(entity, envelope.version, occurred_at, bytes(envelope.data), replay)


def diagnose(value: bytes) -> Undecodable:
    """Return which field keeps JSON from being an envelope, found by reading it again field by field."""
    try:
        fields = _OBJECT.decode(value)
    except DECODING_ERRORS as error:
        return undecodable(error)
    findings = (finding(field, fields) for field in msgspec.structs.fields(Envelope))
    return next((found for found in findings if found), Undecodable("wrong_type", "a field is given twice"))


def finding(field: msgspec.structs.FieldInfo, fields: dict[str, Raw]) -> Undecodable | None:
    """Return what is wrong with one field of the envelope, None when nothing is."""
    name = field.encode_name
    if name not in fields:
        return Undecodable("missing_field", name) if field.required else None
    if accepts(fields[name], field.type):
        return None
    loose = int if name in {"id", "version"} else str
    return Undecodable("out_of_range" if has_type(fields[name], loose) else "wrong_type", name)


def accepts(raw: Raw, wanted: object) -> bool:
    """Tell whether a field's JSON is what its annotated type allows."""
    try:
        msgspec.json.decode(raw, type=wanted)
    except DECODING_ERRORS:
        return False
    return True


def has_type(raw: Raw, loose: type) -> bool:
    """Tell whether a field's JSON is an integer or a string of whatever size."""
    text = bytes(raw).strip()
    return text.lstrip(b"-").isdigit() if loose is int else text.startswith(b'"')
