"""The customer procedure against the emulator: every field, every interruption, one customer with the right content."""

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.core.procedure import Call, Delivered, Known, Outcome, Refused, Unchanged
from daemon.dnb import calls
from daemon.sandbox.settings import Switches
from tests.dnb.customers import FULL, MINIMAL, MINIMAL_SHOWN, SHOWN, prepare, prepared
from tests.dnb.world import BEHAVIOURS, Behaviour, World, calls_of, kill_at, known, run

CLEARED = {**FULL, **dict.fromkeys(("email", "invoiceEmail", "website", "phoneNumber", "faxNumber", "address"))}
CLEARED.update(
    dict.fromkeys(("organizationNumber", "deliveryAddress", "currencyCode", "countryCode", "creditTermDays"))
)
EDITED = {
    **FULL,
    "name": "Havgard Holding AS",
    "invoiceEmail": "ap@havgard.example",
    "phoneNumber": "90000001",
    "faxNumber": "90000002",
    "address": {"addressLine1": "Torget 1", "city": "Bergen"},
    "currencyCode": "EUR",
}
EDITED_SHOWN = {
    **SHOWN,
    "name": "Havgard Holding AS",
    "email": "ap@havgard.example",
    "phone": "90000001",
    "faxes": ["90000002"],
    "invoice_address": ("Torget 1", "", "", "Bergen", "NO", "Norge"),
    "currency": "EUR",
}
RENUMBERED = {**FULL, "customerNumber": "100777"}
RENUMBERED_SHOWN = {**SHOWN, "number": 100777}


def deliver(world: World, data: dict[str, Any], ledger: Known) -> Outcome:
    """Deliver one version from the start, in a world that works."""
    return run(world, prepared(data).start(ledger))


def with_full(world: World, data: dict[str, Any] | None = None) -> int:
    """Deliver the first version and return the customer's id in DnB."""
    outcome = deliver(world, data or FULL, known())
    assert isinstance(outcome, Delivered)
    return outcome.dnb_id


FIELDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("name", {"name": "Nytt Navn AS"}, {"name": "Nytt Navn AS"}),
    ("number", {"customerNumber": 100777}, {"number": 100777}),
    ("organisation number", {"organizationNumber": "923456783"}, {"organisation_number": "923456783"}),
    ("e-mail", {"invoiceEmail": "ny@havgard.example"}, {"email": "ny@havgard.example"}),
    ("e-mail without invoice e-mail", {"invoiceEmail": None}, {"email": "post@havgard.example"}),
    ("web site", {"website": "https://ny.example"}, {"website": "https://ny.example"}),
    (
        "invoice address",
        {"address": {"addressLine1": "Torget 1", "addressLine2": "B", "postalCode": "5014", "city": "Bergen"}},
        {"invoice_address": ("Torget 1", "B", "5014", "Bergen", "NO", "Norge")},
    ),
    (
        "delivery address",
        {"deliveryAddress": {"addressLine1": "Kaia 2", "city": "Moss"}},
        {"delivery_address": ("Kaia 2", "", "", "Moss", "NO", "Norge")},
    ),
    ("phone", {"phoneNumber": "90000001"}, {"phone": "90000001"}),
    ("fax", {"faxNumber": "90000002"}, {"faxes": ["90000002"]}),
    ("currency", {"currencyCode": "eur"}, {"currency": "EUR"}),
    (
        "country",
        {"countryCode": "DK", "address": {**FULL["address"], "countryCode": None}},
        {"invoice_address": ("Kaigata 4", "", "0150", "Oslo", "DK", "Danmark")},
    ),
    ("credit days", {"creditTermDays": 30}, {"credit_days": 30}),
]
CLEARINGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("organisation number", {"organizationNumber": None}, {"organisation_number": ""}),
    ("e-mail", {"email": "", "invoiceEmail": None}, {"email": ""}),
    ("web site", {"website": ""}, {"website": ""}),
    ("part of the address", {"address": {**FULL["address"], "city": None}},
     {"invoice_address": ("Kaigata 4", "", "0150", "", "NO", "Norge")}),
    ("invoice address", {"address": None, "countryCode": None}, {"invoice_address": ()}),
    ("delivery address", {"deliveryAddress": None}, {"delivery_address": ()}),
    ("phone", {"phoneNumber": None}, {"phone": ""}),
    ("fax", {"faxNumber": None}, {"faxes": []}),
    ("currency", {"currencyCode": None}, {"currency": ""}),
    ("credit days", {"creditTermDays": None}, {"credit_days": None}),
]  # fmt: skip


