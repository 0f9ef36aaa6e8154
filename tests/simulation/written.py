"""Every write to DnB's books as it is applied: no voucher is there twice, and nothing older over something newer."""

from collections import defaultdict
from collections.abc import Sequence

from daemon.core.model import Entity
from daemon.sandbox.following import AnyPortrait, Subject, Trail, Version, Walk, course, data_of, subjects
from daemon.sandbox.history import Applied, History
from daemon.sandbox.planting import Planted
from daemon.sandbox.portraying import shown
from daemon.sandbox.portraying_projects import shown_project
from daemon.sandbox.statuses import INVOICE_INVOICED

POSTED_TWICE = "posted_twice"
"""How the emulator's alarm begins when two vouchers stand for one invoice."""

ROWS = {"customer": "customers", "project": "projects"}
"""The kinds whose rows go through versions, and where the books have them."""


class Row:
    """What was written to one row, with what it showed after each write."""

    def __init__(self) -> None:
        """Begin before the first write."""
        self.writes: list[Applied] = []
        self.portraits: list[AnyPortrait] = []

    @property
    def trail(self) -> Trail:
        """Return the writes as the judge looks at them."""
        return Trail(self.writes[0].company, self.writes[0].row_id, tuple(self.writes), tuple(self.portraits))


class Bill:
    """One invoice: the due date of each version, by which they are told apart, and how far its rows have come.

    `meant` is the version for which the last call about it was made.
    """

    def __init__(self) -> None:
        """Begin before the first version."""
        self.due: dict[int, str] = {}
        self.meant = 0
        self._walk = Walk()

    def wrong(self, write: Applied) -> tuple[int, int] | None:
        """Return the version that a row shows after a write, and the newer one that it should show, if it is wrong."""
        shown = str(write.row["PaymentDueDate"])[:10]
        fitting = sorted(version for version, due in self.due.items() if due == shown)
        self._walk.go(fitting, is_late=write.late, was_left_behind=False)
        if self._walk.steps_back:
            return self._walk.steps_back[-1]
        is_outdated = fitting and not write.late and write.row["StatusCode"] == INVOICE_INVOICED
        return (fitting[-1], self.meant) if is_outdated and fitting[-1] < self.meant else None


class Written:
    """Holds each write against what Moment has said by then, with the judge's own eyes.

    A customer's or project's row goes through versions; an invoice's may be deleted and drawn up anew.
    """

    def __init__(self, history: History) -> None:
        """Take the history of the books."""
        self._history = history
        self._writes = 0
        self._alarms = 0
        self._versions: defaultdict[tuple[str, str, int], dict[int, Version]] = defaultdict(dict)
        self._rows: defaultdict[tuple[str, str, int], Row] = defaultdict(Row)
        self._customers: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._bills: defaultdict[tuple[str, int], Bill] = defaultdict(Bill)

    def said(self, planted: Planted) -> None:
        """Take note of a change that Moment publishes."""
        if planted.kind in ROWS:
            for (tenant, item), subject in subjects([planted], planted.kind).items():
                for version in subject.versions:
                    self._versions[tenant, planted.kind, item].setdefault(version.number, version)
        elif planted.kind == "invoice" and planted.fate in {"transfer", "amend"} and planted.id and planted.version:
            due = str(data_of(planted)["dueDate"])
            self._bills[planted.tenant, planted.id].due.setdefault(planted.version, due)

    def meant(self, entity: Entity, version: int) -> None:
        """Take note that a call about an entity is made for a version of it."""
        if entity.kind == "invoice":
            self._bills[entity.tenant, entity.id].meant = version

    def wrong(self, entity: Entity | None) -> str:
        """Return what is wrong with what a call about an entity, or about none, has changed; empty for nothing."""
        alarms, self._alarms = self._history.violations[self._alarms :], len(self._history.violations)
        writes, self._writes = self._history.applied[self._writes :], len(self._history.applied)
        found = [alarm.rule for alarm in alarms if alarm.rule.startswith(POSTED_TWICE)]
        if entity is not None:
            found += [self._look(entity, write) for write in writes if write.route == ROWS.get(entity.kind)]
            found += [self._look_at_bill(entity, write) for write in writes if _is_of(entity, write)]
        return next(filter(None, found), "")

    def _look_at_bill(self, entity: Entity, write: Applied) -> str:
        wrong = self._bills[entity.tenant, entity.id].wrong(write)
        return _told(entity, [wrong] if wrong else [])

    def _look(self, entity: Entity, write: Applied) -> str:
        row = self._rows[write.company, write.route, write.row_id]
        row.writes.append(write)
        row.portraits.append(self._portrait(entity, write))
        versions = sorted(self._versions[entity.tenant, entity.kind, entity.id].items())
        subject = Subject(entity.tenant, entity.id, tuple(version for _, version in versions), {}, entity.kind)
        return _told(entity, course(subject, row.trail).steps_back)

    def _portrait(self, entity: Entity, write: Applied) -> AnyPortrait:
        if entity.kind == "project":
            return shown_project(write.row, self._customers[write.company])
        self._customers[write.company][write.row_id] = str(entity.id)
        return shown(write.row)


def _is_of(entity: Entity, write: Applied) -> bool:
    """Tell whether a write is of a row of the invoice, and not of another that a booking has touched."""
    is_its = entity.kind == "invoice" and write.row.get("ExternalReference") == str(entity.id)
    return is_its and write.route == "invoices" and not write.deleted


def _told(entity: Entity, steps_back: Sequence[tuple[int, int]]) -> str:
    return (
        f"{entity.key} version {steps_back[-1][0]} was written over version {steps_back[-1][1]}" if steps_back else ""
    )
