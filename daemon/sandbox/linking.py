"""The `_links` of a row: what a client could call next."""

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.schema import Entity
from daemon.sandbox.settings import Switches
from daemon.sandbox.statuses import INVOICE_DRAFT
from daemon.sandbox.transitions import TRANSITIONS, Transition, is_legal


def links(entity: Entity, row: Row, switches: Switches) -> Json:
    """Actions, transitions that are legal in this status, and relations that can be expanded."""
    route = f"/api/biz/{entity.declared.route}"
    transitions: Row = {
        each.action: {"href": _href(route, each, row), "method": each.verb, "label": each.action}
        for each in TRANSITIONS.get(entity.name, ())
        if is_legal(switches, each, row["StatusCode"])
    }
    if entity.name == "CustomerInvoice" and row["StatusCode"] == INVOICE_DRAFT:
        href = f"{route}/{row['ID']}?action=invoice"
        transitions["invoice"] = {"href": href, "method": "POST", "label": "invoice"}
    relations: Row = {
        name: {"href": f"{route}/{row['ID']}?expand={name}", "method": "GET", "label": name}
        for name in entity.relations
    }
    return {"self": {"href": f"{route}/{row['ID']}"}, "actions": {}, "transitions": transitions, "relations": relations}


def _href(route: str, transition: Transition, row: Row) -> str:
    if transition.verb == "PUT":
        return f"{route}?action={transition.action}&id={row['ID']}"
    return f"{route}/{row['ID']}?action={transition.action}"
