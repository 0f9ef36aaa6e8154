"""Entries of what was concluded, and what their acknowledgement settles."""

import msgspec

from daemon.core.actions import Adopt, Record, Send
from daemon.core.events import Followed, Loaded, Recorded, Woke
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Generation
from daemon.core.notices import ParkedMoved, Reasserted, Released
from daemon.core.procedure import Unanswered, Unreachable
from daemon.core.retrying import DAY_SECONDS
from tests.core.playbook import ENTITY, GENERATION, PARTITION, START, Playbook, change, refusal, said

PARKED = Parked(version=6, data=b"y", occurred_at=START, reason="waiting", since=START)
OWN = Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION)
ZOMBIES = Generation(1, 6)


def follow(play: Playbook, entry: Entry, own: Entry | None, *, offset: int = 20, own_offset: int = 10) -> None:
    """Have another process's entry appear in the ledger partition."""
    play.give(Followed(PARTITION, GENERATION, ENTITY, entry, offset, own, own_offset))


def test_a_refused_change_is_parked_with_what_a_person_needs() -> None:
    """A refusal is kept with the change, its place and its story, and settles the record as parked."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "refuse"))
    kept = play.entry().parked
    assert kept is not None
    assert ("bad_number", refusal("bad_number"), START, None) == (kept.reason, kept.refusal, kept.since, kept.next_try)
    assert (f"{START:.0f} bad_number",) == kept.steps
    play.record()
    assert ([("parked", 0)], 1) == (play.settled(), play.planner.status(play.now).parked_now)


def test_a_newer_version_displaces_the_parked_one() -> None:
    """A repaired change takes the refused one out of the ledger; one refused again takes its place in line."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "refuse"))
    play.record()
    first = msgspec.structs.replace(play.entry())
    play.fetch(change(2, "refuse"), entry=first, after=5.0)
    kept = play.entry().parked
    assert kept is not None
    assert (2, START, 2) == (kept.version, kept.since, len(kept.steps))
    play.record()
    play.fetch(change(3), entry=play.entry())
    play.deliver()
    assert [Released("superseded", ENTITY, 1), Released("superseded", ENTITY, 2)] == play.all(Released)
    assert (0, None) == (play.planner.status(play.now).parked_now, play.entry().parked)


def test_another_reason_begins_another_story() -> None:
    """A newer version that fails for another reason is not taken for the old failure."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "refuse"))
    play.record()
    play.fetch(change(2, "raise"), entry=play.entry(), after=5.0)
    kept = play.entry().parked
    assert kept is not None
    assert ("internal_error", START + 5.0, 1) == (kept.reason, kept.since, len(kept.steps))


def test_a_delivery_in_doubt_keeps_its_data_until_it_is_checked() -> None:
    """After an unknown outcome the delivery settles at once, and is noted as dirty with its data."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(Unanswered("ReadTimeout"))
    play.give(Recorded(()), after=1.0)
    play.deliver()
    assert (START + 30.0, b"x") == (play.entry().dirty_until, play.entry().dirty_data)
    assert [("delivered", 0)] == play.settled()


def test_an_older_entry_of_another_process_is_written_over() -> None:
    """A former owner's late entry wins neither here nor after compaction: ours is written again behind it."""
    play = Playbook()
    play.begin()
    follow(play, msgspec.structs.replace(OWN, version=4, generation=ZOMBIES), OWN)
    assert ([Reasserted(ENTITY)], OWN) == (play.all(Reasserted), play.entry())
    play.record()
    assert [] == play.settled()


