"""The rows that a change refers to."""

from typing import Any

import pytest

from daemon.core.procedure import Call, Known, MissingDependency, Refused, Unavailable
from daemon.dnb.relating import Transfers, customer_id, project_id
from tests.dnb.test_chart import played
from tests.dnb.world import ok

ALL, NONE = Transfers(frozenset({"customer", "project", "invoice"})), Transfers(frozenset({"invoice"}))
CUSTOMER, PROJECT = {"ID": 301, "CustomerNumber": 100042}, {"ID": 71, "ProjectNumber": "4005"}
NOTHING = Known(version=1)


def customer(replies: list[Any], known: Known = NOTHING, transfers: Transfers = ALL) -> tuple[list[Call], Any]:
    """Look the customer up."""
    return played(customer_id("100042", known, transfers), replies)


def project(replies: list[Any], known: Known = NOTHING, transfers: Transfers = ALL) -> tuple[list[Call], Any]:
    """Look the project up."""
    return played(project_id("4005", known, transfers), replies)


def test_what_the_ledger_knows_costs_no_call() -> None:
    """Its id in DnB comes with the change."""
    known = Known(version=1, related={"customer": 5, "project": 6})
    assert ([], 5) == customer([], known)
    assert ([], 6) == project([], known)


def test_others_are_found_by_number() -> None:
    """One call, which all who wait for the same row share."""
    [call], found = customer([ok([CUSTOMER])])
    assert (True, 301) == (call.shared, found)
    [call], found = project([ok([PROJECT])])
    assert (True, 71) == (call.shared, found)


def test_what_is_missing_will_come_or_must_be_added() -> None:
    """A kind that the tenant transfers is waited for; a project can be done without, a customer cannot."""
    assert MissingDependency("customer") == customer([ok([])])[1]
    assert MissingDependency("project") == project([ok([])])[1]
    assert project([ok([])], transfers=NONE)[1] is None
    found = customer([ok([])], transfers=NONE)[1]
    assert isinstance(found, Refused)
    assert ("unknown_customer", True) == (found.reason, found.heals)


def test_several_rows_are_a_conflict() -> None:
    """Which is meant, only a person can tell."""
    for found in (
        customer([ok([CUSTOMER, {**CUSTOMER, "ID": 2}])])[1],
        project([ok([PROJECT, {**PROJECT, "ID": 2}])])[1],
    ):
        assert isinstance(found, Refused)
        assert "conflict" == found.reason


@pytest.mark.parametrize("number", ["K-1", "9" * 11, "\uff11"])
def test_a_number_that_dnb_cannot_have_is_not_asked_for(number: str) -> None:
    """A filter with it would be ignored, and everything returned."""
    assert ([], MissingDependency("customer")) == played(customer_id(number, NOTHING, ALL), [])


def test_an_ignored_filter_is_never_believed() -> None:
    """A list of everything is no answer to one number."""
    assert Unavailable("filter_ignored_customer_number") == customer([ok([{"ID": 1, "CustomerNumber": 7}])])[1]
    assert Unavailable("filter_ignored_project_number") == project([ok([{"ID": 1, "ProjectNumber": "7"}])])[1]
