"""A company with a customer, a project and a product, and somebody who makes out and books invoices in it."""

from collections.abc import Mapping
from typing import Final

from daemon.sandbox.books import Books
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.office import KEY, Answer, Office, inside, settings

CUSTOMER: Final = 301
PROJECT: Final = 71
PRODUCT: Final = 231


class Bookkeeper(Office):
    """An office in which customer 100001, project 4005 and a product with VAT code 3 on account 3010 exist."""

    def __init__(self, switches: Switches | None = None, /, **changes: Json) -> None:
        """`changes` are columns of the company's settings."""
        super().__init__(settings(switches=switches))
        self.change_company(**changes)
        self.customer(100001)
        self.post("projects", {"ProjectNumber": "4005", "Name": "Kaigata 4", "ProjectCustomerID": CUSTOMER})
        product: Row = {"PartName": "1", "Name": "Timer", "AccountID": self.account(3010), "VatTypeID": self.vat("3")}
        self.post("products", product)

    @property
    def own_books(self) -> Books:
        """The books of the company."""
        return self.emulator.books(KEY)

    def change_company(self, **columns: Json) -> None:
        """Change the company's settings, as a person in it does."""
        table = self.own_books.table("CompanySettings")
        row = table.get(1)
        assert row is not None
        table.update(row, columns, self.now)

    def account(self, number: int) -> Json:
        """The ID of an account."""
        return self.own_books.table("Account").where("AccountNumber", number)[0]["ID"]

    def vat(self, code: str) -> Json:
        """The ID of a VAT type."""
        return self.own_books.table("VatType").where("VatCode", code)[0]["ID"]

    def item(self, count: float = 8, price: float = 1250, **columns: Json) -> Row:
        """An item of the product; `columns` are added or changed."""
        return {
            "ProductID": PRODUCT, "ItemText": "Timer", "NumberOfItems": count, "PriceExVat": price,
            "AccountID": self.account(3010), "VatTypeID": self.vat("3"), "DiscountPercent": 0, **columns,
        }  # fmt: skip

    def draft_body(self, *items: Row, **columns: Json) -> Row:
        """The body of a draft; one item of 10,000 and its VAT unless told otherwise."""
        lines: list[Json] = list(items or (self.item(),))
        return {
            "StatusCode": 10001, "InvoiceType": 0, "InvoiceNumber": "10245", "CustomerID": CUSTOMER,
            "InvoiceDate": "2026-02-03", "PaymentDueDate": "2026-02-17", "PaymentID": "1002450000017",
            "DefaultDimensions": {"ProjectID": PROJECT}, **columns, "Items": lines,
        }  # fmt: skip

    def draft(self, *items: Row, **columns: Json) -> Row:
        """A draft, which must be accepted."""
        answer = self.post("invoices", self.draft_body(*items, **columns))
        assert answer.status == 201, answer.json
        return answer.row

    def invoice(self, *items: Row, **columns: Json) -> Row:
        """A booked invoice with its journal entry, which must be accepted."""
        row_id = self.draft(*items, **columns)["ID"]
        answer = self.book(row_id)
        assert answer.status == 204, answer.json
        return self.read_invoice(row_id)

    def book(self, row_id: Json) -> Answer:
        """Invoice a draft."""
        return self.act(f"invoices/{row_id}", "invoice")

    def act(self, path: str, action: str, body: Json = None, *, verb: str = "POST", **parameters: str) -> Answer:
        """An action."""
        query = "&".join(f"{name}={value}" for name, value in {"action": action, **parameters}.items())
        return self.call(verb, path, body, query=query)

    def read_invoice(self, row_id: Json) -> Row:
        """An invoice as it is now."""
        return self.get(f"invoices/{row_id}", expand="Items,JournalEntry,DefaultDimensions").row

    def voucher(self, invoice: Mapping[str, Json]) -> dict[str, float]:
        """The amounts of an invoice's voucher, by account; a customer's line by its number."""
        lines = self.get("journalentrylines", filter=f"JournalEntryID eq {invoice['JournalEntryID']}",
                         expand="Account,SubAccount").rows  # fmt: skip
        return {str(inside(line, "SubAccount" if line["SubAccountID"] else "Account", "AccountNumber")):
                float(str(line["Amount"])) for line in lines}  # fmt: skip
