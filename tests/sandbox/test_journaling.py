"""Vouchers posted directly to the journal."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.settings import Switches
from tests.sandbox.bookkeeper import CUSTOMER, PROJECT, Bookkeeper
from tests.sandbox.office import Answer, inside


def _entry(office: Bookkeeper, gross: float = 12500, **columns: Json) -> Row:
    """A sale: the customer's sub-account against income with VAT code 3."""
    line: Row = {"FinancialDate": "2026-02-03", "InvoiceNumber": "10245", **columns}
    debit: Row = {**line, "AccountID": office.account(100001), "Amount": gross, "PaymentID": "1002450000017",
                  "DueDate": "2026-02-17"}  # fmt: skip
    credit: Row = {**line, "AccountID": office.account(3010), "Amount": -gross, "VatTypeID": office.vat("3"),
                   "Dimensions": {"ProjectID": PROJECT}}  # fmt: skip
    return {"_createguid": str(uuid4()), "Description": "Faktura 10245", "DraftLines": [debit, credit]}


def _book(office: Bookkeeper, *entries: Row, **parameters: str) -> Answer:
    return office.act("journalentries", "book-journal-entries", list(entries), **parameters)


def _amounts(office: Bookkeeper, entry: Mapping[str, Json]) -> dict[str, float]:
    return office.voucher({"JournalEntryID": entry["ID"]})


def _text(answer: Answer) -> str:
    return str(inside(answer.json, "Messages", 0, "Message"))


def test_booking() -> None:
    """A posted entry gets a number, its sub-account its main ledger, and its gross line the VAT that is in it."""
    office = Bookkeeper()
    answer = _book(office, _entry(office))
    assert (200, "1-2026", 1) == (answer.status, answer.rows[0]["JournalEntryNumber"],
                                  answer.rows[0]["JournalEntryNumberNumeric"])  # fmt: skip
    assert {"100001": 12500.0, "3010": -10000.0, "2700": -2500.0} == _amounts(office, answer.rows[0])
    lines = office.get("journalentrylines", expand="Account,Dimensions").rows
    assert [1500, 3010, 2700] == [inside(line, "Account", "AccountNumber") for line in lines]
    assert PROJECT == inside(lines[1], "Dimensions", "ProjectID")
    assert ([34001, 34001], []) == (
        [row["StatusCode"] for row in office.get("journalentrylinedrafts").rows],
        office.rules,
    )


def test_vat_is_rounded_out_of_the_gross() -> None:
    """Net and VAT of a gross amount are whole cents and add up to it."""
    office = Bookkeeper()
    amounts = _amounts(office, _book(office, _entry(office, 99.99)).rows[0])
    assert {"100001": 99.99, "3010": -79.99, "2700": -20.0} == amounts


def test_all_or_nothing() -> None:
    """One entry that cannot be booked keeps the others out, and their guids and numbers free."""
    office = Bookkeeper()
    good, bad = _entry(office), _entry(office, InvoiceNumber="10246", FinancialDate="2031-01-01")
    answer = _book(office, good, bad)
    assert (400, "Regnskapsåret finnes ikke") == (answer.status, _text(answer))
    assert ([], []) == (office.get("journalentries").rows, office.get("journalentrylinedrafts").rows)
    assert "1-2026" == _book(office, good).rows[0]["JournalEntryNumber"]


def test_unbalanced() -> None:
    """An entry whose lines do not add up to nothing is refused."""
    office = Bookkeeper()
    entry = _entry(office)
    entry["DraftLines"] = [{"AccountID": office.account(1920), "Amount": 0.01, "FinancialDate": "2026-02-03"}]
    assert "Bilaget balanserer ikke" == _text(_book(office, entry))


@pytest.mark.parametrize(("column", "value", "text"), [
    ("AccountID", None, "Konto må fylles ut"),
    ("Amount", None, "Beløp må fylles ut"),
    ("FinancialDate", None, "Dato må fylles ut"),
])  # fmt: skip
def test_required_columns(column: str, value: Json, text: str) -> None:
    """A line needs an account, an amount and a date."""
    office = Bookkeeper()
    line: Row = {"AccountID": office.account(1920), "Amount": 1, "FinancialDate": "2026-02-03"}
    answer = _book(office, {"DraftLines": [line, {**line, "Amount": -1, column: value}]})
    assert (400, text) == (answer.status, _text(answer))


