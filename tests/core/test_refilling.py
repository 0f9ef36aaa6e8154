"""Taking changes back from the ledger."""

import msgspec

from daemon.core.actions import Load, PutBack, Record
from daemon.core.events import Loaded, Revoking, Woke
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Entity, Generation, Tenant
from daemon.core.notices import Checked, Released, Settled
from daemon.core.procedure import Unanswered
from tests.core.playbook import ENTITY, GENERATION, PARTITION, POLICY, START, TENANT, Playbook, change, changed, said

WAITING = Parked(version=6, data=b"y", occurred_at=START, reason="waiting", since=START)
HELD = Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION, parked=WAITING)
DIRTY = Entry(
    company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION, dirty_until=START + 9.0,
    dirty_data=b"x", occurred_at=START,
)  # fmt: skip


def loaded(
    play: Playbook, *entries: tuple[Entity, Entry], exhausted: bool = True, next_due: float | None = None
) -> None:
    """Answer the newest load with these entries."""
    load = play.last(Load)
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, entries, next_due, exhausted=exhausted))


def checking(entry: Entry = DIRTY) -> Playbook:
    """Return a playbook in which the check of a delivery in doubt has begun."""
    play = Playbook()
    play.begin(entry=entry)
    play.give(Woke(), after=10.0)
    play.commit()
    loaded(play, (ENTITY, entry))
    return play


def loads(play: Playbook) -> list[tuple[str, str | None]]:
    """Return what was asked of the local store so far."""
    return [(load.which, load.tenant) for load in play.all(Load)]


def test_waiting_changes_come_back_at_an_assignment() -> None:
    """What waits in a restored ledger is taken into lanes, delivered, and leaves the ledger's parked changes."""
    play = Playbook()
    play.begin(entry=HELD)
    assert [("waiting", "fjellvik")] == loads(play)
    loaded(play, (ENTITY, HELD))
    play.deliver()
    assert ([Released("delivered", ENTITY, 6)], []) == (play.all(Released), play.all(Settled))
    assert (6, None, 0) == (play.entry().version, play.entry().parked, play.planner.status(play.now).parked_now)
    play.give(Woke(), after=1.0)
    assert [("waiting", "fjellvik")] == loads(play)


def test_a_waiting_change_that_is_unchanged_needs_no_call() -> None:
    """A fresh waiting change of this assignment that DnB holds already is concluded from the ledger."""
    play = Playbook()
    play.begin(entry=HELD)
    loaded(play, (ENTITY, msgspec.structs.replace(HELD, parked=msgspec.structs.replace(WAITING, data=b"x"))))
    play.record()
    assert ([], [Released("unchanged", ENTITY, 6)]) == (play.sent(), play.all(Released))


def test_more_waiting_changes_are_asked_for_as_lanes_come_free() -> None:
    """A backlog comes back in portions, the next one when half of the lanes are free."""
    play = Playbook(changed(POLICY, open_per_tenant=2, open_in_all=100))
    play.begin(entry=HELD)
    two, three = Entity("fjellvik", "customer", 2), Entity("fjellvik", "customer", 3)
    loaded(play, (two, HELD), (three, HELD), exhausted=False)
    assert 1 == len(loads(play))
    play.deliver()
    assert 2 == len(loads(play))
    assert 2 == play.last(Load).limit


def test_a_newer_record_of_a_waiting_entity_takes_its_place() -> None:
    """A change that comes behind waiting ones waits in their place, and only the newest is kept."""
    play = Playbook()
    play.begin(entry=HELD)
    play.fetch(change(7, "z"), entry=HELD)
    kept = play.entry().parked
    assert kept is not None
    assert (7, START, "waiting") == (kept.version, kept.since, kept.reason)
    play.record()
    assert [Released("superseded", ENTITY, 6)] == play.all(Released)
    assert 1 == play.planner.status(play.now).parked_now


def test_a_newer_record_while_the_waiting_one_is_written_waits_too() -> None:
    """A version that arrives while its entity is being put into the ledger goes there behind it."""
    play = Playbook()
    play.begin(entry=HELD)
    play.fetch(change(7, "z"), change(8, "z"), entry=HELD)
    play.record()
    assert 8 == (play.entry().parked or WAITING).version
    play.record()
    assert [("parked", 0), ("parked", 1)] == play.settled()


