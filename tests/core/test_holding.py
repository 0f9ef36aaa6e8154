"""Holds that a person asks for: nothing is sent, what comes waits, and all goes on when they end."""

import msgspec
import pytest

from daemon.core.actions import Load, Record, Send
from daemon.core.events import Arrival, Assigned, Fetched, Loaded, Lost, Recorded, Woke
from daemon.core.ledger import Entry
from daemon.core.model import Tenant
from daemon.core.notices import Held, Settled
from tests.core.playbook import GENERATION, OTHER, PARTITION, POLICY, START, TENANT, Playbook, change, changed, said

ALL = "*"
FOREVER = float("inf")
HAVGARD = Tenant(name="havgard", company="decade", quota=1_000.0)


def test_a_held_tenant_is_not_called() -> None:
    """What is open and not in flight is parked as waiting, and so is all that comes."""
    play = Playbook()
    play.begin()
    play.hold("fjellvik", FOREVER)
    play.fetch(change(1))
    play.record()
    assert ([], [("parked", 0)]) == (play.sent(), play.settled())
    assert "waiting" == play.last(Settled).reason


def test_a_call_in_flight_is_the_last_one() -> None:
    """The hold comes between two calls of a procedure: the second is not made."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.hold("fjellvik", FOREVER)
    play.reply(said("absent"))
    play.record()
    assert (["GET"], [("parked", 0)]) == (play.sent(), play.settled())


def test_other_tenants_do_not_notice() -> None:
    """One tenant is held, another is served."""
    play = Playbook()
    play.begin(TENANT, HAVGARD)
    play.hold("fjellvik", FOREVER)
    play.fetch(change(1, tenant="havgard"))
    assert ["havgard"] == [send.tenant for send in play.all(Send)]


def test_a_hold_of_everything_concerns_every_tenant() -> None:
    """With `*` nobody is called, and a release of it lets all go on."""
    play = Playbook()
    play.begin(TENANT, HAVGARD)
    play.hold(ALL, FOREVER)
    play.fetch(change(1), change(1, tenant="havgard"))
    assert [] == play.sent()
    play.give(Recorded(tuple(record.ticket for record in play.all(Record))))
    play.hold(ALL, None)
    assert {"fjellvik", "havgard"} == {load.tenant for load in play.all(Load) if load.which == "waiting"}


def test_a_release_lets_what_waited_go_on() -> None:
    """The ledger is asked for what waits as soon as the hold ends."""
    play = Playbook()
    play.begin()
    play.hold("fjellvik", FOREVER)
    play.fetch(change(1))
    play.record()
    play.hold("fjellvik", None)
    assert ("waiting", "fjellvik") == (play.last(Load).which, play.last(Load).tenant)


def test_a_hold_ends_at_its_instant() -> None:
    """A hold for an hour needs no release."""
    play = Playbook()
    play.begin()
    play.hold("fjellvik", START + 1.0)
    play.hold(ALL, START + 1.5)
    play.fetch(change(1))
    play.record()
    play.give(Woke(), after=1.2)
    assert [] == play.all(Load)
    play.give(Woke(), after=0.4)
    assert "waiting" == play.last(Load).which


def test_a_hold_comes_with_the_ledger() -> None:
    """A restart or another owner changes nothing about a hold; with the partition it goes elsewhere."""
    play = Playbook()
    play.begin()
    held = Assigned(
        partition=OTHER, generation=GENERATION, position=0, end=0, handed_over=True, share=1.0,
        holds={"fjellvik": FOREVER},
    )  # fmt: skip
    play.give(held)
    play.commit()
    play.fetch(change(1))
    assert [] == play.sent()
    play.record()
    play.give(Lost((OTHER,)))
    assert (PARTITION, "waiting") == (play.last(Load).partition, play.last(Load).which)


def test_a_denied_tenant_is_probed_after_its_hold() -> None:
    """The probe's time came while a person held the tenant: it is made when the hold ends."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("denied"))
    play.record()
    play.hold("fjellvik", FOREVER)
    play.give(Woke(), after=9.0)
    play.commit()
    assert 1 == len(play.all(Send))
    play.hold("fjellvik", None)
    assert "probe/fjellvik" == play.last(Send).call.target


