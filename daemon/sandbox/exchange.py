"""One HTTP exchange as two values, without a socket."""

from collections.abc import Mapping

import msgspec

from daemon.sandbox.documents import Json, encoded


class Request(msgspec.Struct, frozen=True):
    """What a client sent.

    `path` and `query` are raw, as on the request line (percent-encoded; `query` without its `?`). Header names are
    lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """What the client gets, `delay_seconds` after it asked.

    With `lost` the connection is cut at that instant instead and the client never sees status, headers or body.
    """

    status: int
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""
    delay_seconds: float = 0.0
    lost: bool = False


def answer(status: int, document: Json) -> Response:
    """A JSON answer."""
    return Response(status, {"content-type": "application/json; charset=utf-8"}, encoded(document))


def empty(status: int) -> Response:
    """An answer without a body."""
    return Response(status)


def message(status: int, text: str) -> Response:
    """An error in the shape `{"Message": "…"}`, the commonest one of DnB's API."""
    return answer(status, {"Message": text})