def test_vat_line_of_the_client() -> None:
    """VAT lines are the server's: its accounts are closed to people."""
    office = Bookkeeper()
    entry = _entry(office)
    lines: list[Json] = [{"AccountID": office.account(number), "Amount": amount, "FinancialDate": "2026-02-03"}
                         for number, amount in ((100001, 125), (3010, -100), (2700, -25))]  # fmt: skip
    assert "Kontoen er låst for manuell bilagsføring" == _text(_book(office, {**entry, "DraftLines": lines}))


@pytest.mark.parametrize(("changes", "parameters", "status"), [
    ({"AccountingLockedDate": "2026-02-03"}, {}, 400),
    ({"VatLockedDate": "2026-02-03"}, {}, 400),
    ({"AccountingLockedDate": "2026-02-03"}, {"allowJournalingRegardlessOfLockedDates": "true"}, 200),
])  # fmt: skip
def test_locked_dates(changes: dict[str, Json], parameters: dict[str, str], status: int) -> None:
    """A locked date refuses a voucher, unless the caller overrides it."""
    office = Bookkeeper(**changes)
    assert status == _book(office, _entry(office), **parameters).status


def test_one_year_an_entry() -> None:
    """An entry stays within one financial year, since its number has the year in it."""
    office = Bookkeeper()
    lines: list[Json] = [
        {"AccountID": office.account(1920), "Amount": 1, "FinancialDate": "2025-12-31"},
        {"AccountID": office.account(3100), "Amount": -1, "FinancialDate": "2026-01-01"},
    ]
    assert "Bilaget går over flere regnskapsår" == _text(_book(office, {"DraftLines": lines}))


def test_years_count_apart() -> None:
    """Each year has its own numbers."""
    office = Bookkeeper()
    entries = [_entry(office, InvoiceNumber=str(number), FinancialDate=f"{2025 + number % 2}-06-01", PaymentID=None)
               for number in range(4)]  # fmt: skip
    for number, entry in enumerate(entries):
        assert isinstance(entry["DraftLines"], list)
        inside_line = entry["DraftLines"][0]
        assert isinstance(inside_line, dict)
        inside_line["PaymentID"] = str(number)
    assert ["1-2025", "1-2026", "2-2025", "2-2026"] == [
        row["JournalEntryNumber"] for row in _book(office, *entries).rows
    ]


def test_series_of_the_client() -> None:
    """A voucher may name its series, which must be one of vouchers."""
    office = Bookkeeper()
    series = {str(row["Name"]): row["ID"] for row in office.get("number-series").rows}
    entry = _entry(office)
    named, other = series["JournalEntry invoice number series type"], series["Project number series"]
    assert "Nummerserien er ikke for bilag" == _text(_book(office, {**entry, "NumberSeriesID": other}))
    assert "100000-2026" == _book(office, {**entry, "NumberSeriesID": named}).rows[0]["JournalEntryNumber"]


def test_number_of_the_client() -> None:
    """A wanted voucher number is passed over, or kept where the server is switched so; a used one is refused."""
    wanted: Row = {"JournalEntryNumberNumeric": 10245}
    office = Bookkeeper()
    assert "1-2026" == _book(office, {**_entry(office), **wanted}).rows[0]["JournalEntryNumber"]
    office = Bookkeeper(Switches(voucher_number="kept"))
    assert "10245-2026" == _book(office, {**_entry(office), **wanted}).rows[0]["JournalEntryNumber"]
    unreadable: Row = {**_entry(office, InvoiceNumber="3", PaymentID="3"), "JournalEntryNumber": "9" * 5000}
    assert "1-2026" == _book(office, unreadable).rows[0]["JournalEntryNumber"]
    again = {**_entry(office, InvoiceNumber="2"), "JournalEntryNumber": "10245-2026"}
    assert "Bilagsnummeret er allerede i bruk" == _text(_book(office, again))


