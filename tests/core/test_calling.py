"""The calls of the attempts: shared, fenced, taken back, sent again."""

from typing import Any

import msgspec
import pytest

from daemon.core.actions import Record, Send
from daemon.core.events import Committed, Lost, NotSent, Revoking, TokenRenewed, Woke
from daemon.core.model import Tenant
from daemon.core.notices import Fenced, Held
from daemon.core.pacing import Limits
from daemon.core.procedure import Unanswered, Unreachable
from tests.core.dependents import kept
from tests.core.playbook import ENTITY, PARTITION, POLICY, TENANT, Playbook, change, said

OTHER_TENANT = Tenant(name="havgard", company="decade", quota=1_000.0)


def test_one_reply_serves_everybody_who_asks_the_same() -> None:
    """A shared read of a tenant is made once, for all changes that wait for it."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "look", number=1), change(1, "look", number=2), change(1, "look", number=3))
    assert 1 == len(play.all(Send))
    play.reply(said("done"))
    assert 3 == len(play.all(Record))


def test_a_change_is_delivered_before_the_next_one_is_begun() -> None:
    """With many changes in hand none is read and left lying: its write goes before the reads of the others."""
    play = Playbook(msgspec.structs.replace(POLICY, limits=Limits(quota=1_000.0, concurrency=1, burst_seconds=1.0)))
    play.begin()
    play.fetch(*(change(1, number=number) for number in range(1, 4)))
    for _ in range(2):
        play.reply(said("absent"))
        play.reply(said("done"))
    assert ["GET", "PUT", "GET", "PUT", "GET"] == play.sent()


def test_a_version_that_has_not_begun_gives_way_to_a_newer_one() -> None:
    """What is edited again before its turn comes costs no call; the newest version has the first one's place."""
    play = Playbook()
    play.begin()
    play.give(TokenRenewed(refused="token_refused"))
    play.fetch(change(1), change(1, number=2))
    play.fetch(change(2, "y"), change(3, "z"))
    assert [("superseded", 2)] == play.settled()
    play.give(TokenRenewed())
    play.give(Woke(), after=9.0)
    assert [("superseded", 2), ("superseded", 0)] == play.settled()
    assert [ENTITY.id, 2] == [send.entity.id for send in play.all(Send) if send.entity]


def test_tenants_share_no_reads() -> None:
    """What one tenant's company answers is not another's business."""
    play = Playbook()
    play.begin(TENANT, OTHER_TENANT)
    play.fetch(change(1, "look"), change(1, "look", tenant="havgard"))
    assert ["fjellvik", "havgard"] == [send.tenant for send in play.all(Send)]


def test_a_shared_read_outlives_one_that_waited_for_it() -> None:
    """When one of several changes that wait for a queued read goes, the read still goes for the others."""
    play = Playbook()
    play.begin()
    play.give(TokenRenewed(refused="token_refused"))
    play.fetch(change(1, "look", number=1), change(1, "look", number=2))
    assert [] == play.all(Send)
    play.tenants()
    assert 2 == len(play.all(Record))
    play.give(Woke(), after=5.0)
    assert [] == play.all(Send)


def test_a_shared_read_in_flight_is_fenced_for_those_that_are_gone() -> None:
    """A reply that comes when everybody who waited for it is gone changes nothing."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "look", number=1), change(1, "look", number=2))
    play.give(Lost((PARTITION,)))
    play.reply(said("done"))
    assert (1, []) == (len(play.all(Fenced)), play.all(Record))


def test_a_call_whose_time_had_passed_takes_its_turn_again() -> None:
    """A call that the edge did not send, because it came too late or the token had expired, is queued again."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(NotSent(play.last(Send).ticket, "fenced"))
    play.give(NotSent(play.last(Send).ticket, "token_expired"))
    assert ["GET", "GET", "GET"] == play.sent()
    assert 3 == len({send.ticket for send in play.all(Send)})
    play.deliver()
    assert [("delivered", 0)] == play.settled()


