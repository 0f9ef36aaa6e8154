"""What an action is: its verbs, its parameters, what it acts on, and what it does."""

from collections.abc import Callable, Mapping

import msgspec

from daemon.sandbox.documents import Row
from daemon.sandbox.exchange import Request, Response
from daemon.sandbox.schema import Entity
from daemon.sandbox.visiting import Visit


class Call(msgspec.Struct, frozen=True):
    """One call of an action; `row` is None where it acts on the collection."""

    visit: Visit
    entity: Entity
    row: Row | None
    request: Request
    parameters: Mapping[str, str]

    @property
    def subject(self) -> Row:
        """The row of an action that acts on one."""
        assert self.row is not None  # noqa: S101 -- actions on rows are called with their row alone
        return self.row


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """`{verb} /{route}?action={name}`, or with `on_row` `{verb} /{route}/{id}?action={name}`.

    `parameters` are those beside `action` that it knows.
    """

    run: Callable[[Call], Response]
    verbs: frozenset[str]
    on_row: bool = False
    parameters: frozenset[str] = frozenset()
