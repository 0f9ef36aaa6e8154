"""From a lane's next item to its outcome."""

import msgspec

from daemon.core.actions import Load, Record, Send
from daemon.core.events import Loaded, Recorded, Revoking, Woke
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Tenant
from daemon.core.notices import Held, Misbehaved, Remarked, Retried
from daemon.core.procedure import Unanswered, Unreachable
from tests.core.playbook import (
    ENTITY,
    GENERATION,
    PARTITION,
    POLICY,
    START,
    TENANT,
    Playbook,
    change,
    changed,
    refusal,
    said,
)

FAILED = Parked(
    version=6, data=b"y", occurred_at=START, reason="status_503", since=START, next_try=START + 3, attempts=1
)
ENTRY = Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION, parked=FAILED)
OTHER_TENANT = Tenant(name="havgard", company="decade", quota=1_000.0)


def kept(play: Playbook) -> Parked:
    """Return the parked change of the newest entry."""
    parked = play.entry().parked
    assert parked is not None
    return parked


def wake(play: Playbook, after: float) -> None:
    """Let time pass in steps, with every commit accepted, so that nothing is fenced."""
    until = play.now + after
    while play.now < until:
        play.give(Woke(), after=min(2.0, until - play.now))
        play.commit()


def load_due(play: Playbook, entry: Entry) -> None:
    """Answer the newest load with the entry."""
    load = play.last(Load)
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, ((ENTITY, entry),), None, exhausted=True))


def test_twenty_queued_edits_cost_one_write() -> None:
    """When a write's turn comes the newest version takes it; the older ones are superseded."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "v1"))
    play.fetch(*(change(version, f"v{version}") for version in range(2, 21)))
    play.reply(said("absent"))
    assert ["GET", "GET"] == play.sent()
    play.deliver()
    assert (20, ["GET", "GET", "PUT"]) == (play.entry().version, play.sent())
    assert [("superseded", offset) for offset in (*range(1, 19), 0)] + [("delivered", 19)] == play.settled()


def test_an_entity_that_changes_without_end_is_written_nevertheless() -> None:
    """A newer version takes a write's turn only so many times in a row."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "v1"))
    for version in range(2, 12):
        play.fetch(change(version, f"v{version}"))
        play.reply(said("absent"))
        if play.sent()[-1] == "PUT":
            break
    assert "PUT" == play.sent()[-1]
    assert 6 == len([settlement for settlement, _ in play.settled() if settlement == "superseded"]) + 1


def test_a_version_behind_a_written_one_follows_it() -> None:
    """What arrives while a write is in flight goes after it, on what the ledger knows then."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "write"))
    play.fetch(change(2, "y"))
    play.reply(said("done"))
    play.record()
    play.deliver()
    assert [("delivered", 0), ("delivered", 1)] == play.settled()


def test_a_bug_parks_one_change_and_no_other() -> None:
    """An exception of ours parks its change as internal_error, with a next try, and is told."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "raise"), change(1, "stumble", number=2), change(1, number=3))
    assert ("internal_error", START + 60.0, 1) == (kept(play).reason, kept(play).next_try, kept(play).attempts)
    play.reply(said("absent"), send=play.all(Send)[0])
    assert ["ValueError", "KeyError"] == [notice.reason for notice in play.all(Misbehaved)]
    play.reply(said("equal"), send=play.all(Send)[1])
    assert None is play.entry().parked


def test_a_failing_change_backs_off_and_is_parked_in_the_end() -> None:
    """While DnB is in trouble a change is tried with growing waits, then kept in the ledger for a later try."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    while not play.all(Record):
        play.reply(said("down", 503))
        if not play.all(Record):
            wake(play, 9.0)
    assert play.now - START >= 20.0
    assert ("status_503", play.now + 60.0, 1) == (kept(play).reason, kept(play).next_try, kept(play).attempts)
    assert [1, 2, 3] == [notice.attempt for notice in play.all(Retried)][:3]
    play.record()
    assert [("parked", 0)] == play.settled()


def test_an_unreachable_dnb_and_a_lost_reply_are_both_tried_again() -> None:
    """Whether the call never left or its reply was lost, the change is tried again; only the latter is doubted."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(Unreachable("ConnectError"))
    wake(play, 1.0)
    play.deliver()
    assert None is play.entry().dirty_until
    play.fetch(change(2, "y"), entry=play.entry())
    play.reply(Unanswered("ReadTimeout"))
    wake(play, 2.0)
    play.reply(said("equal"))
    assert play.entry().dirty_until is not None


