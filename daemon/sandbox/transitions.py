"""Changes of status that have a name: `PUT /{route}?action={name}&id={id}`."""

from collections.abc import Mapping
from typing import Final

import msgspec

from daemon.sandbox.entities import ACTIVE, BLOCKED, INACTIVE

PENDING: Final = 20001


class Transition(msgspec.Struct, frozen=True):
    """An action, the statuses in which it is legal, and the status it leads to."""

    action: str
    legal_from: frozenset[int]
    leads_to: int


TRANSITIONS: Final[Mapping[str, tuple[Transition, ...]]] = {
    "Customer": (
        Transition("activate", frozenset({PENDING, INACTIVE, BLOCKED}), ACTIVE),
        Transition("deactivate", frozenset({PENDING, ACTIVE, BLOCKED}), INACTIVE),
        Transition("block", frozenset({PENDING, ACTIVE, INACTIVE}), BLOCKED),
    ),
}


def transition_named(entity: str, action: str) -> Transition | None:
    """The transition of `entity` that `action` names."""
    return next((each for each in TRANSITIONS.get(entity, ()) if each.action == action), None)
