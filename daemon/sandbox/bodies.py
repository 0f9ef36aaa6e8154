"""The JSON that a request carries, or the refusal of what is none."""

from daemon.sandbox.documents import Json, Malformed, Row, decoded
from daemon.sandbox.exchange import Request, Response, answer, message
from daemon.sandbox.visiting import Visit


def object_in(visit: Visit, request: Request) -> Row | Response:
    """The object in the body."""
    document = _decoded(visit, request)
    if isinstance(document, dict | Response):
        return document
    visit.blame("malformed_body")
    return answer(400, "The body is not a JSON object.")


def objects_in(visit: Visit, request: Request) -> list[Row] | Response:
    """The objects of the array in the body."""
    document = _decoded(visit, request)
    if isinstance(document, Response):
        return document
    rows = [row for row in document if isinstance(row, dict)] if isinstance(document, list) else []
    if isinstance(document, list) and len(rows) == len(document):
        return rows
    visit.blame("malformed_body")
    return answer(400, "The body is not an array of JSON objects.")


def _decoded(visit: Visit, request: Request) -> Json | Response:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        visit.blame(f"content_type: {content_type or 'none'}")
        return message(400, "The request entity's media type is not supported.")
    document = decoded(request.body)
    return None if isinstance(document, Malformed) else document
