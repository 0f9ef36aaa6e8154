"""Moment's projects and invoices repeat for a seed, keep the contract, add up, and bring every trouble."""

import datetime as dt
import functools
from collections import Counter
from decimal import Decimal

import pytest

from daemon.core.model import Booking, Change, Ignored
from daemon.core.procedure import Refused
from daemon.dnb.invoice_content import invoice_content
from daemon.dnb.project_bodies import project_content
from daemon.moment.envelope import decode
from daemon.moment.invoice import decode_invoice, is_draft
from daemon.moment.payment_ids import is_kid
from daemon.moment.project import decode_project
from daemon.sandbox import spoiling
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES
from daemon.sandbox.documents import Row
from daemon.sandbox.following import data_of
from daemon.sandbox.generating import ENVIRONMENT, planted, transferred
from daemon.sandbox.planting import EVERY_KIND, Planted
from daemon.sandbox.postings import lines_of, rate_of, rounded, vat_of, wanted_posting
from tests.sandbox.office import NOON
from tests.sandbox.test_spoiling import keeps_contract

TENANTS = ("fjellvik", "havgard", "nordlia", "steinmo", "elvebakk")
SEEDS = range(1, 21)
TROUBLES = {
    "edited_in_bulk",
    "not_transferred", "project_unchanged", "project_edited_in_a_burst", "project_reordered", "project_renumbered",
    "project_there_and_back", "project_handed_over", "wrong_project", "project_repaired", "project_ahead",
    "project_without_customer", "project_of_refused", "project_deleted", "draft", "finalized", "draft_after",
    "invoice_deleted", "paid", "invoice_reordered", "changed_after_booking", "split", "rounded", "foreign",
    "wrong_invoice", "invoice_repaired", "payment_id_broken", "payment_id_missing", "customer_later", "project_later",
    "customer_never", "project_never", "customer_refused", "project_refused", "closed_period", "account_missing",
    "account_locked", "vat_code_added_later", "vat_code_of_account", "credited_in_full", "credited_in_part",
    "credited_independently", "credited_ahead", "credited_before", "credited_unknown", "credited_refused", "duplicate",
}  # fmt: skip
RECORD_BYTES = 100  # of a record beside its value
DECIDED_IN_DNB = {"unknown_vat_code", "unknown_account", "amounts_differ", "currency_rate_missing",
                  "unknown_currency", "closed_period"}  # fmt: skip


@functools.cache
def records(seed: int, events: int = 2000) -> tuple[Planted, ...]:
    """The records of a seed, made once."""
    return planted(seed=seed, events=events, tenants=TENANTS, started_at=NOON, kinds=transferred(TENANTS))


def finished(seed: int) -> list[tuple[Planted, Row]]:
    """The invoices that can be booked, each with its data."""
    good = {"transfer", "amend"}
    return [(each, data_of(each)) for each in records(seed) if each.kind == "invoice" and each.fate in good]


def test_deterministic() -> None:
    """The same seed gives the same records, and fewer are the beginning of more."""
    again = planted(seed=1, events=500, tenants=TENANTS, started_at=NOON, kinds=transferred(TENANTS))
    assert records(1)[:500] == again
    assert records(1)[:500] != records(2)[:500]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_trouble(seed: int) -> None:
    """Every trouble comes for every seed, and so does every reason to refuse an invoice or a project."""
    assert set() == TROUBLES - {each.trouble for each in records(seed)}
    reasons = {each.reason for each in records(seed)}
    wrong = {each.reason for each in (*spoiling.WRONG_INVOICES, *spoiling.WRONG_PROJECTS)}
    assert set() == wrong - reasons


@pytest.mark.parametrize("seed", SEEDS)
def test_shares(seed: int) -> None:
    """Most records can be delivered; all kinds have their share, and one tenant has far more than another."""
    fates = Counter(each.fate for each in records(seed))
    kinds = Counter(each.kind for each in records(seed))
    tenants = Counter(each.tenant for each in records(seed))
    assert fates["transfer"] >= 0.75 * 2000
    assert fates["refuse"] <= 0.08 * 2000
    assert all(kinds[kind] >= 0.15 * 2000 for kind in EVERY_KIND), kinds
    assert tenants["fjellvik"] >= 3 * tenants["elvebakk"]
    assert min(tenants[tenant] for tenant in TENANTS) >= 60


@pytest.mark.parametrize("seed", SEEDS)
def test_decoded_as_planted(seed: int) -> None:
    """The contract and the daemon's own checks find in each record what its fate says."""
    for record in records(seed):
        if record.kind not in {"project", "invoice"} or record.fate == "ignore":
            continue
        assert record.value is not None
        assert (record.reason != spoiling.INVALID_DATA) == keeps_contract(record.value), record.trouble
        change = decode(record.value, environment=ENVIRONMENT)
        assert isinstance(change, Change)
        reason = _refusal(change)
        assert reason == ("" if record.reason in DECIDED_IN_DNB else record.reason)


def _refusal(change: Change) -> str:
    """The reason for which a project or an invoice must be refused before DnB is asked, empty for none."""
    if change.entity.kind == "project":
        project = decode_project(change.data)
        told = project if isinstance(project, Refused) else project_content(project)
        return told.reason if isinstance(told, Refused) else ""
    invoice = decode_invoice(change.data)
    booking = Booking(vat_codes=ACCOUNT_VAT_CODES)
    content = invoice if isinstance(invoice, Refused) else invoice_content(invoice, booking)
    return content.reason if isinstance(content, Refused) else ""