def test_reused_guid() -> None:
    """An entry whose guid was used is refused, whatever else it says."""
    office = Bookkeeper()
    entry = _entry(office)
    assert [200, 400] == [_book(office, entry).status for _ in range(2)]
    assert (1, []) == (len(office.get("journalentries").rows), office.rules)


def test_guids_that_nobody_watches() -> None:
    """Without that rule the same entry is booked twice, and the books tell."""
    office = Bookkeeper(Switches(guids_enforced=False))
    entry = _entry(office)
    assert [200, 200] == [_book(office, entry).status for _ in range(2)]
    assert [
        "posted_twice: journal entry 602 has the InvoiceNumber of 601",
        "posted_twice: journal entry 602 has the PaymentID of 601",
    ] == office.rules


def test_draft_and_booking() -> None:
    """A saved draft is not in the journal until it is booked, once."""
    office = Bookkeeper()
    saved = office.act("journalentries", "save-journal-entries-as-draft", [_entry(office)]).rows[0]
    assert (None, []) == (saved["JournalEntryNumber"], office.get("journalentrylines").rows)
    assert "1-2026" == _book(office, {"ID": saved["ID"]}).rows[0]["JournalEntryNumber"]
    assert 400 == _book(office, {"ID": saved["ID"]}).status
    assert ["booked_again"] == office.rules


def test_booked_rows_cannot_be_written() -> None:
    """Neither an entry nor a line can be posted to its own address, changed or deleted."""
    office = Bookkeeper()
    entry = _book(office, _entry(office)).rows[0]
    line = office.get("journalentrylines").rows[0]
    assert [403, 403, 403] == [
        office.put(f"journalentries/{entry['ID']}", {"ID": entry["ID"]}).status,
        office.put(f"journalentrylines/{line['ID']}", {"ID": line["ID"], "Amount": 1}).status,
        office.delete(f"journalentrylines/{line['ID']}").status,
    ]


def test_lines_in_a_posted_entry_are_passed_over() -> None:
    """Booked lines are the server's: those in a body say nothing."""
    office = Bookkeeper()
    entry = _entry(office)
    lines: list[Json] = [{"AccountID": office.account(1920), "Amount": 5}]
    assert 3 == len(_amounts(office, _book(office, {**entry, "Lines": lines}).rows[0]))


@pytest.mark.parametrize("action", ["credit-journal-entry", "credit-journalentry"])
def test_credit(action: str) -> None:
    """A credited entry and what credits it add up to nothing; it is credited once."""
    office = Bookkeeper()
    _book(office, _entry(office))
    answers = [
        office.act("journalentries", action, journalEntryNumber="1-2026", creditDate="2026-02-28", acceptjob="true")
        for _ in range(2)
    ]
    assert [200, 400] == [answer.status for answer in answers]
    assert {"100001": -12500.0, "3010": 10000.0, "2700": 2500.0} == _amounts(office, answers[0].rows[0])
    lines = office.get("journalentrylines").rows
    assert [31004] * 6 == [line["StatusCode"] for line in lines]
    assert lines[0]["ID"] == lines[3]["ReferenceCreditPostID"]
    assert [] == office.rules


def test_credited_sale_may_be_posted_again() -> None:
    """What was credited does not stand in the way of the same sale."""
    office = Bookkeeper()
    _book(office, _entry(office))
    office.act("journalentries", "credit-journal-entry", journalEntryNumber="1-2026", creditDate="2026-02-28")
    assert 200 == _book(office, _entry(office)).status
    assert [] == office.rules


def test_credit_of_nothing() -> None:
    """An entry that does not exist, or that an invoice has made, is not credited."""
    office = Bookkeeper()
    office.invoice()
    texts = [_text(office.act("journalentries", "credit-journal-entry", journalEntryNumber=number))
             for number in ("9-2026", "10245-2026")]  # fmt: skip
    assert ["Bilaget finnes ikke", "Bilaget hører til en faktura"] == texts


