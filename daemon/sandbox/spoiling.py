"""What goes wrong on a topic: records that nobody can read, data that is wrong, and changes that concern nobody here.

Every function begins with a good record, so that only one thing is wrong with what it returns.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from daemon.sandbox.documents import Json, Row

NESTED_DEEP: Final = 100_000  # far deeper than any decoder follows, and 200 kB: well below Kafka's default of 1 MB

OUT_OF_RANGE: Final = "customer_number_out_of_range"
NOT_NUMERIC: Final = "customer_number_not_numeric"
INVALID_DATA: Final = "invalid_data"
PROJECT_NOT_NUMERIC: Final = "project_number_not_numeric"
TOO_LONG: Final = "too_long"


def encoded(record: Row, *, ascii_only: bool) -> bytes:
    """A record's value: compact JSON, non-ASCII letters escaped or not."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=ascii_only).encode()


def _without(field: str) -> Callable[[Row], bytes]:
    return lambda record: encoded({name: value for name, value in record.items() if name != field}, ascii_only=True)


def _with(field: str, value: Json) -> Callable[[Row], bytes]:
    return lambda record: encoded({**record, field: value}, ascii_only=True)


def _with_broken_letter(record: Row) -> bytes:
    """One byte of Latin-1 in the tenant's name."""
    whole = encoded(record, ascii_only=True)
    tenant = json.dumps(record["tenant"]).encode()
    return whole.replace(tenant, tenant[:-1] + b'\xe5"', 1)


