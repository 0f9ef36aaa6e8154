"""What a request carries."""

import pytest

from daemon.sandbox.bodies import object_in, objects_in
from daemon.sandbox.exchange import Request, Response
from daemon.sandbox.settings import Switches
from daemon.sandbox.visiting import Visit
from tests.sandbox.office import KEY, NOON, Office


def _visit() -> Visit:
    return Visit(Office().emulator.books(KEY), Switches(), NOON)


def _request(body: bytes, content_type: str = "application/json") -> Request:
    return Request("POST", "/api/biz/invoices", "", {"content-type": content_type}, body)


def test_object() -> None:
    """An object is read."""
    assert {"ID": 1} == object_in(_visit(), _request(b'{"ID":1}'))


def test_array() -> None:
    """An array of objects is read."""
    assert [{"ID": 1}, {}] == objects_in(_visit(), _request(b'[{"ID":1},{}]'))


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"1", b"[1]"])
def test_anything_else(body: bytes) -> None:
    """What is neither is refused and blamed."""
    visit = _visit()
    answers = [object_in(visit, _request(body)), objects_in(visit, _request(body))]
    assert [400, 400] == [answer.status for answer in answers if isinstance(answer, Response)]
    assert ["malformed_body", "malformed_body"] == visit.rules


def test_content_type() -> None:
    """A body that does not say it is JSON is not read."""
    visit = _visit()
    assert isinstance(object_in(visit, _request(b"{}", "text/plain")), Response)
    assert ["content_type: text/plain"] == visit.rules