@pytest.mark.parametrize("seed", SEEDS)
def test_ignored(seed: int) -> None:
    """What is to be ignored is a draft, a deletion, or of a kind that its tenant does not transfer."""
    kinds = transferred(TENANTS)
    for record in records(seed):
        if record.fate != "ignore" or record.kind not in {"project", "invoice"}:
            continue
        message = decode(record.value, environment=ENVIRONMENT)
        is_other = record.kind not in kinds[record.tenant]
        is_unfinished = isinstance(message, Change) and is_draft(message.data)
        assert is_other or isinstance(message, Ignored) or is_unfinished


@pytest.mark.parametrize("seed", SEEDS)
def test_sums(seed: int) -> None:
    """Totals are the sums of the lines, with the VAT of each line rounded half away from zero; credits are negative."""
    for _, data in finished(seed):
        nets = [Decimal(str(line["totalExVat"])) for line in lines_of(data)]
        codes = [str(line.get("vatCode") or ACCOUNT_VAT_CODES.get(str(line["accountNumber"]), ""))
                 for line in lines_of(data)]  # fmt: skip
        vat = sum((vat_of(net, code) for net, code in zip(nets, codes, strict=True)), Decimal(0))
        assert sum(nets) == Decimal(str(data["totalExVat"]))
        assert vat == Decimal(str(data["totalVat"]))
        assert sum(nets) + vat == Decimal(str(data["totalIncVat"]))
        assert all(net == rounded(net) for net in nets)
        assert (data["invoiceType"] == "creditNote") == (sum(nets) < 0)
        assert rate_of(data) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_payment_ids(seed: int) -> None:
    """Payment ids end in their check digit, but for those that are broken on purpose; some have 25 digits."""
    lengths: set[int] = set()
    broken = {(each.tenant, each.id) for each in records(seed) if each.trouble == "payment_id_broken"}
    for record, data in finished(seed):
        payment_id = str(data.get("paymentId") or "")
        lengths.add(len(payment_id))
        is_broken = (record.tenant, record.id) in broken
        assert is_broken or not payment_id or is_kid(payment_id)
        assert not is_broken or not is_kid(payment_id)
    assert {0, 13, 25} <= lengths


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers(seed: int) -> None:
    """No two invoices of a tenant have one number, and no two sums of a customer under one payment id are equal."""
    owners: dict[tuple[str, str], int | None] = {}
    sums: dict[tuple[str, str, str, Decimal], int | None] = {}
    for record, data in finished(seed):
        posting = wanted_posting(data, ())
        assert record.id == owners.setdefault((record.tenant, posting.number), record.id)
        if record.fate == "transfer":
            key = (record.tenant, posting.customers[0], posting.payment_id, posting.receivable)
            assert record.id == sums.setdefault(key, record.id)


@pytest.mark.parametrize("seed", SEEDS)
def test_days(seed: int) -> None:
    """Invoices are of the last ninety days, due on their day or later."""
    today = dt.date(2026, 2, 3)
    for _, data in finished(seed):
        day, due = (dt.date.fromisoformat(str(data[name])) for name in ("invoiceDate", "dueDate"))
        assert today - dt.timedelta(days=90) < day <= today
        assert day <= due


@pytest.mark.parametrize("seed", SEEDS)
def test_paid(seed: int) -> None:
    """A payment changes nothing that is booked, however the numbers are spelled."""
    before: dict[tuple[str, int | None], object] = {}
    paid = 0
    for record, data in finished(seed):
        posting = wanted_posting(data, ())
        if record.trouble in {"paid", "invoice_reordered"}:
            paid += 1
            assert posting == before.setdefault((record.tenant, record.id), posting)
        before[record.tenant, record.id] = posting
    assert paid > 20


def test_long_texts() -> None:
    """Texts are longer than DnB's fields, have line breaks and Norwegian letters, and quantities are uneven."""
    lines = [line for _, data in finished(1) for line in lines_of(data)]
    texts = [str(line["text"]) for line in lines]
    assert max(map(len, texts)) > 500
    assert any("\n" in text for text in texts)
    assert any("Ø" in text for text in texts)
    uneven = [line for line in lines if Decimal(str(line["totalExVat"])) % Decimal(str(line["quantity"]))]
    assert len(uneven) > 20


def test_transferred() -> None:
    """Of five tenants one transfers no projects and one no customers; of fewer all transfer everything."""
    kinds = transferred(TENANTS)
    assert [3, 3, 3, 2, 2] == [len(kinds[tenant]) for tenant in TENANTS]
    assert {"a": EVERY_KIND} == transferred(["a"])


@pytest.mark.parametrize("seed", range(1, 6))
def test_size(seed: int) -> None:
    """The greatest demo fits the embedded broker: about 5 MB in a partition, which two tenants may share."""
    every = planted(seed=seed, events=6000, tenants=TENANTS, started_at=NOON, kinds=transferred(TENANTS))
    sizes = Counter[str]()
    for record in every:
        sizes[record.tenant] += len(record.value or b"") + RECORD_BYTES
    assert sum(size for _, size in sizes.most_common(2)) < 4_500_000
