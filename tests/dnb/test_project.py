"""The project procedure against the emulator: every field, every interruption, one project with the right content."""

from itertools import product
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from daemon.core.model import Kind, Tenant
from daemon.core.procedure import (
    Answered,
    Call,
    Delivered,
    Known,
    MissingDependency,
    Outcome,
    Refused,
    Remark,
    Unavailable,
    Unchanged,
)
from daemon.sandbox.settings import Switches
from tests.dnb.projects import FULL, MINIMAL, MINIMAL_SHOWN, SHOWN, about, prepared, shown, with_customers
from tests.dnb.world import BEHAVIOURS, Behaviour, World, calls_of, kill_at, ok, play, run

OTHER_CUSTOMER = {"id": 70311803, "customerNumber": "100043"}
EDITED = {**FULL, "name": "Nybygg Kaigata 6", "customer": OTHER_CUSTOMER, "endDate": None, "projectState": "finished"}
EDITED_SHOWN = {**SHOWN, "name": "Nybygg Kaigata 6", "customer": 100043, "end": None, "status": 42204}
RENUMBERED = {**FULL, "projectNumber": "5001"}
RENUMBERED_SHOWN = {**SHOWN, "number": "5001", "numeric": 5001}
ANOTHER = {**RENUMBERED, "name": "Nybygg Kaigata 6", "customer": OTHER_CUSTOMER}
ANOTHER_SHOWN = {**RENUMBERED_SHOWN, "name": "Nybygg Kaigata 6", "customer": 100043}


def deliver(world: World, data: dict[str, Any], ledger: Known) -> Outcome:
    """Deliver one version from the start, in a world that works."""
    return run(world, prepared(data).start(ledger))


def scene(before: dict[str, Any] | None = None, switches: Switches | None = None) -> tuple[World, int | None]:
    """Return a world with two customers, and with a project if one is given, and the project's id in DnB."""
    world = World(switches)
    with_customers(world, 100042, 100043)
    if before is None:
        return world, None
    outcome = deliver(world, before, about())
    assert isinstance(outcome, Delivered), outcome
    return world, outcome.dnb_id


def test_create_transfers_every_field() -> None:
    """A new project in Moment is in DnB with every field of Moment's list."""
    world, _ = scene(FULL)
    assert [SHOWN] == shown(world)
    assert [] == world.emulator.history.violations


@pytest.mark.parametrize(("data", "methods"), [(MINIMAL, ["GET", "POST"]), (FULL, ["GET", "POST", "POST", "GET"])])
def test_a_new_project_costs_as_few_calls_as_its_state_allows(data: dict[str, Any], methods: list[str]) -> None:
    """With its customer known a registered project costs two calls; another state a transition and a read more."""
    world = World()
    related = with_customers(world)
    made = calls_of(world, prepared(data).start(about(related=related)))
    assert methods == [call.method for call in made]


@pytest.mark.parametrize(
    ("before", "after", "methods"),
    [
        (FULL, FULL, ["GET"]),
        (FULL, {**FULL, "name": "Annet"}, ["GET", "PUT"]),
        (FULL, {**FULL, "projectState": "finished"}, ["GET", "POST", "GET"]),
    ],
)
def test_a_changed_project_costs_one_write_for_each_kind_of_change(
    before: dict[str, Any], after: dict[str, Any], methods: list[str]
) -> None:
    """Reading comes first, and only what differs is written."""
    world, dnb_id = scene(before)
    customer = world.rows("Customer")[0]["ID"]
    made = calls_of(world, prepared(after).start(about(2, dnb_id, related={"customer": customer})))
    assert methods == [call.method for call in made]


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"name": "Nytt navn"}, {"name": "Nytt navn"}),
    ({"projectNumber": 5001}, {"number": "5001", "numeric": 5001}),
    ({"customer": OTHER_CUSTOMER}, {"customer": 100043}),
    ({"startDate": "2026-02-01"}, {"start": "2026-02-01"}),
    ({"startDate": None}, {"start": None}),
    ({"endDate": "2027-01-31"}, {"end": "2027-01-31"}),
    ({"endDate": None}, {"end": None}),
    ({"projectState": "finished"}, {"status": 42204}),
    ({"projectState": "lost"}, {"status": 42205}),
]