def test_a_denied_tenant_that_went_elsewhere_is_not_probed() -> None:
    """Its new owner finds out whether it may be served; here it is served at once, should its partition come back."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("denied"))
    play.record()
    play.give(Lost((PARTITION,)))
    play.give(Woke(), after=9.0)
    play.begin()
    play.offset = 0
    play.fetch(change(1))
    assert ["customers/1", "customers/1"] == [send.call.target for send in play.all(Send)]


def test_a_denied_tenant_of_which_something_waits_here_stays_denied() -> None:
    """Another partition that goes changes nothing about it."""
    play = Playbook()
    play.begin()
    play.give(Assigned(partition=OTHER, generation=GENERATION, position=0, end=0, handed_over=True, share=0.5))
    play.commit()
    play.fetch(change(1))
    play.reply(said("denied"))
    play.record()
    play.give(Lost((OTHER,)))
    play.give(Woke(), after=9.0)
    play.commit()
    assert "probe/fjellvik" == play.last(Send).call.target


@pytest.mark.parametrize("is_queued", [True, False])
def test_a_probe_goes_with_the_partition(is_queued: bool) -> None:  # noqa: FBT001 - a case
    """One that queues is not made, and the reply to one in flight tells nothing: the tenant is somebody else's."""
    limits = msgspec.structs.replace(POLICY.limits, concurrency=2)
    play = Playbook(msgspec.structs.replace(POLICY, limits=limits))
    play.begin(TENANT, HAVGARD)
    play.give(Assigned(partition=OTHER, generation=GENERATION, position=0, end=0, handed_over=True, share=0.5))
    play.commit()
    play.fetch(change(1))
    play.reply(said("denied"))
    play.record()
    busy = tuple(Arrival(number, change(1, number=number, tenant="havgard")) for number in range(3 * is_queued))
    play.give(Fetched(OTHER, GENERATION, busy, len(busy)))
    play.give(Woke(), after=9.0)
    play.commit()
    probes = [send for send in play.all(Send) if send.call.target == "probe/fjellvik"]
    assert (0 if is_queued else 1) == len(probes)
    play.give(Lost((PARTITION,)))
    for send in play.all(Send)[-2:] if is_queued else probes:
        play.reply(said("denied" if send in probes else "equal"), send=send)
    play.give(Woke(), after=9.0)
    play.commit()
    assert probes == [send for send in play.all(Send) if send.call.target == "probe/fjellvik"]
    assert {"fjellvik"}.isdisjoint(held.tenant or "" for held in play.all(Held)[1:])


def test_what_is_due_of_a_tenant_that_was_denied_is_served_when_its_partition_comes_back() -> None:
    """Its lanes were full when what is due was looked at, and but for the probe nothing would tell of room again."""
    due = Entry(company="c0ffee", version=5, dnb_id=9, dirty_until=START + 9.0, dirty_data=b"x", occurred_at=START)
    play = Playbook(changed(POLICY, open_per_tenant=1))
    play.begin(entry=due)
    play.fetch(change(1, number=2), after=8.0)
    play.give(Woke(), after=1.5)
    assert ("due", frozenset({"fjellvik"})) == (play.last(Load).which, play.last(Load).except_tenants)
    play.give(Loaded(PARTITION, GENERATION, "due", None, (), None, exhausted=True))
    play.reply(said("denied"))
    play.record()
    play.give(Woke(), after=9.0)
    play.commit()
    assert "probe/fjellvik" == play.last(Send).call.target
    play.give(Lost((PARTITION,)))
    play.begin(entry=due)
    assert ("due", frozenset()) == (play.last(Load).which, play.last(Load).except_tenants)


def test_a_hold_of_an_unknown_tenant_harms_nobody() -> None:
    """A name that is in no tenants file may be held and released."""
    play = Playbook()
    play.begin()
    play.hold("nobody", START + 1.0)
    play.give(Woke(), after=1.5)
    play.hold("nobody", None)
    play.fetch(change(1))
    assert ["GET"] == play.sent()


def test_a_kind_that_is_switched_off_is_not_tried_again_from_an_open_lane() -> None:
    """A customer between two tries waits in the ledger until its kind is transferred again."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("down", 503))
    play.tenants(msgspec.structs.replace(TENANT, kinds=frozenset({"project"})))
    play.give(Woke(), after=9.0)
    play.record()
    assert (["GET"], [("parked", 0)]) == (play.sent(), play.settled())
