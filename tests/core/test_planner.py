"""The planner as a whole: the group, commits, fencing, pausing, what it says of itself."""

from daemon.core.actions import Commit, HandOver, Load, Pause, Record, Release, Resume, Send
from daemon.core.events import (
    Assigned,
    Committed,
    Fetched,
    Followed,
    Loaded,
    Lost,
    Recorded,
    Revoking,
    TokenRenewed,
    Woke,
)
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Generation, Tenant
from daemon.core.notices import Fenced, ParkedMoved, Settled
from daemon.core.pacing import FOREVER
from tests.core.playbook import (
    ENTITY,
    GENERATION,
    OTHER,
    PARTITION,
    POLICY,
    START,
    TENANT,
    Playbook,
    change,
    changed,
    said,
)


def test_a_change_goes_from_record_to_commit() -> None:
    """A change is read and written, recorded in the ledger, settled, and then committed past, in this order."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    assert (["GET"], 0) == (play.sent(), play.watermark())
    play.reply(said("absent"))
    play.reply(said("done"))
    assert (["GET", "PUT"], []) == (play.sent(), play.settled())
    assert (1, "c0ffee", GENERATION, 9) == (
        play.entry().version,
        play.entry().company,
        play.entry().generation,
        play.entry().dnb_id,
    )
    play.record()
    assert [("delivered", 0)] == play.settled()
    play.give(Woke(), after=2.0)
    assert 1 == play.watermark()


def test_no_call_before_the_first_commit() -> None:
    """A new member calls nobody before the group has accepted a commit of this generation."""
    play = Playbook()
    play.tenants(TENANT)
    play.give(Assigned(partition=PARTITION, generation=GENERATION, position=0, end=0, handed_over=True, share=1.0))
    play.fetch(change(1))
    assert [] == play.sent()
    play.give(Committed(START - 1.0, accepted=True))
    assert [] == play.sent()
    play.give(Woke(), after=2.0)
    play.commit()
    assert ["GET"] == play.sent()


def test_a_member_that_cannot_commit_fences_itself() -> None:
    """When the last accepted commit is too old nothing is sent, until a commit is accepted again."""
    play = Playbook()
    play.begin()
    play.give(Woke(), after=14.0)
    play.commit(accepted=False)
    play.fetch(change(1), after=2.0)
    assert [] == play.sent()
    play.commit()
    assert ["GET"] == play.sent()
    assert play.now + 15.0 == play.last(Send).not_after


def test_offsets_are_committed_again_and_again() -> None:
    """A real offset is committed every two seconds, moved or not, one commit at a time."""
    play = Playbook()
    play.begin()
    play.give(Woke(), after=2.0)
    play.give(Woke(), after=2.0)
    assert 2 == len(play.all(Commit))
    play.commit()
    assert 3 == len(play.all(Commit))
    play.commit()
    assert play.now + 2.0 == play.planner.next_wake(play.now)


def test_a_revoked_partition_finishes_hands_over_commits_and_goes() -> None:
    """What is in flight ends, what is not begun is handed back, and the next owner need doubt nothing."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, number=1), change(1, number=2), change(1, number=3), change(1, number=4), change(1, number=5))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    assert 4 == len(play.all(Send))
    for send in play.all(Send):
        play.reply(said("equal"), send=send)
    for record in play.all(Record):
        play.give(_recorded(record))
    assert (GENERATION, 4) == (play.handover().generation, play.handover().watermark)
    play.give(_recorded(play.handover()))
    assert 4 == play.watermark()
    assert [] == play.all(Release)
    play.commit()
    assert [Release(PARTITION)] == play.all(Release)
    assert [("unchanged", offset) for offset in range(4)] + [("handed_back", 4)] == play.settled()
    assert FOREVER == play.planner.next_wake(play.now)


