"""The judge finds each way to book wrongly, and nothing where all is booked right."""

from collections.abc import Callable

import msgspec
import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.planting import Fate, Planted
from tests.sandbox.cashier import Cashier, id_in, story
from tests.sandbox.clerk import change, counts, data_of
from tests.sandbox.office import NOON

CUSTOMER: Row = {"id": 7, "customerNumber": "100007"}
OTHER: Row = {"id": 8, "customerNumber": "100008"}
PROJECT: Row = {"id": 9, "projectNumber": "4009"}
HOURS: Row = {"text": "Prosjektering", "quantity": "7.5", "totalExVat": "10125.00", "vatCode": "3",
              "productType": "hours", "accountNumber": "3000"}  # fmt: skip
HOTEL: Row = {"text": "Hotell", "quantity": 3, "totalExVat": 100, "vatCode": "33",
              "productType": "expenses", "accountNumber": "3030"}  # fmt: skip
CUSTOMERS = [change(1), change(1, customer=8)]


def record(kind: str, key: tuple[int, int], data: Row, *, reason: str = "", fate: Fate = "transfer") -> Planted:
    """A made-up change of a project or an invoice; `key` is its id and version."""
    fate = "refuse" if reason else fate
    item, version = key
    value: Row = {
        "environment": "production", "tenant": "fjellvik", "kind": kind, "id": item, "version": version,
        "operation": "upsert", "occurredAt": "2026-02-03T12:00:00Z", "data": data,
    }  # fmt: skip
    return Planted(b"fjellvik", msgspec.json.encode(value), "fjellvik", item, version, "", reason, fate, kind)


def project(version: int = 1, *, reason: str = "", item: int = 9, **data: Json) -> Planted:
    """A change of project 4009."""
    whole: Row = {"projectNumber": f"40{item:02}", "name": f"Prosjekt {item}", "customer": CUSTOMER,
                  "projectState": "inProgress", "startDate": "2026-01-15"}  # fmt: skip
    return record("project", (item, version), {**whole, **data}, reason=reason)


WHOLE: Row = {
    "invoiceNumber": 10250, "invoiceType": "invoice", "invoiceState": "finalized", "customer": CUSTOMER,
    "project": PROJECT, "invoiceDate": "2026-01-20", "dueDate": "2026-02-03", "paymentId": "0102459",
    "currencyCode": "NOK", "description": "Januar", "totalExVat": "10225.00", "totalVat": "2543.25",
    "totalIncVat": "12768.25", "lines": [HOURS, HOTEL],
}  # fmt: skip
NOTE: Row = {
    **WHOLE, "invoiceNumber": 10260, "invoiceType": "creditNote", "paymentId": "0102602", "totalExVat": "-100",
    "creditedInvoice": {"id": 50, "invoiceNumber": 10250}, "totalVat": "-12", "totalIncVat": "-112",
    "lines": [{**HOTEL, "quantity": -3, "totalExVat": -100}],
}  # fmt: skip


def invoice(version: int = 1, *, reason: str = "", fate: Fate = "transfer", **data: Json) -> Planted:
    """A change of an invoice of hours and a hotel, for customer 7 on project 4009."""
    return record("invoice", (50, version), {**WHOLE, **data}, reason=reason, fate=fate)


def credit_note(**data: Json) -> Planted:
    """A credit note of the hotel on that invoice."""
    return record("invoice", (60, 1), {**NOTE, **data})


EVERYDAY = [*CUSTOMERS, project(), invoice(), credit_note()]


def spoiled(records: list[Planted], wrong: Callable[[Row], Row]) -> dict[str, int]:
    """What the judge counts when the bodies of invoices are spoiled."""
    cashier = Cashier()
    cashier.work(records)
    cashier.wrong = wrong
    return dict(counts(cashier.finish().verdict(records)))


def with_items(change_one: Callable[[Row], Row]) -> Callable[[Row], Row]:
    """A change of every item that has an amount."""

    def spoil(body: Row) -> Row:
        items = body["Items"]
        assert isinstance(items, list)
        changed: list[Json] = [
            change_one(item) if isinstance(item, dict) and item.get("ProductID") else item for item in items
        ]
        return {**body, "Items": changed}

    return spoil


@pytest.mark.parametrize("seed", range(1, 6))
def test_right_run(seed: int) -> None:
    """A client that books everything once, in its order, and parks what must not be booked, is found clean."""
    records = story(seed)
    cashier = Cashier()
    cashier.work(records)
    verdict = cashier.finish().verdict(records)
    assert () == verdict.findings
    assert verdict.is_clean


