"""Taking back what is booked: an entry with every amount turned round, both then marked as credited."""

from collections.abc import Mapping

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.money import amount_of, number
from daemon.sandbox.posting import NOT_COPIED
from daemon.sandbox.statuses import DRAFT_LINE_CREDITED, LINE_CREDITED
from daemon.sandbox.visiting import Visit
from daemon.sandbox.vouchers import Objection, Voucher, booked

_ENTITY = "JournalEntry"


def reversed_entry(visit: Visit, entry: Row | None, day: str) -> Row | Objection:
    """The entry that takes `entry` back on `day`, or why that cannot be.

    What a customer invoice has booked is refused: a credit note corrects it.
    """
    table = visit.books.table("JournalEntryLine")
    lines = [] if entry is None else table.where("JournalEntryID", id_of(entry))
    reason = "Bilaget finnes ikke" if entry is None else _kept(visit.books, entry, lines)
    if entry is None or reason is not None:
        return Objection("JournalEntryNumber", reason or "", _ENTITY)
    columns: Row = {"Description": f"Kreditering av bilag {entry['JournalEntryNumber']}"}
    opposite = tuple(_reversed(line, day) for line in lines)
    reversal = booked(visit, Voucher(columns=columns, lines=opposite, manual=False))
    if not isinstance(reversal, Objection):
        _mark(visit, entry, lines)
        visit.wrote(visit.books.schema.entity(_ENTITY), reversal, created=True)
        visit.wrote(visit.books.schema.entity(_ENTITY), entry)
    return reversal


def _kept(books: Books, entry: Row, lines: list[Row]) -> str | None:
    """Why `entry` cannot be taken back."""
    if not lines:
        return "Bilaget er ikke bokført"
    if any(line["StatusCode"] == LINE_CREDITED for line in lines):
        return "Bilaget er allerede kreditert"
    if books.table("CustomerInvoice").where("JournalEntryID", id_of(entry)):
        return "Bilaget hører til en faktura"
    return None


def _mark(visit: Visit, entry: Row, lines: list[Row]) -> None:
    for line in lines:
        visit.books.table("JournalEntryLine").update(line, {"StatusCode": LINE_CREDITED, "RestAmount": 0}, visit.now)
    drafts = visit.books.table("JournalEntryLineDraft")
    for draft in drafts.where("JournalEntryID", id_of(entry)):
        drafts.update(draft, {"StatusCode": DRAFT_LINE_CREDITED}, visit.now)


def _reversed(line: Mapping[str, Json], day: str) -> Row:
    opposite: Row = {name: number(-amount_of(line[name])) for name in ("Amount", "AmountCurrency", "TaxBasisAmount")}
    own: Row = {"FinancialDate": day, "VatDate": day, "ReferenceCreditPostID": line["ID"], "RestAmount": 0,
                "StatusCode": LINE_CREDITED}  # fmt: skip
    return {**{name: value for name, value in line.items() if name not in NOT_COPIED}, **opposite, **own}
