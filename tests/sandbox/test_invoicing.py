"""From a draft to a booked invoice."""

from typing import Literal
from uuid import uuid4

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.bookkeeper import CUSTOMER, PROJECT, Bookkeeper
from tests.sandbox.office import Answer, inside


def _text(answer: Answer) -> str:
    return str(inside(answer.json, "Messages", 0, "Message"))


def test_booking() -> None:
    """A draft becomes an invoice with the voucher of its number: gross, net on account and project, and VAT."""
    office = Bookkeeper()
    draft = office.draft()
    assert (42001, 10000.0, 2500.0, 12500.0, 12500.0, None) == tuple(
        draft[name] for name in ("StatusCode", "TaxExclusiveAmount", "VatTotalsAmount", "TaxInclusiveAmount",
                                 "RestAmount", "JournalEntryID")
    )  # fmt: skip
    answer = office.book(draft["ID"])
    assert (204, b"") == (answer.status, answer.response.body)
    row = office.read_invoice(draft["ID"])
    assert (42002, "10245", "1002450000017", 41302, "10245-2026", 10245) == (
        row["StatusCode"], row["InvoiceNumber"], row["PaymentID"], inside(row, "Items", 0, "StatusCode"),
        inside(row, "JournalEntry", "JournalEntryNumber"), inside(row, "JournalEntry", "JournalEntryNumberNumeric"),
    )  # fmt: skip
    assert {"100001": 12500.0, "3010": -10000.0, "2700": -2500.0} == office.voucher(row)
    assert [] == office.rules


def test_lines_of_the_voucher() -> None:
    """The customer's line hangs on the main ledger; the income line has VAT and project."""
    office = Bookkeeper()
    row = office.invoice()
    lines = office.get("journalentrylines", filter=f"JournalEntryID eq {row['JournalEntryID']}",
                       expand="Account,Dimensions,VatType").rows  # fmt: skip
    customer, income, vat = lines
    assert (1500, "10245", "1002450000017", "2026-02-17", 12500.0, 31001) == (
        inside(customer, "Account", "AccountNumber"), customer["InvoiceNumber"], customer["PaymentID"],
        customer["DueDate"], customer["RestAmount"], customer["StatusCode"],
    )  # fmt: skip
    assert ("3", 25.0, PROJECT, "Timer") == (
        inside(income, "VatType", "VatCode"), income["VatPercent"], inside(income, "Dimensions", "ProjectID"),
        income["Description"],
    )  # fmt: skip
    assert ("3", -10000.0) == (inside(vat, "VatType", "VatCode"), vat["TaxBasisAmount"])


def test_vat_by_type() -> None:
    """Each VAT type has one VAT line on its account; a type without VAT has none."""
    office = Bookkeeper()
    row = office.invoice(
        office.item(1, 100), office.item(1, 200), office.item(1, 100, VatTypeID=office.vat("31")),
        office.item(1, 50, VatTypeID=office.vat("6"), AccountID=office.account(3200)),
    )  # fmt: skip
    assert (450.0, 90.0, 540.0) == (row["TaxExclusiveAmount"], row["VatTotalsAmount"], row["TaxInclusiveAmount"])
    lines = office.get("journalentrylines", filter=f"JournalEntryID eq {row['JournalEntryID']}", expand="Account").rows
    assert [
        (1500, 540.0),
        (2700, -75.0),
        (2701, -15.0),
        (3010, -200.0),
        (3010, -100.0),
        (3010, -100.0),
        (3200, -50.0),
    ] == sorted((int(str(inside(line, "Account", "AccountNumber"))), float(str(line["Amount"]))) for line in lines)


def test_twice() -> None:
    """The second time is refused, and changes nothing."""
    office = Bookkeeper()
    row = office.invoice()
    answer = office.book(row["ID"])
    assert (400, "StatusCode") == (answer.status, inside(answer.json, "Messages", 0, "PropertyName"))
    assert 1 == len(office.get("journalentries").rows)


