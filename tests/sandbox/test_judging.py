"""The judge finds each broken promise, and nothing where all were kept."""

import pytest

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.faults import Where
from daemon.sandbox.generating import Planted, planted
from daemon.sandbox.history import Applied, QuotaBreach, Violation
from daemon.sandbox.judging import DeadLetter, Parked
from tests.sandbox.clerk import COMPANIES, Clerk, broken, change, counts, data_of
from tests.sandbox.office import KEY, NOON, inside


@pytest.mark.parametrize("seed", range(1, 6))
def test_right_run(seed: int) -> None:
    """A client that writes every version in its order, parks and dead-letters what it must, is found clean."""
    records = planted(seed=seed, events=600, tenants=tuple(COMPANIES), started_at=NOON)
    verdict = Clerk().work(records).verdict(records)
    assert () == verdict.findings
    assert verdict.is_clean


def test_superseded_versions_may_be_skipped() -> None:
    """Only the newest version has to be written."""
    records = [change(1), change(2, name="Ny AS"), change(5, name="Nyest AS")]
    assert {} == counts(Clerk().work(records[:1]).work(records[2:]).verdict(records))


def test_nothing_happened() -> None:
    """Without a record and without a write there is nothing to find."""
    assert Clerk().verdict([]).is_clean


def test_lost_customer() -> None:
    """A customer that was never created is lost."""
    verdict = Clerk().work([change(1)]).verdict([change(1), change(4, customer=8)])
    assert ("lost: fjellvik/customer/8 version 4 is missing from the books",) == verdict.findings
    assert not verdict.is_clean


def test_lost_update() -> None:
    """A customer whose newest version was never written is lost."""
    records = [change(1), change(2, name="Ny AS")]
    verdict = Clerk().work(records[:1]).verdict(records)
    assert ("lost: fjellvik/customer/7 version 2 is not what the books show",) == verdict.findings


def test_customer_of_another_tenant() -> None:
    """A customer in another tenant's company is lost to its own, and a stranger there."""
    wrong = Clerk().work([change(1, tenant="havgard")])
    assert {"lost": 1, "unwanted": 1} == counts(wrong.verdict([change(1)]))


def test_deleted_customer() -> None:
    """A customer whose row was deleted is lost."""
    clerk = Clerk().work([change(1)])
    clerk.offices["fjellvik"].delete(f"customers/{clerk.rows['fjellvik', 7]}")
    assert {"lost": 1} == counts(clerk.verdict([change(1)]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"CustomerNumber": 100099},
        {"OrgNumber": "NO 998 887 771 MVA"},
        {"WebUrl": None},
        {"CreditDays": 15},
        {"CurrencyCodeID": 2},
        {"Info": {"Name": "Feil AS"}},
        {"Info": {"DefaultEmail": {"EmailAddress": "post@a.example"}}},
        {"Info": {"DefaultPhone": {"Number": "22000002"}}},
        {"Info": {"InvoiceAddress": {"City": "Bergen"}}},
        {"Info": {"InvoiceAddress": {"CountryCode": None}}},
        {"Info": {"ShippingAddress": {"AddressLine1": "Kaigata 2"}}},
        {"Info": {"Phones": []}},
        {"Info": {"Phones": [{"Number": "22000003"}]}},
        {"Info": {"Phones": [{"Number": "22000003", "Type": 150103}, {"Number": "22000009", "Type": 150103}]}},
    ],
)
def test_wrong_field(wrong: Row) -> None:
    """A customer with a single field that is not Moment's is lost, whichever field it is."""
    record = change(
        1, organizationNumber="NO 998 887 771 MVA", email="post@a.example", invoiceEmail="faktura@a.example",
        website="https://a.example", phoneNumber="+47 22 00 00 01", faxNumber="22 00 00 03", creditTermDays=14,
        address={"addressLine1": "Storgata 1", "postalCode": "0155", "city": "Oslo"}, countryCode="NO",
        deliveryAddress={"addressLine1": "Kaigata 1", "postalCode": "0150", "city": "Oslo", "countryCode": "NO"},
    )  # fmt: skip
    clerk = Clerk()
    clerk.spoil = lambda body: _merged(_with_country(body), wrong)
    assert {"lost": 1} == counts(clerk.work([record]).verdict([record]))
    right = Clerk()
    right.spoil = _with_country
    assert {} == counts(right.work([record]).verdict([record]))


