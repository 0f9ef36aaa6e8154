"""What the planner remembers."""

from daemon.core.lanes import Item
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Tenant
from daemon.core.state import PATIENCE_SECONDS, Assignment, State
from tests.core.playbook import ENTITY, GENERATION, PARTITION, POLICY, START, TENANT, Scripted, change, changed, probe


def state(*tenants: Tenant) -> State:
    """Return a state that serves these tenants, at the start."""
    made = State(POLICY, {"customer": Scripted()}, probe)
    made.now = START
    made.tenants = {tenant.name: tenant for tenant in tenants}
    for tenant in tenants:
        made.pacing.admit(tenant)
    return made


def test_serials_are_never_repeated() -> None:
    """Tickets are told apart for as long as the process lives."""
    made = state()
    assert 100 == len({made.serial() for _ in range(100)})


def test_those_who_are_to_be_woken_are_woken_in_order() -> None:
    """Lanes and tenants are looked at when their instant comes, the earliest first, each once."""
    made = state()
    made.wake(START + 2.0, "havgard")
    made.wake(START + 1.0, ENTITY)
    made.wake(START + 9.0, "fjellvik")
    made.now = START + 2.0
    assert [ENTITY, "havgard"] == list(made.woken())
    assert [] == list(made.woken())


def test_who_is_served() -> None:
    """A tenant is served unless it is unknown, held by its configuration, denied, or paused for long."""
    made = state(TENANT, Tenant(name="held", company="a", held="told so"), Tenant(name="denied", company="b"))
    made.denials["denied"] = 1
    assert [True, False, False, False] == [made.is_served(name) for name in ("fjellvik", "held", "denied", "nobody")]
    made.pacing.hold("fjellvik", START + PATIENCE_SECONDS)
    assert made.is_served("fjellvik")
    made.pacing.hold("fjellvik", START + PATIENCE_SECONDS + 0.1)
    assert not made.is_served("fjellvik")


def test_what_came_from_the_ledger_settles_no_record() -> None:
    """An item without an offset has no record to settle."""
    made, assignment = state(TENANT), Assignment(PARTITION, GENERATION, 0)
    made.settle(assignment, Item(change(1), None, "parked", is_suspect=False, is_background=True), "delivered")
    assert [] == made.output


def test_lanes_are_counted_for_their_tenant() -> None:
    """A tenant's open lanes are known, and one that closes makes room for what waits."""
    made, assignment = state(TENANT), Assignment(PARTITION, GENERATION, 0)
    lane = made.open_lane(assignment, ENTITY, Entry(company="other", version=3))
    stranger = made.open_lane(assignment, Entity("nobody", "customer", 1), Entry(company="other", version=3))
    assert (0, 3, 1) == (lane.entry.version, stranger.entry.version, made.open_lanes["fjellvik"])
    made.close_lane(assignment, lane)
    assert (0, {"fjellvik"}) == (made.open_lanes["fjellvik"], made.hungry)


def test_while_all_have_many_lanes_each_tenant_has_its_part() -> None:
    """A tenant that comes last has its part all the same, and one that is alone as much as it may have at all."""
    made = State(changed(POLICY, open_per_tenant=5, lanes_in_all=4), {}, probe)
    assignment = Assignment(PARTITION, GENERATION, 0)
    lanes = [made.open_lane(assignment, Entity("fjellvik", "customer", number), None) for number in range(3)]
    assert (5, 5) == (made.lanes_at_most("fjellvik"), made.lanes_at_most("havgard"))
    lanes.append(made.open_lane(assignment, Entity("nordlia", "customer", 1), None))
    assert (2, 1) == (made.lanes_at_most("fjellvik"), made.lanes_at_most("havgard"))
    for lane in lanes:
        made.close_lane(assignment, lane)
    assert (5, {}) == (made.lanes_at_most("havgard"), made.open_lanes)


def test_the_earliest_due_instant_is_remembered() -> None:
    """Of several things that are due later the earliest decides when to look."""
    assignment = Assignment(PARTITION, GENERATION, 0)
    for instant in (9.0, None, 3.0, 5.0):
        assignment.note_due(instant)
    assert 3.0 == assignment.next_due