def test_an_entity_that_is_open_already_is_not_taken_twice() -> None:
    """An entity that a record has brought into work is left alone by a load."""
    play = Playbook()
    play.begin()
    play.fetch(change(7, "z"), entry=DIRTY)
    play.give(Loaded(PARTITION, GENERATION, "due", None, ((ENTITY, DIRTY),), None, exhausted=True))
    assert (1, []) == (len(play.sent()), play.all(PutBack))


def test_what_cannot_be_served_now_is_put_back() -> None:
    """Entries of a tenant that ceased to be served meanwhile stay where they are, and are asked for again."""
    play = Playbook()
    play.begin(entry=HELD)
    play.tenants()
    loaded(play, (ENTITY, HELD))
    assert ((ENTITY,), []) == (play.last(PutBack).entities, play.sent())
    play.tenants(TENANT)
    assert ("waiting", "fjellvik") in loads(play)[1:]


def test_a_due_entry_that_cannot_be_served_now_is_put_back() -> None:
    """An entry whose tenant ceased to be served between the asking and the answer stays due."""
    play = Playbook()
    play.begin(entry=DIRTY)
    play.give(Woke(), after=10.0)
    play.tenants()
    loaded(play, (ENTITY, DIRTY))
    assert (ENTITY,) == play.last(PutBack).entities


def test_a_dirty_entity_is_read_again_when_nothing_can_be_late() -> None:
    """A delivery in doubt is checked at its time; found right it is verified, else put right and healed."""
    for word, result in (("equal", "verified"), ("absent", "healed")):
        play = Playbook()
        play.begin(entry=DIRTY)
        assert [] == loads(play)
        assert play.planner.next_wake(play.now) <= START + 2.0
        play.give(Woke(), after=10.0)
        assert ("due", None) == loads(play)[-1]
        play.commit()
        loaded(play, (ENTITY, DIRTY))
        play.reply(said(word))
        if word == "absent":
            play.reply(said("done"))
        assert [Checked(result, ENTITY)] == play.all(Checked)  # type: ignore[arg-type]
        assert (5, None, None) == (play.entry().version, play.entry().dirty_until, play.entry().dirty_data)
        play.record()
        assert [] == play.settled()


def test_a_dirty_entity_that_also_waits_is_asked_for_after_its_check() -> None:
    """The check of an entity that holds a waiting change leaves that change waiting, and it is not forgotten."""
    both = msgspec.structs.replace(DIRTY, parked=WAITING)
    play = Playbook()
    play.begin(entry=DIRTY)
    play.give(Woke(), after=10.0)
    play.commit()
    loaded(play, (ENTITY, both))
    play.reply(said("equal"))
    assert WAITING == play.entry().parked
    play.record()
    assert ("waiting", "fjellvik") == loads(play)[-1]


def test_a_failing_check_is_tried_again_and_never_parked() -> None:
    """A check belongs to no record: it waits for DnB as long as it takes, and gives way to a newer version."""
    play = checking()
    for _ in range(3):
        play.reply(said("down", 503))
        play.give(Woke(), after=9.0)
        play.commit()
    assert [] == play.all(Record)
    play.reply(said("down", 503))
    play.fetch(change(6, "y"))
    play.give(Woke(), after=9.0)
    play.commit()
    play.deliver()
    assert [("delivered", 0)] == play.settled()


def refused_check(entry: Entry = DIRTY) -> Playbook:
    """Return a playbook in which DnB kept refusing what it once took."""
    play = checking(entry)
    for _ in range(3):
        play.reply(said("no"))
        assert [] == play.all(Checked)
        play.give(Woke(), after=9.0)
        play.commit()
    play.reply(said("no"))
    return play


def test_a_check_that_is_refused_again_and_again_parks_what_was_delivered() -> None:
    """An older version may stand in DnB: a person is told, as of any change that is refused."""
    play = refused_check()
    assert [Checked("refused", ENTITY)] == play.all(Checked)
    parked = play.entry().parked
    assert parked is not None
    assert parked.refusal is not None
    assert (5, None, 5, b"x") == (play.entry().version, play.entry().dirty_data, parked.version, parked.data)
    play.record()
    assert ([], 1) == (play.settled(), play.planner.status(play.now).parked_now)


def test_what_a_check_parked_is_delivered_again_after_the_repair() -> None:
    """DnB is read first, the older version that stands there is replaced, and the change is parked no more."""
    play = refused_check()
    play.record()
    play.give(Loaded(PARTITION, GENERATION, "refused", "fjellvik", ((ENTITY, play.entry()),), None, exhausted=True))
    play.deliver()
    assert ["GET", "PUT"] == play.sent()[-2:]
    assert ([Released("delivered", ENTITY, 5)], 0) == (play.all(Released), play.planner.status(play.now).parked_now)
    assert (5, None) == (play.entry().version, play.entry().parked)