def _with_country(body: Row) -> Row:
    return _merged(body, {"Info": {"InvoiceAddress": {"CountryCode": "NO"}}})


def _merged(body: Row, changes: Row) -> Row:
    merged: Row = dict(body)
    for name, value in changes.items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def test_refused_change_that_is_not_parked() -> None:
    """A change that must be refused and is neither parked nor repaired is lost."""
    records = [change(1), change(2, reason="customer_number_out_of_range", customerNumber="10001")]
    verdict = Clerk().work(records[:1]).verdict(records)
    assert ("lost: fjellvik/customer/7 version 2 is not parked as customer_number_out_of_range",) == verdict.findings


def test_parked_for_another_reason() -> None:
    """A change that is parked for a reason nobody planted is found, once."""
    records = [change(1, reason="invalid_data", name=4711)]
    clerk = Clerk().work(records)
    clerk.parked["fjellvik", 7] = Parked("fjellvik", "customer", 7, 1, "waiting")
    assert ("lost: fjellvik/customer/7 version 1 is parked as waiting",) == clerk.verdict(records).findings


def test_parked_without_reason() -> None:
    """A good change that ended parked is lost, and so is one of an entity that nobody planted."""
    records = [change(1)]
    clerk = Clerk()
    clerk.parked["fjellvik", 7] = Parked("fjellvik", "customer", 7, 1, "denied")
    clerk.parked["fjellvik", 9] = Parked("fjellvik", "project", 9, 1, "missing_dependency")
    assert {"lost": 2} == counts(clerk.verdict(records))


def test_repaired_but_still_parked() -> None:
    """A refused change that a newer version healed must not stay parked."""
    records = [change(1, reason="invalid_data", name=4711), change(2)]
    clerk = Clerk().work(records)
    assert {} == counts(clerk.verdict(records))
    clerk.parked["fjellvik", 7] = Parked("fjellvik", "customer", 7, 1, "invalid_data")
    assert {"lost": 1} == counts(clerk.verdict(records))


def test_good_change_below_a_refused_one() -> None:
    """Where the newest version is rightly parked, an older good one need not have reached the books."""
    records = [change(1), change(2, reason="invalid_data", name=4711)]
    assert {} == counts(Clerk().work(records[1:]).verdict(records))


def test_content_below_a_refused_one() -> None:
    """Where the newest version is rightly parked, the books may show any earlier version and nothing else."""
    records = [change(1), change(2, name="B AS"), change(3, reason="invalid_data", name=4711)]
    older = Clerk().work(records)
    older.update(records[0], older.rows["fjellvik", 7])
    assert {"older_over_newer": 1} == counts(older.verdict(records))
    assert {} == counts(Clerk().work([records[0], records[2]]).verdict(records))
    other = Clerk().work(records)
    other.update(change(3, name="C AS"), other.rows["fjellvik", 7])
    assert (
        "lost: fjellvik/customer/7 version 3 is parked, and the books show none of the versions before it",
    ) == other.verdict(records).findings


def test_row_of_a_customer_that_was_only_refused() -> None:
    """A new customer that must be refused has no row at all."""
    records = [change(1, reason="customer_number_out_of_range")]
    clerk = Clerk().work(records)
    assert {} == counts(clerk.verdict(records))
    clerk.create(records[0])
    assert {"unwanted": 1} == counts(clerk.verdict(records))


def test_record_produced_twice() -> None:
    """A record that lies twice on the topic is one change, transferred or refused."""
    good, bad = change(1), change(1, customer=8, reason="invalid_data", name=4711)
    records = [good, good, bad, bad]
    assert {} == counts(Clerk().work(records).verdict(records))


