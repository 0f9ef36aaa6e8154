"""Moment's project states, and the way from one status in DnB to another."""

from itertools import product

import pytest

from daemon.dnb.project_states import ENDS, TRANSITIONS, next_transition, wanted_status


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("inProgress", 42203),
        ("IN_PROGRESS", 42203),
        ("in progress", 42203),
        ("registered", 42201),
        ("offerSent", 42202),
        ("finished", 42204),
        ("lost", 42205),
        ("", None),
        ("heltNy", None),
    ],
)
def test_a_state_is_understood_however_it_is_spelled(state: str, status: int | None) -> None:
    """A state that is not understood has no status, so that DnB's is left alone."""
    assert status == wanted_status(state)


@pytest.mark.parametrize(
    ("current", "wanted", "first"),
    [
        (42201, 42203, "StartProject"),
        (42201, 42204, "StartProject"),
        (42202, 42205, "DiscardProject"),
        (42204, 42205, "ReactivateProject"),
        (42203, 42201, None),
        (42204, 42202, None),
        (1, 42203, None),
    ],
)
def test_the_shortest_way_is_taken(current: int, wanted: int, first: str | None) -> None:
    """A project that has begun cannot become an offer again."""
    assert first == next_transition(current, wanted)


def test_a_refused_step_leads_to_another_way() -> None:
    """Where a project must be an offer before it starts, it becomes one."""
    assert "InitiateProject" == next_transition(42201, 42203, {(42201, "StartProject")})


def test_no_way_leads_through_an_end() -> None:
    """A project is never shown as lost only to get elsewhere."""
    for current, wanted in product(TRANSITIONS, repeat=2):
        refused = {(current, "StartProject"), (current, "InitiateProject")}
        step = next_transition(current, wanted, refused)
        assert step is None or TRANSITIONS[current][step] not in ENDS - {wanted}