def test_verbs() -> None:
    """The transition is a POST or a PUT; an old server answers it with 200."""
    office = Bookkeeper(Switches(action_status=200))
    assert 200 == office.act(f"invoices/{office.draft()['ID']}", "invoice", verb="PUT").status


def test_post_without_status() -> None:
    """A POST that asks for no draft is invoiced at once, as the front end's is."""
    office = Bookkeeper()
    row = office.post("invoices", office.draft_body(StatusCode=None)).row
    assert (42002, 41302) == (row["StatusCode"], inside(row, "Items", 0, "StatusCode"))
    assert {"100001": 12500.0, "3010": -10000.0, "2700": -2500.0} == office.voucher(row)


def test_post_without_status_that_cannot_be_booked() -> None:
    """What cannot be invoiced at once is not kept as a draft either, and its guid stays free."""
    office = Bookkeeper(AccountingLockedDate="2026-02-28")
    body = office.draft_body(StatusCode=None, _createguid="0b8d6a52-5f0a-4b3e-9f8a-0b6c2f3a1d01")
    assert 400 == office.post("invoices", body).status
    assert ([], []) == (office.get("invoices").rows, office.get("invoiceitems").rows)
    office.change_company(AccountingLockedDate=None)
    assert 201 == office.post("invoices", body).status


def test_post_without_status_on_another_server() -> None:
    """A server may take every POST for a draft."""
    office = Bookkeeper(Switches(post_without_status="draft"))
    assert 42001 == office.post("invoices", office.draft_body(StatusCode=None)).row["StatusCode"]


@pytest.mark.parametrize(("mode", "preset", "expected"), [
    ("kept", False, "777"), ("by_setting", True, "777"), ("by_setting", False, "10000"), ("reassigned", True, "10000"),
])  # fmt: skip
def test_number_of_the_client(mode: Literal["kept", "by_setting", "reassigned"], preset: bool, expected: str) -> None:  # noqa: FBT001 -- a case of the table
    """A number that the client set stays, or is replaced from the series: the sources leave it open."""
    office = Bookkeeper(Switches(invoice_number=mode), PresetCustomerInvoiceNumber=preset)
    row = office.invoice(InvoiceNumber="777")
    assert (expected, f"{expected}-2026") == (row["InvoiceNumber"], inside(row, "JournalEntry", "JournalEntryNumber"))


def test_blank_number_comes_from_the_series() -> None:
    """A blank number is given at booking, the next that is free."""
    office = Bookkeeper()
    office.invoice(InvoiceNumber="10000", PaymentID=None)
    rows = [office.invoice(InvoiceNumber=None, PaymentID=None) for _ in range(2)]
    assert ["10001", "10002"] == [row["InvoiceNumber"] for row in rows]


def test_payment_id() -> None:
    """A payment id of the client stays or is replaced; a blank one is given where the company shows KIDs."""
    kept = Bookkeeper(Switches(payment_id="reassigned")).invoice()["PaymentID"]
    given = Bookkeeper(ShowKIDOnCustomerInvoice=True).invoice(PaymentID=None)["PaymentID"]
    assert ("10000100102456", "10000100102456", None) == (
        kept,
        given,
        Bookkeeper().invoice(PaymentID=None)["PaymentID"],
    )


def test_voucher_series_of_its_own() -> None:
    """Where the voucher series is not tied to the invoice number, vouchers have their own numbers."""
    office = Bookkeeper(Switches(voucher_follows_invoice=False))
    rows = [office.invoice(InvoiceNumber=number, PaymentID=None) for number in ("A-1", "99")]
    assert ["100000-2026", "100001-2026"] == [inside(row, "JournalEntry", "JournalEntryNumber") for row in rows]


