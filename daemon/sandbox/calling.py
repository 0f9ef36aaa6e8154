"""`/api/biz/…` served: which entity, which row, which action, and who answers."""

from typing import Final
from urllib.parse import unquote

import msgspec

from daemon.sandbox.acting import Call
from daemon.sandbox.actions import ACTIONS
from daemon.sandbox.books import AUTHOR
from daemon.sandbox.documents import Json
from daemon.sandbox.exchange import Request, Response, answer, message
from daemon.sandbox.reading import Parameters, blame_unknown, digits, fetched, listed, parameters_of
from daemon.sandbox.schema import Entity
from daemon.sandbox.transitions import Transition, transition_named, transitioned
from daemon.sandbox.visiting import Visit
from daemon.sandbox.writing import created, deleted, updated

PREFIX: Final = "/api/biz/"


class Address(msgspec.Struct, frozen=True):
    """What a path names: a collection, and a row of it if there is an ID."""

    route: str
    row_id: int | None


def served(visit: Visit, request: Request) -> Response:
    """The answer to an authorised call to the visit's company."""
    address = _address(request.path)
    parameters = parameters_of(visit, request.query)
    if address is None:
        visit.blame("unknown_path")
        return message(404, "No such address.")
    if address.route == "users" and address.row_id is None:
        return _session(visit, request, parameters)
    entity = visit.books.schema.at(address.route)
    if entity is None:
        visit.blame(f"unknown_route: {address.route}")
        return message(404, f"No entity is called {address.route}.")
    if "action" in parameters:
        return _acted(visit, entity, address, request, parameters)
    if request.method == "GET":
        return _read(visit, entity, address, parameters)
    return _written(visit, entity, address, request, parameters)


def _address(path: str) -> Address | None:
    parts = [unquote(part) for part in path.removeprefix(PREFIX).split("/")]
    if len(parts) == 1:
        return Address(parts[0], None)
    row_id = digits(parts[1])
    return None if row_id is None or len(parts) > 2 else Address(parts[0], row_id)  # noqa: PLR2004 -- a route and an ID


def _read(visit: Visit, entity: Entity, address: Address, parameters: Parameters) -> Response:
    if address.row_id is None:
        return listed(visit, entity, parameters)
    return fetched(visit, entity, address.row_id, parameters)


def _written(visit: Visit, entity: Entity, address: Address, request: Request, parameters: Parameters) -> Response:
    blame_unknown(visit, parameters, {"hateoas"})
    if not entity.declared.writable:
        visit.blame(f"read_only: {address.route}")
        return message(403, f"Missing right to write {entity.name}.")
    match request.method, address.row_id:
        case "POST", None:
            return created(visit, entity, request)
        case "PUT", int(row_id):
            return updated(visit, entity, row_id, request)
        case "DELETE", int(row_id):
            return deleted(visit, entity, row_id)
        case _:
            visit.blame(f"wrong_verb: {request.method}")
            return message(404, "No such call.")


def _acted(visit: Visit, entity: Entity, address: Address, request: Request, parameters: Parameters) -> Response:
    name = parameters["action"]
    transition = transition_named(entity.name, name)
    if transition is not None and request.method == transition.verb:
        return _move(Call(visit, entity, None, request, parameters), address, transition)
    action = ACTIONS.get((entity.name, name))
    if action is None or request.method not in action.verbs or action.on_row == (address.row_id is None):
        visit.blame(f"unknown_action: {request.method} {name}")
        return answer(404, {"message": f"{entity.name} has no action {name}."})
    blame_unknown(visit, parameters, {"action", "hateoas", *action.parameters})
    row = None
    if address.row_id is not None:
        row = visit.books.table(entity.name).get(address.row_id)
        if row is None:
            return message(404, f"{entity.name} {address.row_id} was not found.")
    return action.run(Call(visit, entity, row, request, parameters))


def _move(call: Call, address: Address, transition: Transition) -> Response:
    """A transition of the row that the path or the parameter names."""
    name = call.entity.name
    blame_unknown(
        call.visit, (each.lower() for each in call.parameters), {"action", "id", "hateoas", f"{name}id".lower()}
    )
    row_id = address.row_id if address.row_id is not None else _id_parameter(call.parameters)
    row = None if row_id is None else call.visit.books.table(name).get(row_id)
    if row is None:
        return message(404, f"{name} {row_id} was not found.")
    return transitioned(msgspec.structs.replace(call, row=row), transition)


def _id_parameter(parameters: Parameters) -> int | None:
    """The parameter `id`, written `ID` by the web front end."""
    return digits(next((value for name, value in parameters.items() if name.lower() == "id"), ""))


def _session(visit: Visit, request: Request, parameters: Parameters) -> Response:
    if request.method != "GET" or parameters.get("action") != "current-session":
        visit.blame("unknown_action: users")
        return message(404, "No such call.")
    user: Json = {"ID": 1, "DisplayName": "Integrasjon", "Email": "integrasjon@regnskap.example",
                  "GlobalIdentity": AUTHOR, "Deleted": False, "CustomValues": {}}  # fmt: skip
    return answer(200, user)
