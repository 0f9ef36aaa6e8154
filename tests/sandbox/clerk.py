"""A client that transfers customers in the plainest way: one request a version, in order, reading before it writes.

It is what the judge is tried on: right as it stands, and easy to make do one thing wrong.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self
from uuid import uuid4

import msgspec

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.history import History
from daemon.sandbox.judging import DeadLetter, Evidence, Parked, Verdict, judge_all
from daemon.sandbox.planting import Fate, Planted
from tests.sandbox.office import KEY, OTHER_KEY, Office, inside, settings

COMPANIES: Final = {"fjellvik": KEY, "havgard": OTHER_KEY}
EXPAND: Final = (
    "Info,Info.Emails,Info.Phones,Info.Addresses,"
    "Info.DefaultEmail,Info.DefaultPhone,Info.InvoiceAddress,Info.ShippingAddress"
)


class Clerk:
    """Works for every tenant of `COMPANIES`. What it put aside is in `parked` and `dead_letters`."""

    def __init__(self) -> None:
        self.emulator = Emulator(settings())
        self.offices = {tenant: Office(emulator=self.emulator, company=key) for tenant, key in COMPANIES.items()}
        self.rows: dict[tuple[str, int], int] = {}
        self.seen: dict[tuple[str, int], int] = {}
        self.parked: dict[tuple[str, int], Parked] = {}
        self.dead_letters: list[DeadLetter] = []
        self.spoil: Callable[[Row], Row] = lambda body: body
        self.currencies = {
            (tenant, row["Code"]): row["ID"]
            for tenant, office in self.offices.items()
            for row in office.get("currencycodes", select="ID,Code").rows
        }

    @property
    def history(self) -> History:
        """What the emulator kept."""
        return self.emulator.history

    def work(self, planted: Iterable[Planted]) -> Self:
        """Do what each record asks for."""
        for record in planted:
            self.take(record)
        return self

    def take(self, record: Planted) -> None:
        """Do what one record asks for."""
        if record.fate == "dead_letter":
            self.dead_letters.append(DeadLetter(record.key, record.value, "undecodable"))
        if record.id is None or record.version is None or record.fate not in {"transfer", "refuse"}:
            return
        key = (record.tenant, record.id)
        if record.version <= self.seen.get(key, 0):
            return
        self.seen[key] = record.version
        self.parked.pop(key, None)
        if record.fate == "refuse":
            self.parked[key] = Parked(record.tenant, "customer", record.id, record.version, record.reason)
        else:
            self.transfer(record)

    def transfer(self, record: Planted) -> None:
        """Create the customer or update its row."""
        assert record.id is not None
        row_id = self.rows.get((record.tenant, record.id))
        if row_id is None:
            self.rows[record.tenant, record.id] = self.create(record)
        else:
            self.update(record, row_id)

    def create(self, record: Planted) -> int:
        """A new row, even where there is one; its ID."""
        office = self.offices[record.tenant]
        answer = office.post("customers", self.spoil(self.body(record, {})))
        assert answer.status in {0, 201}, answer.json
        row_id = answer.row["ID"]
        assert isinstance(row_id, int)
        return row_id

    def update(self, record: Planted, row_id: int) -> None:
        """Write a record over the row as it is."""
        office = self.offices[record.tenant]
        row = office.get(f"customers/{row_id}", expand=EXPAND).row
        answer = office.put(f"customers/{row_id}", self.spoil({"ID": row_id, **self.body(record, row)}))
        assert answer.status in {0, 200}, answer.json

    def wait(self, seconds: float) -> None:
        """Let time pass for everybody."""
        now = next(iter(self.offices.values())).now + seconds
        for office in self.offices.values():
            office.now = now
        self.emulator.tick(now)

    def verdict(self, planted: Iterable[Planted]) -> Verdict:
        """What the judge says."""
        evidence = Evidence(
            companies=COMPANIES,
            history=self.history,
            parked=tuple(self.parked.values()),
            dead_letters=self.dead_letters,
        )
        return judge_all(tuple(planted), evidence)

    def body(self, record: Planted, row: Row) -> Row:
        """What the API is told for `record`, with the IDs of `row` where there is one."""
        data = data_of(record)
        before = row.get("Info")
        info = before if isinstance(before, dict) else {}
        number = "".join(letter for letter in str(data.get("organizationNumber") or "") if letter.isalnum())
        return {
            "CustomerNumber": int(str(data["customerNumber"])),
            "OrgNumber": number.removeprefix("NO").removesuffix("MVA") or None,
            "WebUrl": data.get("website"),
            "CreditDays": data.get("creditTermDays"),
            "CurrencyCodeID": self.currencies[record.tenant, data["currencyCode"]],
            "Info": {
                **({"ID": info["ID"]} if info else {}),
                "Name": data["name"],
                **_child(info, "DefaultEmail", "EmailAddress", data.get("invoiceEmail") or data.get("email")),
                **_child(info, "DefaultPhone", "Number", data.get("phoneNumber")),
                **_address(info, "InvoiceAddress", data.get("address")),
                **_address(info, "ShippingAddress", data.get("deliveryAddress")),
                "Phones": _phones(info, data.get("faxNumber")),
            },
        }


def data_of(record: Planted) -> Row:
    """The data of a record that keeps the contract."""
    data = inside(msgspec.json.decode(record.value or b""), "data")
    assert isinstance(data, dict)
    return data


def change(version: int, *, customer: int = 7, tenant: str = "fjellvik", reason: str = "", **data: Json) -> Planted:
    """A made-up change of a customer; `reason` makes it one that must be refused."""
    whole: Row = {"customerNumber": str(100000 + customer), "name": f"Kunde {customer} AS", "currencyCode": "NOK"}
    record: Row = {
        "environment": "production", "tenant": tenant, "kind": "customer", "id": customer, "version": version,
        "operation": "upsert", "occurredAt": "2026-02-03T12:00:00Z", "data": {**whole, **data},
    }  # fmt: skip
    fate: Fate = "refuse" if reason else "transfer"
    return Planted(tenant.encode(), msgspec.json.encode(record), tenant, customer, version, "", reason, fate)


def broken(value: bytes) -> Planted:
    """A record that nobody can read."""
    return Planted(b"fjellvik", value, "fjellvik", None, None, "broken", "undecodable", "dead_letter")


def counts(verdict: Verdict) -> Mapping[str, int]:
    """The promises that were broken, and how often."""
    every = msgspec.structs.asdict(verdict)
    return {name: count for name, count in every.items() if name != "findings" and count}


def _child(info: Row, relation: str, field: str, value: Json) -> Row:
    return _related(info, relation, {field: value} if value else None)


def _address(info: Row, relation: str, value: Json) -> Row:
    if not isinstance(value, dict):
        return _related(info, relation, None)
    fields: Row = {name[0].upper() + name[1:]: part for name, part in value.items()}
    return _related(info, relation, fields)


def _related(info: Row, relation: str, fields: Row | None) -> Row:
    """A related object: kept and written, deleted, or new."""
    old = info.get(relation)
    if isinstance(old, dict):
        return {relation: {"ID": old["ID"], **({"Deleted": True} if fields is None else fields)}}
    return {} if fields is None else {relation: {"ID": 0, "_createguid": str(uuid4()), **fields}}


def _phones(info: Row, fax: Json) -> list[Json]:
    """Every old fax deleted and the new one added."""
    old = info.get("Phones")
    rows = [row for row in old if isinstance(row, dict)] if isinstance(old, list) else []
    phones: list[Json] = [{"ID": row["ID"], "Deleted": True} for row in rows if row["Type"] in {150103, "150103"}]
    if fax:
        phones.append({"ID": 0, "_createguid": str(uuid4()), "Number": fax, "Type": 150103})
    return phones