def test_a_second_call_of_a_procedure_in_flight_may_still_go() -> None:
    """A procedure that has begun finishes in the drain; its newer version is handed back."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.fetch(change(2, "y"))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.give(Revoking((PARTITION,), play.now + 90.0))
    play.reply(said("absent"))
    assert ["GET", "PUT"] == play.sent()
    play.reply(said("done"))
    play.record()
    assert 1 == play.handover().watermark


def test_an_unknown_outcome_is_not_handed_over() -> None:
    """If DnB may hold something unknown the partition goes without a handover, so that the next owner reads."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.reply(said("lost", 500))
    assert [] == play.all(HandOver)
    play.commit()
    assert [Release(PARTITION)] == play.all(Release)
    assert [("handed_back", 0)] == play.settled()


def test_doubts_of_a_former_owner_are_handed_on() -> None:
    """A partition that came without a handover goes without one, until its tail has been read again."""
    for end, handed_over in ((0, True), (5, False)):
        play = Playbook()
        play.begin(handed_over=False, end=end)
        play.give(Revoking((PARTITION,), play.now + 20.0))
        assert handed_over is bool(play.all(HandOver))


def test_what_is_throttled_in_the_drain_is_handed_back() -> None:
    """A pause that DnB asks for is not waited out while a partition is given up."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.reply(said("busy", 429, retry_after=1.0))
    assert 0 == play.handover().watermark


def test_the_drain_ends_at_its_deadline() -> None:
    """A call that does not end keeps no rebalance waiting; its late reply changes nothing."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(Revoking((PARTITION,), play.now + 5.0))
    assert play.now + 2.0 == play.planner.next_wake(play.now)
    play.give(Woke(), after=5.0)
    assert [Release(PARTITION)] == play.all(Release)
    play.reply(said("absent"))
    assert (1, 1) == (len(play.all(Fenced)), len(play.all(Send)))