def test_dead_letters() -> None:
    """Each broken record needs its dead letter, with a reason; equal ones need as many."""
    records = [broken(b"x"), broken(b"x"), broken(b"")]
    clerk = Clerk().work(records)
    assert {} == counts(clerk.verdict(records))
    del clerk.dead_letters[0]
    assert ("lost: fjellvik: a broken record of 1 bytes has no dead letter",) == clerk.verdict(records).findings
    clerk.dead_letters[0] = DeadLetter(b"fjellvik", b"x", "")
    assert {"lost": 2} == counts(clerk.verdict(records))
    assert ("lost: fjellvik: a broken record of 1 bytes has no dead letter (2 times)",) == clerk.verdict(
        records
    ).findings[:1]


def test_dead_letter_written_twice() -> None:
    """A broken record may have two dead letters: after a crash it is written again rather than lost."""
    records = [broken(b"x")]
    clerk = Clerk().work(records).work(records)
    assert 2 == len(clerk.dead_letters)
    assert {} == counts(clerk.verdict(records))


def test_dead_letter_of_a_good_record() -> None:
    """A dead letter of a record that was not broken, or that nobody sent, is found."""
    record = change(1)
    clerk = Clerk().work([record])
    clerk.dead_letters = [DeadLetter(record.key, record.value, "undecodable"), DeadLetter(None, b"?", "undecodable")]
    assert (
        "lost: fjellvik/7 version 1 is a dead letter (undecodable)",
        "lost: a dead letter (undecodable) is no record that was sent",
    ) == clerk.verdict([record]).findings


def test_created_twice() -> None:
    """A second row for a customer is found, also where it was created under another number."""
    record = change(1)
    clerk = Clerk().work([record])
    clerk.spoil = lambda body: {**body, "CustomerNumber": None}
    clerk.create(record)
    assert ("posted_twice: fjellvik/customer/7 has 2 rows, 2 of them created",) == clerk.verdict([record]).findings


def test_created_twice_under_the_number_of_another_customer() -> None:
    """A second row is its own customer's, even if it took a number that another customer of Moment has."""
    records = [change(1), change(1, customer=8)]
    clerk = Clerk().work(records[:1])
    clerk.spoil = lambda body: {**body, "CustomerNumber": 100008}
    clerk.create(records[0])
    assert {"lost": 1, "posted_twice": 1} == counts(clerk.verdict(records))


def test_created_twice_and_deleted() -> None:
    """A create that was applied twice is found although one row was removed again."""
    record = change(1)
    clerk = Clerk().work([record])
    clerk.spoil = lambda body: {**body, "CustomerNumber": None}
    clerk.offices["fjellvik"].delete(f"customers/{clerk.create(record)}")
    assert ("posted_twice: fjellvik/customer/7 has 1 rows, 2 of them created",) == clerk.verdict([record]).findings


def test_row_of_nobody() -> None:
    """A row that looks like no customer of Moment is found."""
    clerk = Clerk().work([change(1)])
    clerk.offices["fjellvik"].customer(100500, "Ingen AS")
    assert {"unwanted": 1} == counts(clerk.verdict([change(1)]))


def test_older_over_newer() -> None:
    """An older version written over a newer one is found, also if it was put right afterwards."""
    records = [change(1), change(2, name="Ny AS"), change(3, name="Nyest AS")]
    clerk = Clerk().work(records)
    clerk.update(records[1], clerk.rows["fjellvik", 7])
    line = "older_over_newer: fjellvik/customer/7 version 2 was written over version 3"
    assert (line,) == clerk.verdict(records).findings[-1:]
    assert {"lost": 1, "older_over_newer": 1} == counts(clerk.verdict(records))
    clerk.update(records[2], clerk.rows["fjellvik", 7])
    assert (line,) == clerk.verdict(records).findings


def test_there_and_back() -> None:
    """A name that goes from A to B and back to A is no older version over a newer one, written fully or in part."""
    records = [change(1), change(2, name="B AS"), change(3), change(4, creditTermDays=10)]
    assert {} == counts(Clerk().work(records).verdict(records))
    assert {} == counts(Clerk().work(records[:1]).work(records[2:]).verdict(records))
    again = Clerk().work(records[:1])
    for record in records[:3]:
        again.update(record, again.rows["fjellvik", 7])
    assert {} == counts(again.verdict(records[:3]))


