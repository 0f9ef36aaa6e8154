"""The judge: what was planted, held against what the books went through and what the daemon put aside.

It knows the promises and the contract, and nothing of how the daemon keeps them. It sees the writes in
`history.History` and, for invoices, the books at the end; customers and projects of a tenant that transfers them must
not have been in the books at the start.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

import msgspec

from daemon.sandbox.books import Books
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.following import Key
from daemon.sandbox.history import History
from daemon.sandbox.planting import EVERY_KIND, Planted
from daemon.sandbox.references_judging import Standing, excuse
from daemon.sandbox.rows_judging import Excuses, Rows, judge_rows, rows_of
from daemon.sandbox.sales_judging import Ledger, Voucher, judge_drafts, judge_sales, sales_of, vouchers_of
from daemon.sandbox.sums_judging import wrong_sums
from daemon.sandbox.verdicts import DeadLetter, Findings, Parked, Verdict

__all__ = ["DeadLetter", "Evidence", "Parked", "Verdict", "judge_all"]

_ALARMS: Mapping[str, str] = {"posted_twice": "posted_twice", "unbalanced": "unbalanced", "distributed": "distributed"}
"""Rules of the emulator that are promises of their own."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that the judge sees of a run that has come to rest.

    `companies` gives each tenant's company key; `books` each tenant's books at the end: without them invoices are not
    judged. `kinds` is what each tenant transfers, everything unless told otherwise.
    """

    companies: Mapping[str, str]
    history: History
    parked: Sequence[Parked]
    dead_letters: Sequence[DeadLetter]
    books: Mapping[str, Books] = {}
    kinds: Mapping[str, AbstractSet[str]] = {}


def judge_all(planted: Sequence[Planted], evidence: Evidence) -> Verdict:
    """The verdict on everything that the evidence holds."""
    tenants = {key.lower(): tenant for tenant, key in evidence.companies.items()}
    findings = Findings()
    customers = rows_of("customer", planted, evidence.history, tenants)
    projects = rows_of("project", planted, evidence.history, tenants, customers)
    judged = _Judged(planted, evidence)
    judge_rows(customers, evidence.parked, Excuses({}), findings)
    judge_rows(projects, evidence.parked, judged.excuses(customers, projects), findings)
    for rows in (customers, projects):
        findings.add("unwanted", _strangers(rows, tenants))
    findings.add("lost", _lost_letters(planted, evidence.dead_letters))
    if evidence.books:
        judged.judge_books(customers, projects, findings)
    findings.add("unbalanced", _unbalanced(evidence.history))
    for each in evidence.history.violations:
        promise = _ALARMS.get(each.rule.partition(":")[0], "invalid_requests")
        findings.add(promise, [f"{_tenant(tenants, each.company)}: {each.method} {each.rule}"])
    breaches = evidence.history.breaches
    findings.add("quota_broken", (f"{_tenant(tenants, each.company)}: {each.rule}" for each in breaches))
    return findings.verdict


class _Judged:
    """What the judge of invoices and of what refers to something needs to know."""

    def __init__(self, planted: Sequence[Planted], evidence: Evidence) -> None:
        self._planted = planted
        self._transfers = {tenant: evidence.kinds.get(tenant, EVERY_KIND) for tenant in evidence.companies}
        self._evidence = evidence
        self._numbers = {entry for tenant, each in evidence.books.items() for entry in _numbers(tenant, each)}

    def excuses(self, customers: Rows, projects: Rows) -> Excuses:
        """Why projects may be parked though nothing is wrong with them."""
        standing = self.standing(customers, projects, {})
        reasons: dict[Key, AbstractSet[str]] = {}
        optional: set[Key] = set()
        for key, subject in projects.known.items():
            if subject.newest is not None:
                reasons[key], is_optional = excuse(standing, key[0], subject.newest.data)
                optional |= {key} if is_optional else set()
        return Excuses(reasons, optional)

    def standing(self, customers: Rows, projects: Rows, booked: Mapping[Key, object]) -> Standing:
        """Where everything stands at the end; `booked` has the invoices in the books."""
        kinds = {"customer": customers, "project": projects}
        rows = {(tenant, kind, item) for kind, each in kinds.items() for tenant, item in each.known}
        in_books = {one for one in rows if kinds[one[1]].has((one[0], one[2]))}
        sales = {
            (each.tenant, "invoice", each.id)
            for each in self._planted
            if each.kind == "invoice" and each.id is not None and each.fate not in {"ignore", "dead_letter"}
        }
        return Standing(
            transfers=self._transfers,
            came=rows | sales,
            in_books=in_books | {(tenant, "invoice", item) for tenant, item in booked},
            refused={(each.tenant, each.kind, each.id) for each in self._evidence.parked},
            numbers=self._numbers,
        )

    def judge_books(self, customers: Rows, projects: Rows, findings: Findings) -> None:
        """Add what is wrong with invoices, vouchers and sums."""
        sales = sales_of(self._planted, self._numbers, self._transfers)
        vouchers: list[Voucher] = []
        for tenant, books in self._evidence.books.items():
            company = self._evidence.companies[tenant].lower()
            vouchers += vouchers_of(tenant, books, customers.names(company), projects.names(company))
        ledger = Ledger(sales, vouchers)
        standing = self.standing(customers, projects, ledger.of)
        judge_sales(ledger, self._evidence.parked, standing, findings)
        for tenant, books in self._evidence.books.items():
            judge_drafts(tenant, books, self._evidence.parked, findings)
            due = [sale for sale in sales.values() if sale.tenant == tenant and sale.versions]
            postings = [ledger.due(sale) for sale in due if sale.key in ledger.of or not self._is_parked(sale.key)]
            findings.add("sums_differ", wrong_sums(tenant, books, postings))

    def _is_parked(self, key: Key) -> bool:
        return any((each.tenant, each.id) == key and each.kind == "invoice" for each in self._evidence.parked)


def _numbers(tenant: str, books: Books) -> Iterator[tuple[str, str, str]]:
    """The numbers of customers and projects that the books have."""
    for kind, entity, field in (("customer", "Customer", "CustomerNumber"), ("project", "Project", "ProjectNumber")):
        yield from ((tenant, kind, str(row[field])) for row in books.table(entity).live())


def _lost_letters(planted: Sequence[Planted], dead_letters: Sequence[DeadLetter]) -> Iterable[str]:
    """Broken records without their dead letter, and dead letters of records that were not broken."""
    broken = Counter((each.key, each.value) for each in planted if each.fate == "dead_letter")
    written = Counter((each.key or b"", each.value) for each in dead_letters if each.reason)
    for (key, value), missing in (broken - written).items():
        size = len(value or b"")
        yield from [f"{key.decode(errors='replace')}: a broken record of {size} bytes has no dead letter"] * missing
    sources = {(each.key, each.value): each for each in planted}
    for letter in dead_letters:
        source = sources.get((letter.key or b"", letter.value))
        if source is None:
            yield f"a dead letter ({letter.reason}) is no record that was sent"
        elif source.fate != "dead_letter":
            yield f"{source.tenant}/{source.id} version {source.version} is a dead letter ({letter.reason})"


def _strangers(rows: Rows, tenants: Mapping[str, str]) -> list[str]:
    return [
        f"{_tenant(tenants, trail.company)}: row {trail.row_id} stands for no {rows.kind} of Moment"
        for trail in rows.strangers
    ]


def _unbalanced(history: History) -> list[str]:
    entries = [write for write in history.applied if write.route == "journalentries" and not write.deleted]
    return [f"journal entry {write.row_id} does not balance" for write in entries if _balance(write.row) != 0]


def _balance(entry: Row) -> Decimal:
    """The sum of the lines' amounts, drafts only where nothing is booked."""
    lines = entry.get("Lines") or entry.get("DraftLines")
    return sum((_amount(line) for line in lines), Decimal(0)) if isinstance(lines, list) else Decimal(0)


def _amount(line: Json) -> Decimal:
    amount = line.get("Amount") if isinstance(line, dict) else None
    return Decimal(str(amount)) if isinstance(amount, int | float | str) else Decimal(0)


def _tenant(tenants: Mapping[str, str], company: str) -> str:
    return tenants.get(company.lower(), "an unknown company")
