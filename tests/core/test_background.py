"""What goes before what within a tenant: live changes before replays, checks and what has failed before."""

import msgspec
import pytest

from daemon.core.actions import Load, Record, Send
from daemon.core.events import Loaded, Recorded
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Entity
from tests.core.playbook import GENERATION, PARTITION, POLICY, START, Playbook, change, said

ONE_AT_A_TIME = msgspec.structs.replace(POLICY, limits=msgspec.structs.replace(POLICY.limits, concurrency=1))
ALL_AT_ONCE = msgspec.structs.replace(POLICY, limits=msgspec.structs.replace(POLICY.limits, tenant_concurrency=8))
WAITING = Parked(version=6, data=b"y", occurred_at=START, reason="waiting", since=START)
WAITING_REPLAY = msgspec.structs.replace(WAITING, is_background=True)
FAILED = msgspec.structs.replace(WAITING, reason="unavailable")


def entity(number: int) -> Entity:
    """Return a customer of the tenant."""
    return Entity("fjellvik", "customer", number)


def entry(parked: Parked) -> Entry:
    """Return a delivered customer with a parked change."""
    return Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION, parked=parked)


def called(play: Playbook) -> list[int]:
    """Return about which customers a call was made so far, in that order."""
    return [send.entity.id for send in play.all(Send) if send.entity]


def waiting(play: Playbook) -> dict[int, bool]:
    """Return which customers were put into the ledger to wait, and whether behind live changes."""
    records = [(record.entity.id, record.entry.parked) for record in play.all(Record)]
    return {number: parked.is_background for number, parked in records if parked}


def answer(play: Playbook, count: int) -> None:
    """Let so many calls succeed, one after the other, each with its entry acknowledged before the next."""
    for _ in range(count):
        play.reply(said("equal"))
        play.record()


def loaded(play: Playbook, *entries: tuple[Entity, Entry], exhausted: bool = True) -> None:
    """Answer the newest load with these entries."""
    load = play.last(Load)
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, entries, None, exhausted=exhausted))


def test_live_changes_go_before_replays() -> None:
    """Whatever came first; what is in flight already is not disturbed."""
    play = Playbook(ONE_AT_A_TIME)
    play.begin()
    play.fetch(change(1, number=1, replay="r"))
    play.fetch(change(1, number=2, replay="r"), change(1, number=3))
    answer(play, 3)
    assert [1, 3, 2] == called(play)


def test_a_live_change_takes_the_replay_of_its_entity_along() -> None:
    """The call of the replay that queues is the first one of the newer version: it does not stay behind."""
    play = Playbook(ONE_AT_A_TIME)
    play.begin()
    play.fetch(change(1, number=1, replay="r"))
    play.fetch(*(change(1, number=number, replay="r") for number in (2, 3)), change(2, number=3))
    answer(play, 3)
    assert [1, 3, 2] == called(play)


def test_a_replay_does_not_hold_back_the_live_change_that_it_replaces() -> None:
    """A newer version that is replayed goes when the live one that it supersedes would have gone."""
    play = Playbook(ONE_AT_A_TIME)
    play.begin()
    play.fetch(change(1, number=9))
    play.fetch(change(1, number=2, replay="r"), change(2, number=1), change(3, number=1, replay="r"))
    answer(play, 3)
    assert [9, 1, 2] == called(play)


def test_a_read_that_is_shared_goes_with_the_live_change_that_needs_it() -> None:
    """Though a replay asked for it first."""
    play = Playbook(ONE_AT_A_TIME)
    play.begin()
    play.fetch(
        change(1, number=1, replay="r"), change(1, "look", number=2, replay="r"), change(1, number=3, replay="r")
    )
    play.fetch(change(1, "look", number=4))
    play.reply(said("equal"))
    assert "currencies" == play.last(Send).call.target


def test_replays_fill_half_of_the_lanes_and_live_changes_pass_by_those_that_wait() -> None:
    """A tenant may have six changes open: three replays, and all that is live until there are six."""
    play = Playbook(ALL_AT_ONCE)
    play.begin()
    play.fetch(*(change(1, number=number, replay="r") for number in range(1, 6)))
    assert ([1, 2, 3], {4: True, 5: True}) == (called(play), waiting(play))
    play.give(Recorded(tuple(record.ticket for record in play.all(Record))))
    play.fetch(*(change(1, number=number) for number in range(6, 10)))
    assert [1, 2, 3, 6, 7, 8] == called(play)
    assert {4: True, 5: True, 9: False} == waiting(play)


@pytest.mark.parametrize(("parked", "first"), [(WAITING, [1, 7, 8]), (WAITING_REPLAY, [1, 8, 7]), (FAILED, [1, 8, 7])])
def test_what_comes_back_from_the_ledger_goes_as_it_would_have_gone(parked: Parked, first: list[int]) -> None:
    """A live change that waited is live still; a replay, or what has failed before, is not."""
    play = Playbook(ONE_AT_A_TIME)
    play.begin(entry=entry(WAITING))
    loaded(play, (entity(1), entry(WAITING)), (entity(7), entry(parked)))
    play.fetch(change(1, number=8))
    answer(play, 3)
    assert first == called(play)


def test_live_changes_pass_by_once_only_replays_are_known_to_wait() -> None:
    """The store gives live changes first: the first replay among them tells that none is left."""
    play = Playbook()
    play.begin(entry=entry(WAITING))
    loaded(play, (entity(7), entry(WAITING_REPLAY)), exhausted=False)
    play.fetch(change(1, number=2))
    assert ([7, 2], {}) == (called(play), waiting(play))


def test_live_changes_wait_while_others_may_wait_before_them() -> None:
    """Those of a ledger that was not asked yet may be live, and so may those behind a portion without a replay."""
    play = Playbook()
    play.begin(entry=entry(WAITING))
    play.fetch(change(1, number=1))
    loaded(play, (entity(7), entry(WAITING)), exhausted=False)
    play.fetch(change(1, number=2))
    assert ([7], {1: False, 2: False}) == (called(play), waiting(play))