def test_everyday() -> None:
    """The records of this file are booked without a finding."""
    assert {} == spoiled(EVERYDAY, lambda body: body)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"PaymentDueDate": "2026-03-03"}, {"wrongly_booked"}),
        ({"InvoiceDate": "2026-01-19"}, {"wrongly_booked"}),
        ({"PaymentID": "1", "PaymentInformation": None}, {"wrongly_booked", "text_cut"}),
        ({"InvoiceNumber": "99"}, {"wrongly_booked"}),
        ({"DefaultDimensions": None}, {"wrongly_booked"}),
        ({"Comment": "Jan"}, {"text_cut"}),
        ({"Comment": None}, {"text_cut"}),
    ],
)
def test_wrong_header(wrong: Row, expected: set[str]) -> None:
    """Another date, number, payment id, description, or no project is found."""
    found = spoiled(EVERYDAY[:-1], lambda body: {name: value for name, value in {**body, **wrong}.items() if value})
    assert expected == set(found)


def test_wrong_customer() -> None:
    """An invoice booked on somebody else is found."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:-1])
    other = cashier.rows["fjellvik", 8]
    cashier.wrong = lambda body: {**body, "CustomerID": other}
    found = counts(cashier.finish().verdict(EVERYDAY[:-1]))
    assert {"wrongly_booked": 1} == found


@pytest.mark.parametrize("column", ["VatTypeID", "AccountID"])
def test_wrong_code_or_account(column: str) -> None:
    """Another VAT code or account is found at the voucher and in the sums."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:-1])
    wrong = {"VatTypeID": cashier.vat_type("fjellvik", "31"), "AccountID": cashier.account("fjellvik", "3200")}
    cashier.wrong = with_items(lambda item: {**item, column: wrong[column]})
    assert {"wrongly_booked", "sums_differ"} == set(counts(cashier.finish().verdict(EVERYDAY[:-1])))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"PriceExVat": 1}, {"wrongly_booked", "sums_differ", "text_cut"}),
        ({"ItemText": "Pros"}, {"text_cut"}),
        ({"NumberOfItems": 1, "PriceExVat": 10125.0}, {"wrongly_booked", "sums_differ", "text_cut"}),
    ],
)
def test_wrong_line(wrong: Row, expected: set[str]) -> None:
    """Another amount, a text that was cut, and a quantity that is lost are found."""
    found = spoiled(EVERYDAY[:-1], with_items(lambda item: {**item, **wrong}))
    assert expected - {"text_cut"} == set(found) - {"text_cut"}
    assert "text_cut" not in expected or wrong.get("PriceExVat") == 1 or found["text_cut"] > 0


def test_cut_text() -> None:
    """A text longer than DnB's field must go on in the next line."""
    long = invoice(lines=[{**HOURS, "text": "Møte " * 90}, HOTEL])
    records = [*CUSTOMERS, project(), long]
    assert {} == spoiled(records, lambda body: body)

    def without_continuation(body: Row) -> Row:
        items = body["Items"]
        assert isinstance(items, list)
        return {**body, "Items": [item for item in items if isinstance(item, dict) and item.get("ProductID")]}

    assert {"text_cut": 1} == spoiled(records, without_continuation)


def test_wrong_sign() -> None:
    """A credit note that asks for money instead of giving it back is found."""
    found = spoiled(EVERYDAY, lambda body: {**body, "InvoiceType": 0, "InvoiceReferenceID": None})
    assert {"wrongly_booked", "sums_differ"} == set(found)


def test_credit_note_without_its_invoice() -> None:
    """A credit note must refer to the invoice it credits where that is in the books, or name it where it is not."""
    assert {"wrongly_booked": 1} == spoiled(EVERYDAY, lambda body: {**body, "InvoiceReferenceID": None})
    unknown = credit_note(creditedInvoice={"id": 4, "invoiceNumber": 8123})
    records = [*CUSTOMERS, project(), unknown]
    assert {} == spoiled(records, lambda body: body)

    def silent(body: Row) -> Row:
        items = body["Items"]
        assert isinstance(items, list)
        return {**body, "Items": items[:1]}

    assert {"wrongly_booked": 1} == spoiled(records, silent)


