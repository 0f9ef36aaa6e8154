"""What the books add up to."""

from decimal import Decimal

from daemon.sandbox.balances import VatSum, customer_balances, invoices, trial_balance, vat_by_code, vouchers
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import inside


def _office() -> Bookkeeper:
    """An invoice of which a part is credited and a part is paid."""
    office = Bookkeeper()
    row = office.invoice(office.item(), office.item(1, 100, VatTypeID=office.vat("6"), AccountID=office.account(3200)))
    office.invoice(office.item(2), InvoiceType=1, InvoiceReferenceID=row["ID"], InvoiceNumber="10246", PaymentID=None)
    office.act(f"invoices/{row['ID']}", "pay", {"Amount": 500})
    office.draft(InvoiceNumber="10247")
    return office


def test_trial_balance() -> None:
    """Each account has its sum, and all of them together are nothing."""
    balance = trial_balance(_office().own_books)
    assert {
        1500: Decimal(8975),
        1920: Decimal(500),
        3010: Decimal(-7500),
        3200: Decimal(-100),
        2700: Decimal(-1875),
    } == balance
    assert Decimal(0) == sum(balance.values())


def test_customer_balances() -> None:
    """A customer owes what is invoiced, less credits and payments."""
    assert {100001: Decimal(8975)} == customer_balances(_office().own_books)


def test_vat_by_code() -> None:
    """Each VAT code has its base and its VAT, that of code 6 none."""
    assert {"3": VatSum(Decimal(-7500), Decimal(-1875)), "6": VatSum(Decimal(-100))} == vat_by_code(_office().own_books)


def test_whole_rows() -> None:
    """Invoices and vouchers are whole; a draft is no voucher."""
    books = _office().own_books
    assert [("10245", 2), ("10246", 1), ("10247", 1)] == [
        (row["InvoiceNumber"], str(row["Items"]).count("'ItemText'")) for row in invoices(books)
    ]
    assert ["10245-2026", "10246-2026", "1-2026"] == [row["JournalEntryNumber"] for row in vouchers(books)]
    assert 3010 == inside(vouchers(books)[0], "Lines", 1, "Account", "AccountNumber")
