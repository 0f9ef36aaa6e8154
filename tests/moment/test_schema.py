"""The published schema: it follows the decoder, so that a producer can trust it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from daemon.core.model import Change
from daemon.core.procedure import Refused
from daemon.moment.customer import decode_customer
from daemon.moment.decoding import decode_data
from daemon.moment.envelope import decode
from daemon.moment.invoice import Invoice
from daemon.moment.project import Project
from daemon.moment.schema import change_schema

SCHEMA: Any = Draft202012Validator(change_schema())

HEAD: dict[str, Any] = {
    "environment": "production",
    "tenant": "fjellvik",
    "id": 1,
    "version": 1,
    "operation": "update",
    "occurredAt": "2026-03-14T10:11:12.345Z",
}
CUSTOMER: dict[str, Any] = {"customerNumber": 100042, "name": "Fjellvik AS", "address": {"city": "Oslo"}, "extra": [1]}
PROJECT: dict[str, Any] = {
    "projectNumber": "4005",
    "name": "Storgata 1",
    "customer": {"id": 1, "customerNumber": "100042"},
    "projectState": "inProgress",
    "startDate": "2026-01-15",
    "endDate": None,
}
LINE: dict[str, Any] = {
    "text": "Timer",
    "quantity": "37.5",
    "totalExVat": 100.1,
    "vatCode": "3",
    "productType": "hours",
    "accountNumber": 3000,
}
INVOICE: dict[str, Any] = {
    "invoiceNumber": 10245,
    "invoiceType": "invoice",
    "invoiceState": "finalized",
    "customer": {"id": 1, "customerNumber": "100042"},
    "project": {"id": 2, "projectNumber": "4005"},
    "invoiceDate": "2026-03-14",
    "dueDate": "2026-03-28",
    "paymentId": "1000420102450",
    "currencyCode": "NOK",
    "totalExVat": 100.1,
    "totalVat": "25.03",
    "totalIncVat": 125.13,
    "lines": [LINE],
}
EXAMPLES = {"customer": CUSTOMER, "project": PROJECT, "invoice": INVOICE}
DECODERS: dict[str, Any] = {"project": msgspec.json.Decoder(Project), "invoice": msgspec.json.Decoder(Invoice)}


def is_valid(record: dict[str, Any]) -> bool:
    """Tell whether the schema accepts a record."""
    return bool(SCHEMA.is_valid(record))


def decoded(kind: str, data: object) -> object:
    """Return what the decoder makes of one kind's data."""
    raw = json.dumps(data).encode()
    return decode_customer(raw) if kind == "customer" else decode_data(DECODERS[kind], raw)


def test_the_schema_is_itself_valid() -> None:
    """Tools for JSON Schema 2020-12 can read it."""
    Draft202012Validator.check_schema(change_schema())
    json.dumps(change_schema())


@pytest.mark.parametrize("kind", EXAMPLES)
def test_good_examples_are_accepted_by_both(kind: str) -> None:
    """An example of each kind passes the schema, the envelope and the decoder of its data."""
    record = {**HEAD, "kind": kind, "data": EXAMPLES[kind]}
    assert [] == list(SCHEMA.iter_errors(record))
    assert isinstance(decode(json.dumps(record).encode(), environment="production"), Change)
    assert not isinstance(decoded(kind, EXAMPLES[kind]), Refused)


def test_a_delete_needs_no_data() -> None:
    """Only a delete may come without data."""
    assert is_valid({**HEAD, "kind": "customer", "operation": "delete"})
    assert not is_valid({**HEAD, "kind": "customer"})


def test_other_kinds_are_allowed() -> None:
    """A producer may publish offers; they are ignored."""
    assert is_valid({**HEAD, "kind": "offer", "data": {"anything": 1}})


REQUIRED = [(kind, name) for kind, data in EXAMPLES.items() for name in data]


@pytest.mark.parametrize(("kind", "name"), REQUIRED)
def test_schema_and_decoder_agree_on_required_fields(kind: str, name: str) -> None:
    """A field that may be left out for the one may be left out for the other."""
    data = {key: value for key, value in EXAMPLES[kind].items() if key != name}
    refused = isinstance(decoded(kind, data), Refused)
    assert refused != is_valid({**HEAD, "kind": kind, "data": data})


@pytest.mark.parametrize(
    "amount",
    [0, -1, 12.5, "12.5", "-0.000001", "999999999999.999999", "1e3", "NaN", "1.0000000", "1" * 13, 10**12, None],
)
def test_what_the_schema_accepts_as_an_amount_the_decoder_accepts(amount: object) -> None:
    """No amount that a producer has checked is refused."""
    data = {**INVOICE, "totalVat": amount}
    if is_valid({**HEAD, "kind": "invoice", "data": data}):
        assert not isinstance(decoded("invoice", data), Refused)


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["", " ", "2026-02-03", "x" * 5000])
)
FIELDS = [(kind, name) for kind, data in EXAMPLES.items() for name in data if name not in {"startDate", "invoiceDate"}]


@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from(FIELDS), ODD)
def test_what_the_schema_accepts_the_decoder_accepts(place: tuple[str, str], odd: object) -> None:
    """A producer that validates its records never has one refused as invalid."""
    kind, name = place
    data = {**EXAMPLES[kind], name: odd}
    if is_valid({**HEAD, "kind": kind, "data": data}):
        assert not isinstance(decoded(kind, data), Refused)


@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from(sorted(HEAD)), ODD)
def test_what_the_schema_accepts_of_an_envelope_the_decoder_accepts(name: str, odd: object) -> None:
    """An envelope that was validated is never a dead letter; `format` stands for the timestamp's own rule."""
    record = {**HEAD, "kind": "customer", "data": CUSTOMER, name: odd}
    if name != "occurredAt" and is_valid(record):
        raw = json.dumps(record).encode()
        assert not type(decode(raw, environment="production")).__name__.startswith("Undecodable")
