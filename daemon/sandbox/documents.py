"""JSON as typed values: what bodies, rows and answers are made of."""

from typing import Final, TypeAlias, cast

import msgspec

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
"""Any JSON value."""

Row: TypeAlias = dict[str, Json]
"""A JSON object: a row of the books, or an object of a body."""


class Malformed(msgspec.Struct, frozen=True):
    """Bytes that are no JSON document."""

    reason: str


_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()


def decoded(body: bytes) -> Json | Malformed:
    """The JSON document in `body`, or why there is none."""
    try:
        return cast("Json", _DECODER.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Malformed(str(error))


def encoded(value: Json) -> bytes:
    """`value` as JSON bytes, fields in their order."""
    return _ENCODER.encode(value)
