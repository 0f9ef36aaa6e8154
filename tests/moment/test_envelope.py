"""The envelope: what becomes a change, what is ignored, and what goes to the dead letters."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.model import Change, Entity, Ignored, Undecodable
from daemon.moment.envelope import MAX_VALUE_BYTES, REASONS, decode

GOOD: dict[str, Any] = {
    "environment": "production",
    "tenant": "fjellvik",
    "kind": "customer",
    "id": 70311802,
    "version": 7,
    "operation": "update",
    "occurredAt": "2026-03-14T10:11:12.500Z",
    "data": {"customerNumber": "100042", "name": "Fjellvik Arkitekter AS"},
}
SECRET = "hemmelig"


def value(**changes: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return a good record with some fields changed, and those given as `...` left out."""
    record = {**GOOD, **changes}
    return json.dumps({name: item for name, item in record.items() if item is not ...}).encode()


def test_a_good_record_becomes_a_change() -> None:
    """A record that follows the contract is a change with its data still undecoded."""
    data = json.dumps(GOOD["data"]).encode()
    expected = Change(Entity("fjellvik", "customer", 70311802), 7, 1773483072.5, data, "r1")
    assert expected == decode(value(), environment="production", replay="r1")


def test_unknown_fields_are_tolerated() -> None:
    """A producer may add fields without breaking anything."""
    assert isinstance(decode(value(traceId="x"), environment="production"), Change)


@pytest.mark.parametrize("operation", ["create", "update", "upsert"])
def test_all_writing_operations_mean_the_same(operation: str) -> None:
    """Create, update and upsert are all changes."""
    assert isinstance(decode(value(operation=operation), environment="production"), Change)


@pytest.mark.parametrize("number", [0, 2**63 - 1])
def test_ids_are_63_bit(number: int) -> None:
    """The smallest and the greatest id of Moment are accepted."""
    change = decode(value(id=number, version=2**63 - 1), environment="production")
    assert isinstance(change, Change)
    assert number == change.entity.id


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, Ignored("null")),
        (value(environment="sandbox"), Ignored("environment", "fjellvik")),
        (value(environment="sandbox", kind="offer", operation="delete"), Ignored("environment", "fjellvik")),
        (value(kind="claim"), Ignored("kind", "fjellvik")),
        (value(kind="claim", operation="delete", data=...), Ignored("kind", "fjellvik")),
        (value(operation="delete", data=...), Ignored("delete", "fjellvik")),
        (value(operation="delete", data=None), Ignored("delete", "fjellvik")),
    ],
)
def test_what_is_none_of_our_business_is_ignored(record: bytes | None, expected: Ignored) -> None:
    """Null, another environment, an unknown kind and a delete are ignored, in this order."""
    assert expected == decode(record, environment="production")


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        (b"", "not_json", "JSON"),
        (b"{", "not_json", "JSON"),
        (b'\xef\xbb\xbf{"id":1}', "not_json", "JSON"),
        (b"[]", "wrong_type", "object"),
        (b"12", "wrong_type", "object"),
        (b"\xff\xfe", "not_utf8", "UTF-8"),
        (value().replace(b"Fjellvik", b"Fj\xe6ll"), "not_utf8", "UTF-8"),
        (value(data="DATA").replace(b'"DATA"', b'{"a":}'), "not_json", "JSON"),
        (value(data="DATA").replace(b'"DATA"', b'"\\q"'), "not_json", "JSON"),
        (value(data="DATA").replace(b'"DATA"', b"NaN"), "not_json", "JSON"),
        (value(data="DATA").replace(b'"DATA"', b"[" * 100_000 + b"]" * 100_000), "too_deep", "deep"),
        (b'{"a":' * 100_000, "too_deep", "deep"),
        (b"[" * 100_000, "wrong_type", "object"),
        (value(id="1").rstrip(b"}"), "not_json", "JSON"),
        (value(data="x" * MAX_VALUE_BYTES), "too_large", "bytes"),
        *[(value(**{name: ...}), "missing_field", name) for name in GOOD],
        (value(id="1"), "wrong_type", "id"),
        (value(id=1.5), "wrong_type", "id"),
        (value(id=1.0), "wrong_type", "id"),
        (value(id=True), "wrong_type", "id"),
        (value(id=None), "wrong_type", "id"),
        (value(id=-1), "out_of_range", "id"),
        (value(id=2**63), "out_of_range", "id"),
        (value(id=2**64 + 1), "out_of_range", "id"),
        (value(id="ID").replace(b'"ID"', b"9" * 6_000), "out_of_range", "id"),
        (value(id="ID").replace(b'"ID"', b"1e999999999"), "wrong_type", "id"),
        (value(version=0), "out_of_range", "version"),
        (value(version=2**63), "out_of_range", "version"),
        (value(tenant=7), "wrong_type", "tenant"),
        (value(tenant="Fjellvik"), "out_of_range", "tenant"),
        (value(tenant="fjellvik\n"), "out_of_range", "tenant"),
        (value(tenant="a/b"), "out_of_range", "tenant"),
        (value(tenant="a" * 64), "out_of_range", "tenant"),
        (value(tenant=""), "out_of_range", "tenant"),
        (value(kind="x" * 64), "out_of_range", "kind"),
        (value(environment="x" * 64), "out_of_range", "environment"),
        (value(operation="merge"), "out_of_range", "operation"),
        (value(operation=3), "wrong_type", "operation"),
        (value(occurredAt="2026-03-14"), "out_of_range", "occurredAt"),
        (value(occurredAt="2026-03-14T10:11:12"), "out_of_range", "occurredAt"),
        (value(occurredAt="2026-02-30T10:11:12Z"), "out_of_range", "occurredAt"),
        (value(occurredAt=1773483072), "wrong_type", "occurredAt"),
    ],
)
def test_a_record_that_is_no_change_says_why(record: bytes, reason: str, detail: str) -> None:
    """Each way to be undecodable has its reason and names its field."""
    found = decode(record, environment="production")
    assert isinstance(found, Undecodable)
    assert reason == found.reason
    assert detail in found.detail


