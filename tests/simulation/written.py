"""Every write to DnB's books as it is applied: no voucher is there twice, and nothing older over something newer."""

from collections import defaultdict

from daemon.core.model import Entity
from daemon.sandbox.following import AnyPortrait, Subject, Trail, Version, course, subjects
from daemon.sandbox.history import Applied, History
from daemon.sandbox.planting import Planted
from daemon.sandbox.portraying import shown
from daemon.sandbox.portraying_projects import shown_project

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


class Written:
    """Holds each write against what Moment has said by then, with the judge's own eyes."""

    def __init__(self, history: History) -> None:
        """Take the history of the books."""
        self._history = history
        self._writes = 0
        self._alarms = 0
        self._versions: defaultdict[tuple[str, str, int], dict[int, Version]] = defaultdict(dict)
        self._rows: defaultdict[tuple[str, str, int], Row] = defaultdict(Row)
        self._customers: defaultdict[str, dict[int, str]] = defaultdict(dict)

    def said(self, planted: Planted) -> None:
        """Take note of a change that Moment publishes."""
        if planted.kind in ROWS:
            for (tenant, item), subject in subjects([planted], planted.kind).items():
                for version in subject.versions:
                    self._versions[tenant, planted.kind, item].setdefault(version.number, version)

    def wrong(self, entity: Entity | None) -> str:
        """Return what is wrong with what a call about an entity, or about none, has changed; empty for nothing."""
        alarms, self._alarms = self._history.violations[self._alarms :], len(self._history.violations)
        writes, self._writes = self._history.applied[self._writes :], len(self._history.applied)
        found = [alarm.rule for alarm in alarms if alarm.rule.startswith(POSTED_TWICE)]
        if entity is not None:
            found += [self._look(entity, write) for write in writes if write.route == ROWS.get(entity.kind)]
        return next(filter(None, found), "")

    def _look(self, entity: Entity, write: Applied) -> str:
        row = self._rows[write.company, write.route, write.row_id]
        row.writes.append(write)
        row.portraits.append(self._portrait(entity, write))
        versions = sorted(self._versions[entity.tenant, entity.kind, entity.id].items())
        subject = Subject(entity.tenant, entity.id, tuple(version for _, version in versions), {}, entity.kind)
        back = course(subject, row.trail).steps_back
        return f"{entity.key} version {back[-1][0]} was written over version {back[-1][1]}" if back else ""

    def _portrait(self, entity: Entity, write: Applied) -> AnyPortrait:
        if entity.kind == "project":
            return shown_project(write.row, self._customers[write.company])
        self._customers[write.company][write.row_id] = str(entity.id)
        return shown(write.row)
