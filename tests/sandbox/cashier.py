"""A client that books invoices in the plainest way: what refers to something waits until that is there.

It is what the judge of invoices is tried on: right as it stands, and easy to make do one thing wrong.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Self
from uuid import uuid4

from daemon.sandbox.accountant import DEEDS, Accountant
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES
from daemon.sandbox.books import Books
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.generating import planted
from daemon.sandbox.judging import Evidence, Parked, Verdict, judge_all
from daemon.sandbox.payment_ids import is_valid
from daemon.sandbox.planting import EVERY_KIND, Planted
from daemon.sandbox.portraying_projects import STATUSES
from daemon.sandbox.postings import objects
from tests.sandbox.clerk import COMPANIES, Clerk, data_of
from tests.sandbox.office import NOON, Office, inside

TRANSITIONS: Final[Mapping[int, tuple[str, ...]]] = {
    42202: ("InitiateProject",), 42203: ("StartProject", "ReactivateProject"),
    42204: ("StartProject", "ReactivateProject", "CompleteProject"), 42205: ("DiscardProject",),
}  # fmt: skip
"""The transitions that lead to each status, whichever of them are allowed."""

ITEM_CHARACTERS: Final = 255
COMMENT_CHARACTERS: Final = 500
ROUNDING_CODE: Final = "7"
Key = tuple[str, str, int]


def story(seed: int = 1, events: int = 700) -> tuple[Planted, ...]:
    """Records of two tenants that transfer everything."""
    kinds = dict.fromkeys(COMPANIES, EVERY_KIND)
    return planted(seed=seed, events=events, tenants=tuple(COMPANIES), started_at=NOON, kinds=kinds)


class Cashier(Clerk):
    """Works off projects and invoices too; `wrong` changes the body of an invoice before it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.newest: dict[Key, Planted] = {}
        self.held: dict[Key, Parked] = {}
        self.ids: dict[Key, int] = {}
        self.booked: dict[Key, str] = {}
        self.wrong: Callable[[Row], Row] = lambda body: body
        self.products: dict[str, Json] = {}
        self.accountants = [Accountant(self.emulator, key, EVERY_KIND, NOON) for key in COMPANIES.values()]
        for accountant in self.accountants:
            accountant.begin(NOON)
            for deed in DEEDS:
                accountant.perform(deed, NOON)
        for tenant, office in self.offices.items():
            product: Row = {"PartName": "1", "Name": "Timer", "AccountID": self.account(tenant, "3000")}
            self.products[tenant] = office.post("products", product).row["ID"]

    def take(self, record: Planted) -> None:
        """Customers at once; of projects and invoices the newest versions are kept for `finish`."""
        if record.kind not in {"project", "invoice"}:
            super().take(record)
        elif record.id is not None and record.version is not None and record.fate != "ignore":
            before = self.newest.get((record.tenant, record.kind, record.id))
            if before is None or (before.version or 0) < record.version:
                self.newest[record.tenant, record.kind, record.id] = record

    def finish(self) -> Self:
        """Projects, then invoices, then credit notes; what must not be booked is parked."""
        self.newest = {key: record for key, record in self.newest.items() if not self._is_parked(record)}
        for kind in ("project", "invoice"):
            for record in [each for each in self.newest.values() if each.kind == kind and not is_credit(each)]:
                self.settle(record)
        for record in [each for each in self.newest.values() if is_credit(each)]:
            self.settle(record)
        return self

    def settle(self, record: Planted) -> None:
        """Deliver a project or an invoice, or park it for the sake of what it refers to."""
        data, key = data_of(record), key_of(record)
        reason = self._reason(record, data)
        if reason:
            self.park(record, reason)
        elif record.kind == "project":
            self.ids[key] = self.project(record.tenant, data)
        else:
            self.ids[key] = self.invoice(record, data)

    def project(self, tenant: str, data: Row) -> int:
        """A new project in its state."""
        office = self.offices[tenant]
        body: Row = {
            "ProjectNumber": str(data["projectNumber"]), "Name": data["name"], "StartDate": data.get("startDate"),
            "EndDate": data.get("endDate"), "ProjectCustomerID": self._related(tenant, "customer", data["customer"]),
        }  # fmt: skip
        row_id = id_in(office.post("projects", body).row)
        wanted = STATUSES.get(str(data["projectState"]), 0)
        for transition in TRANSITIONS.get(wanted, ()):
            office.call("POST", f"projects/{row_id}", query=f"action={transition}")
        return row_id

    def invoice(self, record: Planted, data: Row) -> int:
        """A booked invoice."""
        office = self.offices[record.tenant]
        answer = office.post("invoices", self.wrong(self.invoice_body(record, data)))
        assert answer.status == 201, (answer.json, data)
        row_id = id_in(answer.row)
        booking = office.call("POST", f"invoices/{row_id}", query="action=invoice")
        assert booking.status == 204, (booking.json, data)
        return row_id

    def invoice_body(self, record: Planted, data: Row) -> Row:
        """The draft of an invoice."""
        tenant, number = record.tenant, str(data["invoiceNumber"])
        is_note = data["invoiceType"] == "creditNote"
        project = None if data.get("project") is None else self._related(tenant, "project", data["project"])
        dimensions: Row = {} if project is None else {"DefaultDimensions": {"ProjectID": project}}
        given = str(data.get("paymentId") or "")
        comment, rest = cut(str(data.get("description") or ""), COMMENT_CHARACTERS)
        credited = data.get("creditedInvoice")
        reference = None if not isinstance(credited, dict) else self.ids.get((tenant, "invoice", number_of(credited)))
        tail = [*pieces(rest), *([f"Krediterer faktura {inside(credited, 'invoiceNumber')}"] if credited else [])]
        return {
            "StatusCode": 10001, "InvoiceType": int(is_note), "InvoiceNumber": number,
            "ExternalReference": str(record.id), "CustomerID": self._related(tenant, "customer", data["customer"]),
            "InvoiceDate": data["invoiceDate"], "PaymentDueDate": data["dueDate"], "Comment": comment or None,
            "PaymentID": given if is_valid(given) else number, "PaymentInformation": given or None,
            "InvoiceReferenceID": reference, "CurrencyCodeID": self.currencies[tenant, data["currencyCode"]],
            "CurrencyExchangeRate": float(str(data.get("currencyRate") or 1)), **dimensions,
            "Items": [*self._items(tenant, data, -1 if is_note else 1), *map(text_item, tail)],
        }  # fmt: skip

    def _items(self, tenant: str, data: Row, sign: int) -> list[Json]:
        items: list[Json] = []
        for line in objects(data["lines"]):
            net = Decimal(str(line["totalExVat"])) * sign
            quantity = Decimal(str(line["quantity"])) * sign
            price = (net / quantity).quantize(Decimal("0.0001"), ROUND_HALF_UP) if quantity else Decimal(0)
            is_even = price * quantity == net and quantity == quantity.quantize(Decimal("0.0001"))
            note = "" if is_even else f" (antall: {abs(quantity).normalize():f})"
            first, *rest = pieces(f"{line['text']}{note}") or [""]
            account = str(line["accountNumber"])
            code = str(line.get("vatCode") or ACCOUNT_VAT_CODES.get(account) or ROUNDING_CODE)
            item: Row = {
                "ProductID": self.products[tenant], "ItemText": first, "DiscountPercent": 0,
                "NumberOfItems": float(quantity if is_even else 1),
                "PriceExVat": None if data["currencyCode"] != "NOK" else float(price if is_even else net),
                "PriceExVatCurrency": float(price if is_even else net),
                "AccountID": self.account(tenant, account), "VatTypeID": self.vat_type(tenant, code),
            }  # fmt: skip
            items += [item, *map(text_item, rest)]
        return [{**item, "SortIndex": at} for at, item in enumerate(items, 1) if isinstance(item, dict)]

    def account(self, tenant: str, number: str) -> Json:
        """The ID of an account."""
        return self.books(tenant).table("Account").where("AccountNumber", int(number))[0]["ID"]

    def vat_type(self, tenant: str, code: str) -> Json:
        """The ID of a VAT type."""
        return self.books(tenant).table("VatType").where("VatCode", code)[0]["ID"]

    def books(self, tenant: str) -> Books:
        """The books of a tenant's company."""
        return self.emulator.books(COMPANIES[tenant])

    def office(self, tenant: str = "fjellvik") -> Office:
        """A tenant's way to the API."""
        return self.offices[tenant]

    def verdict(self, planted: Iterable[Planted]) -> Verdict:
        """What the judge says, of invoices too."""
        evidence = Evidence(
            companies=COMPANIES,
            history=self.history,
            parked=(*self.parked.values(), *self.held.values()),
            dead_letters=self.dead_letters,
            books={tenant: self.books(tenant) for tenant in COMPANIES},
        )
        return judge_all(tuple(planted), evidence)

    def _is_parked(self, record: Planted) -> bool:
        if record.fate == "refuse":
            self.park(record, record.reason)
        return record.fate == "refuse"

    def park(self, record: Planted, reason: str) -> None:
        """Put a change aside."""
        assert record.id is not None
        assert record.version is not None
        self.held[key_of(record)] = Parked(record.tenant, record.kind, record.id, record.version, reason)

    def _reason(self, record: Planted, data: Row) -> str:
        """Why what a change refers to holds it up; empty if nothing does."""
        for field, kind in (("customer", "customer"), ("project", "project"), ("creditedInvoice", "invoice")):
            reference = data.get(field)
            if not isinstance(reference, dict):
                continue
            key = (record.tenant, kind, number_of(reference))
            is_there = key in self.ids if kind != "customer" else (record.tenant, key[2]) in self.rows
            came = key in self.held or (record.tenant, key[2]) in self.parked
            if not is_there and (came or kind != "invoice"):
                return "dependency_refused" if came else "missing_dependency"
        return ""

    def _related(self, tenant: str, kind: str, reference: Json) -> int:
        item = number_of(reference)
        return self.rows[tenant, item] if kind == "customer" else self.ids[tenant, kind, item]


def is_credit(record: Planted) -> bool:
    """Whether a record is of a credit note that can be booked."""
    return record.kind == "invoice" and record.fate != "refuse" and data_of(record)["invoiceType"] == "creditNote"


def key_of(record: Planted) -> Key:
    """Tenant, kind and id of a record that can be read."""
    assert record.id is not None
    return (record.tenant, record.kind, record.id)


def number_of(reference: Json) -> int:
    """The id of what a reference refers to."""
    return int(str(inside(reference, "id")))


def id_in(row: Row) -> int:
    """The ID of a row."""
    return int(str(row["ID"]))


def text_item(text: str) -> Row:
    """A line of an invoice that is text alone."""
    return {"ItemText": text, "DiscountPercent": 0, "SortIndex": 1000, "_createguid": str(uuid4())}


def cut(text: str, most: int) -> tuple[str, str]:
    """A text up to a length, and the rest of it."""
    return text[:most], text[most:]


def pieces(text: str) -> list[str]:
    """A text in parts that a line holds."""
    return [text[at : at + ITEM_CHARACTERS] for at in range(0, len(text), ITEM_CHARACTERS)]