def test_a_lost_partition_is_dropped_at_once() -> None:
    """After a lost session nothing more is written for the partition, and all of it is handed back."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), change(1, number=2))
    play.reply(said("equal"), send=play.all(Send)[0])
    play.give(Lost((PARTITION, OTHER)))
    assert ([Release(PARTITION)], []) == (play.all(Release), play.all(HandOver))
    assert [("handed_back", 0), ("handed_back", 1)] == play.settled()
    play.record()
    play.reply(said("absent"))
    assert [("handed_back", 0), ("handed_back", 1)] == play.settled()
    assert 0 == play.planner.status(play.now).in_hand


def test_a_partition_that_is_lost_takes_nothing_of_another_along() -> None:
    """What is being written for one partition settles, though another one is lost meanwhile."""
    play = Playbook()
    play.begin()
    play.give(Assigned(partition=OTHER, generation=GENERATION, position=0, end=0, handed_over=True, share=0.0))
    play.fetch(change(1, "refuse"))
    play.give(Lost((OTHER,)))
    play.record()
    assert [("parked", 0)] == play.settled()


def test_a_late_answer_to_a_commit_releases_no_new_assignment() -> None:
    """A commit of a partition that went and came back meanwhile is not taken for the end of the new assignment."""
    play = Playbook()
    play.begin()
    play.give(Revoking((PARTITION,), play.now + 1.0))
    play.give(_recorded(play.handover()))
    play.give(Woke(), after=1.0)
    play.give(Assigned(partition=PARTITION, generation=GENERATION, position=0, end=0, handed_over=True, share=1.0))
    play.commit()
    assert 1 == len(play.all(Release))


def test_a_registry_that_says_the_same_changes_nothing() -> None:
    """Reading the tenants file again without a change releases nothing and asks for nothing."""
    play = Playbook()
    play.begin()
    play.tenants(TENANT)
    assert [] == play.all(Load)


def test_events_of_another_assignment_are_nothing_to_us() -> None:
    """Records and entries that belong to an earlier or unknown assignment are not taken in."""
    play = Playbook()
    play.begin()
    old = Generation(1, 6)
    play.give(Fetched(PARTITION, old, (), 9))
    play.give(Fetched(OTHER, GENERATION, (), 9))
    play.give(Followed(PARTITION, old, ENTITY, Entry(), 0, None, -1))
    play.give(Loaded(PARTITION, old, "due", None, (), None, exhausted=True))
    assert [] == play.all(Settled)
    assert 0 == play.planner.status(play.now).in_hand


def test_fetching_pauses_while_too_much_is_open() -> None:
    """Above the bound of open records fetching pauses; a partition that comes then is not fetched from before half."""
    play = Playbook(changed(POLICY, open_per_tenant=100))
    play.begin()
    play.fetch(*(change(1, number=number) for number in range(10)))
    assert ([Resume((PARTITION,))], [Pause((PARTITION,))]) == (play.all(Resume), play.all(Pause))
    play.give(Assigned(partition=OTHER, generation=GENERATION, position=0, end=0, handed_over=True, share=0.0))
    for _ in range(5):
        send = play.last(Send)
        play.reply(said("equal"), send=send)
        play.record()
    assert ([Resume((PARTITION,)), Resume((PARTITION, OTHER))], 1) == (play.all(Resume), len(play.all(Pause)))


def test_fetching_goes_on_in_an_outage_of_many_tenants() -> None:
    """What lies in lanes while nothing gets on never keeps fetching from going on: the rest waits in the ledger."""
    names = [f"t{number}" for number in range(4)]
    play = Playbook(changed(POLICY, open_per_tenant=6, open_in_all=32, lanes_in_all=4))
    play.begin(*(Tenant(name=name, company=name) for name in names))
    play.give(TokenRenewed(refused="token_refused"))
    play.fetch(*(change(1, number=number, tenant=name) for number in range(9) for name in names))
    play.fetch(*(change(2, "y", number=number, tenant=name) for number in range(9) for name in names))
    assert 1 == len(play.all(Resume))
    for _ in range(2):
        play.give(Recorded(tuple(record.ticket for record in play.all(Record))))
    assert (1, 2) == (len(play.all(Pause)), len(play.all(Resume)))


def test_the_status_tells_what_is_held_and_open() -> None:
    """The gauges see records in hand, calls in flight, the oldest change, holds and the quota."""
    play = Playbook()
    play.begin()
    assert None is play.planner.status(play.now).oldest_open
    play.fetch(change(1))
    play.fetch(change(2, "y"))
    status = play.planner.status(play.now)
    assert (2, 1, 1, START, 1_000.0) == (
        status.in_hand,
        status.in_flight,
        status.partitions,
        status.oldest_open,
        status.quota,
    )
    play.reply(said("busy", 429, retry_after=2.0))
    status = play.planner.status(play.now)
    assert (1, False, False) == (status.held_tenants, status.is_client_held, status.is_outage)


def test_a_tenant_is_served_when_the_registry_says_so() -> None:
    """A tenant's changes wait while it is held, and go when it is not."""
    play = Playbook()
    held = Tenant(name="fjellvik", company="c0ffee", held="told so")
    play.begin(held)
    play.fetch(change(1))
    assert "waiting" == (play.entry().parked or _none()).reason
    play.record()
    assert [] == play.sent()
    play.tenants(TENANT)
    loads = play.all(Load)
    assert ("waiting", "fjellvik") in [(load.which, load.tenant) for load in loads]
    assert 1 == play.planner.status(play.now).parked_now


def test_restored_parked_changes_are_counted_in_and_out() -> None:
    """What a partition brings along parked, and takes away, balances."""
    play = Playbook()
    play.tenants(TENANT)
    play.give(
        Assigned(partition=PARTITION, generation=GENERATION, position=0, end=0, handed_over=True, share=1.0, parked=3)
    )
    play.give(Lost((PARTITION,)))
    assert [ParkedMoved("restored", 3), ParkedMoved("handed_back", 3)] == play.all(ParkedMoved)


def _recorded(action: Record | HandOver) -> Recorded:
    return Recorded((action.ticket,))


def _none() -> Parked:
    raise AssertionError("nothing is parked")
