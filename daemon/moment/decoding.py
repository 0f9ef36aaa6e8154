"""From the JSON of `data` to a typed value, or to the refusal that names the field and its rule."""

import re
from typing import TypeVar

import msgspec

from daemon.core.procedure import Refused

T = TypeVar("T")

DECODING_ERRORS = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)  # UnicodeDecodeError is a ValueError

_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<field>\w+)`")
_SAFE_RULE = re.compile(r"^(Expected|Object missing|Invalid RFC3339)")  # other messages may quote the value


def decode_data(decoder: msgspec.json.Decoder[T], data: bytes) -> T | Refused:
    """Return the decoded value, or a refusal `invalid_data`; nothing is raised for any bytes."""
    try:
        return decoder.decode(data)
    except DECODING_ERRORS as error:
        return invalid_data(error)


def invalid_data(error: BaseException) -> Refused:
    """Return the refusal for a decoding error: the field's path and the rule, never the content."""
    message = str(error) if isinstance(error, msgspec.ValidationError) else ""
    return Refused(
        reason="invalid_data",
        field=field_path(message),
        value="",
        rule=rule_of(message),
        repair="correct the field in Moment and save again, or have the producer of the events corrected",
    )


def field_path(message: str) -> str:
    """Return the path of the field that a validation message speaks of, as in `data.address.city`."""
    place, missing = _PATH.search(message), _MISSING.search(message)
    path = "data" + (place["path"] if place else "")
    return f"{path}.{missing['field']}" if missing else path


def rule_of(message: str) -> str:
    """Return the rule that a validation message states, without any value that it may quote."""
    stated = _PATH.sub("", message)
    return stated if _SAFE_RULE.match(stated) else "must be as the event contract says"
