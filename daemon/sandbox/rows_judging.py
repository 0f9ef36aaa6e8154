"""Judging customers and projects: each equal to its newest version, once, and never led back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from daemon.sandbox.following import AnyPortrait, Course, Directory, Key, Subject, Trail, course, subjects, trails
from daemon.sandbox.history import Applied, History
from daemon.sandbox.planting import Planted
from daemon.sandbox.portraying import shown
from daemon.sandbox.portraying_projects import shown_project
from daemon.sandbox.verdicts import Findings, Parked

_ROUTES: Mapping[str, str] = {"customer": "customers", "project": "projects"}


class Rows:
    """The rows of one kind in the books, with the customers or projects they stand for."""

    def __init__(
        self, kind: str, known: Mapping[Key, Subject], tenants: Mapping[str, str], every: Sequence[Trail]
    ) -> None:
        """`tenants` has the tenant of each company key in small letters."""
        self.kind = kind
        self.known = known
        self.of: dict[Key, list[Trail]] = {}
        self.courses: list[tuple[Subject, Trail, Course]] = []
        self.strangers: list[Trail] = []
        self._names: dict[str, dict[int, str]] = {}
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
            self._names.setdefault(trail.company, {})[trail.row_id] = str(owner.id)

    def names(self, company: str) -> Mapping[int, str]:
        """Moment's ids of a company's rows, by their IDs in DnB."""
        return self._names.get(company, {})

    def has(self, key: Key) -> bool:
        """Whether a live row stands for this customer or project."""
        return any(trail.is_live for trail in self.of.get(key, ()))

    def show(self, subject: Subject) -> bool:
        """Whether a live row shows the newest version of `subject`."""
        newest = subject.newest
        own = self.of.get((subject.tenant, subject.id), ())
        return newest is not None and any(trail.ends_with(newest) for trail in own)

    def show_only_versions(self, subject: Subject) -> bool:
        """Whether every live row shows some transferable version of `subject`, and nothing that Moment never said."""
        live = (trail for trail in self.of.get((subject.tenant, subject.id), ()) if trail.is_live)
        return all(any(version.is_shown_by(trail.portraits[-1]) for version in subject.versions) for trail in live)


def rows_of(
    kind: str, planted: Iterable[Planted], history: History, tenants: Mapping[str, str], customers: Rows | None = None
) -> Rows:
    """The rows of `kind`; those of projects need the customers' to tell whose they are."""

    def portrayed(write: Applied) -> AnyPortrait:
        if customers is None:
            return shown(write.row)
        return shown_project(write.row, customers.names(write.company.lower()))

    return Rows(kind, subjects(planted, kind), tenants, trails(history, _ROUTES[kind], portrayed))


class Excuses:
    """Why the newest version of something may be parked though nothing is wrong with it: what it refers to is."""

    def __init__(self, reasons: Mapping[Key, AbstractSet[str]], optional: AbstractSet[Key] = frozenset()) -> None:
        """`reasons` has those under which it must be parked, but for the `optional`, which may be in the books too."""
        self._reasons = reasons
        self._optional = optional

    def allow(self, key: Key) -> AbstractSet[str]:
        """The reasons under which it may be parked."""
        return self._reasons.get(key, frozenset())

    def demand(self, key: Key) -> bool:
        """Whether it must be parked."""
        return bool(self.allow(key)) and key not in self._optional


def judge_rows(rows: Rows, parked: Sequence[Parked], excuses: Excuses, findings: Findings) -> None:
    """Add what is wrong with the customers or projects of `rows`."""
    own = [each for each in parked if each.kind == rows.kind]
    findings.add("lost", _lost(rows, own, excuses))
    findings.add("lost", _parked_without_cause(rows, own, excuses))
    findings.add("lost", _spoiled_below_refused(rows, own, excuses))
    findings.add("posted_twice", _twice(rows))
    findings.add("older_over_newer", _older_over_newer(rows))


def _lost(rows: Rows, parked: Sequence[Parked], excuses: Excuses) -> Iterator[str]:
    """Subjects that are neither right in the books nor parked; the parked ones are judged by why they are."""
    held = {(each.tenant, each.id) for each in parked}
    for key, subject in rows.known.items():
        if key in held:
            continue
        newest = 0 if subject.newest is None else subject.newest.number
        if subject.is_refused:
            reason = subject.refusals[subject.newest_refusal]
            yield f"{subject.named(subject.newest_refusal)} is not parked as {reason}"
        elif excuses.demand(key):
            yield f"{subject.named(newest)} is not parked as {' or '.join(sorted(excuses.allow(key)))}"
        elif not rows.show(subject):
            at = "missing from the books" if key not in rows.of else "not what the books show"
            yield f"{subject.named(newest)} is {at}"


def _parked_without_cause(rows: Rows, parked: Sequence[Parked], excuses: Excuses) -> Iterator[str]:
    return (
        f"{each.tenant}/{each.kind}/{each.id} version {each.version} is parked as {each.reason}"
        for each in parked
        if not _is_due(rows, each, excuses)
    )


def _is_due(rows: Rows, parked: Parked, excuses: Excuses) -> bool:
    """Whether this is the newest version, and for this reason it may not be in the books."""
    subject = rows.known.get((parked.tenant, parked.id))
    if subject is None:
        return False
    allowed = set(excuses.allow((parked.tenant, parked.id)))
    if subject.is_refused:
        newest, allowed = subject.newest_refusal, {subject.refusals[subject.newest_refusal]}
    else:
        newest = subject.newest.number if subject.newest else 0
    return parked.version == newest and parked.reason in allowed


def _spoiled_below_refused(rows: Rows, parked: Sequence[Parked], excuses: Excuses) -> Iterator[str]:
    """Rightly parked ones whose rows show something else than an earlier version."""
    due = ((rows.known[each.tenant, each.id], each.version) for each in parked if _is_due(rows, each, excuses))
    return (
        f"{subject.named(version)} is parked, and the books show none of the versions before it"
        for subject, version in due
        if not rows.show_only_versions(subject)
    )


def _twice(rows: Rows) -> Iterator[str]:
    """For each subject, the rows beyond the first: live ones, or ever created ones."""
    for (tenant, subject), own in rows.of.items():
        live = sum(trail.is_live for trail in own)
        created = sum(trail.is_created_here for trail in own)
        line = f"{tenant}/{rows.kind}/{subject} has {live} rows, {created} of them created"
        yield from [line] * (max(live, created) - 1)


def _older_over_newer(rows: Rows) -> Iterator[str]:
    for subject, trail, way in rows.courses:
        yield from (f"{subject.named(older)} was written over version {newer}" for older, newer in way.steps_back)
        if way.is_left_behind and trail.is_live:
            yield f"{subject.named(way.reached)} was spoiled by a late write that nobody healed"