def test_a_change_that_is_parked_already_keeps_its_place_when_a_check_is_refused() -> None:
    """The newer version is what a person hears of, and its delivery puts the same right."""
    newer = Parked(version=6, data=b"y", occurred_at=START, reason="conflict", since=START, next_try=START + 900.0)
    play = refused_check(msgspec.structs.replace(DIRTY, parked=newer))
    assert (newer, None) == (play.entry().parked, play.entry().dirty_data)
    play.record()
    assert 1 == play.planner.status(play.now).parked_now


def test_a_check_that_is_refused_once_is_made_again() -> None:
    """What DnB turns down by mistake must not leave an older version standing."""
    play = checking()
    play.reply(said("no"))
    play.give(Woke(), after=9.0)
    play.commit()
    play.reply(said("done"))
    assert [Checked("healed", ENTITY)] == play.all(Checked)


def test_a_check_of_a_tenant_that_is_held_stays_due() -> None:
    """A tenant that is denied while a check is begun keeps the check in its ledger."""
    play = checking()
    play.reply(said("denied", 403))
    assert ([(ENTITY,)], []) == ([one.entities for one in play.all(PutBack)], play.all(Record))


def test_a_check_that_must_wait_takes_its_doubt_along() -> None:
    """A write of the check itself is lost, and then the tenant is denied: what may come late is waited for anew."""
    play = checking()
    play.reply(said("absent"))
    play.reply(Unanswered("ReadTimeout"))
    lost_at = play.now
    play.give(Woke(), after=9.0)
    play.commit()
    play.reply(said("denied", 403))
    assert (5, b"x", lost_at + 30.0) == (play.entry().version, play.entry().dirty_data, play.entry().dirty_until)
    play.record()
    assert ([], []) == (play.settled(), play.all(PutBack))
    assert play.planner.next_wake(play.now) <= lost_at + 30.0


def test_a_check_for_another_company_is_not_made() -> None:
    """After a tenant's company key changed there is nothing to check in the old company."""
    play = Playbook()
    play.begin(entry=DIRTY)
    play.give(Woke(), after=10.0)
    play.commit()
    loaded(play, (ENTITY, msgspec.structs.replace(DIRTY, company="another")))
    assert ([], []) == (play.sent(), play.all(PutBack))


def test_a_check_for_another_company_does_not_keep_a_parked_change() -> None:
    """An entry that was due for a check that is not made any more is taken for its parked change, and not forgotten."""
    later = msgspec.structs.replace(WAITING, reason="status_503", next_try=START + 99.0, attempts=1)
    play = Playbook()
    play.begin(entry=DIRTY)
    play.give(Woke(), after=10.0)
    play.commit()
    loaded(play, (ENTITY, msgspec.structs.replace(DIRTY, company="another", parked=later)))
    play.deliver()
    assert [Released("delivered", ENTITY, 6)] == play.all(Released)


def test_a_kind_that_is_not_transferred_any_more_stays_parked() -> None:
    """What waits of a kind that nobody delivers, or that the tenant has switched off, stops nobody and is kept."""
    play = Playbook()
    play.begin(entry=HELD)
    project = Entity("fjellvik", "project", 1)
    loaded(play, (project, HELD))
    play.tenants(Tenant(name="fjellvik", company="c0ffee", kinds=frozenset({"invoice"})))
    play.give(Loaded(PARTITION, GENERATION, "waiting", "fjellvik", ((ENTITY, HELD),), None, exhausted=True))
    assert ([], [PutBack(PARTITION, (), "fjellvik")]) == (play.sent(), play.all(PutBack))


def test_a_kind_that_is_transferred_again_is_taken_again() -> None:
    """What was left while its kind was switched off is looked at when the terms change again."""
    play = Playbook()
    play.begin(entry=HELD)
    load = play.last(Load)
    play.tenants(Tenant(name="fjellvik", company="c0ffee", kinds=frozenset({"invoice"})))
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, ((ENTITY, HELD),), None, exhausted=True))
    play.tenants(TENANT)
    assert PutBack(PARTITION, (), "fjellvik") == play.last(PutBack)
    assert ("waiting", "fjellvik") in loads(play)[-3:]


