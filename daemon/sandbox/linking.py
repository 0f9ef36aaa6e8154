"""The `_links` of a row: what a client could call next."""

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.schema import Entity
from daemon.sandbox.transitions import TRANSITIONS


def links(entity: Entity, row: Row) -> Json:
    """Actions, transitions that are legal in this status, and relations that can be expanded."""
    route = f"/api/biz/{entity.declared.route}"
    transitions: Row = {
        each.action: {"href": f"{route}?action={each.action}&id={row['ID']}", "method": "PUT", "label": each.action}
        for each in TRANSITIONS.get(entity.name, ())
        if row["StatusCode"] in each.legal_from
    }
    relations: Row = {
        name: {"href": f"{route}/{row['ID']}?expand={name}", "method": "GET", "label": name}
        for name in entity.relations
    }
    return {"self": {"href": f"{route}/{row['ID']}"}, "actions": {}, "transitions": transitions, "relations": relations}
