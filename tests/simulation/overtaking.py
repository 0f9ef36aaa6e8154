"""Moment changes something again while the last write about it is in doubt: what a late request can then spoil."""

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from daemon.core.model import Entity
from daemon.sandbox.documents import Json
from daemon.sandbox.history import Applied
from daemon.sandbox.planting import Planted
from tests.simulation.schedules import Trouble

if TYPE_CHECKING:
    from tests.simulation.world import World

DOUBTFUL = {"applied_late", "reply_lost", "timed_out"}
"""After these faults nobody knows whether the write was applied, or will be."""

OVERTAKEN_SHARE = 0.7
OVERTAKEN_WITHIN_SECONDS = 2.0

STAMPS = {"UpdatedAt", "UpdatedBy"}


class Overtaking:
    """Publishes a newer version soon after a write was left in doubt."""

    def __init__(self, world: "World") -> None:
        """Take the world."""
        self._world = world
        self.published: list[Planted] = []

    def doubted(self, entity: Entity, trouble: Trouble) -> None:
        """Mostly let a newer version of the entity follow soon; of an invoice after whatever became of its write."""
        is_doubtful = trouble.kind in DOUBTFUL or entity.kind == "invoice"
        if is_doubtful and trouble.whom < OVERTAKEN_SHARE:
            self.overtake(entity, OVERTAKEN_WITHIN_SECONDS * trouble.seconds)

    def overtake(self, entity: Entity, seconds: float) -> None:
        """Let a newer version of the entity follow after so many seconds, if it can."""
        self._world.timeline.after(seconds, partial(self._publish, entity))

    def _publish(self, entity: Entity) -> None:
        newest = self._newest(entity)
        if newest is None or newest.fate != "transfer" or self._world.is_calm:
            return
        record = msgspec.json.decode(newest.value or b"")
        version = record["version"] + 1
        value = msgspec.json.encode(
            record | {"version": version, "data": _changed(entity.kind, version, record["data"])}
        )
        planted = msgspec.structs.replace(newest, value=value, version=version, trouble="")
        self.published.append(planted)
        self._world.publish(planted)

    def _newest(self, entity: Entity) -> Planted | None:
        """Return the newest version that Moment has of an entity, or will have."""
        every = [
            one
            for one in (*self._world.schedule.records, *self.published)
            if (one.tenant, one.kind, one.id) == (entity.tenant, entity.kind, entity.id)
        ]
        return max(every, key=lambda one: one.version or 0, default=None)


def _changed(kind: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
    """Return what is new in a version: another name, or a later due date."""
    if kind == "invoice":
        due = dt.date.fromisoformat(data["dueDate"]) + dt.timedelta(days=1)
        return data | {"dueDate": due.isoformat()}
    return data | {"name": f"{data['name'][:40]} {version}"}


def led_back(applied: list[Applied], since: int) -> bool:
    """Tell whether the last write, a late one, has undone another that was applied after its sending.

    `since` is how many writes were applied when it was sent.
    """
    late = applied[-1]
    between = [one for one in applied[since:-1] if _row(one) == _row(late)]
    return bool(between) and _content(between[-1].row) != _content(late.row)


def _row(write: Applied) -> tuple[str, str, int]:
    return write.company, write.route, write.row_id


def _content(value: Json) -> Json:
    """Return a row without what tells when it was written."""
    if isinstance(value, dict):
        return {name: _content(one) for name, one in value.items() if name not in STAMPS}
    return [_content(one) for one in value] if isinstance(value, list) else value