def test_a_kind_that_is_transferred_again_after_an_absence_is_taken_again() -> None:
    """While its tenant is gone from the file nobody remembers what it transferred."""
    play = Playbook()
    play.begin(entry=HELD)
    load = play.last(Load)
    play.tenants(Tenant(name="fjellvik", company="c0ffee", kinds=frozenset({"invoice"})))
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, ((ENTITY, HELD),), None, exhausted=True))
    play.tenants()
    before = len(play.all(PutBack))
    play.tenants(TENANT)
    assert [PutBack(PARTITION, (), "fjellvik")] == play.all(PutBack)[before:]
    assert ("waiting", "fjellvik") in loads(play)[-3:]


def test_what_was_parked_by_a_former_owner_is_suspect() -> None:
    """Without a handover a parked change may have been in flight: it is read, and stays dirty for a while."""
    play = Playbook()
    play.begin(handed_over=False, entry=HELD)
    loaded(play, (ENTITY, msgspec.structs.replace(HELD, generation=Generation(1, 6))))
    play.reply(said("equal"))
    assert (START + 30.0, b"y") == (play.entry().dirty_until, play.entry().dirty_data)


def test_a_tenants_full_lanes_keep_its_due_entries_and_nobody_elses() -> None:
    """What is due of others is taken meanwhile; its own is looked at again when there is room."""
    play = Playbook(changed(POLICY, open_per_tenant=1, open_in_all=100))
    play.begin(entry=DIRTY)
    play.fetch(change(1, number=5))
    play.give(Woke(), after=10.0)
    play.commit()
    assert [("due", frozenset({"fjellvik"}))] == [(load.which, load.except_tenants) for load in play.all(Load)]
    loaded(play)
    play.deliver()
    assert [frozenset({"fjellvik"}), frozenset()] == [load.except_tenants for load in play.all(Load)]


def test_nothing_is_loaded_once_the_partition_goes() -> None:
    """Due entries are the next owner's once the partition is given up."""
    play = Playbook()
    play.begin(entry=DIRTY)
    play.give(Revoking((PARTITION,), play.now + 5.0))
    play.tenants(Tenant(name="fjellvik", company="c0ffee", weight=2.0))
    assert [] == loads(play)


def test_new_terms_try_again_what_was_refused() -> None:
    """A change of a tenant's configuration releases what was refused to it, as a wrong number range."""
    play = Playbook()
    play.begin()
    play.tenants(Tenant(name="fjellvik", company="c0ffee", quota=1_000.0, last_number=200_000))
    assert ("refused", "fjellvik") in loads(play)
    refused = msgspec.structs.replace(HELD, parked=msgspec.structs.replace(WAITING, reason="conflict"))
    play.give(Loaded(PARTITION, GENERATION, "refused", "fjellvik", ((ENTITY, refused),), None, exhausted=True))
    play.reply(said("no"))
    play.record()
    assert ("conflict", []) == ((play.entry().parked or WAITING).reason, play.all(Released))


def test_what_is_parked_is_asked_for_when_it_is_to_be_tried_again() -> None:
    """A change that was parked in this assignment is taken out of the ledger at its next try, and not before."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("closed"))
    play.record()
    next_try = (play.entry().parked or WAITING).next_try or 0.0
    play.give(Woke(), after=next_try - play.now - 1.0)
    assert [] == loads(play)
    play.give(Woke(), after=1.0)
    assert [("due", None)] == loads(play)


def test_a_due_entry_is_tried_for_its_parked_change() -> None:
    """A parked change whose time has come is tried, though its delivered version is dirty too."""
    tried = msgspec.structs.replace(WAITING, reason="status_503", next_try=START + 3.0, attempts=1)
    entry = msgspec.structs.replace(DIRTY, parked=tried)
    play = Playbook()
    play.begin(entry=entry)
    play.give(Woke(), after=4.0)
    play.commit()
    loaded(play, (ENTITY, entry))
    play.deliver()
    assert [Released("delivered", ENTITY, 6)] == play.all(Released)


def test_a_check_that_a_former_owner_may_have_outrun_gives_way_to_the_parked_change() -> None:
    """The owner before may have written the newer version that still waits in the ledger: no check writes below it."""
    entry = msgspec.structs.replace(DIRTY, generation=Generation(1, 3), parked=WAITING, dirty_until=START - 1.0)
    play = Playbook()
    play.begin(handed_over=False, end=0, entry=msgspec.structs.replace(entry, parked=None))
    assert ["due"] == [which for which, _ in loads(play)]
    loaded(play, (ENTITY, entry))
    play.deliver()
    assert (6, []) == (play.entry().version, play.all(Checked))
