"""Invoices of Moment for the tests, and what DnB's books should then show of them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from daemon.core.model import Booking, Change, Entity, Kind, Tenant
from daemon.core.procedure import Delivered, Known, Outcome, Prepared, Refused, Unchanged
from daemon.dnb.directory import Directories
from daemon.dnb.recipes import InvoiceRecipe
from daemon.sandbox.settings import Switches
from tests.dnb.projects import FULL as PROJECT
from tests.dnb.projects import about, with_customers
from tests.dnb.projects import prepared as project_prepared
from tests.dnb.world import COMPANY_KEY, World, run

TENANT = Tenant(name="fjellvik", company="c0ffee")
INVOICE_ID = 118204417

HOURS: dict[str, Any] = {
    "text": "Prosjektering",
    "quantity": 37.5,
    "totalExVat": "50625.00",
    "vatCode": "3",
    "productType": "hours",
    "accountNumber": "3000",
}
FEE: dict[str, Any] = {
    "text": "Offentlig gebyr",
    "quantity": 1,
    "totalExVat": "612.80",
    "vatCode": "6",
    "productType": "expenses",
    "accountNumber": "3200",
}
FULL: dict[str, Any] = {
    "invoiceNumber": 10245,
    "invoiceType": "invoice",
    "invoiceState": "finalized",
    "description": "Mars 2026",
    "customer": {"id": 70311802, "customerNumber": "100042"},
    "project": {"id": 70419955, "projectNumber": "4005"},
    "invoiceDate": "2026-03-14",
    "dueDate": "2026-03-28",
    "paymentId": "1000420102450",
    "currencyCode": "NOK",
    "totalExVat": "51237.80",
    "totalVat": "12656.25",
    "totalIncVat": "63894.05",
    "lines": [HOURS, FEE],
}
CREDIT_LINE: dict[str, Any] = {**HOURS, "quantity": -10, "totalExVat": "-13500"}
CREDIT: dict[str, Any] = {
    **FULL,
    "invoiceNumber": 10246,
    "invoiceType": "creditNote",
    "creditedInvoice": {"id": INVOICE_ID, "invoiceNumber": 10245},
    "description": "Kreditering",
    "invoiceDate": "2026-03-20",
    "dueDate": "2026-03-20",
    "paymentId": None,
    "totalExVat": "-13500",
    "totalVat": "-3375",
    "totalIncVat": "-16875",
    "lines": [CREDIT_LINE],
}

CREDIT_ID = 118210022
BALANCES = {1500: 63894.05, 2700: -12656.25, 3000: -50625.0, 3200: -612.8}
CREDITED_BALANCES = {1500: -16875.0, 2700: 3375.0, 3000: 13500.0}
SHOWN: dict[str, Any] = {
    "number": "10245",
    "type": 0,
    "status": 42002,
    "reference": str(INVOICE_ID),
    "customer": 100042,
    "project": "4005",
    "dates": ("2026-03-14", "2026-03-28"),
    "payment": "1000420102450",
    "comment": "Mars 2026",
    "totals": (51237.8, 12656.25, 63894.05),
    "lines": [
        ("Prosjektering", 37.5, 50625.0, "3", 3000, "4005"),
        ("Offentlig gebyr", 1.0, 612.8, "6", 3200, "4005"),
    ],
}


def line(total: str, **changes: object) -> dict[str, Any]:
    """Return a line of one hour with this total."""
    return {**HOURS, "quantity": 1, "totalExVat": total, **changes}


def invoice_of(lines: list[dict[str, Any]], vat: str, **changes: object) -> dict[str, Any]:
    """Return an invoice with these lines, this VAT in all, and totals to match."""
    net = sum((Decimal(str(one["totalExVat"])) for one in lines), Decimal())
    totals = {"totalExVat": f"{net}", "totalVat": vat, "totalIncVat": f"{net + Decimal(vat)}"}
    return {**FULL, **totals, "lines": lines, **changes}


def change(data: dict[str, Any], version: int = 1, entity_id: int = INVOICE_ID) -> Change:
    """Return a change of an invoice."""
    return Change(Entity(TENANT.name, "invoice", entity_id), version, 0.0, msgspec.json.encode(data))


def prepare(
    data: dict[str, Any],
    *,
    directories: Directories | None = None,
    entity_id: int = INVOICE_ID,
    tenant: Tenant = TENANT,
) -> Prepared | Refused:
    """Return an invoice as the recipe prepares it."""
    recipe = InvoiceRecipe("production", directories or Directories({}))
    return recipe.prepare(tenant, change(data, entity_id=entity_id))


def prepared(
    data: dict[str, Any],
    *,
    directories: Directories | None = None,
    entity_id: int = INVOICE_ID,
    tenant: Tenant = TENANT,
) -> Prepared:
    """Return an invoice that is fit to be posted."""
    found = prepare(data, directories=directories, entity_id=entity_id, tenant=tenant)
    assert isinstance(found, Prepared), found
    return found


def booking(**settings: Any) -> Tenant:  # noqa: ANN401 - as `Booking` has them
    """Return the tenant with other booking settings."""
    return msgspec.structs.replace(TENANT, booking=Booking(**settings))


class Scene:
    """A world with customer 100042 and project 4005, and a directory that lives as long as the daemon."""

    def __init__(self, switches: Switches | None = None, **settings: object) -> None:
        """Open the books; `settings` are written into the company's own."""
        self.world = World(switches)
        self.related: dict[Kind, int] = with_customers(self.world, 100042, 100043)
        outcome = run(self.world, project_prepared(PROJECT).start(about(related=self.related)))
        assert isinstance(outcome, Delivered)
        self.related["project"] = outcome.dnb_id
        self.directories = Directories({})
        self.set(**settings)

    def set(self, **settings: object) -> None:
        """Change the company's settings, as a person in its office would."""
        self.world.emulator.books(COMPANY_KEY).table("CompanySettings").get(1).update(settings)  # type: ignore[union-attr,arg-type]

    def deliver(
        self,
        data: dict[str, Any],
        ledger: Known | None = None,
        *,
        entity_id: int = INVOICE_ID,
        tenant: Tenant = TENANT,
    ) -> Outcome:
        """Deliver one version from the start, in a world that works."""
        ready = prepared(data, directories=self.directories, entity_id=entity_id, tenant=tenant)
        return run(self.world, ready.start(ledger or self.known()))

    def known(self, version: int = 1, dnb_id: int | None = None, *, dirty: bool = False) -> Known:
        """Return what the ledger would tell, with customer and project delivered, and nothing more to wait for."""
        told = about(version, dnb_id, dirty=dirty, related=self.related)
        return msgspec.structs.replace(told, has_waited=True)

    @property
    def violations(self) -> list[object]:
        """Return what the emulator thinks a correct client would not have done."""
        return list(self.world.emulator.history.violations)

    def invoices(self) -> list[dict[str, Any]]:
        """Return what an accountant sees of each living invoice, straight from the books."""
        return [self._shown(row) for row in self.world.rows("CustomerInvoice")]

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        items = [item for item in self.world.rows("CustomerInvoiceItem") if item["CustomerInvoiceID"] == row["ID"]]
        dimensions = {one["ID"]: one["ProjectID"] for one in self.world.rows("Dimensions")}
        return {
            "number": row["InvoiceNumber"],
            "type": row["InvoiceType"],
            "status": row["StatusCode"],
            "reference": row["ExternalReference"],
            "customer": self._number("Customer", row["CustomerID"], "CustomerNumber"),
            "project": self._number("Project", dimensions.get(row["DefaultDimensionsID"]), "ProjectNumber"),
            "dates": (row["InvoiceDate"], row["PaymentDueDate"]),
            "payment": row["PaymentID"],
            "comment": row["Comment"],
            "totals": tuple(row[f"{name}"] for name in ("TaxExclusiveAmount", "VatTotalsAmount", "TaxInclusiveAmount")),
            "lines": [self._line(item, dimensions) for item in sorted(items, key=lambda one: one["SortIndex"])],
        }

    def _line(self, item: dict[str, Any], dimensions: dict[int, int]) -> tuple[Any, ...]:
        return (
            item["ItemText"],
            item["NumberOfItems"],
            item["SumTotalExVat"],
            self._number("VatType", item["VatTypeID"], "VatCode"),
            self._number("Account", item["AccountID"], "AccountNumber"),
            self._number("Project", dimensions.get(item["DimensionsID"]), "ProjectNumber"),
        )

    def _number(self, entity: str, row_id: int | None, column: str) -> Any:  # noqa: ANN401 - the emulator's own books
        return next((row[column] for row in self.world.rows(entity) if row["ID"] == row_id), None)

    def balances(self) -> dict[int, float]:
        """Return the balance of each account that is not zero: debit is positive."""
        found: dict[int, Decimal] = {}
        for row in self.world.rows("JournalEntryLine"):
            number = self._number("Account", row["AccountID"], "AccountNumber")
            found[number] = found.get(number, Decimal()) + Decimal(str(row["Amount"]))
        return {number: float(amount) for number, amount in sorted(found.items()) if amount}

    def receivable(self) -> float:
        """Return what customers owe."""
        return self.balances().get(1500, 0.0)

    @property
    def vouchers(self) -> int:
        """Return how many vouchers the journal has."""
        return len(self.world.rows("JournalEntry"))


def methods(calls: Iterable[Any]) -> list[str]:
    """Return the verbs of calls."""
    return [call.method for call in calls]


def refused(outcome: Outcome) -> Refused:
    """Return the outcome as the refusal that it is."""
    assert isinstance(outcome, Refused), outcome
    return outcome


def leave_draft(scene: Scene, data: dict[str, Any]) -> None:
    """Leave the invoice in DnB as a draft: everything is done but booking it."""
    procedure = prepared(data, directories=scene.directories).start(scene.known(dirty=True))
    call = next(procedure)
    while "action=invoice" not in call.target:
        call = procedure.send(scene.world.send(call))
    procedure.close()


def remarks(outcome: Outcome) -> list[str]:
    """Return the reasons that are remarked on an invoice that is booked."""
    assert isinstance(outcome, Delivered | Unchanged), outcome
    return [remark.reason for remark in outcome.remarks]