@pytest.mark.parametrize("data", [None, 7, "text", [], True])
def test_data_that_is_no_object_is_not_the_envelopes_fault(data: object) -> None:
    """Such a change keeps its entity and version, so that it is refused and healed by a newer one."""
    assert isinstance(decode(value(data=data), environment="production"), Change)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "data"])
def test_the_detail_never_holds_content(name: str) -> None:
    """What the dead letter's reason tells is safe to log."""
    found = decode(value(**{name: [SECRET]}), environment="production")
    assert isinstance(found, Undecodable)
    assert SECRET not in found.reason + found.detail


def judge(record: bytes) -> None:
    """Fail if a record gives anything but one of the three values."""
    found = decode(record, environment="production")
    assert isinstance(found, Change | Undecodable | Ignored)
    assert not isinstance(found, Undecodable) or found.reason in REASONS


@settings(max_examples=6_000, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_never_raise(record: bytes) -> None:
    """Whatever stands in a record, the source goes on."""
    judge(record)


@settings(max_examples=2_500, deadline=None)
@given(st.data())
def test_damaged_records_never_raise(data: st.DataObject) -> None:
    """A good record with bytes overwritten, cut or repeated is a value too."""
    record = bytearray(value())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(record)))
        stop = data.draw(st.integers(start, min(len(record), start + 20)))
        record[start:stop] = data.draw(st.binary(max_size=8))
    judge(bytes(record))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=2_000, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), JSON_VALUES, max_size=3))
def test_any_json_in_any_field_never_raises(changes: dict[str, object]) -> None:
    """Wrong types, infinite numbers and lone surrogates in any field give a value."""
    judge(value(**changes))


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"data":['])
def test_deep_nesting_never_raises(opening: bytes) -> None:
    """A hundred thousand levels cost neither the process nor the stack."""
    judge(opening * 100_000)