@pytest.mark.parametrize("action", ["credit-and-book-journal-entry", "credit-and-book-journalentry"])
def test_credit_and_book(action: str) -> None:
    """An entry is taken back and another one booked, both or neither."""
    office = Bookkeeper()
    old = _book(office, _entry(office)).rows[0]
    target = {"journalEntryID": str(old["ID"]), "creditDate": "2026-02-28"}
    bad = _entry(office, FinancialDate="2031-01-01")
    assert 400 == office.act("journalentries", action, [bad], **target).status
    assert 1 == len(office.get("journalentries").rows)
    answer = office.act("journalentries", action, [_entry(office, 1000)], **target)
    assert {"100001": 1000.0, "3010": -800.0, "2700": -200.0} == _amounts(office, answer.rows[0])
    assert (3, []) == (len(office.get("journalentries").rows), office.rules)


def test_payment_by_voucher() -> None:
    """A credit of the customer that names an invoice pays it."""
    office = Bookkeeper()
    row = office.invoice()
    line: Row = {"FinancialDate": "2026-02-10", "InvoiceNumber": "10245"}
    lines: list[Json] = [{**line, "AccountID": office.account(1920), "Amount": 500},
                         {**line, "AccountID": office.account(100001), "Amount": -500}]  # fmt: skip
    assert 200 == _book(office, {"DraftLines": lines}).status
    after = office.read_invoice(row["ID"])
    assert (42003, 12000.0, []) == (after["StatusCode"], after["RestAmount"], office.rules)


@pytest.mark.parametrize(
    ("row_id", "reference", "status"),
    [("601", "118", 204), ("999", "1", 400), ("9" * 5000, "1", 400), ("601", "x" * 256, 400)],
)
def test_external_reference(row_id: str, reference: str, status: int) -> None:
    """A booked entry may be given a reference of the client's."""
    office = Bookkeeper()
    _book(office, _entry(office))
    answer = office.act("journalentries", "update-external-reference", verb="PUT", journalEntryID=row_id,
                        externalReference=reference)  # fmt: skip
    assert status == answer.status
    found = office.get("journalentries", filter=f"ExternalReference eq '{reference}'").rows
    assert (status == 204, []) == (bool(found), office.rules)


def test_next_number() -> None:
    """The next voucher number can be asked for, and asking spends nothing."""
    office = Bookkeeper()
    body: Row = {"FinancialDate": "2026-02-03"}
    answers = [office.act("journalentries", "nextjournalentrynumber", body).json for _ in range(2)]
    assert ["1-2026", "1-2026"] == answers
    assert 400 == office.act("journalentries", "nextjournalentrynumber", {"FinancialDate": "2031-01-01"}).status


@pytest.mark.parametrize(("path", "parameter", "value", "year"), [
    ("journalentries", "current", "2026-02-03", 2026),
    ("journalentries", "current", "2029-02-03", 2029),
    ("financialyears", "year", "2030", 2030),
])  # fmt: skip
def test_financial_years(path: str, parameter: str, value: str, year: int) -> None:
    """A missing financial year is made when it is asked for, once."""
    office = Bookkeeper()
    found = [office.act(path, "get-or-create-financial-year", verb="GET", **{parameter: value}).row for _ in range(2)]
    assert ([year, year], 1) == ([row["Year"] for row in found], len({str(row["ID"]) for row in found}))
    assert 400 == office.act(path, "get-or-create-financial-year", verb="GET", **{parameter: "x"}).status


@pytest.mark.parametrize("body", [{}, ["x"], None, "x"])
def test_body_is_an_array(body: Json) -> None:
    """What is no array of objects is refused."""
    assert 400 == Bookkeeper().act("journalentries", "book-journal-entries", body).status


def test_history() -> None:
    """Every booking is kept with its lines, their accounts, VAT types and projects."""
    office = Bookkeeper()
    _book(office, _entry(office))
    kept = [write for write in office.emulator.history.applied if write.route == "journalentries"]
    assert [(True, 601)] == [(write.created, write.row_id) for write in kept]
    line = inside(kept[0].row, "Lines", 1)
    assert (3010, "3", "4005") == (
        inside(line, "Account", "AccountNumber"), inside(line, "VatType", "VatCode"),
        inside(line, "Dimensions", "Project", "ProjectNumber"),
    )  # fmt: skip
    assert CUSTOMER == inside(kept[0].row, "Lines", 0, "SubAccount", "CustomerID")
