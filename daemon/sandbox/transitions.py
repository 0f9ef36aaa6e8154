"""Changes of status that have a name: `PUT /{route}?action={name}&id={id}` or `POST /{route}/{id}?action={name}`."""

from collections.abc import Mapping
from typing import Final

import msgspec

from daemon.sandbox.acting import Call
from daemon.sandbox.documents import Json
from daemon.sandbox.exchange import Response, answer, empty
from daemon.sandbox.settings import Switches
from daemon.sandbox.statuses import (
    ACTIVE,
    BLOCKED,
    INACTIVE,
    PENDING,
    PROJECT_COMPLETED,
    PROJECT_DISCARDED,
    PROJECT_IN_PROGRESS,
    PROJECT_OFFERED,
    PROJECT_REGISTERED,
)


class Transition(msgspec.Struct, frozen=True):
    """An action, the statuses in which it is legal, the status it leads to, and its verb.

    With PUT the row stands in the parameter `id`, with POST in the path.
    """

    action: str
    legal_from: frozenset[int]
    leads_to: int
    verb: str = "PUT"


_REGISTERED, _OFFERED, _IN_PROGRESS = PROJECT_REGISTERED, PROJECT_OFFERED, PROJECT_IN_PROGRESS
_ANY_PROJECT: Final = frozenset(range(PROJECT_REGISTERED, PROJECT_DISCARDED + 1))
_ENDED: Final = frozenset({PROJECT_COMPLETED, PROJECT_DISCARDED})

TRANSITIONS: Final[Mapping[str, tuple[Transition, ...]]] = {
    "Customer": (
        Transition("activate", frozenset({PENDING, INACTIVE, BLOCKED}), ACTIVE),
        Transition("deactivate", frozenset({PENDING, ACTIVE, BLOCKED}), INACTIVE),
        Transition("block", frozenset({PENDING, ACTIVE, INACTIVE}), BLOCKED),
    ),
    "Project": (
        Transition("InitiateProject", frozenset({_REGISTERED}), _OFFERED, "POST"),
        Transition("StartProject", frozenset({_REGISTERED, _OFFERED}), _IN_PROGRESS, "POST"),
        Transition("CompleteProject", frozenset({_IN_PROGRESS}), PROJECT_COMPLETED, "POST"),
        Transition("DiscardProject", frozenset({_REGISTERED, _OFFERED, _IN_PROGRESS}), PROJECT_DISCARDED, "POST"),
        Transition("ReactivateProject", _ENDED, _IN_PROGRESS, "POST"),
    ),
}


def transition_named(entity: str, action: str) -> Transition | None:
    """The transition of `entity` that `action` names."""
    return next((each for each in TRANSITIONS.get(entity, ()) if each.action == action), None)


def is_legal(switches: Switches, transition: Transition, status: Json) -> bool:
    """Whether `transition` may be made from `status`; the sources leave the matrix of projects to inference."""
    if transition.verb == "POST" and switches.project_transitions == "any":
        return status in _ANY_PROJECT - {transition.leads_to}
    if transition.action == "StartProject" and switches.project_transitions == "stepwise":
        return status == PROJECT_OFFERED
    return status in transition.legal_from


def transitioned(call: Call, transition: Transition) -> Response:
    """The row's new status, or the refusal of a transition that its status does not allow."""
    visit, row = call.visit, call.subject
    if not is_legal(visit.switches, transition, row["StatusCode"]):
        return refused_transition(call, f"The transition {transition.action} is not allowed in this status")
    visit.books.table(call.entity.name).update(row, {"StatusCode": transition.leads_to}, visit.now)
    visit.wrote(call.entity, row)
    return empty(visit.switches.action_status)


def refused_transition(call: Call, text: str) -> Response:
    """A 400 that says why a transition was not made."""
    item: Json = {"Message": text, "PropertyName": "StatusCode", "EntityType": call.entity.name, "Level": 30,
                  "EntityID": 0}  # fmt: skip
    return answer(400, {"Messages": [item]})
