"""One call to one company's books: where they are, what time it is, and what the call turned out to be."""

import msgspec

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Row
from daemon.sandbox.rendering import Tree, planted, rendered
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
    """The state of one call. `rules` collects what a correct client would not have done, `writes` what was applied."""

    def __init__(self, books: Books, switches: Switches, now: float) -> None:
        self.books = books
        self.switches = switches
        self.now = now
        self.rules: list[str] = []
        self.writes: list[Write] = []

    def blame(self, rule: str) -> None:
        """Note that the request broke `rule`."""
        self.rules.append(rule)

    def wrote(self, entity: Entity, row: Row, *, created: bool = False, deleted: bool = False) -> None:
        """Note that `row` was written, with everything that hangs on it."""
        tree: Tree = {}
        for path in entity.declared.snapshot:
            planted(tree, path.split("."))
        whole = rendered(self.books, entity, row, tree)
        self.writes.append(Write(entity.declared.route or "", id_of(row), created, deleted, whole))
