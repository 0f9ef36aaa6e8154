"""Taking back what is booked."""

from daemon.sandbox.balances import trial_balance
from daemon.sandbox.documents import Json
from daemon.sandbox.reversing import reversed_entry
from daemon.sandbox.settings import Switches
from daemon.sandbox.visiting import Visit
from daemon.sandbox.vouchers import Objection
from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import NOON


def _booked() -> Bookkeeper:
    office = Bookkeeper()
    lines: list[Json] = [
        {"AccountID": office.account(1920), "Amount": 125, "FinancialDate": "2026-02-03"},
        {
            "AccountID": office.account(3010),
            "Amount": -125,
            "FinancialDate": "2026-02-03",
            "VatTypeID": office.vat("3"),
        },
    ]
    assert 200 == office.act("journalentries", "book-journal-entries", [{"DraftLines": lines}]).status
    return office


def test_nothing_is_left() -> None:
    """An entry and its reversal leave every account where it was, and the drafts marked."""
    office = _booked()
    visit = Visit(office.own_books, Switches(), NOON)
    reversal = reversed_entry(visit, office.own_books.table("JournalEntry").get(601), "2026-03-01")
    assert not isinstance(reversal, Objection)
    assert {0} == set(trial_balance(office.own_books).values())
    drafts = office.own_books.table("JournalEntryLineDraft").live()
    assert [34002, 34002] == [draft["StatusCode"] for draft in drafts]
    assert [("journalentries", 602, True), ("journalentries", 601, False)] == [
        (write.route, write.row_id, write.created) for write in visit.writes
    ]


def test_locked_day() -> None:
    """A reversal is a booking of its own: its day must be open."""
    office = _booked()
    office.change_company(AccountingLockedDate="2026-03-31")
    visit = Visit(office.own_books, Switches(), NOON)
    entry = office.own_books.table("JournalEntry").get(601)
    assert Objection("FinancialDate", "Perioden er låst") == reversed_entry(visit, entry, "2026-03-01")


def test_saved_draft() -> None:
    """What is not booked is not taken back."""
    office = Bookkeeper()
    office.act("journalentries", "save-journal-entries-as-draft", [{"Description": "x"}])
    visit = Visit(office.own_books, Switches(), NOON)
    result = reversed_entry(visit, office.own_books.table("JournalEntry").get(601), "2026-03-01")
    assert Objection("JournalEntryNumber", "Bilaget er ikke bokført", "JournalEntry") == result
