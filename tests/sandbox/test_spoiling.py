"""Each way to spoil a record spoils it as it says: the published contract is the witness."""

import json
from typing import Any, cast

import jsonschema
import pytest

from daemon.moment.schema import change_schema
from daemon.sandbox import spoiling
from daemon.sandbox.documents import Json, Row

DATA: Row = {"customerNumber": "100042", "name": "Fjellvik Arkitekter AS", "address": {"city": "Oslo"}}
GOOD: Row = {
    "environment": "production", "tenant": "fjellvik", "kind": "customer", "id": 70311802, "version": 7,
    "operation": "update", "occurredAt": "2026-03-14T10:11:12.345Z", "data": DATA,
}  # fmt: skip

CONTRACT: Any = jsonschema.Draft202012Validator(change_schema())


def keeps_contract(value: bytes) -> bool:
    """Whether these bytes are a JSON document that the contract allows."""
    try:
        document = cast("Json", json.loads(value, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return False
    return bool(CONTRACT.is_valid(document))


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def with_data(data: Json) -> bytes:
    """The good record with other data."""
    return spoiling.encoded({**GOOD, "data": data}, ascii_only=True)


def test_good_record() -> None:
    """What is spoiled here keeps the contract before."""
    assert keeps_contract(spoiling.encoded(GOOD, ascii_only=True))


def test_encoded() -> None:
    """Values are compact, with Norwegian letters as they are or escaped."""
    assert '{"name":"Blå","id":1}'.encode() == spoiling.encoded({"name": "Blå", "id": 1}, ascii_only=False)
    assert b'{"name":"Bl\\u00e5","id":1}' == spoiling.encoded({"name": "Blå", "id": 1}, ascii_only=True)


@pytest.mark.parametrize("kind", spoiling.BROKEN)
def test_broken(kind: str) -> None:
    """A broken record breaks the contract whatever its data: nothing but a dead letter can become of it."""
    value = spoiling.BROKEN[kind](GOOD)
    assert not keeps_contract(value)
    assert not keeps_contract(spoiling.BROKEN[kind]({**GOOD, "kind": "claim"}))
    assert len(value) < 1_000_000


def test_broken_differently() -> None:
    """No two ways of breaking a record give the same bytes."""
    assert len(spoiling.BROKEN) == len({spoil(GOOD) for spoil in spoiling.BROKEN.values()})


def test_bad_utf8() -> None:
    """The broken letter stands in the tenant's name, where it cannot be passed over."""
    with pytest.raises(UnicodeDecodeError):
        spoiling.BROKEN["bad_utf8"](GOOD).decode()


@pytest.mark.parametrize("wrong", [*spoiling.BAD_NUMBERS, *spoiling.WRONG_DATA])
def test_wrong_data(wrong: spoiling.Wrong) -> None:
    """Data is invalid exactly where it breaks the contract; a number out of range or with letters does not."""
    assert (wrong.reason != spoiling.INVALID_DATA) == keeps_contract(with_data(wrong.spoil(DATA)))


@pytest.mark.parametrize("kind", spoiling.IGNORED)
def test_ignored(kind: str) -> None:
    """What is to be ignored keeps the contract all the same."""
    record = spoiling.IGNORED[kind](GOOD)
    assert (kind == "null") == (record is None)
    assert record is None or keeps_contract(spoiling.encoded(record, ascii_only=True))


def test_good_record_is_left_alone() -> None:
    """Spoiling makes another record and does not touch the one it is given."""
    before = json.dumps(GOOD)
    for spoil in (*spoiling.BROKEN.values(), *spoiling.IGNORED.values()):
        spoil(GOOD)
    for wrong in (*spoiling.BAD_NUMBERS, *spoiling.WRONG_DATA):
        wrong.spoil(DATA)
    assert before == json.dumps(GOOD)
