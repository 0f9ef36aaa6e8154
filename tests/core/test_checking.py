"""What a check of a delivered version does, and what another company key means for what is in work."""

from daemon.core.actions import Load, PutBack, Send
from daemon.core.events import Loaded
from daemon.core.ledger import Entry
from daemon.core.model import Tenant
from daemon.core.notices import Checked, Held
from tests.core.playbook import ENTITY, GENERATION, PARTITION, START, Playbook, change, said
from tests.core.test_delivering import kept, load_due, wake

DIRTY = Entry(
    company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION, dirty_until=START + 9.0,
    dirty_data=b"x", occurred_at=START,
)  # fmt: skip


def checking() -> Playbook:
    """Return a planner that has just begun to check the delivered version."""
    play = Playbook()
    play.begin(entry=DIRTY)
    wake(play, 10.0)
    load_due(play, DIRTY)
    return play


def test_a_denied_check_is_done_later() -> None:
    """A check stays in doubt; denied again and again though the tenant was probed well, it is parked for a person."""
    play = Playbook()
    play.begin(entry=DIRTY)
    play.fetch(change(1, number=2))
    play.reply(said("denied"))
    play.record()
    wake(play, 3.0)
    play.reply(said("equal"))
    wake(play, 8.0)
    due = next(load for load in reversed(play.all(Load)) if load.which == "due")
    play.give(Loaded(PARTITION, GENERATION, due.which, due.tenant, ((ENTITY, DIRTY),), None, exhausted=True))
    play.reply(said("denied"))
    assert [] == play.all(Checked)
    for _ in range(3):
        wake(play, 9.0)
        play.reply(said("denied"))
    assert [Checked("refused", ENTITY)] == play.all(Checked)
    assert ("denied", True) == (kept(play).reason, kept(play).next_try is not None)
    assert 1 == len([held for held in play.all(Held) if held.reason == "status_403"])


def test_what_was_begun_for_a_company_is_ended_there() -> None:
    """The tenant's company key changes between two calls: the second goes where the first went, and is recorded so."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.tenants(Tenant(name="fjellvik", company="decade", quota=1_000.0))
    play.reply(said("absent"))
    play.reply(said("done"))
    assert ["c0ffee", "c0ffee"] == [send.company for send in play.all(Send)]
    assert "c0ffee" == play.entry().company


def test_what_queues_behind_that_knows_nothing_of_the_old_company() -> None:
    """Equal content is no reason to send nothing to the new company, and the old one's id is no id there."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.fetch(change(2, "write"))
    play.tenants(Tenant(name="fjellvik", company="decade", quota=1_000.0))
    play.reply(said("done"))
    play.record()
    assert ["c0ffee", "decade"] == [send.company for send in play.all(Send)]
    play.reply(said("done"))
    play.record()
    assert ("decade", 2) == (play.entry().company, play.entry().version)


def test_a_check_of_what_another_company_was_told_is_not_made_in_the_new_one() -> None:
    """It would create there what Moment has not sent since."""
    play = checking()
    play.reply(said("down", 503))
    play.tenants(Tenant(name="fjellvik", company="decade", quota=1_000.0))
    wake(play, 9.0)
    assert (["GET"], [PutBack(PARTITION, (ENTITY,))]) == (play.sent(), play.all(PutBack)[-1:])


def test_a_held_tenant_without_a_company_keeps_what_is_known() -> None:
    """Its key cannot be read for a moment: a change that comes meanwhile is parked beside what was delivered."""
    known = Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION)
    play = Playbook()
    play.begin()
    play.tenants(Tenant(name="fjellvik", company="", held="its configuration is invalid"))
    play.fetch(change(4), change(6, "y"), entry=known)
    assert [("stale", 0)] == play.settled()
    assert ("c0ffee", 5, 9) == (play.entry().company, play.entry().version, play.entry().dnb_id)


def test_a_check_gives_way_to_no_newer_version() -> None:
    """The newer version turns out to be refused: what a late write spoiled must have been put right all the same."""
    play = checking()
    play.fetch(change(6, "refuse"))
    play.reply(said("absent"))
    play.reply(said("done"))
    play.record()
    assert [Checked("healed", ENTITY)] == play.all(Checked)
    assert (["GET", "PUT"], "bad_number") == (play.sent(), kept(play).reason)


def test_a_check_that_failed_is_not_lost_for_a_newer_version_that_is_refused() -> None:
    """Nothing of the newer one was sent: what a late write spoiled is still to be put right."""
    play = checking()
    play.fetch(change(6, "refuse"))
    play.reply(said("down", 503))
    wake(play, 9.0)
    assert ("bad_number", b"x") == (kept(play).reason, play.entry().dirty_data)


def test_a_refused_version_takes_nothing_from_the_check_of_the_delivered_one() -> None:
    """Nothing of it was ever sent: the delivered version is still what DnB must hold."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "refuse"), entry=DIRTY)
    assert (b"x", START + 9.0) == (play.entry().dirty_data, play.entry().dirty_until)