def _truncated(record: Row) -> bytes:
    whole = encoded(record, ascii_only=True)
    return whole[: len(whole) // 2]


BROKEN: Final[Mapping[str, Callable[[Row], bytes]]] = {
    "bad_utf8": _with_broken_letter,
    "not_json": lambda _: b"Kunden er endret",
    "single_quotes": lambda record: repr(record).encode(),
    "empty": lambda _: b"",
    "truncated": _truncated,
    "nested": lambda _: b"[" * NESTED_DEEP + b"]" * NESTED_DEEP,
    "array": lambda record: b"[" + encoded(record, ascii_only=True) + b"]",
    "number": lambda _: b"42",
    "missing_tenant": _without("tenant"),
    "missing_id": _without("id"),
    "missing_version": _without("version"),
    "tenant_is_a_number": _with("tenant", 7),
    "id_is_a_word": _with("id", "seven"),
    "version_is_a_list": _with("version", [7]),
    "version_is_a_fraction": _with("version", 1.5),
    "version_is_zero": _with("version", 0),
    "version_is_not_a_number": _with("version", float("nan")),
    "id_is_negative": _with("id", -1),
    "id_is_huge": _with("id", 2**70),
}
"""Ways to make a record whose envelope cannot be read: each belongs among the dead letters."""


class Wrong(msgspec.Struct, frozen=True):
    """A way to spoil data, and the reason under which the change must be parked."""

    spoil: Callable[[Row], Json]
    reason: str


def _numbered(number: Json, reason: str) -> Wrong:
    return Wrong(lambda data: {**data, "customerNumber": number}, reason)


BAD_NUMBERS: Final = (
    _numbered("10001", OUT_OF_RANGE),
    _numbered("200000", OUT_OF_RANGE),
    _numbered("K-100042", NOT_NUMERIC),
    _numbered("", INVALID_DATA),
    _numbered(10001, OUT_OF_RANGE),
)
"""Customer numbers that DnB's series does not hold; an empty one already breaks the contract."""

WRONG_DATA: Final = (
    Wrong(lambda data: {name: value for name, value in data.items() if name != "name"}, INVALID_DATA),
    Wrong(lambda data: {**data, "name": 4711}, INVALID_DATA),
    Wrong(lambda data: {**data, "address": "Storgata 1, 0155 Oslo"}, INVALID_DATA),
    Wrong(lambda data: {**data, "creditTermDays": "fjorten"}, INVALID_DATA),
    Wrong(lambda data: [data], INVALID_DATA),
)
"""Data that breaks the contract under an envelope that keeps it."""


def _project_numbered(number: Json, reason: str) -> Wrong:
    return Wrong(lambda data: {**data, "projectNumber": number}, reason)


WRONG_PROJECTS: Final = (
    _project_numbered("4005-1", PROJECT_NOT_NUMERIC),
    _project_numbered("2026.17", PROJECT_NOT_NUMERIC),
    _project_numbered("0004005", PROJECT_NOT_NUMERIC),
    _project_numbered("P4005", PROJECT_NOT_NUMERIC),
    _project_numbered("", INVALID_DATA),
    Wrong(lambda data: {name: value for name, value in data.items() if name != "customer"}, INVALID_DATA),
    Wrong(lambda data: {**data, "startDate": "15.01.2026"}, INVALID_DATA),
    Wrong(lambda data: {**data, "name": "Prosjekt " * 40}, TOO_LONG),
)
"""Projects that DnB cannot have: numbers that are not digits or begin with a zero, data that breaks the contract."""


def _first_line(**changes: Json) -> Callable[[Row], Json]:
    """The invoice with fields of its first line changed."""

    def spoil(data: Row) -> Json:
        first, *rest = lines_of(data)
        return {**data, "lines": [{**first, **changes}, *rest]}

    return spoil


def lines_of(data: Row) -> list[Row]:
    """The lines of an invoice."""
    lines = data["lines"]
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _dearer(*fields: str) -> Callable[[Row], Json]:
    """The invoice with 5 kroner more in some of its totals."""
    return lambda data: {**data, **{field: str(Decimal(str(data[field])) + 5) for field in fields}}


WRONG_INVOICES: Final = (
    Wrong(_first_line(vatCode=None), "vat_code_missing"),
    Wrong(_first_line(vatCode="1"), "vat_code_not_sales"),
    Wrong(_first_line(vatCode="0"), "vat_code_not_sales"),
    Wrong(_first_line(vatCode="99"), "unknown_vat_code"),
    Wrong(_first_line(accountNumber="3999"), "unknown_account"),
    Wrong(_dearer("totalVat", "totalIncVat"), "amounts_differ"),
    Wrong(_dearer("totalExVat", "totalIncVat"), "totals_differ"),
    Wrong(_dearer("totalIncVat"), "totals_differ"),
    Wrong(lambda data: {**data, "dueDate": "2019-01-01"}, "due_before_invoice_date"),
    Wrong(lambda data: {**data, "invoiceType": "creditNote"}, "credit_note_not_negative"),
    Wrong(lambda data: {**data, "currencyCode": "EUR", "currencyRate": None}, "currency_rate_missing"),
    Wrong(lambda data: {**data, "currencyCode": "XXX", "currencyRate": 2}, "unknown_currency"),
    Wrong(lambda data: {**data, "invoiceDate": "2019-12-31"}, "closed_period"),
    Wrong(lambda data: {**data, "invoiceNumber": None}, "invoice_number_missing"),
    Wrong(
        lambda data: {**data, "lines": [], "totalExVat": 0, "totalVat": 0, "totalIncVat": 0},
        "lines_missing",
    ),
    Wrong(lambda data: {**data, "totalVat": "NaN"}, INVALID_DATA),
    Wrong(lambda data: {**data, "invoiceDate": "14.03.2026"}, INVALID_DATA),
    Wrong(_first_line(productType="mileage"), INVALID_DATA),
)
"""Finished invoices that cannot be booked, each for one thing that a person must put right."""

STRANGER: Final = "ukjent-firma"
"""A tenant that nobody has configured."""


def deleted(record: Row) -> Row:
    """The record of a deletion: without data."""
    return {name: value for name, value in {**record, "operation": "delete"}.items() if name != "data"}


def _project(record: Row) -> Row:
    data: Row = {"projectNumber": "4005", "name": "Rehabilitering Storgata 1", "projectState": "inProgress",
                 "customer": _reference(record), "startDate": "2026-01-15", "endDate": None}  # fmt: skip
    return {**record, "kind": "project", "data": data}


def _invoice(record: Row) -> Row:
    line: Row = {"text": "Rådgivning", "quantity": "7.5", "totalExVat": 10125.00, "vatCode": "3",
                 "productType": "hours", "accountNumber": "3000"}  # fmt: skip
    data: Row = {"invoiceNumber": 10245, "invoiceType": "invoice", "invoiceState": "finalized", "description": "Mars",
                 "customer": _reference(record), "invoiceDate": "2026-03-14", "dueDate": "2026-03-28",
                 "paymentId": "0102459", "currencyCode": "NOK", "totalExVat": 10125.00, "totalVat": 2531.25,
                 "totalIncVat": 12656.25, "lines": [line]}  # fmt: skip
    return {**record, "kind": "invoice", "data": data}


def _reference(record: Row) -> Row:
    return {"id": record["id"], "customerNumber": "100042"}


IGNORED: Final[Mapping[str, Callable[[Row], Row | None]]] = {
    "null": lambda _: None,
    "delete": deleted,
    "claim": lambda record: {**record, "kind": "claim", "data": {"amount": "129.50", "text": "Parkering"}},
    "project": _project,
    "invoice": _invoice,
    "environment": lambda record: {**record, "environment": "sandbox"},
    "tenant": lambda record: {**record, "tenant": STRANGER},
}
"""Changes that a daemon of production has nothing to do with; projects and invoices where it transfers neither."""
