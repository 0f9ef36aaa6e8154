"""Judging invoices: each finished one booked exactly once, as Moment has it, and nothing else booked at all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from daemon.sandbox import balances
from daemon.sandbox.books import Books
from daemon.sandbox.documents import Row
from daemon.sandbox.following import Key, data_of
from daemon.sandbox.planting import Planted
from daemon.sandbox.postings import Posting, differences, objects, shown_posting, wanted_posting
from daemon.sandbox.references_judging import Standing, excuse, references
from daemon.sandbox.text_judging import cut_texts
from daemon.sandbox.verdicts import Findings, Parked

CHANGED: str = "changed_after_booking"
_WAITING: AbstractSet[str] = frozenset({"closed_period", "booking_refused"})
"""Reasons that the company's accountant ends, whereupon the draft is booked."""
_DRAFTS: AbstractSet[int] = frozenset({10001, 42001})


class Finished(msgspec.Struct, frozen=True):
    """One version of a finished invoice: what it says, and what must be in the journal for it."""

    number: int
    data: Row
    posting: Posting


class Sale(msgspec.Struct, frozen=True):
    """An invoice of Moment: its finished versions that can be booked, oldest first, and the reasons to refuse others.

    `came` is the place of its first record among all, `wrong` what the refused versions say as far as that can be read.
    """

    tenant: str
    id: int
    versions: tuple[Finished, ...]
    refusals: Mapping[int, str]
    came: int
    wrong: Mapping[int, Row]

    @property
    def key(self) -> Key:
        """Tenant and id."""
        return (self.tenant, self.id)

    @property
    def newest(self) -> int:
        """The highest version that must not be ignored."""
        return max([*self.refusals, *(version.number for version in self.versions)])

    @property
    def newest_data(self) -> Row | None:
        """The data of the newest version if that can be booked."""
        is_good = self.versions and self.versions[-1].number == self.newest
        return self.versions[-1].data if is_good else None

    def named(self) -> str:
        """How a finding names the invoice."""
        return f"{self.tenant}/invoice/{self.id} version {self.newest}"


class Voucher(msgspec.Struct, frozen=True):
    """A voucher of the books, and the invoice that it belongs to if there is one."""

    tenant: str
    entry: Row
    invoice: Row | None
    posting: Posting

    @property
    def named(self) -> str:
        """How a finding names the voucher."""
        return f"{self.tenant}: voucher {self.entry['JournalEntryNumber']}"


class Ledger:
    """The vouchers of all companies, with the sales they stand for."""

    def __init__(self, sales: Mapping[Key, Sale], vouchers: Sequence[Voucher]) -> None:
        self.sales = sales
        self.of: dict[Key, list[Voucher]] = {}
        self.strangers: list[Voucher] = []
        numbers = {(sale.tenant, version.posting.number): sale for sale in sales.values() for version in sale.versions}
        for voucher in vouchers:
            sale = self._by_reference(voucher) or numbers.get((voucher.tenant, voucher.posting.number))
            if sale is None:
                self.strangers.append(voucher)
            else:
                self.of.setdefault(sale.key, []).append(voucher)

    def _by_reference(self, voucher: Voucher) -> Sale | None:
        """The sale whose id in Moment the invoice in DnB, or its voucher, refers to."""
        rows = (voucher.invoice or {}, voucher.entry)
        told = (str(row.get("ExternalReference") or "") for row in rows)
        ids = (int(each) for each in told if each.isascii() and each.isdecimal())
        return next((self.sales[voucher.tenant, one] for one in ids if (voucher.tenant, one) in self.sales), None)

    def booked(self, sale: Sale) -> Finished | None:
        """The version of a sale that its first voucher shows, the newest one where it shows none."""
        vouchers = self.of.get(sale.key)
        if not vouchers or not sale.versions:
            return None
        exact = [each for each in sale.versions if not differences(each.posting, vouchers[0].posting)]
        return (exact or sale.versions)[-1]

    def due(self, sale: Sale) -> Posting:
        """What must be in the journal for a sale; what is booked within the tolerance is right as it is."""
        version = self.booked(sale)
        if version is None:
            return sale.versions[-1].posting
        shown = self.of[sale.key][0].posting
        return version.posting if differences(version.posting, shown) else shown