@pytest.mark.parametrize("number", ["A-1", "2147483648", "99999999999"])
def test_number_that_no_voucher_can_have(number: str) -> None:
    """A voucher that follows the invoice number needs a number of 32 bits."""
    office = Bookkeeper()
    answer = office.book(office.draft(InvoiceNumber=number)["ID"])
    assert (400, "Fakturanummeret kan ikke være bilagsnummer") == (answer.status, _text(answer))


@pytest.mark.parametrize(("changes", "status"), [
    ({"AccountingLockedDate": "2026-02-03"}, 400),
    ({"AccountingLockedDate": "2026-02-02"}, 204),
    ({"VatLockedDate": "2026-02-28"}, 400),
])  # fmt: skip
def test_locked_dates(changes: dict[str, Json], status: int) -> None:
    """Nothing is booked up to a locked date, that day included; what is refused leaves a draft behind."""
    office = Bookkeeper(**changes)
    draft = office.draft()
    assert status == office.book(draft["ID"]).status
    assert (42001 if status == 400 else 42002) == office.read_invoice(draft["ID"])["StatusCode"]


def test_vat_lock_spares_lines_without_vat() -> None:
    """The VAT lock is for lines with VAT alone."""
    office = Bookkeeper(VatLockedDate="2026-02-28")
    assert 42002 == office.invoice(office.item(VatTypeID=office.vat("6")))["StatusCode"]


def test_refused_booking_spends_no_number() -> None:
    """A refused booking gives no number away."""
    office = Bookkeeper(AccountingLockedDate="2026-02-28")
    draft = office.draft(InvoiceNumber=None)
    office.book(draft["ID"])
    office.change_company(AccountingLockedDate=None)
    office.book(draft["ID"])
    assert "10000" == office.read_invoice(draft["ID"])["InvoiceNumber"]


def test_missing_year() -> None:
    """A date outside the financial years is refused."""
    office = Bookkeeper()
    draft = office.draft(InvoiceDate="2028-01-01", PaymentDueDate="2028-01-15")
    assert "Regnskapsåret finnes ikke" == _text(office.book(draft["ID"]))


def test_delivery_date_counts() -> None:
    """A company may book on the day of delivery."""
    office = Bookkeeper(BookCustomerInvoiceOnDeliveryDate=True)
    row = office.invoice(DeliveryDate="2025-12-30")
    assert "10245-2025" == inside(row, "JournalEntry", "JournalEntryNumber")


@pytest.mark.parametrize(("mode", "status"), [("refused", 400), ("accepted", 204)])
def test_inactive_customer(mode: Literal["refused", "accepted"], status: int) -> None:
    """An inactive customer is refused, or not: the front end asks to activate it first."""
    office = Bookkeeper(Switches(inactive_customer=mode))
    draft = office.draft()
    office.call("PUT", "customers", query=f"action=deactivate&id={CUSTOMER}")
    assert status == office.book(draft["ID"]).status


def test_locked_account() -> None:
    """A locked account takes no income."""
    office = Bookkeeper()
    draft = office.draft()
    office.own_books.table("Account").where("AccountNumber", 3010)[0]["Locked"] = True
    assert "Kontoen er låst" == _text(office.book(draft["ID"]))


def test_no_items() -> None:
    """An invoice without items is not booked."""
    office = Bookkeeper()
    draft = office.post("invoices", {**office.draft_body(), "Items": []}).row
    assert "Fakturaen har ingen linjer" == _text(office.book(draft["ID"]))


def test_whole_kroner() -> None:
    """A company may round to whole kroner; the rest is booked on its own account."""
    office = Bookkeeper(RoundingType=2)
    row = office.invoice(office.item(1, 100.2))
    assert (125.0, -0.25) == (row["TaxInclusiveAmount"], row["PayableRoundingAmount"])
    assert {"100001": 125.0, "3010": -100.2, "2700": -25.05, "7740": 0.25} == office.voucher(row)


