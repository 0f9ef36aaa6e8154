"""The judge: what was planted, held against what the books went through and what the daemon put aside.

It knows the promises and the contract, and nothing of how the daemon keeps them. It sees the writes in
`history.History` alone, so the books must have been without customers at the start.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.following import Course, Directory, Subject, Trail, course, subjects, trails
from daemon.sandbox.generating import Planted
from daemon.sandbox.history import History


class Parked(msgspec.Struct, frozen=True):
    """A change that is parked at the end, and why."""

    tenant: str
    kind: str
    id: int
    version: int
    reason: str


class DeadLetter(msgspec.Struct, frozen=True):
    """A record of the dead-letter topic: the original's key and value, and why it lies there."""

    key: bytes | None
    value: bytes | None
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """How often each promise was broken; `findings` has a line for each finding, without personal data."""

    lost: int
    posted_twice: int
    older_over_newer: int
    unbalanced: int
    quota_broken: int
    invalid_requests: int
    findings: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        counts = (self.lost, self.posted_twice, self.older_over_newer,
                  self.unbalanced, self.quota_broken, self.invalid_requests)  # fmt: skip
        return not any(counts)


def judge(
    planted: Sequence[Planted],
    *,
    companies: Mapping[str, str],
    history: History,
    parked: Sequence[Parked],
    dead_letters: Sequence[DeadLetter],
) -> Verdict:
    """The verdict on a run that has come to rest; `companies` gives each tenant's company key."""
    tenants = {key.lower(): tenant for tenant, key in companies.items()}
    known = subjects(planted)
    rows = _Rows(known, tenants, trails(history))
    lost = [
        *_lost_customers(known, rows, parked),
        *_parked_without_cause(known, parked),
        *_spoiled_below_refused(known, rows, parked),
        *_lost_letters(planted, dead_letters),
    ]
    twice = [*_posted_twice(rows), *_strangers(rows, tenants)]
    older = _older_over_newer(rows)
    unbalanced = _unbalanced(history)
    breaches = [f"{_tenant(tenants, each.company)}: {each.rule}" for each in history.breaches]
    violations = [f"{_tenant(tenants, each.company)}: {each.method} {each.rule}" for each in history.violations]
    named = {"lost": lost, "posted_twice": twice, "older_over_newer": older, "unbalanced": unbalanced,
             "quota_broken": breaches, "invalid_requests": violations}  # fmt: skip
    lines = tuple(f"{name}: {line}" for name, found in named.items() for line in _counted(found))
    return Verdict(
        len(lost), len(twice), len(older), len(unbalanced), len(history.breaches), len(history.violations), lines
    )


class _Rows:
    """The rows of the books, with the customers they stand for."""

    def __init__(
        self, known: Mapping[tuple[str, int], Subject], tenants: Mapping[str, str], every: Sequence[Trail]
    ) -> None:
        self.of: dict[tuple[str, int], list[Trail]] = {}
        self.courses: list[tuple[Subject, Trail, Course]] = []
        self.strangers: list[Trail] = []
        directories = {
            tenant: Directory(subject for subject in known.values() if subject.tenant == tenant)
            for tenant in tenants.values()
        }
        for trail in every:
            tenant = tenants.get(trail.company)
            owner = None if tenant is None else directories[tenant].owner(trail)
            if owner is None:
                self.strangers.append(trail)
                continue
            self.of.setdefault((owner.tenant, owner.id), []).append(trail)
            self.courses.append((owner, trail, course(owner, trail)))

    def show(self, subject: Subject) -> bool:
        """Whether a live row shows the newest version of `subject`."""
        live = (trail for trail in self.of.get((subject.tenant, subject.id), ()) if trail.is_live)
        return subject.newest is not None and any(subject.newest.is_shown_by(trail.portraits[-1]) for trail in live)

    def show_only_versions(self, subject: Subject) -> bool:
        """Whether every live row shows some transferable version of `subject`, and nothing that Moment never said."""
        live = (trail for trail in self.of.get((subject.tenant, subject.id), ()) if trail.is_live)
        return all(any(version.is_shown_by(trail.portraits[-1]) for version in subject.versions) for trail in live)


def _lost_customers(known: Mapping[tuple[str, int], Subject], rows: _Rows, parked: Sequence[Parked]) -> Iterable[str]:
    """Customers that are neither right in the books nor parked; the parked ones are judged by why they are."""
    held = {(each.tenant, each.id) for each in parked if each.kind == "customer"}
    for key, subject in known.items():
        if key in held:
            continue
        newest = 0 if subject.newest is None else subject.newest.number
        if subject.newest_refusal > newest:
            reason = subject.refusals[subject.newest_refusal]
            yield f"{subject.named(subject.newest_refusal)} is not parked as {reason}"
        elif not rows.show(subject):
            at = "missing from the books" if key not in rows.of else "not what the books show"
            yield f"{subject.named(newest)} is {at}"


def _parked_without_cause(known: Mapping[tuple[str, int], Subject], parked: Sequence[Parked]) -> Iterable[str]:
    return (
        f"{each.tenant}/{each.kind}/{each.id} version {each.version} is parked as {each.reason}"
        for each in parked
        if not _is_due(known, each)
    )


def _is_due(known: Mapping[tuple[str, int], Subject], parked: Parked) -> bool:
    """Whether this is the newest version of a customer, and it was planted to be refused for this reason."""
    subject = known.get((parked.tenant, parked.id))
    if subject is None or parked.kind != "customer" or parked.version != subject.newest_refusal:
        return False
    is_healed = subject.newest is not None and subject.newest.number > parked.version
    return not is_healed and subject.refusals[parked.version] == parked.reason


def _spoiled_below_refused(
    known: Mapping[tuple[str, int], Subject], rows: _Rows, parked: Sequence[Parked]
) -> Iterable[str]:
    """Rightly parked customers whose rows show something else than an earlier version."""
    due = (known[each.tenant, each.id] for each in parked if _is_due(known, each))
    return (
        f"{subject.named(subject.newest_refusal)} is parked, and the books show none of the versions before it"
        for subject in due
        if not rows.show_only_versions(subject)
    )


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


def _posted_twice(rows: _Rows) -> list[str]:
    """For each customer, the rows beyond the first: live ones, or ever created ones."""
    found: list[str] = []
    for (tenant, customer), own in rows.of.items():
        live = sum(trail.is_live for trail in own)
        created = sum(trail.is_created_here for trail in own)
        found += [f"{tenant}/customer/{customer} has {live} rows, {created} of them created"] * (max(live, created) - 1)
    return found


def _strangers(rows: _Rows, tenants: Mapping[str, str]) -> list[str]:
    return [
        f"{_tenant(tenants, trail.company)}: row {trail.row_id} stands for no customer of Moment"
        for trail in rows.strangers
    ]


def _older_over_newer(rows: _Rows) -> list[str]:
    found: list[str] = []
    for subject, trail, way in rows.courses:
        found += [f"{subject.named(older)} was written over version {newer}" for older, newer in way.steps_back]
        if way.is_left_behind and trail.is_live:
            found.append(f"{subject.named(way.reached)} was spoiled by a late write that nobody healed")
    return found


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


def _counted(lines: Iterable[str]) -> Iterable[str]:
    """Each line once, with how often it came if that was more than once."""
    return (line if times == 1 else f"{line} ({times} times)" for line, times in Counter(lines).items())
