"""What is parked for a dependency: released by its delivery, in portions, and never missed."""

import msgspec
import pytest

from daemon.core.actions import Consult, Load, PutBack, Record
from daemon.core.events import Consulted, Loaded, Recorded, Woke
from daemon.core.model import Entity
from daemon.core.notices import Released
from tests.core.dependents import BLOCKED, CUSTOMER, KNOWN, PROJECT, REFUSED, kept, load, project, wake
from tests.core.playbook import (
    GENERATION,
    PARTITION,
    POLICY,
    TENANT,
    Playbook,
    change,
    changed,
    said,
)


def test_a_delivery_releases_what_is_parked_for_it() -> None:
    """When the customer is delivered, the projects that are parked for it are taken from the ledger and delivered."""
    play = Playbook()
    play.begin(entry=BLOCKED)
    play.fetch(change(1))
    play.deliver()
    asked = play.last(Load)
    assert ("blocked", CUSTOMER, "") == (asked.which, asked.about, asked.after)
    customer = play.entry()
    load(play, (PROJECT, BLOCKED))
    play.consulted({CUSTOMER: customer})
    play.deliver()
    assert [Released("delivered", PROJECT, 1)] == play.all(Released)


def test_at_an_assignment_it_is_asked_what_has_been_delivered_since() -> None:
    """A delivery before a crash, or in a partition that comes later, releases what is parked for it all the same."""
    play = Playbook()
    play.begin(entry=BLOCKED)
    assert [Consult(PARTITION, GENERATION, None)] == play.all(Consult)
    play.consulted({CUSTOMER: KNOWN})
    assert ("blocked", CUSTOMER) == (play.last(Load).which, play.last(Load).about)
    load(play, (PROJECT, BLOCKED))
    play.consulted({CUSTOMER: KNOWN})
    play.deliver()
    assert [Released("delivered", PROJECT, 1)] == play.all(Released)


@pytest.mark.parametrize("script", ["x", "refuse"])
def test_what_is_refused_under_old_terms_is_tried_under_the_new(script: str) -> None:
    """The terms change while it is tried, or while that is written: their sweep has passed by then."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, script))
    play.tenants(msgspec.structs.replace(TENANT, last_number=2))
    load(play)
    if script == "x":
        play.reply(said("no"))
    asked = len(play.all(Load))
    play.record()
    assert ["refused"] == [one.which for one in play.all(Load)[asked:]]
    entry = play.entry()
    load(play, (CUSTOMER, entry))
    if script == "refuse":
        play.record()
        assert asked + 1 == len(play.all(Load))


def test_what_is_delivered_to_nobody_releases_nothing() -> None:
    """A dependency that is itself parked, or was delivered to a company that the tenant had before, is not there."""
    play = Playbook()
    play.begin(entry=BLOCKED)
    play.consulted({CUSTOMER: REFUSED})
    assert [] == play.all(Load)


def test_what_is_released_comes_in_portions() -> None:
    """Ten thousand invoices of one customer do not all come into the lanes at once."""
    play = Playbook(changed(POLICY, open_per_tenant=2, open_in_all=100))
    play.begin(entry=BLOCKED)
    play.fetch(change(1))
    play.deliver()
    customer = play.entry()
    two, three = Entity("fjellvik", "project", 2), Entity("fjellvik", "project", 3)
    load(play, (two, BLOCKED), (three, BLOCKED), exhausted=False)
    assert 1 == len(play.all(Load))
    first, second = (asked for asked in play.all(Consult) if asked.entity)
    for asked in (first, second):
        play.give(Consulted(PARTITION, GENERATION, asked.entity, {CUSTOMER: customer}))
    play.deliver()
    swept = [one for one in play.all(Load) if one.about == CUSTOMER]
    assert [("blocked", ""), ("blocked", three.key)] == [(one.which, one.after) for one in swept]
    play.give(Loaded(PARTITION, GENERATION, "blocked", "fjellvik", (), next_due=None, exhausted=True, about=CUSTOMER))
    play.give(Woke(), after=1.0)
    assert swept == [one for one in play.all(Load) if one.about == CUSTOMER]


def test_a_parked_change_whose_dependency_still_lacks_is_parked_again() -> None:
    """A try out of the ledger does not wait in a lane: the next try is further away."""
    play = Playbook()
    play.begin(entry=BLOCKED)
    wake(play, 300.0)
    load(play, (PROJECT, BLOCKED))
    play.consulted()
    play.reply(said("absent"))
    assert (2, "missing_dependency") == (kept(play).attempts, kept(play).reason)


def test_a_second_delivery_sweeps_again() -> None:
    """What was parked for the customer while its dependents were being released is not forgotten."""
    play = Playbook()
    play.begin(entry=BLOCKED)
    play.fetch(change(1))
    play.deliver()
    play.fetch(change(2, "y"), entry=play.entry())
    play.deliver()
    load(play)
    assert ["blocked", "blocked"] == [one.which for one in play.all(Load) if one.about == CUSTOMER]
    load(play)
    play.give(Woke(), after=1.0)
    assert 2 == len([one for one in play.all(Load) if one.about == CUSTOMER])


def test_what_is_released_while_its_tenant_is_held_comes_again() -> None:
    """What was taken from the ledger and could not be served is put back, and asked for when it can."""
    play = Playbook()
    play.begin(entry=BLOCKED)
    play.fetch(change(1))
    play.deliver()
    play.hold("fjellvik", float("inf"))
    load(play, (PROJECT, BLOCKED))
    assert (PROJECT,) == play.last(PutBack).entities
    play.hold("fjellvik", None)
    assert ["", ""] == [one.after for one in play.all(Load) if one.about == CUSTOMER]


def test_a_dependency_that_comes_while_the_change_is_being_parked_is_not_missed() -> None:
    """The ledger is asked once more when the parking is written: what came meanwhile releases the change at once."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: REFUSED})
    parking = play.last(Record)
    play.fetch(change(2), entry=REFUSED)
    play.deliver()
    customer = play.entry()
    play.give(Recorded((parking.ticket,)))
    play.consulted({CUSTOMER: customer})
    assert ("blocked", CUSTOMER) == (play.last(Load).which, play.last(Load).about)
    load(play, (PROJECT, parking.entry))
    play.consulted({CUSTOMER: customer})
    play.deliver()
    assert [Released("delivered", PROJECT, 1)] == play.all(Released)[-1:]


def test_a_dependency_that_still_lacks_releases_nothing() -> None:
    """Asked once more, the ledger knows nothing new, or the tenant is not known any more."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: REFUSED})
    play.record()
    play.consulted({CUSTOMER: REFUSED})
    play.tenants()
    play.consulted({CUSTOMER: KNOWN})
    assert [] == play.all(Load)
