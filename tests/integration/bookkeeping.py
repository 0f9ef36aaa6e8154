"""Moment's changes as records, and DnB's books as an accountant sees them: what tests from end to end compare."""

import datetime as dt
import json
import time
from typing import Any

import yaml

from daemon.sandbox.books import Books
from daemon.sandbox.exchange import Request
from daemon.sandbox.generating import Planted
from tests.dnb.world import seen
from tests.integration.scene import Scene

CUSTOMER_ID, PROJECT_ID, INVOICE_ID = 70_311_802, 70_419_955, 118_204_417

TODAY = dt.datetime.now(dt.UTC).date()
"""The scene opens the books of the present year."""

CUSTOMER: dict[str, Any] = {
    "customerNumber": "100042",
    "name": "Fjellvik Arkitekter AS",
    "organizationNumber": "974760673",
    "email": "post@fjellvik.example",
    "address": {"addressLine1": "Kaigata 4", "postalCode": "5003", "city": "Bergen", "countryCode": "NO"},
    "currencyCode": "NOK",
}
PROJECT: dict[str, Any] = {
    "projectNumber": "4005",
    "name": "Rehabilitering Kaigata 4",
    "customer": {"id": CUSTOMER_ID, "customerNumber": "100042"},
    "projectState": "inProgress",
    "startDate": "2026-01-15",
    "endDate": "2026-09-30",
}
INVOICE: dict[str, Any] = {
    "invoiceNumber": "10245",
    "invoiceType": "invoice",
    "invoiceState": "finalized",
    "description": "Mars",
    "customer": {"id": CUSTOMER_ID, "customerNumber": "100042"},
    "project": {"id": PROJECT_ID, "projectNumber": "4005"},
    "invoiceDate": TODAY.isoformat(),
    "dueDate": (TODAY + dt.timedelta(days=14)).isoformat(),
    "currencyCode": "NOK",
    "totalExVat": "13500.00",
    "totalVat": "3375.00",
    "totalIncVat": "16875.00",
    "lines": [
        {
            "text": "Prosjektering",
            "quantity": 10,
            "totalExVat": "13500.00",
            "vatCode": "3",
            "productType": "hours",
            "accountNumber": "3000",
        }
    ],
}
DRAFT: dict[str, Any] = {**INVOICE, "invoiceNumber": None, "invoiceState": "draft"}
MINUTES = {"customer": 0, "project": 1, "invoice": 2}
ROUTES = ("customers", "projects", "invoices")
IDS = {"customer": CUSTOMER_ID, "project": PROJECT_ID, "invoice": INVOICE_ID}


def record(tenant: str, kind: str, data: dict[str, Any], version: int = 1, entity_id: int | None = None) -> Planted:
    """Return a change of one entity as Moment publishes it, keyed by its tenant."""
    moment_id = IDS[kind] if entity_id is None else entity_id
    value = {
        "environment": "production",
        "tenant": tenant,
        "kind": kind,
        "id": moment_id,
        "version": version,
        "operation": "upsert",
        "occurredAt": f"2026-03-14T10:{MINUTES[kind]:02}:12.345Z",
        "data": data,
    }
    return Planted(
        key=tenant.encode(), value=json.dumps(value).encode(), tenant=tenant, id=moment_id, version=version,
        trouble="", reason="", fate="transfer",
    )  # fmt: skip


def tenants(stage: Scene, **settings: object) -> None:
    """Write the tenants file anew, with these settings for every tenant."""
    named = {name: {"company_key": key, **settings} for name, key in stage.companies.items()}
    (stage.folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": named}), encoding="utf-8")


class Shown:
    """What an accountant sees in the books of one company, as they are now."""

    def __init__(self, stage: Scene, tenant: str) -> None:
        """Take the scene and the tenant whose company it is."""
        self._books: Books = stage.emulator.books(stage.companies[tenant])

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """Return the living rows of one entity."""
        return [dict(row) for row in self._books.table(entity).live()]

    def customers(self) -> list[dict[str, Any]]:
        """Return the customers."""
        return [seen(self._books, row) for row in self.rows("Customer")]

    def names(self) -> list[str]:
        """Return the customers' names."""
        return [row["name"] for row in self.customers()]

    def projects(self) -> list[tuple[Any, ...]]:
        """Return number, name, customer's number, status and dates of each project."""
        columns = ("ProjectNumber", "Name", "ProjectCustomerID", "StatusCode", "StartDate", "EndDate")
        rows = [[row[name] for name in columns] for row in self.rows("Project")]
        return [(row[0], row[1], self._number("Customer", row[2], "CustomerNumber"), *row[3:]) for row in rows]

    def invoices(self) -> list[tuple[Any, ...]]:
        """Return number, customer's and project's number, amount and whether it is booked, of each invoice."""
        dimensions = {row["ID"]: row["ProjectID"] for row in self.rows("Dimensions")}
        return [
            (
                row["InvoiceNumber"],
                self._number("Customer", row["CustomerID"], "CustomerNumber"),
                self._number("Project", dimensions.get(row["DefaultDimensionsID"]), "ProjectNumber"),
                float(row["TaxInclusiveAmount"]),
                row["JournalEntryID"] is not None,
            )
            for row in self.rows("CustomerInvoice")
        ]

    def vouchers(self) -> list[str]:
        """Return the numbers of the journal's vouchers."""
        return [str(row["JournalEntryNumber"]) for row in self.rows("JournalEntry")]

    def balance(self, account: int) -> float:
        """Return the balance of an account; debit is positive."""
        numbers = {row["ID"]: row["AccountNumber"] for row in self.rows("Account")}
        rows = (row for row in self.rows("JournalEntryLine") if numbers[row["AccountID"]] == account)
        return round(sum(float(row["Amount"]) for row in rows), 2)

    def owed(self) -> float:
        """Return what all customers owe together."""
        rows = (row for row in self.rows("JournalEntryLine") if row["SubAccountID"])
        return round(sum(float(row["Amount"]) for row in rows), 2)

    def _number(self, entity: str, row_id: int | None, column: str) -> Any:  # noqa: ANN401 - the emulator's own books
        return next((row[column] for row in self.rows(entity) if row["ID"] == row_id), None)


def by_hand(stage: Scene, tenant: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do what a person in the company's office does in DnB, and return the row."""
    request = Request(method, f"/api/biz/{path}", "", {"content-type": "application/json"}, json.dumps(body).encode())
    response = stage.emulator.by_hand(stage.companies[tenant], request, time.time())
    assert response.status // 100 == 2, response
    row: dict[str, Any] = json.loads(response.body) if response.body else {}
    return row
