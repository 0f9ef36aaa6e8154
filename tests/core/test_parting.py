"""Giving partitions up: what must be over before a partition goes, and what comes after it has gone."""

from daemon.core.actions import Commit, DeadLetter, HandOver, Record, Release
from daemon.core.events import Assigned, Committed, DeadLettered, Lost, Recorded, Revoking, Woke
from daemon.core.model import Generation, Undecodable
from daemon.core.notices import Fenced
from tests.core.playbook import GENERATION, PARTITION, Playbook, change, said

DRAIN_SECONDS = 10.0


def revoke(play: Playbook) -> None:
    """Take the partition away."""
    play.give(Revoking((PARTITION,), play.now + DRAIN_SECONDS))


def assign_again(play: Playbook) -> None:
    """Give the partition back in a later generation."""
    later = Generation(1, GENERATION.number + 1)
    play.give(Assigned(partition=PARTITION, generation=later, position=0, end=1, handed_over=False, share=1.0))


def test_an_idle_partition_is_handed_over_at_once() -> None:
    """A partition with nothing to do writes its handover, commits behind it, and goes; nothing is called after."""
    play = Playbook()
    play.begin()
    revoke(play)
    assert (1, 1) == (len(play.all(HandOver)), len(play.all(Commit)))
    play.give(Recorded((play.handover().ticket,)))
    assert (2, []) == (len(play.all(Commit)), play.all(Release))
    play.commit()
    assert [Release(PARTITION)] == play.all(Release)


def test_the_handover_waits_for_ledger_and_dead_letters() -> None:
    """What is being written is acknowledged before the handover is: it is the last record."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), Undecodable("not_json", "line 1"))
    play.reply(said("equal"))
    revoke(play)
    assert [] == play.all(HandOver)
    play.give(DeadLettered((play.last(DeadLetter).ticket,)))
    assert [] == play.all(HandOver)
    play.give(Recorded((play.last(Record).ticket,)))
    assert 2 == play.handover().watermark


def test_a_partition_goes_even_if_its_last_commit_is_refused() -> None:
    """A refused commit means that the group has moved on: waiting for another would only hold it up."""
    play = Playbook()
    play.begin()
    revoke(play)
    play.give(Recorded((play.handover().ticket,)))
    play.commit(accepted=False)
    assert [Release(PARTITION)] == play.all(Release)


def test_a_handover_that_is_not_acknowledged_holds_nothing_up() -> None:
    """If Kafka does not acknowledge the handover the partition goes at the deadline, and its end is doubted."""
    play = Playbook()
    play.begin()
    revoke(play)
    play.give(Woke(), after=DRAIN_SECONDS)
    assert [Release(PARTITION)] == play.all(Release)
    play.give(Recorded((play.handover().ticket,)))
    assert [Release(PARTITION)] == play.all(Release)


def test_the_last_commit_of_one_assignment_does_not_end_the_next() -> None:
    """A partition that came back while its last commit was under way stays when that commit is answered."""
    play = Playbook()
    play.begin()
    revoke(play)
    play.give(Recorded((play.handover().ticket,)))
    play.give(Lost((PARTITION,)))
    assign_again(play)
    play.give(Committed(play.now, accepted=True))
    assert ([Release(PARTITION)], 1) == (play.all(Release), play.planner.status(play.now).partitions)


def test_a_reply_to_an_earlier_assignment_changes_nothing() -> None:
    """A call that was under way when the partition was lost is fenced, though the partition came back."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(Lost((PARTITION,)))
    assign_again(play)
    play.reply(said("absent"))
    assert (1, ["GET"], []) == (len(play.all(Fenced)), play.sent(), play.all(Record))