@pytest.mark.parametrize(("changes", "expected"), FIELDS)
def test_every_change_of_a_field_is_transferred(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """A changed field arrives, everything else stays, and a second delivery has nothing to do."""
    world, dnb_id = scene(FULL)
    assert isinstance(deliver(world, {**FULL, **changes}, about(2, dnb_id)), Delivered)
    assert [{**SHOWN, **expected}] == shown(world)
    assert [] == world.emulator.history.violations
    assert isinstance(deliver(world, {**FULL, **changes}, about(3, dnb_id)), Unchanged)


STATES = [("registered", 42201), ("offerSent", 42202), ("inProgress", 42203), ("finished", 42204), ("lost", 42205)]


@pytest.mark.parametrize("matrix", ["inferred", "stepwise", "any"])
@pytest.mark.parametrize(("state", "status"), STATES)
def test_a_new_project_gets_to_every_state(
    state: str, status: int, matrix: Literal["inferred", "stepwise", "any"]
) -> None:
    """Whichever transitions DnB allows, there is a way from a new project to each state."""
    world, _ = scene({**FULL, "projectState": state}, Switches(project_transitions=matrix))
    assert [status] == [row["status"] for row in shown(world)]


@pytest.mark.parametrize(("before", "after"), list(product(("finished", "lost", "inProgress"), repeat=2)))
def test_states_that_have_begun_lead_to_one_another(before: str, after: str) -> None:
    """A project that is finished or lost may be taken up again."""
    world, dnb_id = scene({**FULL, "projectState": before})
    deliver(world, {**FULL, "projectState": after}, about(2, dnb_id))
    assert [dict(STATES)[after]] == [row["status"] for row in shown(world)]


@pytest.mark.parametrize(
    ("state", "reason"), [("heltNy", "project_state_unknown"), ("offerSent", "project_state_unreachable")]
)
def test_a_state_that_cannot_be_shown_is_remarked(state: str, reason: str) -> None:
    """DnB keeps its status, the rest is transferred, and a person is told."""
    world, dnb_id = scene(FULL)
    outcome = deliver(world, {**FULL, "projectState": state, "name": "Annet"}, about(2, dnb_id))
    remark = Remark(reason=reason, field="projectState", value=state)
    assert Delivered(dnb_id or 0, "4005", remarks=(remark,)) == outcome
    assert [{**SHOWN, "name": "Annet"}] == shown(world)


def test_a_status_in_the_body_is_never_sent() -> None:
    """DnB changes a status by transitions alone."""
    world = World()
    related = with_customers(world)
    made = calls_of(world, prepared(FULL).start(about(related=related)))
    assert [] == [call for call in made if b"StatusCode" in (call.body or b"")]


def test_a_refused_transition_is_remarked() -> None:
    """A DnB that refuses every transition still gets the project."""
    row = {"ID": 71, "ProjectNumber": "4005", "StatusCode": 42201}
    no = Answered(status=400, body=b'{"Message":"no"}')
    found = [ok([]), ok(row, 201), no, ok(row), no, ok(row)]
    made, outcome = play(prepared(FULL).start(about(related={"customer": 301})), found)
    remark = Remark(reason="project_state_refused", field="projectState", value="inProgress")
    assert Delivered(71, "4005", remarks=(remark,)) == outcome
    assert 6 == len(made)


def test_a_customer_that_the_ledger_does_not_know_is_found_by_number() -> None:
    """One call more, and the project has its customer."""
    world, _ = scene(FULL)
    assert [100042] == [row["customer"] for row in shown(world)]


def test_a_customer_on_its_way_is_waited_for() -> None:
    """Nothing is written for a project whose customer will come."""
    world = World()
    assert MissingDependency("customer") == deliver(world, FULL, about())
    assert [] == shown(world)


@pytest.mark.parametrize("number", ["100042", "K-1"])
def test_a_customer_that_nobody_transfers_is_refused_and_heals(number: str) -> None:
    """A person adds the customer in DnB, and the project follows by itself."""
    kinds: frozenset[Kind] = frozenset({"project", "invoice"})
    tenant = Tenant(name="fjellvik", company="c0ffee", kinds=kinds)
    data = {**FULL, "customer": {"id": 1, "customerNumber": number}}
    outcome = run(World(), prepared(data, tenant=tenant).start(about()))
    assert isinstance(outcome, Refused)
    assert ("unknown_customer", "customerNumber", number, True) == (
        outcome.reason, outcome.field, outcome.value, outcome.heals,
    )  # fmt: skip


def test_a_customer_id_that_dnb_does_not_have_heals() -> None:
    """A customer deleted in DnB behind our back is looked for again later."""
    outcome = deliver(World(), FULL, about(related={"customer": 999_999}))
    assert isinstance(outcome, Refused)
    assert ("unknown_reference", True) == (outcome.reason, outcome.heals)


def test_a_number_that_passes_to_another_project_never_brings_its_row_along() -> None:
    """Both have one customer; the number is free once the first has its new one."""
    world, dnb_id = scene(FULL)
    other = {**FULL, "name": "Havnegata 9"}
    early = run(world, prepared(other, entity_id=2).start(about()))
    assert isinstance(early, Refused)
    assert ("conflict", True) == (early.reason, early.heals)
    assert [SHOWN] == shown(world)
    assert isinstance(deliver(world, RENUMBERED, about(2, dnb_id)), Delivered)
    assert isinstance(run(world, prepared(other, entity_id=2).start(about())), Delivered)
    assert [RENUMBERED_SHOWN, {**SHOWN, "name": "Havnegata 9"}] == shown(world)


@pytest.mark.parametrize(
    "changes", [{"name": "REHABILITERING kaigata 4", "customer": OTHER_CUSTOMER}, {"endDate": None}]
)
def test_a_project_with_equal_name_is_adopted(changes: dict[str, Any]) -> None:
    """A project that DnB had before the integration is taken over, not doubled."""
    world, _ = scene()
    run(world, prepared({**FULL, **changes}, entity_id=2).start(about()))
    assert isinstance(deliver(world, FULL, about()), Delivered)
    assert [SHOWN] == shown(world)


def test_a_stranger_with_the_number_is_a_conflict() -> None:
    """A project with the number but another name and customer is never overwritten."""
    world, _ = scene()
    run(world, prepared(EDITED, entity_id=2).start(about()))
    outcome = deliver(world, FULL, about())
    assert isinstance(outcome, Refused)
    assert ("conflict", True) == (outcome.reason, outcome.heals)
    assert [EDITED_SHOWN] == shown(world)


def test_a_number_that_another_project_has_is_a_conflict() -> None:
    """Renumbering never takes over another project's row."""
    world, dnb_id = scene(FULL)
    run(world, prepared({**RENUMBERED, "name": "Annet"}, entity_id=2).start(about()))
    outcome = deliver(world, RENUMBERED, about(2, dnb_id))
    assert isinstance(outcome, Refused)
    assert ("conflict", True) == (outcome.reason, outcome.heals)


@pytest.mark.parametrize("knows_id", [True, False])
def test_a_project_deleted_in_dnb_is_created_again(knows_id: bool) -> None:  # noqa: FBT001 - a table's column
    """The guids of the deleted row stay used, so the next ones are taken; more than once if need be."""
    world, dnb_id = scene(FULL)
    for _ in range(3):
        world.send(Call(method="DELETE", target=f"api/biz/projects/{dnb_id}", writes=True))
        outcome = deliver(world, FULL, about(2, dnb_id if knows_id else None))
        assert isinstance(outcome, Delivered)
        dnb_id = outcome.dnb_id
        assert [SHOWN] == shown(world)


def test_an_ignored_filter_is_never_adopted() -> None:
    """A list of all projects is no answer to one number."""
    everything = ok([{"ID": 71, "ProjectNumber": "4005"}, {"ID": 72, "ProjectNumber": "4006"}])
    _, outcome = play(prepared(FULL).start(about(related={"customer": 301})), [everything])
    assert Unavailable("filter_ignored_project_number") == outcome


SCENARIOS: dict[str, tuple[dict[str, Any] | None, dict[str, Any], dict[str, Any]]] = {
    "create": (None, FULL, SHOWN),
    "create minimal": (None, MINIMAL, MINIMAL_SHOWN),
    "update": (FULL, EDITED, EDITED_SHOWN),
    "add": (MINIMAL, FULL, SHOWN),
    "renumber": (FULL, RENUMBERED, RENUMBERED_SHOWN),
    "lose": (None, {**FULL, "projectState": "finished"}, {**SHOWN, "status": 42204}),
}


def rerun(world: World, data: dict[str, Any], ledger: Known, behaviour: Behaviour) -> Outcome:
    """Run again from the start while the calls under way arrive, and verify once more when they all have."""
    arrives = world.arrive if behaviour == "late" else (lambda: None)
    run(world, prepared(data).start(ledger), writing=arrives)
    world.arrive()
    run(world, prepared(data).start(ledger))
    return run(world, prepared(data).start(ledger))


@pytest.mark.parametrize(("scenario", "behaviour"), list(product(SCENARIOS, BEHAVIOURS)))
def test_killed_at_every_yield_it_converges(scenario: str, behaviour: Behaviour) -> None:
    """Whatever became of the call at which it was killed, a fresh start ends with one project, rightly filled."""
    before, data, expected = SCENARIOS[scenario]
    for number in range(20):
        world, dnb_id = scene(before)
        was_killed = kill_at(world, prepared(data).start(about(2, dnb_id)), number, behaviour)
        outcome = rerun(world, data, about(2, dnb_id, dirty=True), behaviour)
        assert isinstance(outcome, Unchanged), (number, outcome)
        assert [expected] == shown(world), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


NEWER: dict[str, tuple[dict[str, Any] | None, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "created, then edited": (None, FULL, {**EDITED, "endDate": FULL["endDate"]}, {**EDITED_SHOWN, "end": SHOWN["end"]}),
    "created, then renumbered": (None, FULL, RENUMBERED, RENUMBERED_SHOWN),
    "created, then another": (None, FULL, ANOTHER, ANOTHER_SHOWN),
    "edited, then restored": (FULL, EDITED, FULL, SHOWN),
    "renumbered, then back": (FULL, RENUMBERED, FULL, SHOWN),
    "added, then edited": (MINIMAL, FULL, EDITED, EDITED_SHOWN),
}


@pytest.mark.parametrize(("scenario", "behaviour"), list(product(NEWER, BEHAVIOURS)))
def test_a_newer_version_after_a_kill_converges(scenario: str, behaviour: Behaviour) -> None:
    """An older version of unknown outcome never ends over a newer one, nor beside it as a second project."""
    before, older, newer, expected = NEWER[scenario]
    for number in range(20):
        world, dnb_id = scene(before)
        was_killed = kill_at(world, prepared(older).start(about(2, dnb_id)), number, behaviour)
        ledger = replace(about(3, dnb_id, dirty=True), numbers_tried=(older["projectNumber"],))
        outcome = rerun(world, newer, ledger, behaviour)
        assert isinstance(outcome, Unchanged), (number, outcome)
        assert [expected] == shown(world), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")