def test_late_write_that_was_healed() -> None:
    """A late write over a newer version is no finding once the newest version is there again."""
    records, clerk = _late_write()
    clerk.update(records[2], clerk.rows["fjellvik", 7])
    assert {} == counts(clerk.verdict(records))


def test_late_write_that_was_not_healed() -> None:
    """A late write that left an older version behind is found at the end."""
    records, clerk = _late_write()
    assert (
        "lost: fjellvik/customer/7 version 3 is not what the books show",
        "older_over_newer: fjellvik/customer/7 version 3 was spoiled by a late write that nobody healed",
    ) == clerk.verdict(records).findings


def _late_write() -> tuple[list[Planted], Clerk]:
    """Version 2 is cut off, version 3 written, and then version 2 applied."""
    records = [change(1), change(2, name="Ny AS"), change(3, name="Nyest AS")]
    clerk = Clerk().work(records[:1])
    clerk.emulator.inject("applied_late", **Where(method="PUT", seconds=5.0))
    clerk.work(records[1:])
    clerk.wait(6.0)
    return records, clerk


def test_late_write_of_a_newer_version() -> None:
    """A late write that leads forward is as good as any."""
    records = [change(1), change(2, name="Ny AS")]
    clerk = Clerk().work(records[:1])
    clerk.emulator.inject("applied_late", **Where(method="PUT", seconds=5.0))
    clerk.work(records[1:])
    clerk.wait(6.0)
    assert {} == counts(clerk.verdict(records))


def test_lost_reply_repeated() -> None:
    """The same version written twice, as after a lost reply, is no finding."""
    records = [change(1), change(2, name="Ny AS")]
    clerk = Clerk().work(records)
    clerk.update(records[1], clerk.rows["fjellvik", 7])
    assert {} == counts(clerk.verdict(records))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([{"Amount": 125.0}, {"Amount": -100.0}, {"Amount": -25.0}], {}),
        ([{"Amount": 0.1}, {"Amount": 0.2}, {"Amount": -0.3}], {}),
        ([{"Amount": 125.0}, {"Amount": -100.0}], {"unbalanced": 1}),
    ],
)
def test_unbalanced(lines: list[Json], expected: dict[str, int]) -> None:
    """A journal entry whose lines do not sum to zero is found."""
    clerk = Clerk()
    row: Row = {"ID": 640, "DraftLines": lines}
    clerk.history.applied.append(
        Applied(NOON, KEY, "POST", "journalentries", 640, created=True, deleted=False, late=False, row=row)
    )
    assert expected == counts(clerk.verdict([]))


def test_quota_and_requests() -> None:
    """Every breach and every wrong request counts, equal ones on one line, and no company key is told."""
    clerk = Clerk()
    clerk.history.breaches += [QuotaBreach(NOON, KEY, "quota_exceeded")] * 2
    clerk.history.violations.append(Violation(NOON, "", "GET", "/api/biz/customers", "missing_company_key"))
    verdict = clerk.verdict([])
    assert {"quota_broken": 2, "invalid_requests": 1} == counts(verdict)
    assert (
        "quota_broken: fjellvik: quota_exceeded (2 times)",
        "invalid_requests: an unknown company: GET missing_company_key",
    ) == verdict.findings


def test_findings_tell_no_personal_data() -> None:
    """A finding names tenant, id and version, and nothing that is written about a customer."""
    records = planted(seed=1, events=300, tenants=tuple(COMPANIES), started_at=NOON)
    clerk = Clerk()
    clerk.spoil = lambda body: _merged(body, {"WebUrl": "https://feil.example"})
    findings = " ".join(clerk.work(records).verdict(records).findings)
    names = {str(inside(dict(data_of(record)), "name")) for record in records if record.fate == "transfer"}
    assert findings
    assert [] == [name for name in names if name in findings]