def test_a_call_not_sent_for_an_attempt_that_is_gone_is_forgotten() -> None:
    """Nobody sends a call again that nobody waits for."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(Lost((PARTITION,)))
    play.give(NotSent(play.last(Send).ticket, "fenced"))
    assert 1 == len(play.all(Send))


def test_without_a_token_everybody_waits_and_nothing_is_parked() -> None:
    """While the identity server refuses the client nothing is sent and nothing parked; afterwards all of it goes."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    for _ in range(2):
        play.give(TokenRenewed(refused="token_refused"))
    play.give(NotSent(play.last(Send).ticket, "no_token"))
    assert play.planner.status(play.now).is_client_held
    assert (["client", "client"], []) == ([held.tenant or "client" for held in play.all(Held)], play.all(Record))
    play.give(TokenRenewed())
    play.give(Woke(), after=12.0)
    assert 2 == len(play.all(Send))


def test_the_identity_server_is_left_alone_as_long_as_it_asks() -> None:
    """Its Retry-After holds the whole client: without a token no call can be made, and asking again is no use."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(TokenRenewed(retry_after=30.0))
    play.give(NotSent(play.last(Send).ticket, "no_token"))
    assert [(None, "token_unavailable", 30.0)] == [(held.tenant, held.reason, held.wait) for held in play.all(Held)]
    for _ in range(29):
        play.give(Woke(), after=1.0)
        play.give(Committed(play.now, accepted=True))
    assert 1 == len(play.all(Send))
    play.give(Woke(), after=1.0)
    assert 2 == len(play.all(Send))


@pytest.mark.parametrize("terms", [{"held": "by its owner"}, {"kinds": frozenset({"project"})}])
def test_a_call_that_was_not_sent_is_not_made_for_what_may_not_go_any_more(terms: dict[str, Any]) -> None:
    """Its tenant is held, or its kind switched off, while it waits for a token: the change waits in the ledger."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.tenants(msgspec.structs.replace(TENANT, **terms))
    play.give(NotSent(play.last(Send).ticket, "token_awaited"))
    assert (["GET"], "waiting") == (play.sent(), kept(play).reason)


def test_a_call_that_queues_is_taken_back_in_a_rebalance() -> None:
    """What was granted to nobody yet is not sent for a partition that goes."""
    play = Playbook()
    play.begin()
    play.give(TokenRenewed(refused="token_refused"))
    play.fetch(change(1))
    play.give(Revoking((PARTITION,), play.now + 9.0))
    play.give(Woke(), after=4.0)
    assert [] == play.all(Send)


def test_a_lost_partition_takes_its_queued_calls_along() -> None:
    """A call that queues when the session is lost is never made."""
    play = Playbook()
    play.begin()
    play.give(TokenRenewed(refused="token_refused"))
    play.fetch(change(1), change(1, number=2))
    play.give(Lost((PARTITION,)))
    play.give(Woke(), after=9.0)
    assert ([], [("handed_back", 0), ("handed_back", 1)]) == (play.all(Send), play.settled())


def test_many_failures_in_a_row_are_an_outage() -> None:
    """When nothing gets an answer any more the planner says so, and probes instead of hammering."""
    play = Playbook()
    play.begin(TENANT, OTHER_TENANT)
    play.fetch(*(change(1, number=number, tenant=("fjellvik", "havgard")[number % 2]) for number in range(6)))
    for send in play.all(Send)[:5]:
        play.reply(Unreachable("ConnectError") if send.ticket % 2 else Unanswered("ReadTimeout"), send=send)
    assert play.planner.status(play.now).is_outage
    before = len(play.all(Send))
    play.reply(said("down", 503), send=play.all(Send)[5])
    play.give(Woke(), after=9.0)
    assert 1 == len(play.all(Send)) - before
    play.reply(said("equal"))
    assert not play.planner.status(play.now).is_outage
