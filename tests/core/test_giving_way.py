"""What a lane does when another process turns out to have delivered a newer version."""

from daemon.core.actions import PutBack, Send
from daemon.core.events import Followed, Lost
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Generation
from daemon.core.notices import Held
from daemon.core.procedure import Unanswered
from tests.core.dependents import kept, load
from tests.core.playbook import ENTITY, GENERATION, PARTITION, START, Playbook, change, said
from tests.core.test_delivering import wake

THEIRS = Entry(company="c0ffee", version=5, fingerprint="t1:v5", dnb_id=9, generation=Generation(1, 6))


def follow(play: Playbook, entry: Entry = THEIRS) -> None:
    """Have a former owner's late entry appear in the ledger partition."""
    play.give(Followed(PARTITION, GENERATION, ENTITY, entry, 20, None, -1))


def test_what_has_been_outdated_elsewhere_is_not_sent() -> None:
    """A version that waits for its next try, and one behind it, settle as stale once a newer one is in the ledger."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("down", 503))
    play.fetch(change(2, number=2))
    follow(play)
    assert [("stale", 0)] == play.settled()
    wake(play, 9.0)
    assert ["GET", "GET"] == play.sent()


def test_a_call_in_flight_for_an_outdated_version_changes_nothing_more() -> None:
    """Its reply is the last that is heard of it: neither the version nor the one behind it goes on."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.fetch(change(2, "y"))
    follow(play)
    assert [("stale", 1)] == play.settled()
    play.reply(said("equal"))
    assert [("stale", 1), ("stale", 0)] == play.settled()
    assert ["GET"] == play.sent()


def test_what_was_only_read_for_an_outdated_version_leads_to_no_write() -> None:
    """Between two calls of its procedure it is looked whether another process has delivered a newer version."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    follow(play)
    play.reply(said("absent"))
    assert (["GET"], [("stale", 0)]) == (play.sent(), play.settled())


def test_their_version_is_compared_though_its_record_comes_while_an_older_write_is_under_way() -> None:
    """The older write may be applied behind theirs: their record queues, and DnB is read for it."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    follow(play)
    play.fetch(change(5, "v5"))
    play.reply(said("done"))
    play.record()
    assert (["PUT", "GET"], [("stale", 0)]) == (play.sent(), play.settled())
    play.deliver()
    assert [("stale", 0), ("delivered", 1)] == play.settled()


def test_what_is_outdated_while_the_tail_is_read_leaves_no_lane_behind() -> None:
    """A version that was held back goes, and the next one of its entity is begun like any other."""
    play = Playbook()
    play.begin(handed_over=False, end=3)
    play.fetch(change(2, "a"))
    follow(play)
    assert [("stale", 0)] == play.settled()
    play.fetch(change(1, number=5), change(1, number=6))
    play.fetch(change(6, "v6"), entry=THEIRS)
    assert ENTITY in {send.entity for send in play.all(Send)}


def test_their_parked_version_is_not_forgotten_though_it_was_loaded_beside_an_older_one() -> None:
    """What the ledger gave while the lane was open is put back when the lane closes without an entry."""
    parked = Parked(version=6, data=b"b", occurred_at=1.0, reason="waiting", since=1.0)
    theirs = Entry(company="c0ffee", generation=Generation(1, 6), parked=parked)
    play = Playbook()
    play.begin()
    play.fetch(change(5, "a"))
    follow(play, theirs)
    load(play, (ENTITY, theirs))
    play.reply(said("equal"))
    assert [PutBack(PARTITION, (ENTITY,))] == play.all(PutBack)
    load(play, (ENTITY, theirs))
    play.deliver()
    assert (6, None) == (play.entry().version, play.entry().parked)


def test_what_they_delivered_is_counted_once_though_we_park_it_again() -> None:
    """Their late entry counts our parked change out; when the lane parks it anew it is there again."""
    waiting = Parked(version=5, data=b"x", occurred_at=1.0, reason="waiting", since=1.0)
    entry = Entry(company="c0ffee", generation=Generation(1, 6), parked=waiting)
    play = Playbook()
    play.begin(handed_over=False, entry=entry)
    load(play, (ENTITY, entry))
    play.give(Followed(PARTITION, GENERATION, ENTITY, THEIRS, 20, entry, 3))
    assert 0 == play.planner.status(play.now).parked_now
    play.reply(said("no"))
    play.record()
    assert ("conflict", 1) == (kept(play).reason, play.planner.status(play.now).parked_now)


def test_a_pause_is_kept_though_the_version_it_answers_is_outdated() -> None:
    """Retry-After speaks of the tenant: what is newer than the other process's version waits for it all the same."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    follow(play)
    play.reply(said("busy", 429, retry_after=3.0))
    play.fetch(change(6, "v6"), entry=THEIRS)
    wake(play, 2.9)
    assert ["GET"] == play.sent()
    wake(play, 0.2)
    assert ["GET", "GET"] == play.sent()


def test_a_pause_is_kept_though_its_partition_has_gone() -> None:
    """The reply is fenced, as nobody waits for it; but its pause is the tenant's, wherever its changes come from."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(Lost((PARTITION,)))
    play.begin()
    play.reply(said("busy", 429, retry_after=3_600.0))
    assert [("fjellvik", 3_600.0)] == [(held.tenant, held.wait) for held in play.all(Held)]
    play.fetch(change(1, number=2))
    assert (["GET"], "waiting") == (play.sent(), kept(play).reason)


def test_a_version_above_theirs_is_still_delivered() -> None:
    """What is newer than the other process's version stays in the lane, and DnB is read before it is written."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("down", 503))
    play.fetch(change(6, "v6"))
    follow(play)
    wake(play, 9.0)
    play.deliver()
    assert (6, [("superseded", 0), ("delivered", 1)]) == (play.entry().version, play.settled())


def test_an_outdated_write_that_left_is_put_right_by_the_newest_version() -> None:
    """It may have been applied over the newer one: the entry stays in doubt until that one is compared again."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    follow(play)
    play.reply(Unanswered("ReadTimeout"))
    assert (5, START + 30.0) == (play.entry().version, play.entry().dirty_until)
    play.record()
    assert [("stale", 0)] == play.settled()
    play.fetch(change(5, "v5"), entry=play.entry())
    play.deliver()
    assert [("stale", 0), ("delivered", 1)] == play.settled()


def test_a_check_is_no_older_version() -> None:
    """What is checked is the delivered version itself."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.reply(Unanswered("ReadTimeout"))
    follow(play, Entry(company="c0ffee", version=1, fingerprint="t1:write", dnb_id=9, generation=Generation(1, 6)))
    wake(play, 9.0)
    play.reply(said("done"))
    play.record()
    assert [("delivered", 0)] == play.settled()