def identifiers(rows: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> list[str]:
    """Return the names of field tests."""
    return [name for name, _, _ in rows]


def test_create_transfers_every_field() -> None:
    """A new customer in Moment is in DnB with every field of Moment's list, with one write."""
    world = World()
    made = calls_of(world, prepared(FULL).start(known()))
    assert [SHOWN] == world.customers()
    assert [call.method for call in made if call.writes] == ["POST"]
    assert [] == world.emulator.history.violations


@pytest.mark.parametrize("status", [200, 201])
def test_create_accepts_either_status_of_success(status: int) -> None:
    """The two published contracts disagree on a create's status; both are success."""
    world = World(Switches(created_status=status))
    with_full(world)
    assert [SHOWN] == world.customers()


def test_create_of_a_minimal_customer() -> None:
    """Number and name are enough."""
    world = World()
    with_full(world, MINIMAL)
    assert [MINIMAL_SHOWN] == world.customers()


@pytest.mark.parametrize(("field", "changes", "shown"), FIELDS, ids=identifiers(FIELDS))
def test_every_change_of_a_field_is_transferred(field: str, changes: dict[str, Any], shown: dict[str, Any]) -> None:
    """A changed field arrives, with one write, and everything else stays."""
    world = World()
    dnb_id = with_full(world)
    made = calls_of(world, prepared({**FULL, **changes}).start(known(2, dnb_id)))
    assert [{**SHOWN, **shown}] == world.customers(), field
    assert [call.method for call in made if call.writes] == ["PUT"]
    assert [] == world.emulator.history.violations
    assert isinstance(deliver(world, {**FULL, **changes}, known(3, dnb_id)), Unchanged)


@pytest.mark.parametrize(("field", "changes", "shown"), FIELDS, ids=identifiers(FIELDS))
def test_every_field_is_added_to_a_minimal_customer(field: str, changes: dict[str, Any], shown: dict[str, Any]) -> None:
    """A field that DnB had nothing of arrives as a new row where it needs one."""
    world = World()
    dnb_id = with_full(world, MINIMAL)
    del shown
    outcome = deliver(world, {**FULL, **changes}, known(2, dnb_id))
    assert isinstance(outcome, Delivered), field
    fresh = World()
    with_full(fresh, {**FULL, **changes})
    assert fresh.customers() == world.customers()
    assert [] == world.emulator.history.violations


@pytest.mark.parametrize(("field", "changes", "shown"), CLEARINGS, ids=identifiers(CLEARINGS))
def test_a_field_cleared_in_moment_is_cleared_in_dnb(
    field: str, changes: dict[str, Any], shown: dict[str, Any]
) -> None:
    """What Moment no longer has, DnB no longer has."""
    world = World()
    dnb_id = with_full(world)
    outcome = deliver(world, {**FULL, **changes}, known(2, dnb_id))
    assert isinstance(outcome, Delivered), field
    assert [{**SHOWN, **shown}] == world.customers(), field
    assert isinstance(deliver(world, {**FULL, **changes}, known(3, dnb_id)), Unchanged)


def test_an_unchanged_customer_costs_no_write() -> None:
    """What DnB already holds is not sent again."""
    world = World()
    dnb_id = with_full(world)
    made = calls_of(world, prepared(FULL).start(known(2, dnb_id)))
    assert [] == [call for call in made if call.writes]


@pytest.mark.parametrize("number", ["10001", "200000", "K-100042", "\uff11\uff10\uff10\uff10\uff14\uff12"])
def test_number_range_100000_to_199999(number: str) -> None:
    """A number that DnB's series does not have is refused before any call."""
    refused = prepare({**FULL, "customerNumber": number})
    assert isinstance(refused, Refused)
    assert ("customerNumber", number) == (refused.field, refused.value)


def test_a_renumbered_customer_stays_one_customer() -> None:
    """The row is found by its id and gets the new number."""
    world = World()
    dnb_id = with_full(world)
    outcome = deliver(world, RENUMBERED, known(2, dnb_id))
    assert isinstance(outcome, Delivered)
    assert (dnb_id, "100777") == (outcome.dnb_id, outcome.number)
    assert [RENUMBERED_SHOWN] == world.customers()


def test_a_number_that_another_customer_has_is_a_conflict() -> None:
    """Renumbering never takes over another customer's row."""
    world = World()
    dnb_id = with_full(world)
    run(world, prepared({**MINIMAL, "customerNumber": 100777, "name": "Annen AS"}, entity_id=2).start(known()))
    outcome = deliver(world, RENUMBERED, known(2, dnb_id))
    assert isinstance(outcome, Refused)
    assert ("conflict", True) == (outcome.reason, outcome.heals)
    assert [SHOWN, {**MINIMAL_SHOWN, "number": 100777, "name": "Annen AS"}] == world.customers()


def test_a_number_that_passes_to_another_department_never_brings_its_row_along() -> None:
    """Both have one organisation number; the number is free once the first has its new one."""
    world = World()
    dnb_id = with_full(world)
    syd = {**FULL, "name": "Havgard avd. Syd"}
    early = run(world, prepared(syd, entity_id=2).start(known()))
    assert isinstance(early, Refused)
    assert ("conflict", True) == (early.reason, early.heals)
    assert [SHOWN] == world.customers()
    assert isinstance(deliver(world, RENUMBERED, known(2, dnb_id)), Delivered)
    assert isinstance(run(world, prepared(syd, entity_id=2).start(known())), Delivered)
    assert [RENUMBERED_SHOWN, {**SHOWN, "name": "Havgard avd. Syd"}] == world.customers()


@pytest.mark.parametrize("changes", [{"name": "HAVGARD EIENDOM as", "organizationNumber": None}, {"website": None}])
def test_a_customer_with_equal_name_is_adopted(changes: dict[str, Any]) -> None:
    """A customer that DnB had before the integration is taken over, not doubled."""
    world = World()
    run(world, prepared({**FULL, **changes}, entity_id=2).start(known()))
    assert isinstance(deliver(world, FULL, known()), Delivered)
    assert [SHOWN] == world.customers()


def test_a_stranger_with_the_number_is_a_conflict() -> None:
    """A customer with the number but another name and organisation number is never overwritten."""
    world = World()
    run(world, prepared({**MINIMAL, "name": "Annen AS"}, entity_id=2).start(known()))
    outcome = deliver(world, FULL, known())
    assert isinstance(outcome, Refused)
    assert ("conflict", True) == (outcome.reason, outcome.heals)
    assert [{**MINIMAL_SHOWN, "name": "Annen AS"}] == world.customers()


def delete(world: World, dnb_id: int) -> None:
    """Delete a customer as a person would."""
    world.send(Call(method="DELETE", target=f"api/biz/customers/{dnb_id}", writes=True))


@pytest.mark.parametrize("knows_id", [True, False])
def test_a_customer_deleted_in_dnb_is_created_again(knows_id: bool) -> None:  # noqa: FBT001 - a table's column
    """The guids of the deleted row stay used, so the next ones are taken; more than once if need be."""
    world = World()
    dnb_id = with_full(world)
    for _ in range(3):
        delete(world, dnb_id)
        outcome = deliver(world, FULL, known(2, dnb_id if knows_id else None))
        assert isinstance(outcome, Delivered)
        dnb_id = outcome.dnb_id
        assert [SHOWN] == world.customers()


def test_what_a_person_added_in_dnb_is_left_alone() -> None:
    """A second phone, a contact's e-mail or a description survives every change."""
    world = World()
    dnb_id = with_full(world)
    added = b'{"ID": 0, "_createguid": "5b7c1f0a-3a52-4d0e-9d0b-6a1f4e2c8d3%d", "Number": "%s", "Type": 150102}'
    info = world.rows("BusinessRelation")[0]["ID"]
    phones = added % (1, b"41111111")
    body = b'{"ID": %d, "Info": {"ID": %d, "Phones": [%s]}}' % (dnb_id, info, phones)
    world.send(calls.update_customer(dnb_id, body))
    deliver(world, EDITED, known(2, dnb_id))
    deliver(world, CLEARED, known(3, dnb_id))
    assert [row["Number"] for row in world.rows("Phone")] == ["41111111"]


def test_what_was_cleared_and_comes_back_costs_one_write() -> None:
    """A row that is created again in a merge has a guid of its version, so none is refused as used."""
    world = World()
    dnb_id = with_full(world)
    deliver(world, CLEARED, known(2, dnb_id))
    made = calls_of(world, prepared(FULL).start(known(3, dnb_id)))
    assert [call.method for call in made if call.writes] == ["PUT"]
    assert [SHOWN] == world.customers()


def test_an_inactive_customer_stays_inactive() -> None:
    """The integration keeps the content equal and leaves the status to people."""
    world = World()
    dnb_id = with_full(world)
    world.send(Call(method="PUT", target=f"api/biz/customers?action=deactivate&id={dnb_id}", writes=True))
    assert isinstance(deliver(world, EDITED, known(2, dnb_id)), Delivered)
    assert [50001] == [row["StatusCode"] for row in world.rows("Customer")]


@pytest.mark.parametrize(("changes", "reason"), [
    ({"currencyCode": "XXX"}, "unknown_currency"),
    ({"countryCode": "XX", "address": None}, "unknown_country"),
])  # fmt: skip
def test_an_unknown_code_is_refused_with_its_value(changes: dict[str, Any], reason: str) -> None:
    """A person reads which code DnB does not have."""
    outcome = deliver(World(), {**FULL, **changes}, known())
    assert isinstance(outcome, Refused)
    assert reason == outcome.reason
    assert outcome.value in {"XXX", "XX"}


SCENARIOS: dict[str, tuple[dict[str, Any] | None, dict[str, Any], dict[str, Any]]] = {
    "create": (None, FULL, SHOWN),
    "create minimal": (None, MINIMAL, MINIMAL_SHOWN),
    "update": (FULL, EDITED, EDITED_SHOWN),
    "add": (MINIMAL, FULL, SHOWN),
    "renumber": (FULL, RENUMBERED, RENUMBERED_SHOWN),
    "clear": (FULL, CLEARED, MINIMAL_SHOWN),
}
KILLS = list(product(SCENARIOS, BEHAVIOURS))


def rerun(world: World, data: dict[str, Any], ledger: Known, behaviour: Behaviour) -> Outcome:
    """Run again from the start while the calls under way arrive, and verify once more when they all have."""
    world_arrives = world.arrive if behaviour == "late" else (lambda: None)
    run(world, prepared(data).start(ledger), writing=world_arrives)
    world.arrive()
    return run(world, prepared(data).start(ledger))


@pytest.mark.parametrize(("scenario", "behaviour"), KILLS)
def test_killed_at_every_yield_it_converges(scenario: str, behaviour: Behaviour) -> None:
    """Whatever became of the call at which it was killed, a fresh start ends with one customer, rightly filled."""
    before, data, expected = SCENARIOS[scenario]
    for number in range(20):
        world = World()
        dnb_id = with_full(world, before) if before else None
        was_killed = kill_at(world, prepared(data).start(known(2, dnb_id)), number, behaviour)
        outcome = rerun(world, data, known(2, dnb_id, dirty=True), behaviour)
        assert isinstance(outcome, Unchanged), (number, outcome)
        assert [expected] == world.customers(), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


@pytest.mark.parametrize(("scenario", "behaviour"), KILLS)
def test_killed_twice_it_converges(scenario: str, behaviour: Behaviour) -> None:
    """A second crash, during the repair of the first, changes nothing about that."""
    before, data, expected = SCENARIOS[scenario]
    for first, second in product(range(6), range(6)):
        world = World()
        dnb_id = with_full(world, before) if before else None
        kill_at(world, prepared(data).start(known(2, dnb_id)), first, behaviour)
        kill_at(world, prepared(data).start(known(2, dnb_id, dirty=True)), second, behaviour)
        outcome = rerun(world, data, known(2, dnb_id, dirty=True), behaviour)
        assert isinstance(outcome, Unchanged), (first, second, outcome)
        assert [expected] == world.customers(), (first, second)


NEWER: dict[str, tuple[dict[str, Any] | None, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "created, then edited": (None, FULL, EDITED, EDITED_SHOWN),
    "created, then renumbered": (None, FULL, RENUMBERED, RENUMBERED_SHOWN),
    "created, then another": (
        None,
        MINIMAL,
        {"customerNumber": 100777, "name": "Ny AS"},
        {**MINIMAL_SHOWN, "number": 100777, "name": "Ny AS"},
    ),
    "created, then cleared": (None, FULL, CLEARED, MINIMAL_SHOWN),
    "created bare, then renamed": (None, MINIMAL, {**MINIMAL, "name": "Ny AS"}, {**MINIMAL_SHOWN, "name": "Ny AS"}),
    "created bare, then renumbered": (
        None, MINIMAL, {**MINIMAL, "customerNumber": 100777}, {**MINIMAL_SHOWN, "number": 100777},
    ),
    "edited, then restored": (FULL, EDITED, FULL, SHOWN),
    "cleared, then edited": (FULL, CLEARED, EDITED, EDITED_SHOWN),
    "added, then edited": (MINIMAL, FULL, EDITED, EDITED_SHOWN),
    "added, then renumbered": (MINIMAL, FULL, RENUMBERED, RENUMBERED_SHOWN),
    "renumbered, then back": (FULL, RENUMBERED, FULL, SHOWN),
}  # fmt: skip


@pytest.mark.parametrize(("scenario", "behaviour"), list(product(NEWER, BEHAVIOURS)))
def test_a_newer_version_after_a_kill_converges(scenario: str, behaviour: Behaviour) -> None:
    """An older version of unknown outcome never ends over a newer one, nor beside it as a second customer."""
    before, older, newer, expected = NEWER[scenario]
    for number in range(20):
        world = World()
        dnb_id = with_full(world, before) if before else None
        was_killed = kill_at(world, prepared(older).start(known(2, dnb_id)), number, behaviour)
        ledger = replace(known(3, dnb_id, dirty=True), numbers_tried=(str(older["customerNumber"]),))
        rerun(world, newer, ledger, behaviour)
        outcome = run(world, prepared(newer).start(ledger))
        assert isinstance(outcome, Unchanged), (number, outcome)
        assert [expected] == world.customers(), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")
