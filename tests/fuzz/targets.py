"""Every decoder that reads what others wrote, valid inputs to begin with, and what may come of any input."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from daemon.core.ledger import Entry, Parked, Unreadable, clamped, decode, encode, rank
from daemon.core.model import KINDS, Change, Entity, Generation, Ignored, Undecodable
from daemon.core.procedure import Answered, Call, Refused
from daemon.dnb.chart_rows import AccountRow, ProductRow, SeriesRow, SeriesTypeRow, SettingsRow, VatTypeRow
from daemon.dnb.invoice_rows import InvoiceRow, JournalEntryRow
from daemon.dnb.replies import judge, read_row, read_rows
from daemon.dnb.rows import CountryRow, CreatedRow, CurrencyRow, CustomerRow, ProjectRow, Row
from daemon.dnb.tokens import token_reply
from daemon.edges.dead_letters import OFFSET_HEADER, PARTITION_HEADER, TOPIC_HEADER, source_of
from daemon.edges.http_sink import identity_server, retry_after
from daemon.edges.ledger_keys import (
    HandoverRecord,
    HoldRecord,
    LedgerRecord,
    decode_handover_record,
    decode_hold_record,
    decode_ledger_record,
    encode_record,
)
from daemon.edges.ledger_store import LedgerStore, Marks
from daemon.edges.mail_deciding import Failing, Letter
from daemon.edges.mail_state import MailRecord, Told, decode_mail_record, encode_mail_record
from daemon.edges.mail_text import message
from daemon.edges.named_tenants import TenantRecord, decode_tenant_record, encode_tenant_record
from daemon.errors import ConfigurationError
from daemon.moment.customer import Customer, decode_customer
from daemon.moment.envelope import decode as decode_envelope
from daemon.moment.invoice import Invoice, decode_invoice, is_draft
from daemon.moment.project import Project, decode_project
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.generating import planted
from daemon.sandbox.planting import EVERY_KIND
from daemon.settings import Settings, read_settings
from daemon.tenants import Reading, Registry
from tests.core.playbook import refusal

Take = Callable[[bytes], object]


class Target(msgspec.Struct, frozen=True):
    """One decoder: `take` decodes an input and raises `AssertionError` if what came of it is not in its contract.

    `share` is how many of a thousand inputs it gets: slow decoders get fewer.
    """

    name: str
    seeds: tuple[bytes, ...]
    take: Take
    share: int = 10


def _moments() -> tuple[bytes, ...]:
    names = tuple(tenant_name(company.name) for company in invented(2, 5))
    records = planted(seed=5, events=300, tenants=names, started_at=1.8e9, kinds=dict.fromkeys(names, EVERY_KIND))
    return tuple(record.value for record in records if record.value)


def _datas(values: tuple[bytes, ...], kind: str) -> tuple[bytes, ...]:
    changes = (decode_envelope(value, environment="production") for value in values)
    return tuple(change.data for change in changes if isinstance(change, Change) and change.entity.kind == kind)


def _envelope(raw: bytes) -> None:
    message = decode_envelope(raw, environment="production")
    assert isinstance(message, Change | Ignored | Undecodable)
    if isinstance(message, Change):
        assert 0 <= message.entity.id < 2**63
        assert 1 <= message.version < 2**63


def _customer(raw: bytes) -> None:
    assert isinstance(decode_customer(raw), Customer | Refused)


def _project(raw: bytes) -> None:
    assert isinstance(decode_project(raw), Project | Refused)


def _invoice(raw: bytes) -> None:
    assert isinstance(decode_invoice(raw), Invoice | Refused)
    assert is_draft(raw) in {True, False}


def _entry(raw: bytes) -> None:
    entry = decode(raw)
    assert isinstance(entry, Entry | Unreadable)
    if isinstance(entry, Entry):
        again = decode(encode(entry))
        assert repr(again) == repr(entry), "an entry does not survive a round trip"  # as text: NaN equals nothing
        assert rank(clamped(entry, 0.0, 1.0), 0)[0] == entry.highest


def _marks(raw: bytes) -> None:
    assert isinstance(decode_ledger_record(raw), LedgerRecord | None)
    assert isinstance(decode_handover_record(raw), HandoverRecord | None)
    assert isinstance(decode_hold_record(raw), HoldRecord | None)
    assert isinstance(decode_mail_record(raw), MailRecord | None)
    assert all(isinstance(kind, str) for kind in decode_tenant_record(raw).kinds)


def _letter(raw: bytes) -> None:
    pairs = (line.partition(b"=") for line in raw.splitlines())
    source = source_of([(name.decode("latin-1"), value) for name, _, value in pairs])
    assert source is None or (source[0].number >= 0 and source[1] >= 0)


def _store(raw: bytes) -> None:
    """Open a local copy of the ledger whose marks are these bytes: a damaged one is begun anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.sqlite3"
        LedgerStore(path).close()
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("INSERT INTO meta (name, value) VALUES ('marks', CAST(? AS TEXT))", (raw,))
        store = LedgerStore(path)
        assert isinstance(store.marks, Marks)
        store.close()


