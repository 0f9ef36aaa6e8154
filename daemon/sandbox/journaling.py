"""The journal's own actions: vouchers posted directly, saved as drafts, credited.

A posted line has one amount, debit above 0 and credit below. With a VAT type that amount is gross: the server takes
the VAT out of it and books it on a line of its own. Nobody changes what is booked; it is credited.
"""

from typing import Final

from daemon.sandbox.acting import Call
from daemon.sandbox.bodies import object_in, objects_in
from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Response, answer, empty
from daemon.sandbox.numbering import VOUCHER_SERIES, series_of
from daemon.sandbox.opening import add_year
from daemon.sandbox.periods import day_of, today, year_number, year_of
from daemon.sandbox.posting import postings
from daemon.sandbox.proposing import Proposal
from daemon.sandbox.reading import digits
from daemon.sandbox.reversing import reversed_entry
from daemon.sandbox.settling import matched
from daemon.sandbox.statuses import DRAFT_LINE_JOURNALED
from daemon.sandbox.vouchers import Objection, Voucher, booked, next_voucher_number, refusal
from daemon.sandbox.writing import RULES, apply, objection, row_of

_ENTITY: Final = "JournalEntry"
_NUMBERS_END: Final = 2**31  # JournalEntryNumberNumeric has 32 bits
_REGARDLESS: Final = "allowJournalingRegardlessOfLockedDates"


def book(call: Call) -> Response:
    """`POST ?action=book-journal-entries`: every entry of the array is booked, or none; the entries."""
    return _ended(call, _booked_entries(call))


def save_as_draft(call: Call) -> Response:
    """`POST ?action=save-journal-entries-as-draft`: the entries with their draft lines, and nothing in the journal."""
    saved = _saved(call)
    if not isinstance(saved, Response):
        for entry in saved:
            call.visit.wrote(call.entity, entry, created=True)
    return _ended(call, saved)


def credit(call: Call) -> Response:
    """`POST ?action=credit-journal-entry&journalEntryNumber=&creditDate=`: the entry that takes the named one back."""
    wanted = call.parameters.get("journalEntryNumber", "")
    entries = call.visit.books.table(_ENTITY).where("JournalEntryNumber", wanted)
    reversal = reversed_entry(call.visit, next(iter(entries), None), _credit_date(call))
    return _ended(call, refusal(reversal) if isinstance(reversal, Objection) else [reversal])


def credit_and_book(call: Call) -> Response:
    """`POST ?action=credit-and-book-journal-entry&journalEntryID=&creditDate=`: both together, or neither.

    The entry is taken back and the entries of the array are booked instead; these.
    """
    entry = _named_entry(call)
    reversal = reversed_entry(call.visit, entry, _credit_date(call))
    return _ended(call, refusal(reversal) if isinstance(reversal, Objection) else _booked_entries(call))


def refer(call: Call) -> Response:
    """`POST|PUT ?action=update-external-reference&journalEntryID=&externalReference=`: the entry's reference; 204."""
    entry, reference = _named_entry(call), call.parameters.get("externalReference", "")
    table = call.visit.books.table(_ENTITY)
    longest = table.entity.fields["ExternalReference"].max_length
    if entry is None or (longest is not None and len(reference) > longest):
        return refusal(Objection("ExternalReference", "Bilaget finnes ikke, eller referansen er for lang", _ENTITY))
    table.update(entry, {"ExternalReference": reference}, call.visit.now)
    call.visit.wrote(call.entity, entry)
    return empty(call.visit.switches.action_status)


def told_next_number(call: Call) -> Response:
    """`POST ?action=nextjournalentrynumber`: the number that a voucher of this date and series would get now."""
    data = object_in(call.visit, call.request)
    if isinstance(data, Response):
        return data
    books = call.visit.books
    day = day_of(data.get("FinancialDate") or today(call.visit.now))
    year = None if day is None else year_of(books, day)
    named = _voucher_series(books, data.get("NumberSeriesID"))
    series = named if named is not None or year is None else series_of(books, VOUCHER_SERIES, year_number(year))
    if year is None or series is None:
        return refusal(Objection("FinancialDate", "Regnskapsåret finnes ikke", _ENTITY))
    return answer(200, f"{next_voucher_number(books, series, year)}-{year['Year']}")


def told_year(call: Call) -> Response:
    """`GET ?action=get-or-create-financial-year`: the year of a date or number, made if it is missing."""
    given = call.parameters.get("current") or call.parameters.get("year") or today(call.visit.now)
    day = day_of(f"{given}-01-01" if given.isascii() and given.isdecimal() else given)
    if day is None:
        return refusal(Objection("Year", "Ugyldig dato", "FinancialYear"))
    year = year_of(call.visit.books, day)
    return answer(200, dict(add_year(call.visit.books, day.year, call.visit.now) if year is None else year))


