"""The business numbers under which an entity in doubt may have been created."""

from daemon.core.actions import Record
from daemon.core.procedure import Unanswered
from tests.core.playbook import Playbook, change, said
from tests.core.test_delivering import kept, wake
from tests.core.test_giving_way import follow


def test_the_number_of_a_create_in_doubt_is_remembered_until_the_entity_is_delivered() -> None:
    """DnB may know the entity by a number that only an older version had: the entry keeps it, parked or not."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.reply(Unanswered("ReadTimeout"))
    play.fetch(change(2, "y"))
    while not play.all(Record):
        wake(play, 9.0)
        play.reply(said("down", 503))
    assert (2, ("write",)) == (kept(play).version, play.entry().numbers_tried)
    play.record()
    play.fetch(change(3, "z"), entry=play.entry())
    play.deliver()
    assert (3, ()) == (play.entry().version, play.entry().numbers_tried)


def test_the_numbers_of_a_former_owners_tail_are_remembered() -> None:
    """What is superseded before it is begun may have been created by the owner before; what nobody can read was not."""
    play = Playbook()
    play.begin(handed_over=False, end=3)
    play.fetch(change(1, "a"))
    play.fetch(change(2, "refuse"))
    play.fetch(change(3, "c"))
    play.reply(said("lost", 500))
    while not play.all(Record):
        wake(play, 9.0)
        play.reply(said("down", 503))
    assert ("a", "c") == play.entry().numbers_tried


def test_the_numbers_of_a_tail_are_remembered_while_its_tenant_is_gone() -> None:
    """The former owner served it: what waits for it in the ledger displaces what that may have created."""
    play = Playbook()
    play.begin(handed_over=False, end=2)
    play.tenants()
    play.fetch(change(1, "a"))
    play.record()
    play.fetch(change(2, "b"), entry=play.entry())
    assert (2, ("a", "b")) == (kept(play).version, play.entry().numbers_tried)


def test_a_number_that_one_record_alone_tells_is_not_committed_past() -> None:
    """A superseded version that may have created the entity is read again after a crash, until the ledger tells it."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.fetch(change(2, "write"))
    play.reply(said("down", 503))
    play.fetch(change(3, "z"))
    assert [("superseded", 1)] == play.settled()
    while not play.all(Record):
        wake(play, 9.0)
        play.reply(said("down", 503))
    assert [("superseded", 1)] == play.settled()
    play.record()
    assert [("superseded", 1), ("superseded", 0), ("parked", 2)] == play.settled()
    assert ("write",) == play.entry().numbers_tried


def test_what_another_process_has_outdated_is_held_back_no_longer() -> None:
    """Its entry is of a higher version: nothing is left to tell."""
    play = Playbook()
    play.begin(handed_over=False, end=2)
    play.fetch(change(1, "a"))
    play.fetch(change(2, "b"))
    play.reply(said("down", 503))
    assert [] == play.settled()
    follow(play)
    assert [("stale", 1), ("superseded", 0)] == play.settled()


def test_the_version_that_tells_the_number_is_held_back_though_others_were_superseded_before_it() -> None:
    """Two versions queue behind a create in flight, and the first of them goes before the create's reply is lost."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.fetch(change(2, "b"))
    play.fetch(change(3, "c"))
    play.reply(Unanswered("ReadTimeout"))
    assert [("superseded", 1)] == play.settled()
