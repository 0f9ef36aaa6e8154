"""Actions, their verbs and what they act on."""

import pytest

from daemon.sandbox.actions import ACTIONS
from daemon.sandbox.entities import declarations
from daemon.sandbox.schema import Schema
from daemon.sandbox.transitions import TRANSITIONS
from tests.sandbox.bookkeeper import Bookkeeper


def test_entities_exist() -> None:
    """Every action and transition is one of an entity that has a route, and no name is both."""
    schema = Schema(declarations(vat_percent_at_root=True))
    moves = {(entity, each.action) for entity, transitions in TRANSITIONS.items() for each in transitions}
    assert not moves & set(ACTIONS)
    for entity, _ in moves | set(ACTIONS):
        assert schema.entity(entity).declared.route is not None


@pytest.mark.parametrize(("method", "path", "action"), [
    ("GET", "invoices/2201", "invoice"),
    ("POST", "invoices", "invoice"),
    ("POST", "invoices/2201", "payInvoice"),
    ("PUT", "invoices", "calculate-invoice-summary"),
    ("PUT", "journalentries", "book-journal-entries"),
    ("POST", "journalentries/601", "book-journal-entries"),
    ("GET", "projects", "is-used"),
    ("POST", "invoices/2201", "Invoice"),
    ("POST", "projects/71", "startproject"),
])  # fmt: skip
def test_wrong_verb_place_or_case(method: str, path: str, action: str) -> None:
    """An action with another verb, at another place or in another spelling is a 404, and blamed."""
    office = Bookkeeper()
    office.draft()
    assert 404 == office.act(path, action, verb=method).status
    assert [f"unknown_action: {method} {action}"] == office.rules


def test_action_on_nothing() -> None:
    """An action on a row that is not there is a 404 that nobody is blamed for."""
    office = Bookkeeper()
    assert (404, []) == (office.book(9999).status, office.rules)


def test_unknown_parameter() -> None:
    """A parameter that the action does not know is passed over, and blamed."""
    office = Bookkeeper()
    assert 204 == office.act(f"invoices/{office.draft()['ID']}", "invoice", nonsense="1").status
    assert ["unknown_parameter: nonsense"] == office.rules


def test_active_series_of_a_year() -> None:
    """Series that belong to a year are told for that year alone."""
    rows = (
        Bookkeeper().get("number-series", action="get-active-numberseries", entityType="JournalEntry", year="2026").rows
    )
    assert [None, 2026] == [row["AccountYear"] for row in rows]