def test_a_greater_entry_of_another_process_is_taken_in() -> None:
    """What another owner delivered or parked later is the truth, and changes what is counted as parked."""
    play = Playbook()
    play.begin()
    greater = msgspec.structs.replace(OWN, version=6, generation=ZOMBIES)
    follow(play, msgspec.structs.replace(greater, version=5, parked=PARKED), None)
    follow(play, greater, msgspec.structs.replace(OWN, parked=PARKED), offset=21)
    follow(play, msgspec.structs.replace(greater, version=7), greater, offset=22)
    assert [20, 21, 22] == [adopt.offset for adopt in play.all(Adopt)]
    moved = [notice for notice in play.all(ParkedMoved) if notice.count]
    assert [ParkedMoved("restored", 1), ParkedMoved("handed_back", 1)] == moved
    assert [] == play.all(Record)


def test_an_open_lane_learns_of_a_greater_entry() -> None:
    """An entry that appears while its entity is being worked on stays the greater one, whatever is acknowledged."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "y"), entry=OWN)
    play.reply(said("equal"))
    follow(play, msgspec.structs.replace(OWN, version=8, generation=ZOMBIES), OWN)
    play.give(Recorded((play.all(Record)[0].ticket,)))
    assert (8, [Reasserted(ENTITY)]) == (play.entry().version, play.all(Reasserted))
    assert [("unchanged", 0)] == play.settled()


def test_what_is_parked_under_a_greater_entry_is_superseded() -> None:
    """A change that is parked while a greater entry of another process appears leaves the count of parked ones."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "refuse"), entry=OWN)
    follow(play, msgspec.structs.replace(OWN, version=8, generation=ZOMBIES), OWN)
    play.give(Recorded((play.all(Record)[0].ticket,)))
    assert ([Released("superseded", ENTITY, 6)], [("parked", 0)]) == (play.all(Released), play.settled())
    assert 0 == play.planner.status(play.now).parked_now


def test_what_is_in_doubt_here_stays_so_in_a_greater_entry() -> None:
    """A late write of ours may still undo what another process delivered: its entry is written again as dirty."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "y"), entry=OWN)
    play.reply(Unanswered("ReadTimeout"))
    play.give(Woke(), after=1.0)
    play.reply(said("equal"))
    follow(play, msgspec.structs.replace(OWN, version=8, generation=ZOMBIES, dirty_until=START + 9.0), OWN)
    play.record()
    assert (8, START + 30.0) == (play.entry().version, play.entry().dirty_until)


def test_what_was_left_in_doubt_here_is_in_doubt_in_the_entry_of_another() -> None:
    """A former owner that wakes up knows nothing of what we have sent: its greater entry is written again with that."""
    for own_until, other_until, is_again in ((90.0, 50.0, True), (90.0, None, True), (50.0, 90.0, False)):
        play = Playbook()
        play.begin()
        own = msgspec.structs.replace(OWN, dirty_until=own_until, dirty_data=b"x")
        other = msgspec.structs.replace(OWN, version=4, generation=ZOMBIES, parked=PARKED, dirty_until=other_until)
        follow(play, other, own)
        joined = msgspec.structs.replace(other, dirty_until=90.0)
        assert [joined] == [adopted.entry for adopted in play.all(Adopt)]
        assert ([joined] if is_again else []) == [record.entry for record in play.all(Record)]


def test_a_lane_is_open_until_the_store_holds_the_greater_entry_again() -> None:
    """A load that finds the lesser entry starts nothing, and nothing lesser is written behind the greater one."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "refuse"), entry=OWN)
    lesser = play.entry()
    greater = msgspec.structs.replace(OWN, version=8, generation=ZOMBIES)
    follow(play, greater, OWN)
    play.record()
    play.give(Loaded(PARTITION, GENERATION, "refused", "fjellvik", ((ENTITY, lesser),), None, exhausted=True))
    follow(play, OWN, lesser, offset=22, own_offset=21)
    assert ([], 8) == (play.sent(), play.entry().version)
    for record in play.all(Record)[1:]:
        play.give(Recorded((record.ticket,)))
    play.fetch(change(9, "y"), entry=greater)
    assert ["GET"] == play.sent()