def test_after_the_late_bound_a_delivery_is_clean() -> None:
    """A delivery that began when nothing could be late any more leaves no doubt."""
    play = Playbook(msgspec.structs.replace(POLICY, retrying=msgspec.structs.replace(POLICY.retrying, late_bound=1.0)))
    play.begin()
    play.fetch(change(1))
    play.reply(Unanswered("ReadTimeout"))
    wake(play, 1.0)
    play.reply(said("busy", 429, retry_after=2.0))
    wake(play, 2.0)
    play.reply(said("busy", 429, retry_after=2.0))
    wake(play, 2.0)
    play.reply(said("equal"))
    assert (None, None) == (play.entry().dirty_until, play.entry().dirty_data)


def test_a_newer_version_takes_the_place_of_a_failing_one() -> None:
    """A change that waits for its next try gives way to a newer version, which keeps the wait."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("down", 503))
    play.fetch(change(2, "y"))
    assert ([("superseded", 0)], 1) == (play.settled(), len(play.sent()))
    wake(play, 1.0)
    play.deliver()
    assert [("superseded", 0), ("delivered", 1)] == play.settled()


def test_a_failing_call_gives_way_to_a_newer_version() -> None:
    """When a call fails and a newer version queues, the newer one is what is tried again."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "x"))
    play.fetch(change(2, "y"))
    play.reply(said("down", 503))
    assert [("superseded", 0)] == play.settled()
    assert 2 == play.last(Retried).version


def test_a_parked_change_that_fails_again_waits_longer() -> None:
    """A change tried from the ledger goes back there at its first failure, with the next step of the schedule."""
    play = Playbook()
    play.begin(entry=ENTRY)
    wake(play, 4.0)
    load_due(play, ENTRY)
    play.reply(said("down", 503))
    assert (2, play.now + 300.0) == (kept(play).attempts, kept(play).next_try)
    play.record()
    assert ([], 1) == (play.settled(), play.planner.status(play.now).parked_now)


def test_the_time_in_which_a_person_was_waited_for_is_no_time_of_failing() -> None:
    """A period was closed for eight days: one failure after that is tried again like a first one."""
    closed = msgspec.structs.replace(
        FAILED, reason="closed_period", refusal=refusal("closed_period"), since=START - 8 * 86_400.0, attempts=0
    )
    old = msgspec.structs.replace(ENTRY, parked=closed)
    play = Playbook()
    play.begin(entry=old)
    wake(play, 4.0)
    load_due(play, old)
    play.reply(said("down", 503))
    assert ("status_503", 1, play.now) == (kept(play).reason, kept(play).attempts, kept(play).since)


def test_a_change_is_given_up_in_the_end() -> None:
    """After the time for giving up a parked change is refused for a person to see, and not tried by time."""
    old = msgspec.structs.replace(ENTRY, parked=msgspec.structs.replace(FAILED, since=START - 8 * 86_400.0))
    play = Playbook()
    play.begin(entry=old)
    wake(play, 4.0)
    load_due(play, old)
    play.reply(said("down", 503))
    assert ("gave_up", None) == (kept(play).reason, kept(play).next_try)
    refusal = kept(play).refusal
    assert refusal is not None
    assert "status_503" in refusal.rule


def test_a_retry_after_holds_its_tenant_to_the_instant() -> None:
    """A tenant that is told to come back later is called then, not before; others are not held."""
    play = Playbook()
    play.begin(TENANT, OTHER_TENANT)
    play.fetch(change(1), change(1, tenant="havgard", number=2))
    play.reply(said("busy", 429, retry_after=3.0), send=play.all(Send)[0])
    play.reply(said("absent"), send=play.all(Send)[1])
    assert ["GET", "GET", "PUT"] == play.sent()
    play.give(Woke(), after=2.999)
    assert 3 == len(play.sent())
    play.give(Woke(), after=0.001)
    assert 4 == len(play.sent())
    assert ("fjellvik", "throttled", 3.0) == _held(play)