ROW_TYPES: tuple[type[Row], ...] = (
    AccountRow, CountryRow, CreatedRow, CurrencyRow, CustomerRow, InvoiceRow, JournalEntryRow, ProductRow, ProjectRow,
    SeriesRow, SeriesTypeRow, SettingsRow, VatTypeRow,
)  # fmt: skip
READ = Call(method="GET", target="api/biz/customers")
WRITE = Call(method="POST", target="api/biz/customers", body=b"{}", writes=True)
STATUSES = (200, 201, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503)


def _reply(raw: bytes) -> None:
    status = STATUSES[sum(raw[:8]) % len(STATUSES)]
    answer = Answered(status=status, body=raw)
    judge(answer, WRITE)
    verdict = judge(answer, READ)
    for row in ROW_TYPES:
        read_row(verdict, row)
    read_rows(verdict, CustomerRow, key="customer_number", matches=lambda row: bool(row.id))


def _token(raw: bytes) -> None:
    for status in (200, 400, 503):
        token_reply(Answered(status=status, body=raw), 0.0)


def _header(raw: bytes) -> None:
    seconds = retry_after(raw.decode("latin-1"), 1.8e9)
    assert seconds is None or seconds >= 0.0


def _map(raw: bytes) -> None:
    assert identity_server(raw) != ""


def _mailed(raw: bytes) -> None:
    parked = Parked(version=1, data=raw, occurred_at=1.0, reason="conflict", since=1.0, refusal=refusal("conflict"))
    entity = Entity("fjellvik", "invoice", 7)
    letter = Letter((Failing(entity, parked.reason),), (), MailRecord({}), {entity: parked})
    message("fjellvik", letter, sender="a@b.example", recipients=("c@d.example",), now=1.8e9).as_bytes()


def _settings(raw: bytes) -> None:
    lines = raw.decode(errors="replace").replace("\0", "").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    environment = {name: value for name, _, value in pairs}
    try:
        assert isinstance(read_settings(environment), Settings)
    except ConfigurationError:
        return


