"""One call to one company's books: where they are, what time it is, and what the call turned out to be."""

import msgspec

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Row
from daemon.sandbox.rendering import whole
from daemon.sandbox.schema import Entity
from daemon.sandbox.settings import Switches


class Write(msgspec.Struct, frozen=True):
    """One write that was applied, and the whole row after it."""

    route: str
    row_id: int
    created: bool
    deleted: bool
    row: Row


class Visit:
    """The state of one call.

    `rules` collects what a correct client would not have done, `writes` what was applied. `alarms` are rules that the
    books themselves break after the call, which is a fault whenever the request was applied.
    """

    def __init__(self, books: Books, switches: Switches, now: float) -> None:
        self.books = books
        self.switches = switches
        self.now = now
        self.rules: list[str] = []
        self.alarms: list[str] = []
        self.writes: list[Write] = []
        books.begin()

    def blame(self, rule: str) -> None:
        """Note that the request broke `rule`."""
        self.rules.append(rule)

    def alarm(self, rule: str) -> None:
        """Note that the books now break `rule`."""
        self.alarms.append(rule)

    def revert(self) -> None:
        """Take back everything that the call has written."""
        self.books.revert()
        self.writes.clear()
        self.alarms.clear()

    def wrote(self, entity: Entity, row: Row, *, created: bool = False, deleted: bool = False) -> None:
        """Note that `row` was written, with everything that hangs on it."""
        shown = whole(self.books, entity, row)
        self.writes.append(Write(entity.declared.route or "", id_of(row), created, deleted, shown))