def test_what_another_delivered_outranks_what_is_parked_here() -> None:
    """A version that is parked here and turns out to be delivered elsewhere is parked no more."""
    play = Playbook()
    play.begin()
    play.tenants()
    play.fetch(change(6, "y"))
    follow(play, msgspec.structs.replace(OWN, version=6, generation=ZOMBIES), None)
    play.record()
    assert (6, None) == (play.entry().version, play.entry().parked)
    assert ([Released("superseded", ENTITY, 6)], 0) == (play.all(Released), play.planner.status(play.now).parked_now)


def test_acknowledgements_of_what_nobody_waits_for_are_harmless() -> None:
    """An acknowledgement that comes twice, or for an ended assignment, settles nothing."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "refuse"))
    play.record()
    play.record()
    play.give(Recorded((9_999,)))
    assert [("parked", 0)] == play.settled()


def test_nothing_older_is_written_behind_what_is_being_written() -> None:
    """While version 6 is being written a foreign entry is answered with 6, not with the 5 of the store."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "y"), change(6, "y", number=2), entry=OWN)
    writing = play.all(Send)[0]
    play.reply(said("equal"), send=play.all(Send)[1])
    play.reply(said("equal"), send=writing)
    follow(play, Entry(company="c0ffee", version=4, generation=ZOMBIES), OWN)
    assert [6, 6] == [record.entry.version for record in play.all(Record) if record.entity == ENTITY]


def test_a_delivered_version_is_not_checked_over_a_newer_attempted_one() -> None:
    """A newer version with an unknown outcome is parked: writing the delivered one again could undo it in DnB."""
    play = Playbook()
    play.begin()
    dirty = msgspec.structs.replace(OWN, dirty_until=START + 30.0, dirty_data=b"x")
    play.fetch(change(6, "write"), entry=dirty)
    while not play.all(Record):
        play.reply(Unanswered("ReadTimeout"))
        play.commit()
        play.give(Woke(), after=8.0)
        play.commit()
    kept = play.entry()
    assert kept.parked is not None
    assert (None, kept.parked.next_try) == (kept.dirty_data, kept.due)


def test_a_delivered_version_is_checked_beside_a_newer_refused_one() -> None:
    """A newer version that never left for DnB does not keep the delivered one from being checked."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "refuse"), entry=msgspec.structs.replace(OWN, dirty_until=START + 30.0, dirty_data=b"x"))
    assert (b"x", START + 30.0) == (play.entry().dirty_data, play.entry().due)


def test_waiting_is_no_failing() -> None:
    """A change that waited for weeks and then fails is tried like any other: the time for giving up begins now."""
    play = Playbook()
    since = START - 30 * DAY_SECONDS
    waiting = Entry(company="c0ffee", generation=GENERATION, parked=msgspec.structs.replace(PARKED, since=since))
    play.begin(entry=waiting)
    play.give(Loaded(PARTITION, GENERATION, "waiting", "fjellvik", ((ENTITY, waiting),), None, exhausted=True))
    while not play.all(Record):
        play.reply(Unreachable("ConnectError"))
        play.commit()
        play.give(Woke(), after=8.0)
        play.commit()
    kept = play.entry().parked
    assert kept is not None
    assert ("unreachable", kept.since + 60.0) == (kept.reason, kept.next_try)
    assert START < kept.since


def test_a_greater_entry_before_ours_is_written_again_behind_it() -> None:
    """Compaction keeps the last record of an entity: that must be the greater one, whoever wrote it."""
    play = Playbook()
    play.begin()
    theirs = msgspec.structs.replace(OWN, version=7, generation=ZOMBIES, parked=None)
    follow(play, theirs, OWN, offset=20, own_offset=21)
    assert (theirs, ENTITY) == (play.last(Adopt).entry, play.last(Adopt).entity)
    assert theirs == play.last(Record).entry
    play.record()
    follow(play, msgspec.structs.replace(theirs, version=8), theirs, offset=30, own_offset=22)
    assert [theirs] == [record.entry for record in play.all(Record)]