def test_foreign_currency() -> None:
    """An invoice in euro is booked in kroner, and keeps the euro beside them."""
    office = Bookkeeper()
    items: tuple[Row, ...] = (office.item(3, PriceExVat=None, PriceExVatCurrency=33.33, VatTypeID=office.vat("52")),)
    row = office.invoice(*items, CurrencyCodeID=2, CurrencyExchangeRate=11.5)
    assert (99.99, 1149.89) == (row["TaxInclusiveAmountCurrency"], row["TaxInclusiveAmount"])
    assert {"100001": 1149.89, "3010": -1149.89} == office.voucher(row)


def test_distribution_is_noticed() -> None:
    """Where the company distributes invoices itself, booking sends them to the customer, who has them from Moment."""
    office = Bookkeeper(AutoDistributeInvoice=True)
    office.invoice()
    assert ["distributed: invoice 2201 was sent to the customer"] == office.rules


def test_documented_example() -> None:
    """The calls that the API's documentation gives for an invoice work as it says, and break no rule."""
    office = Bookkeeper()
    office.get("invoices", filter="InvoiceNumber eq '10245'", top="2")
    body: Row = {
        "_createguid": str(uuid4()), "StatusCode": 10001, "InvoiceType": 0, "InvoiceNumber": "10245",
        "ExternalReference": "118204417", "CustomerID": CUSTOMER, "CustomerName": "Havgard Eiendom AS",
        "InvoiceDate": "2026-02-03", "PaymentDueDate": "2026-02-17", "DeliveryDate": "2026-02-03",
        "PaymentID": "1002450000017", "CurrencyCodeID": 1, "CurrencyExchangeRate": 1, "Comment": "Januar",
        "DefaultDimensions": {"ID": 0, "_createguid": str(uuid4()), "ProjectID": PROJECT},
        "Items": [office.item(
            ID=0, _createguid=str(uuid4()), SortIndex=1, VatPercent=25, Unit="t", PriceExVatCurrency=1250,
            PriceSetByUser=True, SumTotalExVat=10000, SumVat=2500, SumTotalIncVat=12500,
            Dimensions={"ID": 0, "_createguid": str(uuid4()), "ProjectID": PROJECT},
        )],
    }  # fmt: skip
    row = office.post("invoices", body).row
    office.book(row["ID"])
    after = office.get(f"invoices/{row['ID']}", expand="JournalEntry,Items,Items.Dimensions,Customer.Info").row
    assert (42002, "10245", "118204417", "Januar", "10245-2026", PROJECT) == (
        after["StatusCode"], after["InvoiceNumber"], after["ExternalReference"], after["Comment"],
        inside(after, "JournalEntry", "JournalEntryNumber"), inside(after, "Items", 0, "Dimensions", "ProjectID"),
    )  # fmt: skip
    assert [] == office.rules


def test_customer_gone() -> None:
    """A draft whose customer was deleted since is not booked."""
    office = Bookkeeper()
    draft = office.draft()
    office.delete(f"customers/{CUSTOMER}")
    assert "Kunden finnes ikke" == _text(office.book(draft["ID"]))


def test_vat_without_account() -> None:
    """VAT that has no account cannot be booked."""
    office = Bookkeeper()
    draft = office.draft()
    office.own_books.table("VatType").where("VatCode", "3")[0]["OutgoingAccountID"] = None
    assert "Mva-koden har ingen konto" == _text(office.book(draft["ID"]))


def test_number_in_use_by_a_voucher() -> None:
    """An invoice number that another voucher of the year has (here a payment has 1) cannot be a voucher number."""
    office = Bookkeeper()
    office.act("invoices/" + str(office.invoice(InvoiceNumber="7", PaymentID=None)["ID"]), "pay", {})
    answer = office.book(office.draft(InvoiceNumber="1")["ID"])
    assert (400, "Bilagsnummeret er allerede i bruk") == (answer.status, _text(answer))
