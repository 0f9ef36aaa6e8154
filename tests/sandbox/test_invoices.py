"""The rules of customer invoices alone."""

from typing import Literal
from uuid import uuid4

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.bookkeeper import CUSTOMER, PROJECT, Bookkeeper
from tests.sandbox.office import Answer, inside


def _told(answer: Answer, field: str, *path: str | int) -> str:
    return str(inside(answer.json, *path, "_validationResults", field, 0, "Message"))


def _item(invoice: Row, position: int = 0) -> Row:
    item = inside(invoice, "Items", position)
    assert isinstance(item, dict)
    return item


@pytest.mark.parametrize(("changes", "field"), [
    ({"CustomerID": None}, "CustomerID"),
    ({"PaymentDueDate": "2026-02-02"}, "PaymentDueDate"),
    ({"InvoiceType": 2}, "InvoiceType"),
    ({"CurrencyCodeID": 2}, "CurrencyExchangeRate"),
    ({"CurrencyCodeID": 2, "CurrencyExchangeRate": 0}, "CurrencyExchangeRate"),
    ({"InvoiceType": 1, "InvoiceReferenceID": 2201}, "InvoiceReferenceID"),
    ({"ExternalReference": "x" * 21}, "ExternalReference"),
])  # fmt: skip
def test_what_a_draft_must_have(changes: dict[str, Json], field: str) -> None:
    """A draft that lacks something is refused with the reason beside the field, and is not kept."""
    office = Bookkeeper()
    office.draft(InvoiceNumber="1")
    answer = office.post("invoices", office.draft_body(**changes))
    assert 400 == answer.status
    assert _told(answer, field)
    assert 1 == len(office.get("invoices").rows)


def test_missing_customer_key() -> None:
    """A customer that never was breaks a foreign key; a deleted one is refused, and nobody is blamed."""
    office = Bookkeeper()
    assert 500 == office.post("invoices", office.draft_body(CustomerID=100001)).status
    office.customer(100002)
    office.delete("customers/302")
    answer = office.post("invoices", office.draft_body(CustomerID=302))
    assert (400, ["foreign_key: CustomerInvoice.CustomerID"]) == (answer.status, office.rules)


def test_duplicate_number() -> None:
    """A number that a living invoice has is refused; nobody is blamed. A deleted draft's number is free."""
    office = Bookkeeper()
    row = office.draft()
    answer = office.post("invoices", office.draft_body())
    assert (400, "Fakturanummer er allerede i bruk", []) == (
        answer.status, _told(answer, "InvoiceNumber"), office.rules,
    )  # fmt: skip
    assert 204 == office.delete(f"invoices/{row['ID']}").status
    assert 201 == office.post("invoices", office.draft_body()).status


@pytest.mark.parametrize(("mode", "number", "status"), [
    ("refused", "9999", 400), ("refused", "A-1", 400), ("refused", "10000", 201), ("accepted", "9999", 201),
])  # fmt: skip
def test_number_outside_the_series(mode: Literal["refused", "accepted"], number: str, status: int) -> None:
    """A number outside the invoice series is accepted, or not."""
    office = Bookkeeper(Switches(invoice_number_outside_series=mode))
    assert status == office.post("invoices", office.draft_body(InvoiceNumber=number)).status


def test_defaults() -> None:
    """What a draft leaves out is filled in: dates, currency, rate, type."""
    office = Bookkeeper()
    row = office.post("invoices", {"StatusCode": 10001, "CustomerID": CUSTOMER}).row
    assert (0, "2026-02-03", "2026-02-03", "2026-02-17", 1, 1, None) == tuple(
        row[name] for name in ("InvoiceType", "InvoiceDate", "DeliveryDate", "PaymentDueDate", "CurrencyCodeID",
                               "CurrencyExchangeRate", "InvoiceNumber")
    )  # fmt: skip


def test_discount_is_never_null() -> None:
    """A discount that is null is refused beside the item."""
    office = Bookkeeper()
    answer = office.post("invoices", office.draft_body(office.item(DiscountPercent=None)))
    assert (400, "Rabatt må fylles ut") == (answer.status, _told(answer, "DiscountPercent", "Items", 0))
    assert ["discount_percent_null"] == office.rules


@pytest.mark.parametrize(("mode", "net"), [("wiped", 0.0), ("accepted", 10000.0)])
def test_line_without_product(mode: Literal["wiped", "accepted"], net: float) -> None:
    """Money on a line without product is wiped with its account and VAT, or accepted."""
    office = Bookkeeper(Switches(line_without_product=mode))
    row = office.draft(office.item(ProductID=None))
    assert (net, net) == (row["TaxExclusiveAmount"], _item(row)["SumTotalExVat"])
    assert (_item(row)["AccountID"] is None) == (mode == "wiped")


def test_line_without_product_refused() -> None:
    """A server may refuse money without a product; a line of text it takes."""
    office = Bookkeeper(Switches(line_without_product="refused"))
    answer = office.post("invoices", office.draft_body(office.item(ProductID=None)))
    assert (400, "Produkt må fylles ut") == (answer.status, _told(answer, "ProductID", "Items", 0))
    assert 0.0 == office.draft({"ItemText": "Etter avtale"})["TaxInclusiveAmount"]