def test_skipped() -> None:
    """An invoice that is neither booked nor parked is lost, and so are its sums."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:3]).finish()
    found = counts(cashier.verdict(EVERYDAY[:4]))
    assert {"lost", "sums_differ"} == set(found)
    assert 1 == found["lost"]


@pytest.mark.parametrize("reference", ["50", None])
def test_posted_twice(reference: str | None) -> None:
    """An invoice that is booked again under another number is found, whether it says whose it is or not."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:4]).finish()
    body = cashier.invoice_body(EVERYDAY[3], data_of(EVERYDAY[3]))
    body |= {"InvoiceNumber": "99999", "ExternalReference": reference, "PaymentID": "1"}
    office = cashier.office()
    office.call("POST", f"invoices/{id_in(office.post('invoices', body).row)}", query="action=invoice")
    found = counts(cashier.verdict(EVERYDAY[:4]))
    assert found["posted_twice"] >= 1
    assert "sums_differ" in found


def test_draft_booked() -> None:
    """A draft of Moment has no place in the books, booked or not."""
    draft = invoice(fate="ignore", invoiceState="draft", invoiceNumber=None)
    records = [*CUSTOMERS, project(), draft]
    cashier = Cashier()
    cashier.work(records).finish()
    assert {} == counts(cashier.verdict(records))
    body = cashier.invoice_body(invoice(), data_of(invoice()))
    row_id = id_in(cashier.office().post("invoices", body).row)
    assert {"unwanted": 1} == counts(cashier.verdict(records))
    cashier.office().call("POST", f"invoices/{row_id}", query="action=invoice")
    assert {"unwanted", "sums_differ"} == set(counts(cashier.verdict(records)))


def test_refused_booked() -> None:
    """An invoice that must be refused is parked for its reason, and never booked."""
    wrong = invoice(reason="amounts_differ", totalVat="2548.25")
    records = [*CUSTOMERS, project(), wrong]
    assert {} == spoiled(records, lambda body: body)
    cashier = Cashier()
    cashier.work(records).finish()
    cashier.invoice(wrong, data_of(invoice()))
    assert {"unwanted", "sums_differ"} == set(counts(cashier.verdict(records)))


def test_parked_without_cause() -> None:
    """An invoice that could be booked, or is parked for another reason than it should be, is found."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:4]).finish()
    cashier.park(EVERYDAY[3], "amounts_differ")
    assert {"lost": 1} == counts(cashier.verdict(EVERYDAY[:4]))


def test_without_customer() -> None:
    """What refers to a customer that never came is parked as missing it, and not lost."""
    records = [project(), invoice()]
    assert {} == spoiled(records, lambda body: body)
    assert 2 == counts(Cashier().verdict(records))["lost"]


def test_dependency_refused() -> None:
    """What refers to something that is refused is parked for that, and booked once it is repaired."""
    refused = project(reason="project_number_not_numeric")
    records = [*CUSTOMERS, refused, invoice()]
    assert {} == spoiled(records, lambda body: body)
    assert {} == spoiled([*records, project(2)], lambda body: body)


@pytest.mark.parametrize(
    "wrong", [{"Name": "Feil"}, {"StartDate": None}, {"ProjectCustomerID": 0}, {"EndDate": "2026-12-31"}]
)
def test_wrong_project(wrong: Row) -> None:
    """A project with another name, customer or date than its newest version is found."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:3]).finish()
    body = {**wrong, "ProjectCustomerID": cashier.rows["fjellvik", 8]} if "ProjectCustomerID" in wrong else wrong
    row_id = cashier.ids["fjellvik", "project", 9]
    assert 200 == cashier.office().put(f"projects/{row_id}", {"ID": row_id, **body}).status
    assert {"lost": 1} == counts(cashier.verdict(EVERYDAY[:3]))


def test_wrong_state() -> None:
    """A project in another state than Moment's is found; a state that DnB has no status for may be any."""
    records = [*CUSTOMERS, project(1, projectState="completed")]
    cashier = Cashier()
    cashier.work(records).finish()
    assert {} == counts(cashier.verdict(records))
    assert {"lost": 1} == counts(cashier.verdict([*CUSTOMERS, project(1, projectState="discarded")]))
    assert {} == counts(cashier.verdict([*CUSTOMERS, project(1, projectState="onHold")]))