def sales_of(planted: Iterable[Planted], standing_numbers: AbstractSet[tuple[str, str, str]],
             transfers: Mapping[str, AbstractSet[str]]) -> dict[Key, Sale]:  # fmt: skip
    """The finished invoices that `planted` tells of."""
    versions: dict[Key, dict[int, Finished]] = {}
    refusals: dict[Key, dict[int, str]] = {}
    wrong: dict[Key, dict[int, Row]] = {}
    came: dict[Key, int] = {}
    for place, record in enumerate(planted):
        if record.kind != "invoice" or record.id is None or record.version is None or record.fate == "ignore":
            continue
        key = (record.tenant, record.id)
        came.setdefault(key, place)
        versions.setdefault(key, {})
        refusals.setdefault(key, {})
        wrong.setdefault(key, {})
        if record.fate == "refuse":
            refusals[key][record.version] = record.reason
            wrong[key][record.version] = data_of(record)
        else:
            data = data_of(record)
            projects = _projects(record.tenant, data, standing_numbers, transfers)
            versions[key][record.version] = Finished(record.version, data, wanted_posting(data, projects))
    return {
        key: Sale(*key, tuple(own[number] for number in sorted(own)), refusals[key], came[key], wrong[key])
        for key, own in versions.items()
    }


def _projects(
    tenant: str, data: Row, numbers: AbstractSet[tuple[str, str, str]], transfers: Mapping[str, AbstractSet[str]]
) -> tuple[str, ...]:
    """The way to name the project of an invoice; of one that is not transferred its number, if the books have it."""
    for reference in references(tenant, data):
        if reference.kind == "project" and "project" in transfers[tenant]:
            return (str(reference.id),)
        if reference.kind == "project" and (tenant, "project", reference.number) in numbers:
            return (f"#{reference.number}",)
    return ()


def vouchers_of(
    tenant: str, books: Books, customers: Mapping[int, str], projects: Mapping[int, str]
) -> Iterator[Voucher]:
    """The booked vouchers of one company."""
    invoices = {str(row["JournalEntryID"]): row for row in balances.invoices(books)}
    for entry in balances.vouchers(books):
        posting = shown_posting(entry, customers, projects)
        yield Voucher(tenant, entry, invoices.get(str(entry["ID"])), posting)


def judge_sales(ledger: Ledger, parked: Sequence[Parked], standing: Standing, findings: Findings) -> None:
    """Add what is wrong with the invoices and their vouchers."""
    held = {(each.tenant, each.id): each for each in parked if each.kind == "invoice"}
    for sale in ledger.sales.values():
        _judge_sale(ledger, sale, held.get(sale.key), standing, findings)
    unknown = [each for key, each in held.items() if key not in ledger.sales]
    findings.add("lost", (f"{each.tenant}/invoice/{each.id} is parked as {each.reason}" for each in unknown))
    for voucher in ledger.strangers:
        twin = _is_twin(ledger, voucher)
        said = "books a sale once more" if twin else "stands for no invoice that is to be booked"
        findings.add("posted_twice" if twin else "unwanted", [f"{voucher.named} {said}"])


def judge_drafts(tenant: str, books: Books, parked: Sequence[Parked], findings: Findings) -> None:
    """Add the drafts that are left in the books, but for those that wait for the company to let them be booked."""
    waiting = {str(each.id) for each in parked if each.tenant == tenant and each.reason in _WAITING}
    left = (row for row in balances.invoices(books) if row["StatusCode"] in _DRAFTS)
    lost = (row for row in left if str(row["ExternalReference"]) not in waiting)
    findings.add("unwanted", (f"{tenant}: draft {row['ID']} is left in the books" for row in lost))


def _judge_sale(ledger: Ledger, sale: Sale, parked: Parked | None, standing: Standing, findings: Findings) -> None:
    vouchers = ledger.of.get(sale.key, [])
    findings.add("posted_twice", [f"{sale.named()} has {len(vouchers)} vouchers"] * (len(vouchers) - 1))
    booked = ledger.booked(sale)
    reasons, is_optional = _excuses(ledger, sale, booked, standing)
    if parked is None:
        findings.add("lost", _not_dealt_with(sale, booked, reasons, is_optional=is_optional))
    elif parked.version != sale.newest or parked.reason not in reasons:
        findings.add("lost", [f"{sale.named()} is parked at {parked.version} as {parked.reason}"])
    for voucher in vouchers:
        _judge_voucher(ledger, sale, voucher, findings)


