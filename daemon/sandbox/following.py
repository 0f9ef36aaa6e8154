"""Which customer or project of Moment each row of the books stands for, and how the row went through its versions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from daemon.sandbox.documents import Json, Row, decoded
from daemon.sandbox.history import Applied, History
from daemon.sandbox.planting import Planted
from daemon.sandbox.portraying import Portrait, agrees, shown, wanted
from daemon.sandbox.portraying_projects import ProjectPortrait, agrees_on_project, wanted_project, wanted_status
from daemon.sandbox.project_ways import leads

AnyPortrait: TypeAlias = Portrait | ProjectPortrait
Key: TypeAlias = tuple[str, int]
"""Tenant and id of what is followed."""


class Version(msgspec.Struct, frozen=True):
    """What DnB must show for one version, the country that Moment names, and the status if one is asked for."""

    number: int
    portrait: AnyPortrait
    country: str
    data: Row
    status: int | None = None

    def is_shown_by(self, row: AnyPortrait) -> bool:
        """Whether a row shows this version, whatever its status."""
        if isinstance(self.portrait, Portrait) and isinstance(row, Portrait):
            return agrees(self.portrait, row, self.country)
        if isinstance(self.portrait, ProjectPortrait) and isinstance(row, ProjectPortrait):
            return agrees_on_project(self.portrait, row)
        return False


class Subject(msgspec.Struct, frozen=True):
    """A customer or project of Moment: its transferable versions, oldest first, and the reasons to refuse others."""

    tenant: str
    id: int
    versions: tuple[Version, ...]
    refusals: Mapping[int, str]
    kind: str = "customer"

    @property
    def newest(self) -> Version | None:
        """The highest version that can be transferred."""
        return self.versions[-1] if self.versions else None

    @property
    def newest_refusal(self) -> int:
        """The highest version that must be refused; 0 if there is none."""
        return max(self.refusals, default=0)

    @property
    def is_refused(self) -> bool:
        """Whether the newest version of all must be refused."""
        return self.newest_refusal > (self.newest.number if self.newest else 0)

    def named(self, version: int) -> str:
        """How a finding names a version."""
        return f"{self.tenant}/{self.kind}/{self.id} version {version}"


class Trail(msgspec.Struct, frozen=True):
    """The writes to one row, in order, each with what the row showed after it."""

    company: str
    row_id: int
    writes: tuple[Applied, ...]
    portraits: tuple[AnyPortrait, ...]

    @property
    def is_live(self) -> bool:
        """Whether the row still exists."""
        return not self.writes[-1].deleted

    @property
    def is_created_here(self) -> bool:
        """Whether a write created the row; else it was there before."""
        return any(write.created for write in self.writes)

    def ends_with(self, version: Version) -> bool:
        """Whether the row lives and shows a version, its status too."""
        status = self.writes[-1].row.get("StatusCode")
        is_right = version.status is None or version.status == status
        return self.is_live and is_right and version.is_shown_by(self.portraits[-1])


class Course(msgspec.Struct, frozen=True):
    """How a row went through its customer's or project's versions.

    `steps_back` has, for each write that led back, the version it led to and the one that had been shown before.
    `is_left_behind` says that a late write led away from the versions and nothing put that right.
    """

    steps_back: tuple[tuple[int, int], ...]
    is_left_behind: bool
    reached: int


def subjects(planted: Iterable[Planted], kind: str = "customer") -> dict[Key, Subject]:
    """The customers or projects that `planted` tells of, by tenant and id."""
    versions: dict[Key, dict[int, Version]] = {}
    refusals: dict[Key, dict[int, str]] = {}
    for record in planted:
        if record.id is None or record.version is None or record.kind != kind:
            continue
        if record.fate not in {"transfer", "refuse"}:
            continue
        key = (record.tenant, record.id)
        versions.setdefault(key, {})
        refusals.setdefault(key, {})
        if record.fate == "refuse":
            refusals[key][record.version] = record.reason
        elif record.version not in versions[key]:
            versions[key][record.version] = _version(record, record.version)
    return {
        key: Subject(*key, tuple(known[number] for number in sorted(known)), refusals[key], kind)
        for key, known in versions.items()
    }


def data_of(record: Planted) -> Row:
    """The data of a record that keeps the contract."""
    value = decoded(record.value or b"")
    data = value.get("data") if isinstance(value, dict) else None
    assert isinstance(data, dict)  # noqa: S101 -- what is to be transferred keeps the contract
    return data


def _version(record: Planted, number: int) -> Version:
    data = data_of(record)
    if record.kind == "project":
        return Version(number, wanted_project(data), "", data, wanted_status(data))
    return Version(number, wanted(data), str(data.get("countryCode") or ""), data)


def _shown(write: Applied) -> AnyPortrait:
    return shown(write.row)


def trails(
    history: History, route: str = "customers", portrayed: Callable[[Applied], AnyPortrait] = _shown
) -> list[Trail]:
    """The rows of a route that were written, in the order of their first write."""
    rows: dict[tuple[str, int], list[Applied]] = {}
    for write in history.applied:
        if write.route == route:
            rows.setdefault((write.company.lower(), write.row_id), []).append(write)
    return [Trail(*key, tuple(writes), tuple(map(portrayed, writes))) for key, writes in rows.items()]


class Directory:
    """The customers or projects of one tenant, to be found by what a row shows."""

    def __init__(self, members: Iterable[Subject]) -> None:
        self._members = tuple(members)
        self._by_number = {version.portrait.number: member for member in self._members for version in member.versions}

    def owner(self, trail: Trail) -> Subject | None:
        """The customer or project that the row stands for.

        That is the one whose number and name it shows; else the one whose every field but the number it shows; else
        the one whose number it shows. What it showed last counts first.
        """
        latest_first = tuple(dict.fromkeys(reversed(trail.portraits)))
        for portrait in latest_first:
            found = self._by_number_and_name(portrait) or self._by_content(portrait)
            if found is not None:
                return found
        numbered = (self._by_number.get(portrait.number) for portrait in latest_first)
        return next((member for member in numbered if member is not None), None)

    def _by_number_and_name(self, row: AnyPortrait) -> Subject | None:
        member = self._by_number.get(row.number)
        if member is None or all(version.portrait.name != row.name for version in member.versions):
            return None
        return member

    def _by_content(self, row: AnyPortrait) -> Subject | None:
        return next((member for member in self._members if _looks_like(member, row)), None)


def _looks_like(member: Subject, row: AnyPortrait) -> bool:
    """Whether `row` shows a version of `member` but for the number."""
    return any(
        version.is_shown_by(msgspec.structs.replace(row, number=version.portrait.number))
        for version in member.versions
        if version.portrait.name == row.name
    )


class Walk:
    """How far a row has come, and which writes led back."""

    def __init__(self) -> None:
        self.reached = 0
        self.steps_back: list[tuple[int, int]] = []

    def go(self, fitting: Sequence[int], *, is_late: bool, was_left_behind: bool) -> bool:
        """Take a write that fits some versions, the lowest first; whether a late one has left the row behind."""
        forward = [number for number in fitting if number >= self.reached]
        if forward:
            self.reached = forward[0]
            return False
        if not is_late and fitting:
            self.steps_back.append((fitting[-1], self.reached))
        return is_late or was_left_behind


def course(subject: Subject, trail: Trail) -> Course:
    """How the row went through the versions of `subject`.

    Equal content may belong to several versions (A, B, A again): each write is taken for the lowest one that is not
    below what was shown before. A write that changed nothing proves nothing. A change of a project's status, which DnB
    makes apart from the rest, is taken for the lowest version that it may lead to.
    """
    walk = Walk()
    before: AnyPortrait | None = None
    status: Json = None
    is_behind = is_moved_away = False
    for write, portrait in zip(trail.writes, trail.portraits, strict=True):
        if write.deleted:
            continue
        if portrait != before:
            fitting = [version.number for version in subject.versions if version.is_shown_by(portrait)]
            is_behind = walk.go(fitting, is_late=write.late, was_left_behind=is_behind)
        now = write.row.get("StatusCode")
        if isinstance(status, int) and isinstance(now, int) and now != status:
            meant = [version.number for version in subject.versions if leads(status, now, version.status)]
            is_wrong = subject.newest is not None and subject.newest.status not in {None, now}
            is_moved_away = walk.go(meant, is_late=write.late, was_left_behind=is_moved_away) and is_wrong
        before, status = portrait, now
    return Course(tuple(walk.steps_back), is_behind or is_moved_away, walk.reached)