def test_a_retry_after_for_the_whole_client_holds_everybody() -> None:
    """A pause that is not one tenant's is everybody's."""
    play = Playbook()
    play.begin(TENANT, OTHER_TENANT)
    play.fetch(change(1), change(1, tenant="havgard", number=2))
    play.reply(said("all busy", 429, retry_after=3.0), send=play.all(Send)[0])
    play.reply(said("all busy", 429), send=play.all(Send)[1])
    assert (None, "throttled", 3.0) == _held(play)
    play.give(Woke(), after=2.0)
    assert 2 == len(play.sent())
    play.give(Woke(), after=1.0)
    assert 4 == len(play.sent())


def test_a_pause_without_a_time_backs_off_once_for_calls_that_failed_together() -> None:
    """Bare 429s of calls in flight at once count as one, and the next one waits longer."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), change(1, number=2))
    play.reply(said("busy", 429), send=play.all(Send)[0])
    play.reply(said("busy", 429), send=play.all(Send)[1])
    assert 1 == len(play.all(Held))
    wake(play, 3.0)
    assert 4 == len(play.sent())
    play.reply(said("busy", 429))
    assert 2 == len(play.all(Held))


def test_a_long_hold_puts_the_tenants_changes_into_the_ledger() -> None:
    """During a Retry-After of an hour nothing of the tenant is held open: its changes wait, and come back then."""
    play = Playbook()
    play.begin(TENANT, OTHER_TENANT)
    play.fetch(*(change(1, number=number) for number in range(5)))
    play.reply(said("busy", 429, retry_after=3_600.0), send=play.all(Send)[0])
    assert ["waiting", "waiting"] == [record.entry.parked and record.entry.parked.reason for record in play.all(Record)]
    play.reply(said("absent"), send=play.all(Send)[1])
    play.reply(said("equal"), send=play.all(Send)[2])
    assert 4 == len(play.all(Record))
    wake(play, 3_602.0)
    assert ("waiting", "fjellvik") in [(load.which, load.tenant) for load in play.all(Load)] or not play.settled()


def test_a_denied_tenant_waits_and_is_probed_until_it_is_let_in() -> None:
    """A denied tenant's changes wait; one cheap read on back-off finds out when it may be served; others go on."""
    play = Playbook()
    play.begin(TENANT, OTHER_TENANT)
    play.fetch(change(1), change(1, number=2), change(1, tenant="havgard"))
    first, other, second = play.all(Send)
    play.reply(said("denied", 403), send=first)
    play.reply(said("denied", 403), send=second)
    play.reply(said("equal"), send=other)
    assert (1, 3) == (len(play.all(Held)), len(play.all(Record)))
    play.record()
    play.fetch(change(1, number=3))
    assert "waiting" == kept(play).reason
    wake(play, 3.0)
    assert "probe/fjellvik" == play.last(Send).call.target
    play.reply(said("denied", 403))
    wake(play, 5.0)
    play.reply(said("busy", 429, retry_after=1.0))
    wake(play, 2.0)
    play.reply(said("down", 503))
    wake(play, 10.0)
    play.reply(said("equal"))
    play.give(Woke())
    assert 4 == len([send for send in play.all(Send) if send.call.target == "probe/fjellvik"])
    for record in play.all(Record):
        play.give(_acknowledged(record))
    assert ("waiting", "fjellvik") in [(load.which, load.tenant) for load in play.all(Load)]


def test_a_probe_of_a_tenant_that_left_concludes_nothing() -> None:
    """A tenant that is removed while it is denied is not probed for ever."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("denied", 403))
    play.tenants()
    wake(play, 9.0)
    assert ["GET"] == play.sent()


def test_a_second_call_waits_when_its_tenant_ceased_to_be_served() -> None:
    """Between two calls of a procedure its tenant may be held: then the change waits in the ledger."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.tenants(Tenant(name="fjellvik", company="c0ffee", held="told so"))
    play.reply(said("absent"))
    assert (["GET"], "waiting") == (play.sent(), kept(play).reason)


def test_a_change_that_waits_for_a_reply_on_its_way_ends_with_it() -> None:
    """A tenant may be held while its change waits for a shared read in flight: the reply still concludes it."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "look"), change(1, "read+look", number=2))
    look, read = play.all(Send)
    play.tenants(Tenant(name="fjellvik", company="c0ffee", held="told so"))
    play.reply(said("absent"), send=read)
    assert [] == play.all(Record)
    play.reply(said("equal"), send=look)
    assert [None, None] == [record.entry.parked for record in play.all(Record)]


def test_a_probe_that_is_told_to_pause_has_a_successor() -> None:
    """A denied tenant whose probe meets a 429, of its own or of the whole client's, is probed again later."""
    for word, retry_after in (("all busy", 1.0), ("all busy", None), ("busy", 1.0), ("busy", None)):
        play = Playbook()
        play.begin()
        play.fetch(change(1))
        play.reply(said("denied", 403))
        wake(play, 3.0)
        play.reply(said(word, 429, retry_after=retry_after))
        wake(play, 5.0)
        assert ["customers/1", "probe/fjellvik", "probe/fjellvik"] == [send.call.target for send in play.all(Send)]