def _excuses(ledger: Ledger, sale: Sale, booked: Finished | None, standing: Standing) -> tuple[AbstractSet[str], bool]:
    """The reasons under which the newest version may be parked, and whether it need not be."""
    data = sale.newest_data
    if data is None:
        reason = sale.refusals[sale.newest]
        return {reason, *excuse(standing, sale.tenant, sale.wrong[sale.newest])[0]}, False
    reasons, is_optional = excuse(standing, sale.tenant, data)
    if booked is not None and differences(sale.versions[-1].posting, booked.posting):
        return {*reasons, CHANGED}, False
    late = _credits_what_came_later(ledger, sale, data)
    return reasons, is_optional or booked is not None or late


def _not_dealt_with(
    sale: Sale, booked: Finished | None, reasons: AbstractSet[str], *, is_optional: bool
) -> Iterator[str]:
    """What must be said of a sale that is not parked."""
    if reasons and not is_optional:
        yield f"{sale.named()} is not parked as {' or '.join(sorted(reasons))}"
    elif booked is None:
        yield f"{sale.named()} is missing from the books"


def _credits_what_came_later(ledger: Ledger, sale: Sale, data: Row) -> bool:
    """Whether a credit note came before the invoice it credits: nobody knew of that when it was booked."""
    for reference in references(sale.tenant, data):
        other = ledger.sales.get((reference.tenant, reference.id)) if reference.kind == "invoice" else None
        if other is not None and other.came > sale.came:
            return True
    return False


def _judge_voucher(ledger: Ledger, sale: Sale, voucher: Voucher, findings: Findings) -> None:
    if not sale.versions:
        findings.add("unwanted", [f"{sale.named()} is booked, and must not be"])
        return
    ways = [(differences(version.posting, voucher.posting), version) for version in sale.versions]
    wrong, version = min(reversed(ways), key=lambda way: len(way[0]))
    findings.add("wrongly_booked", (f"{sale.named()} is booked with another {field}" for field in wrong))
    findings.add("wrongly_booked", _wrong_number(sale, voucher))
    if voucher.invoice is None:
        return
    findings.add("wrongly_booked", _wrong_credit(ledger, sale, version, voucher))
    findings.add("text_cut", (f"{sale.named()}: {what}" for what in cut_texts(version.data, voucher.invoice)))


def _wrong_number(sale: Sale, voucher: Voucher) -> Iterator[str]:
    """DnB's invoice carries the number that its voucher has; vouchers posted directly get theirs from DnB's series."""
    number, invoice = voucher.posting.number, voucher.invoice
    if invoice is None:
        return
    if str(invoice["InvoiceNumber"]) != number:
        yield f"{sale.named()} has one number in the journal and another on the invoice"
    if str(voucher.entry["JournalEntryNumber"]).partition("-")[0] not in {number, voucher.posting.payment_id}:
        yield f"{sale.named()} has a voucher number that is neither its own nor its payment id"


def _wrong_credit(ledger: Ledger, sale: Sale, version: Finished, voucher: Voucher) -> Iterator[str]:
    """A credit note is one in DnB too, and refers to the invoice it credits, or names it where nobody knew it."""
    invoice = voucher.invoice or {}
    if (version.data["invoiceType"] == "creditNote") != (invoice["InvoiceType"] == 1):
        yield f"{sale.named()} is of another type"
    credited = [each for each in references(sale.tenant, version.data) if each.kind == "invoice"]
    reference = invoice.get("InvoiceReference")
    if not credited:
        if reference is not None:
            yield f"{sale.named()} credits an invoice that Moment does not name"
        return
    if isinstance(reference, dict):
        if str(reference["InvoiceNumber"]) != credited[0].number:
            yield f"{sale.named()} credits another invoice"
        return
    texts = " ".join(str(item["ItemText"]) for item in objects(invoice["Items"]))
    other = ledger.sales.get((sale.tenant, credited[0].id))
    if other is not None and other.came < sale.came and other.key in ledger.of:
        yield f"{sale.named()} does not refer to the invoice it credits"
    elif credited[0].number not in texts:
        yield f"{sale.named()} names nowhere the invoice it credits"


def _is_twin(ledger: Ledger, voucher: Voucher) -> bool:
    """Whether a voucher that belongs to no sale says the same as one that does, but for its number."""
    return any(
        set(differences(version.posting, voucher.posting)) <= {"number", "payment_id"}
        for sale in ledger.sales.values()
        if sale.tenant == voucher.tenant
        for version in sale.versions
    )
