"""What the accountants of a story put right, and that it leaves no trace that the judge would take for the client's."""

import pytest

from daemon.sandbox.accountant import DEEDS, Accountant, deeds
from daemon.sandbox.arrangements import HOURS_PRODUCT, LOCKED_ACCOUNT, MISSING_ACCOUNT, MISSING_VAT_CODE
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.firms import ADDED_CUSTOMERS, STANDING_CUSTOMERS, STANDING_PROJECTS
from daemon.sandbox.planting import EVERY_KIND
from tests.sandbox.office import KEY, NOON, settings


class Company:
    """A company with its accountant, before the story begins."""

    def __init__(self, kinds: frozenset[str] = EVERY_KIND) -> None:
        self.emulator = Emulator(settings())
        self.accountant = Accountant(self.emulator, KEY, kinds, NOON)
        self.accountant.begin(NOON)

    def count(self, entity: str, field: str, value: object) -> int:
        """How many living rows have this value."""
        return sum(row[field] == value for row in self.emulator.books(KEY).table(entity).live())

    @property
    def locked(self) -> object:
        """The last locked day."""
        return next(self.emulator.books(KEY).table("CompanySettings").live())["AccountingLockedDate"]


def test_beginning() -> None:
    """A period is closed, an account locked, another and a VAT code missing; a product for hours is there."""
    company = Company()
    assert "2025-12-20" == company.locked
    assert 0 == company.count("Account", "AccountNumber", int(MISSING_ACCOUNT))
    assert 1 == company.count("Account", "AccountNumber", int(LOCKED_ACCOUNT))
    assert 1 == company.count("Account", "Locked", value=True)
    assert 0 == company.count("VatType", "VatCode", MISSING_VAT_CODE)
    assert 1 == company.count("Product", "PartName", HOURS_PRODUCT)
    assert 0 == sum(1 for _ in company.emulator.books(KEY).table("Customer").live())


def test_end() -> None:
    """At the end everything that a person had to put right is."""
    company = Company()
    for deed in DEEDS:
        company.accountant.perform(deed, NOON)
    assert "2025-11-05" == company.locked
    assert 1 == company.count("Account", "AccountNumber", int(MISSING_ACCOUNT))
    assert 0 == company.count("Account", "Locked", value=True)
    assert 1 == company.count("VatType", "VatCode", MISSING_VAT_CODE)


def test_done_twice() -> None:
    """What was put right once is left alone when it is asked for again."""
    company = Company(frozenset({"invoice"}))
    for deed in (*DEEDS, *DEEDS):
        company.accountant.perform(deed, NOON)
    assert 1 == company.count("Account", "AccountNumber", int(MISSING_ACCOUNT))
    assert 1 == company.count("VatType", "VatCode", MISSING_VAT_CODE)
    assert 1 == company.count("Customer", "CustomerNumber", ADDED_CUSTOMERS[0])


def test_kept_by_hand() -> None:
    """What is not transferred is in the books from the start, or is added later."""
    company = Company(frozenset({"invoice"}))
    books = company.emulator.books(KEY)
    assert list(STANDING_CUSTOMERS) == [row["CustomerNumber"] for row in books.table("Customer").live()]
    assert [str(each) for each in STANDING_PROJECTS] == [row["ProjectNumber"] for row in books.table("Project").live()]
    company.accountant.perform("adds_customers", NOON)
    assert len(STANDING_CUSTOMERS) + len(ADDED_CUSTOMERS) == sum(1 for _ in books.table("Customer").live())


def test_no_trace() -> None:
    """Nothing that an accountant does is the client's doing."""
    company = Company(frozenset({"invoice"}))
    for deed in DEEDS:
        company.accountant.perform(deed, NOON)
    assert [] == company.emulator.history.applied
    assert [] == company.emulator.history.violations


@pytest.mark.parametrize("events", [1, 10, 600, 2000])
def test_deeds(events: int) -> None:
    """Every deed is done once, in order, before the last records are produced."""
    told = deeds(events)
    assert list(DEEDS) == [deed.kind for deed in told]
    after = [deed.after for deed in told]
    assert sorted(after) == after
    assert after[-1] < events
    assert all(0 < len(deed.words) < 60 for deed in told)