def _tenants(raw: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        Path(file.name).write_bytes(raw)
        try:
            assert isinstance(Reading(Path(file.name), default_quota=10.0, environment={}).read(), Registry)
        except ConfigurationError:
            return


ENTRIES = (
    Entry(company="c", generation=Generation(1, 2), version=3, fingerprint="c1:x", dnb_id=7, number="100042"),
    Entry(
        version=3,
        dirty_until=9.0,
        dirty_data=b"{}",
        occurred_at=1.0,
        numbers_tried=("100042",),
        remarks=("number_differs",),
        parked=Parked(
            version=4, data=b'{"a":1}', occurred_at=2.0, reason="conflict", since=3.0, next_try=4.0, attempts=2,
            refusal=refusal("conflict"), steps=("3 conflict",), blocked_by="a/customer/1",
        ),
    ),
)  # fmt: skip
OLDER = {
    "version": 3,
    "fingerprint": "c1:x",
    "dnb_id": 7,
    "parked": {"version": 4, "data": b"{}", "occurred_at": 1.0, "reason": "conflict", "since": 2.0},
}
"""An entry of the first program version: without what was added since."""

NEWER = {"version": 3, "colour": "red", "parked": {"version": 4, "data": b"{}", "mood": [1]}, "scheme": 9}
"""An entry of a newer program version: fields that this one does not have."""

ROWS = (
    b'[{"ID": 301, "CustomerNumber": 100042, "OrgNumber": "987654321", "Info": {"ID": 8, "Name": "A", "Phones": []}}]',
    b'{"ID": 77, "ProjectNumber": "4005", "Name": "B", "ProjectCustomerID": 381, "StatusCode": 42201}',
    b'{"ID": 2210, "StatusCode": 42001, "InvoiceNumber": "10245", "TaxExclusiveAmount": 10.5, "Items": [{"ID": 1}]}',
    b'{"_validationResults": {"Name": [{"Message": "m", "PropertyName": "Name", "Level": 30}]}, "Message": "x"}',
    b'{"Messages": [{"Message": "m", "EntityType": "Customer"}]}', b'"text"', b"[]", b"",
)  # fmt: skip
HOLD = HoldRecord(is_held=True, since=1.0, until=2.0, reason="r")
MAILED = MailRecord({"conflict": Told(1.0, ("a/customer/1",))})
MARKS = Marks(
    position=9, record=LedgerRecord("one", Generation(1, 2)), record_offset=3, handover_offset=8, last_offset=8,
    holds={"fjellvik": HOLD, "*": HOLD}, mailed={"fjellvik": MAILED},
)  # fmt: skip
LETTER = "\n".join(
    f"{name}={value}"
    for name, value in ((TOPIC_HEADER, "moment.changes"), (PARTITION_HEADER, 3), (OFFSET_HEADER, 1_204))
)
SETTINGS = b"""MOMENT_DNB_KAFKA_BOOTSTRAP=k:9092
MOMENT_DNB_TENANTS_FILE=t.yaml
MOMENT_DNB_DNB_BASE_URL=https://d.example
MOMENT_DNB_DNB_CLIENT_ID=c
MOMENT_DNB_DNB_PRIVATE_KEY=k
MOMENT_DNB_SESSION=30
MOMENT_DNB_TOPICS=a,b
MOMENT_DNB_PARKED_RETRIES=1,2
MOMENT_DNB_KAFKA_SECURITY=SSL
MOMENT_DNB_LOG_LEVEL=info
MOMENT_DNB_OPS_PORT=0
"""
TENANTS = b"""tenants:
  fjellvik:
    company_key: 6f1c2a0e-91f4-4b0c-8b2c-2d6a0f4a7e11
    kinds: [customer, invoice]
    notify: [a@b.example]
    number_range: [100000, 199999]
    quota: 10
    weight: 2
    flow: voucher
    products: {hours: "100"}
    vat_codes: {"3000": "3"}
    mode: held
  havgard:
    company_key: {env: X}
"""


def targets() -> tuple[Target, ...]:
    """Return every decoder with what it is given first."""
    moments = _moments()
    return (
        Target("envelope", moments, _envelope, 200),
        Target("customer", _datas(moments, "customer"), _customer, 150),
        Target("project", _datas(moments, "project"), _project, 100),
        Target("invoice", _datas(moments, "invoice"), _invoice, 200),
        Target("entry", (*map(encode, ENTRIES), *map(msgspec.msgpack.encode, (OLDER, NEWER))), _entry, 150),
        Target(
            "marks",
            (
                encode_record(LedgerRecord("one", Generation(1, 2))),
                encode_tenant_record(TenantRecord(frozenset(KINDS))),
                encode_record(HandoverRecord(Generation(1, 2), 1_204)),
                encode_record(HOLD),
                encode_mail_record(MAILED),
            ),
            _marks,
            50,
        ),
        Target("store", (msgspec.json.encode(MARKS),), _store, 5),
        Target("letter", (LETTER.encode(),), _letter, 10),
        Target("reply", ROWS, _reply, 80),
        Target("retry_after", (b"7", b"Fri, 27 Nov 2026 10:00:00 GMT"), _header, 10),
        Target("endpoints", (b'{"Identity": "https://identity.example/"}',), _map, 8),
        Target("mail", _datas(moments, "invoice")[:20], _mailed, 20),
        Target("token", (b'{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}',), _token, 20),
        Target("settings", (SETTINGS,), _settings, 7),
        Target("tenants", (TENANTS,), _tenants, 5),
    )