def test_a_tenant_that_is_probed_is_not_probed_twice() -> None:
    """A call that is denied while the probe is under way prolongs the hold and starts no second probe."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), change(1, number=2))
    first, second = play.all(Send)
    play.reply(said("denied", 403), send=first)
    wake(play, 3.0)
    assert "probe/fjellvik" == play.last(Send).call.target
    play.reply(said("denied", 403), send=second)
    wake(play, 6.0)
    assert 3 == len(play.all(Send))


def test_nothing_is_tried_again_for_a_partition_that_goes() -> None:
    """A failure in the drain hands the change back instead of trying it again."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.reply(said("down", 503))
    play.give(Woke(), after=9.0)
    assert (["GET"], []) == (play.sent(), play.all(Record))


def test_a_back_off_that_ends_in_the_drain_starts_nothing() -> None:
    """A change that was waiting for its next try is the next owner's."""
    play = Playbook(changed(POLICY, commit_every=60.0))
    play.begin()
    play.fetch(change(1), change(1, number=2))
    play.reply(said("down", 503), send=play.all(Send)[0])
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.give(Woke(), after=9.0)
    assert 2 == len(play.sent())


def _held(play: Playbook) -> tuple[str | None, str, float | None]:
    held = play.all(Held)[0]
    return held.tenant, held.reason, held.wait


def _acknowledged(record: Record) -> Recorded:
    return Recorded((record.ticket,))


def test_what_can_be_repaired_in_dnb_is_tried_again_by_time() -> None:
    """A closed period is looked at again every half hour, for all of a tenant's changes at one instant."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), change(1, number=2))
    first, second = play.all(Send)
    play.reply(said("closed"), send=first)
    wake(play, 1.0)
    play.reply(said("closed"), send=second)
    tries = [record.entry.parked.next_try for record in play.all(Record) if record.entry.parked]
    assert [tries[0]] * 2 == tries
    assert tries[0] is not None
    assert play.now < tries[0] <= play.now + POLICY.retrying.heal_every


def test_a_remark_is_kept_and_told() -> None:
    """What a person should know about a delivery is counted, and stands in the entry with the voucher's number."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("remarkable"))
    assert [Remarked(ENTITY, 1, "number_differs")] == play.all(Remarked)
    assert (("number_differs",), "100245-2026") == (play.entry().remarks, play.entry().voucher)


def test_what_is_denied_just_after_a_good_probe_is_denied_for_its_own_sake() -> None:
    """A right that lacks for one kind of call parks those changes, and does not keep the tenant's others waiting."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("denied"))
    play.record()
    wake(play, 3.0)
    play.reply(said("equal"))
    load = play.last(Load)
    waiting = play.entry()
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, ((ENTITY, waiting),), None, exhausted=True))
    play.fetch(change(1, number=2))
    first, second = play.all(Send)[-2:]
    play.reply(said("denied"), send=first)
    parked = kept(play)
    assert ("denied", True) == (parked.reason, parked.refusal is not None and parked.refusal.heals)
    assert parked.next_try is not None
    play.reply(said("absent"), send=second)
    assert "PUT" == play.sent()[-1]


def test_a_good_probe_speaks_for_a_minute() -> None:
    """Later the tenant may have been denied as a whole again: it is held and probed."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.reply(said("denied"))
    play.record()
    wake(play, 3.0)
    play.reply(said("equal"))
    load = play.last(Load)
    play.give(Loaded(PARTITION, GENERATION, load.which, load.tenant, ((ENTITY, play.entry()),), None, exhausted=True))
    play.reply(said("equal"))
    play.record()
    wake(play, 61.0)
    play.fetch(change(2, "y"), entry=play.entry())
    play.reply(said("denied"))
    assert 2 == len([held for held in play.all(Held) if held.reason == "status_403"])