def test_project_twice() -> None:
    """A second row of a project is found."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:3]).finish()
    cashier.project("fjellvik", {**data_of(project()), "projectNumber": "4010"})
    assert {"posted_twice": 1} == counts(cashier.verdict(EVERYDAY[:3]))


AMENDED = invoice(3, fate="amend", dueDate="2026-02-17")


def test_amended_before_booking() -> None:
    """An invoice that was changed before it was booked is booked as it is now."""
    assert {} == spoiled([*EVERYDAY[:4], AMENDED], lambda body: body)


def test_amended_after_booking() -> None:
    """An invoice that was changed after it was booked stays as it is, and is parked for that."""
    records = [*EVERYDAY[:4], AMENDED]
    cashier = Cashier()
    cashier.work(EVERYDAY[:4]).finish()
    assert {"lost": 1} == counts(cashier.verdict(records))
    cashier.park(AMENDED, "changed_after_booking")
    assert {} == counts(cashier.verdict(records))


def test_paid_later() -> None:
    """A newer version that books the same needs nothing, and may not be parked."""
    records = [*EVERYDAY[:4], invoice(4, paymentState="paid")]
    cashier = Cashier()
    cashier.work(EVERYDAY[:4]).finish()
    assert {} == counts(cashier.verdict(records))


def directly(cashier: Cashier, **changes: Json) -> None:
    """Post invoice 50 as a voucher, without an invoice in DnB; `changes` are columns of the customer's line."""
    books = cashier.books("fjellvik")
    customer = cashier.rows["fjellvik", 7]
    claim: Row = {
        "AccountID": books.table("Account").where("CustomerID", customer)[0]["ID"], "Amount": 12768.25,
        "FinancialDate": "2026-01-20", "DueDate": "2026-02-03", "InvoiceNumber": "10250", "PaymentID": "0102459",
        **changes,
    }  # fmt: skip
    lines: list[Json] = [claim]
    for account, code, gross in (("3000", "3", 12656.25), ("3030", "33", 112.0)):
        dimensions: Row = {"ProjectID": cashier.ids["fjellvik", "project", 9]}
        lines.append({
            "AccountID": cashier.account("fjellvik", account), "VatTypeID": cashier.vat_type("fjellvik", code),
            "Amount": -gross, "FinancialDate": "2026-01-20", "Dimensions": dimensions,
        })  # fmt: skip
    entry: Row = {"Description": "Faktura 10250", "DraftLines": lines}
    answer = cashier.office().call("POST", "journalentries", [entry], query="action=book-journal-entries")
    assert 200 == answer.status, answer.json


def test_posted_directly() -> None:
    """An invoice may be a voucher without an invoice in DnB: what the journal says is judged the same way."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:3]).finish()
    directly(cashier)
    assert {} == counts(cashier.verdict(EVERYDAY[:4]))


@pytest.mark.parametrize("wrong", [{"DueDate": "2026-02-04"}, {"PaymentID": "1"}])
def test_wrong_voucher(wrong: Row) -> None:
    """A voucher with another due date or payment id is found."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:3]).finish()
    directly(cashier, **wrong)
    assert {"wrongly_booked": 1} == counts(cashier.verdict(EVERYDAY[:4]))


def test_invoice_and_voucher() -> None:
    """An invoice that is booked both ways is booked twice."""
    cashier = Cashier()
    cashier.work(EVERYDAY[:4]).finish()
    directly(cashier)
    found = counts(cashier.verdict(EVERYDAY[:4]))
    assert found["posted_twice"] >= 1


def test_distributed() -> None:
    """An invoice that DnB sends to the end customer is found: Moment has sent it already."""
    cashier = Cashier()
    table = cashier.books("fjellvik").table("CompanySettings")
    table.update(next(table.live()), {"AutoDistributeInvoice": True}, NOON)
    cashier.work(EVERYDAY[:4]).finish()
    assert {"distributed": 1} == counts(cashier.verdict(EVERYDAY[:4]))


def test_findings_tell_no_personal_data() -> None:
    """A finding names tenant, id and field, and nothing that an invoice says."""
    records = story(1, 400)
    cashier = Cashier()
    cashier.work(records)
    cashier.wrong = lambda body: {**body, "PaymentDueDate": "2026-12-24", "Comment": None}
    findings = " ".join(cashier.finish().verdict(records).findings)
    assert findings
    names = [str(data_of(each)["name"]) for each in records if each.kind in {"customer", "project"} and each.id
             and each.fate == "transfer"]  # fmt: skip
    assert [] == [name for name in names if name in findings]