@pytest.mark.parametrize(("mode", "status"), [("dropped", 201), ("refused", 400)])
def test_company_without_vat(mode: Literal["dropped", "refused"], status: int) -> None:
    """In a company that is not registered, a line's VAT goes to code 6, or the line is refused."""
    office = Bookkeeper(Switches(vat_when_unregistered=mode), TaxMandatoryType=1)
    answer = office.post("invoices", office.draft_body())
    assert status == answer.status
    if status == 201:
        assert (10000.0, office.vat("6")) == (answer.row["TaxInclusiveAmount"], _item(answer.row)["VatTypeID"])


def test_put_merges_a_draft() -> None:
    """A PUT changes what it names, reckons anew, and answers with the new sums."""
    office = Bookkeeper()
    row = office.draft(office.item(1, 100), office.item(1, 200))
    items: list[Json] = [
        {"ID": _item(row, 0)["ID"], "NumberOfItems": 2},
        {"ID": _item(row, 1)["ID"], "Deleted": True},
        {"ID": 0, "_createguid": str(uuid4()), **office.item(1, 50)},
    ]
    answer = office.put(f"invoices/{row['ID']}", {"ID": row["ID"], "YourReference": "Kari", "Items": items})
    assert (200, "Kari", "10245", 250.0) == (
        answer.status, answer.row["YourReference"], answer.row["InvoiceNumber"], answer.row["TaxExclusiveAmount"],
    )  # fmt: skip
    assert [200.0, 50.0] == [_item(answer.row, position)["SumTotalExVat"] for position in (0, 1)]
    assert [] == office.rules


def test_sums_of_the_client_are_passed_over() -> None:
    """The server reckons itself, whatever sums are sent."""
    office = Bookkeeper()
    row = office.draft(office.item(SumTotalExVat=1, SumVat=1, SumTotalIncVat=2, VatPercent=99), TaxInclusiveAmount=7)
    assert (12500.0, 10000.0, 25.0) == (
        row["TaxInclusiveAmount"],
        _item(row)["SumTotalExVat"],
        _item(row)["VatPercent"],
    )


def test_product_stands_in() -> None:
    """An item without account and VAT type has its product's."""
    office = Bookkeeper()
    row = office.draft(office.item(AccountID=None, VatTypeID=None))
    assert (office.account(3010), office.vat("3")) == (_item(row)["AccountID"], _item(row)["VatTypeID"])


def test_nested_customer_is_written() -> None:
    """A customer inside an invoice is changed with it: the trap that the front end avoids."""
    office = Bookkeeper()
    row = office.draft()
    office.put(f"invoices/{row['ID']}", {"ID": row["ID"], "Customer": {"ID": CUSTOMER, "WebUrl": "https://x.example"}})
    assert "https://x.example" == office.get(f"customers/{CUSTOMER}").row["WebUrl"]


@pytest.mark.parametrize("column", [
    {"InvoiceNumber": "9"}, {"InvoiceDate": "2026-02-04"}, {"PaymentID": "7"}, {"CurrencyExchangeRate": 2},
    {"DefaultDimensions": {"ID": 0, "_createguid": "0b8d6a52-5f0a-4b3e-9f8a-0b6c2f3a1d09", "ProjectID": PROJECT}},
    {"Items": [{"ID": 0, "_createguid": "0b8d6a52-5f0a-4b3e-9f8a-0b6c2f3a1d08", "ItemText": "x"}]},
    {"Items": [{"ID": 7701, "Deleted": True}]},
    {"Items": [{"ID": 7701, "PriceExVat": 1}]},
])  # fmt: skip
def test_booked_invoice_does_not_change(column: Row) -> None:
    """What the voucher rests on is refused on a booked invoice, and blamed."""
    office = Bookkeeper()
    row = office.invoice()
    before = office.read_invoice(row["ID"])
    assert 400 == office.put(f"invoices/{row['ID']}", {"ID": row["ID"], **column}).status
    assert before == office.read_invoice(row["ID"])
    assert ["booked_changed"] == [rule.partition(":")[0] for rule in office.rules]


def test_booked_invoice_may_be_sent_back() -> None:
    """A note on a booked invoice may change, and the rest may be sent back as it was read."""
    office = Bookkeeper()
    row = office.invoice()
    body: Row = {**{name: value for name, value in row.items() if name not in {"JournalEntry", "DefaultDimensions"}},
                 "InternalNote": "Ringt", "InvoiceDate": "2026-02-03T00:00:00Z"}  # fmt: skip
    answer = office.put(f"invoices/{row['ID']}", body)
    assert (200, "Ringt", 12500.0, []) == (
        answer.status, answer.row["InternalNote"], answer.row["TaxInclusiveAmount"], office.rules,
    )  # fmt: skip


def test_delete() -> None:
    """A draft is deleted with its items; a booked invoice stays, whichever way it is tried."""
    office = Bookkeeper()
    draft = office.draft()
    assert 204 == office.delete(f"invoices/{draft['ID']}").status
    assert ([], []) == (office.get("invoices").rows, office.get("invoiceitems").rows)
    row = office.invoice()
    assert [400, 400] == [
        office.delete(f"invoices/{row['ID']}").status,
        office.put(f"invoices/{row['ID']}", {"ID": row["ID"], "Deleted": True}).status,
    ]


def test_reused_guid() -> None:
    """The guid of an invoice, also of a deleted draft, and of each child is used once."""
    office = Bookkeeper()
    guid, child = str(uuid4()), str(uuid4())
    row = office.draft(office.item(_createguid=child), _createguid=guid)
    office.delete(f"invoices/{row['ID']}")
    bodies = [office.draft_body(_createguid=guid), office.draft_body(office.item(_createguid=child))]
    assert ([400, 400], []) == ([office.post("invoices", body).status for body in bodies], office.rules)