def _named_entry(call: Call) -> Row | None:
    """The entry that the parameter `journalEntryID` names."""
    row_id = digits(call.parameters.get("journalEntryID", ""))
    return None if row_id is None else call.visit.books.table(_ENTITY).get(row_id)


def _credit_date(call: Call) -> str:
    return call.parameters.get("creditDate") or today(call.visit.now)


def _ended(call: Call, result: list[Row] | Response) -> Response:
    """The entries as the API shows them; after a refusal nothing that the call wrote is left."""
    if isinstance(result, Response):
        call.visit.revert()
        return result
    shown: list[Json] = [dict(entry) for entry in result]
    return answer(200, shown)


def _booked_entries(call: Call) -> list[Row] | Response:
    entries = _saved(call)
    if isinstance(entries, Response):
        return entries
    for entry in entries:
        problem = _book(call, entry)
        if problem is not None:
            return refusal(problem)
    return entries


def _saved(call: Call) -> list[Row] | Response:
    """The entries of the body, with their draft lines, written but not booked."""
    documents = objects_in(call.visit, call.request)
    if isinstance(documents, Response):
        return documents
    proposal = Proposal(call.visit, RULES, updating=False)
    nodes = [proposal.read(call.entity, document, _draft_row(proposal, document)) for document in documents]
    echo: list[Json] = list(documents)
    refused = objection(proposal, echo)
    if refused is not None:
        return refused
    books = call.visit.books
    entries = [row_of(books, call.entity, apply(call.visit, node, {})) for node in nodes]
    if call.visit.switches.voucher_number == "kept":
        for entry, document in zip(entries, documents, strict=True):
            wanted: Row = {"JournalEntryNumberNumeric": _wanted(document)}
            books.table(_ENTITY).update(entry, wanted, call.visit.now)
    return entries


def _draft_row(proposal: Proposal, document: Row) -> Row | None:
    """The saved draft that a posted entry names; what is booked stays as it is."""
    key = document.get("ID")
    row = proposal.books.table(_ENTITY).get(key) if isinstance(key, int) else None
    if key not in (None, 0) and (row is None or row["JournalEntryNumber"] is not None):
        proposal.blame("booked_again")
        proposal.refuse(_ENTITY, "ID", "Bilaget er allerede bokført eller finnes ikke")
    return row


def _book(call: Call, entry: Row) -> Objection | None:
    """Book the draft lines of `entry`; what speaks against it."""
    visit = call.visit
    drafts = visit.books.table("JournalEntryLineDraft").where("JournalEntryID", id_of(entry))
    voucher = _voucher(call, entry, drafts)
    result = voucher if isinstance(voucher, Objection) else booked(visit, voucher)
    if isinstance(result, Objection):
        return result
    for draft in drafts:
        visit.books.table("JournalEntryLineDraft").update(draft, {"StatusCode": DRAFT_LINE_JOURNALED}, visit.now)
    matched(visit, entry)
    visit.wrote(call.entity, entry, created=True)
    return None


def _voucher(call: Call, entry: Row, drafts: list[Row]) -> Voucher | Objection:
    lines: list[Row] = []
    for draft in drafts:
        posted = postings(call.visit.books, draft)
        if isinstance(posted, Objection):
            return posted
        lines += posted
    series, wanted = entry["NumberSeriesID"], entry["JournalEntryNumberNumeric"]
    named = _voucher_series(call.visit.books, series)
    if series is not None and named is None:
        return Objection("NumberSeriesID", "Nummerserien er ikke for bilag", _ENTITY)
    return Voucher(
        columns={},
        lines=tuple(lines),
        entry=entry,
        number=wanted if isinstance(wanted, int) else None,
        series=named,
        regardless=call.parameters.get(_REGARDLESS, "false").lower() == "true",
    )


def _wanted(document: Row) -> int | None:
    """The number that a posted entry asks for, as a number or before the year of `34-2026`."""
    value = document.get("JournalEntryNumberNumeric") or str(document.get("JournalEntryNumber")).partition("-")[0]
    number = digits(str(value))
    return number if number is not None and 0 < number < _NUMBERS_END else None


def _voucher_series(books: Books, key: Json) -> Row | None:
    """The series that `key` names, if it is one of vouchers."""
    named = books.table("NumberSeries").get(key) if isinstance(key, int) else None
    kind = None if named is None else named["NumberSeriesTypeID"]
    row = books.table("NumberSeriesType").get(kind) if isinstance(kind, int) else None
    return named if row is not None and row["EntityType"] == _ENTITY else None
