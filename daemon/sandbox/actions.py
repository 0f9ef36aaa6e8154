"""The actions of DnB's API that are no change of status: `?action={name}`."""

from collections.abc import Mapping
from typing import Final

from daemon.sandbox import journaling, products, projects, selling
from daemon.sandbox.acting import Action, Call
from daemon.sandbox.exchange import Response, answer

_GET: Final = frozenset({"GET"})
_POST: Final = frozenset({"POST"})
_PUT: Final = frozenset({"PUT"})
_CREDITED: Final = frozenset({"creditDate", "acceptjob"})


def told_active_series(call: Call) -> Response:
    """`GET /number-series?action=get-active-numberseries`: the series of an entity type, and of a year."""
    wanted, year = call.parameters.get("entityType"), call.parameters.get("year")
    books = call.visit.books
    types = [row["ID"] for row in books.table("NumberSeriesType").live() if wanted in (None, row["EntityType"])]
    return answer(200, [
        dict(row) for row in books.table("NumberSeries").live()
        if row["NumberSeriesTypeID"] in types and not row["Disabled"]
        and (year is None or row["AccountYear"] is None or str(row["AccountYear"]) == year)
    ])  # fmt: skip


ACTIONS: Final[Mapping[tuple[str, str], Action]] = {
    ("NumberSeries", "get-active-numberseries"): Action(
        run=told_active_series, verbs=_GET, parameters=frozenset({"entityType", "year"})
    ),
    ("Project", "is-used"): Action(run=projects.told_used, verbs=_GET, on_row=True),
    ("Product", "getnewpartname"): Action(run=products.told_new_part_name, verbs=_GET),
    ("FinancialYear", "get-or-create-financial-year"): Action(
        run=journaling.told_year, verbs=_GET, parameters=frozenset({"year"})
    ),
    ("JournalEntry", "get-or-create-financial-year"): Action(
        run=journaling.told_year, verbs=_GET, parameters=frozenset({"current"})
    ),
    ("JournalEntry", "nextjournalentrynumber"): Action(run=journaling.told_next_number, verbs=_POST),
    ("JournalEntry", "book-journal-entries"): Action(
        run=journaling.book, verbs=_POST, parameters=frozenset({"allowJournalingRegardlessOfLockedDates"})
    ),
    ("JournalEntry", "save-journal-entries-as-draft"): Action(run=journaling.save_as_draft, verbs=_POST),
    ("JournalEntry", "update-external-reference"): Action(
        run=journaling.refer, verbs=_POST | _PUT, parameters=frozenset({"journalEntryID", "externalReference"})
    ),
    **dict.fromkeys(
        (("JournalEntry", "credit-journal-entry"), ("JournalEntry", "credit-journalentry")),
        Action(run=journaling.credit, verbs=_POST, parameters=_CREDITED | {"journalEntryNumber"}),
    ),
    **dict.fromkeys(
        (("JournalEntry", "credit-and-book-journal-entry"), ("JournalEntry", "credit-and-book-journalentry")),
        Action(run=journaling.credit_and_book, verbs=_POST, parameters=_CREDITED | {"journalEntryID"}),
    ),
    ("CustomerInvoice", "invoice"): Action(run=selling.invoice, verbs=_POST | _PUT, on_row=True),
    ("CustomerInvoice", "create-credit-draft-invoice"): Action(run=selling.draft_credit, verbs=_PUT, on_row=True),
    ("CustomerInvoice", "payInvoice"): Action(run=selling.pay, verbs=_PUT, on_row=True),
    ("CustomerInvoice", "pay"): Action(run=selling.pay, verbs=_POST, on_row=True),
    ("CustomerInvoice", "calculate-invoice-summary"): Action(run=selling.told_summary, verbs=_POST),
    ("CustomerInvoice", "calculate-vat-summary"): Action(run=selling.told_vat_summary, verbs=_GET, on_row=True),
}
