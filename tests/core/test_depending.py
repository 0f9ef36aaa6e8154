"""What must be in DnB first: waited for, looked up and parked for."""

import msgspec

from daemon.core.actions import Consult, Load, Record
from daemon.core.events import Arrival as Arriving
from daemon.core.events import Assigned, Consulted, Fetched, Lost, Recorded, Revoking, Woke
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Generation, Tenant
from daemon.core.notices import Checked, Misbehaved
from tests.core.dependents import (
    BLOCKED,
    CUSTOMER,
    FAILED,
    INVOICE,
    KNOWN,
    PROJECT,
    REFUSED,
    WAIT_SECONDS,
    WAITING,
    kept,
    load,
    project,
    targets,
    wake,
)
from tests.core.playbook import (
    GENERATION,
    OTHER,
    PARTITION,
    POLICY,
    START,
    TENANT,
    Playbook,
    change,
    changed,
    of_kind,
    said,
)


def test_a_change_waits_for_its_dependency_that_is_on_its_way() -> None:
    """A project that comes with its customer is not called for until the customer is delivered and recorded."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), project())
    assert ["GET customers/1"] == targets(play)
    play.deliver()
    assert (PROJECT, (CUSTOMER,)) == (play.last(Consult).entity, play.last(Consult).wanted)
    play.consulted({CUSTOMER: play.entry()})
    assert ["GET customers/1", "PUT customers/1", "GET customers/1"] == targets(play)


def test_a_dependency_that_was_delivered_before_is_not_waited_for() -> None:
    """A customer that DnB has already may be changing meanwhile: its id is known, and that is all a project needs."""
    play = Playbook()
    play.begin()
    play.fetch(change(4, "y"), entry=KNOWN)
    play.fetch(project())
    assert ([], ["GET customers/1", "GET customers/1"]) == (play.all(Consult), targets(play))


def test_what_the_ledger_does_not_know_is_looked_up_by_number() -> None:
    """A customer that was never transferred from Moment may still be in DnB."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    assert ["GET number/customer"] == targets(play)
    play.reply(said("there"))
    play.deliver()
    assert ("delivered", 0) == play.settled()[-1]


def test_a_missing_dependency_is_waited_for_and_then_parked_for() -> None:
    """Nobody knows the customer: the project waits a minute, is looked up again, and then waits in the ledger."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    play.reply(said("absent"))
    assert [] == play.all(Record)
    wake(play, WAIT_SECONDS)
    play.consulted()
    play.reply(said("absent"))
    parked = kept(play)
    assert ("missing_dependency", CUSTOMER.key, 1) == (parked.reason, parked.blocked_by, parked.attempts)
    assert parked.next_try is not None
    assert parked.refusal is not None
    assert ("customerNumber", "100001") == (parked.refusal.field, parked.refusal.value)
    play.record()
    assert [("parked", 0)] == play.settled()


def test_a_dependency_that_comes_late_is_not_waited_for_longer() -> None:
    """The customer comes within the minute: the project goes on when it is delivered."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    play.reply(said("absent"))
    play.fetch(change(1))
    play.deliver()
    play.consulted({CUSTOMER: play.entry()})
    play.deliver()
    assert [("delivered", 1), ("delivered", 0)] == play.settled()


def test_a_dependency_goes_before_what_waits_for_its_turn() -> None:
    """A customer for which a project waits is taken at once, though other changes of the tenant wait in the ledger."""
    play = Playbook(changed(POLICY, open_per_tenant=1, open_in_all=100))
    play.begin()
    play.fetch(project())
    play.consulted()
    play.reply(said("absent"))
    play.fetch(change(1, number=2), change(1))
    assert [(Entity("fjellvik", "customer", 2), "waiting")] == [
        (record.entity, record.entry.parked.reason) for record in play.all(Record) if record.entry.parked
    ]
    assert "GET customers/1" == targets(play)[-1]


def test_a_refused_dependency_parks_what_depends_on_it() -> None:
    """An invoice of a customer that a person must repair says so, and names the customer and the repair."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: REFUSED})
    parked = kept(play)
    assert ("dependency_refused", CUSTOMER.key) == (parked.reason, parked.blocked_by)
    assert parked.refusal is not None
    assert ("customer.number", "100001") == (parked.refusal.field, parked.refusal.value)
    assert "repair the customer: a repair" == parked.refusal.repair
    assert ([], POLICY.retrying.healing("fjellvik", play.now)) == (play.sent(), parked.next_try)


def test_a_dependency_that_waits_for_its_turn_is_taken_first() -> None:
    """The ledger holds the customer for its turn: it is taken now, and the project waits for it."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: WAITING})
    assert ("named", CUSTOMER) == (play.last(Load).which, play.last(Load).about)
    load(play, (CUSTOMER, WAITING))
    play.deliver()
    play.consulted({CUSTOMER: play.entry()})
    play.deliver()
    assert [("delivered", 0)] == play.settled()


def test_a_waiting_dependency_that_does_not_come_is_asked_for_again() -> None:
    """Should the taking fail, the project looks again after the wait and does not stay for ever."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: WAITING})
    load(play)
    wake(play, WAIT_SECONDS)
    assert 2 == len(play.all(Consult))


def test_a_kind_that_is_not_transferred_is_only_looked_up() -> None:
    """A tenant that keeps its customers in DnB itself has its projects transferred all the same."""
    play = Playbook()
    play.begin(Tenant(name="fjellvik", company="c0ffee", quota=1_000.0, kinds=frozenset({"project"})))
    play.fetch(project())
    play.consulted({CUSTOMER: WAITING})
    assert ["GET number/customer"] == targets(play)


def test_an_entry_of_another_company_says_nothing() -> None:
    """A customer's id in the books that the tenant had before is not its id now."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: msgspec.structs.replace(KNOWN, company="decade")})
    assert ["GET number/customer"] == targets(play)


def test_two_that_wait_for_each_other_do_not_wait_for_ever() -> None:
    """Two credit notes of each other are nonsense; one of them is looked up, and neither holds the watermark."""
    play = Playbook()
    play.begin()
    play.fetch(of_kind("invoice", change(1, number=7)), of_kind("invoice", change(1, number=8)))
    first = play.last(Consult)
    assert first.entity is not None
    assert 7 == first.entity.id
    play.give(Consulted(PARTITION, GENERATION, first.entity, {}))
    play.give(Woke(), after=1.0)
    assert ["GET number/invoice"] == targets(play)


def test_a_newer_version_that_waits_for_a_dependency_takes_the_older_ones_place() -> None:
    """The older version is superseded at once, and the newer one's dependencies are looked at."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), project(1))
    play.fetch(project(2))
    assert [("superseded", 1)] == play.settled()
    play.deliver()
    play.consulted({CUSTOMER: play.entry()})
    play.deliver()
    assert ("delivered", 2) == play.settled()[-1]


def test_an_answer_of_the_ledger_that_nobody_waits_for_is_ignored() -> None:
    """The partition's end, or a hold, may come between the question and the answer."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    asked = play.last(Consult)
    play.hold("fjellvik", 2_000.0)
    play.record()
    play.give(Consulted(PARTITION, GENERATION, asked.entity, {CUSTOMER: KNOWN}))
    assert ([], [("parked", 0)]) == (play.sent(), play.settled())


def test_a_revocation_ends_the_waiting() -> None:
    """What waits for a dependency is handed back: nothing of it is in flight."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    play.reply(said("absent"))
    play.fetch(project(number=2))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.consulted({CUSTOMER: KNOWN})
    play.give(Recorded((play.handover().ticket,)))
    play.commit()
    assert [("handed_back", 0), ("handed_back", 1)] == play.settled()


def test_a_missing_dependency_noticed_while_the_partition_goes_is_left_to_the_next_owner() -> None:
    """The reply comes in the drain: nothing is begun any more."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.reply(said("absent"))
    assert [] == play.all(Record)


def test_what_waits_for_another_partition_goes_on_when_that_is_lost() -> None:
    """A dependency's lane closed with its partition tells nothing: the project looks again."""
    play = Playbook()
    play.begin()
    other = Assigned(
        partition=OTHER, generation=GENERATION, position=0, end=0, handed_over=True, share=1.0
    )  # fmt: skip
    play.give(other)
    play.commit()
    play.give(Fetched(OTHER, GENERATION, (Arriving(0, change(1)),), 1))
    play.fetch(project())
    play.give(Lost((OTHER,)))
    assert PROJECT == play.last(Consult).entity
    play.give(Consulted(PARTITION, Generation(1, 6), PROJECT, {CUSTOMER: KNOWN}))
    assert ["GET customers/1"] == targets(play)


def test_what_waits_in_a_partition_that_goes_is_not_started_again() -> None:
    """The customer is delivered in the drain: its project is the next owner's."""
    play = Playbook()
    play.begin()
    play.fetch(change(1), project())
    play.reply(said("absent"))
    play.give(Revoking((PARTITION,), play.now + 20.0))
    play.reply(said("done"))
    play.record()
    assert [] == play.all(Consult)


def test_a_check_whose_dependency_is_gone_waits_for_it() -> None:
    """A delivered project that is read again, and whose customer is nowhere any more, is parked until that is back."""
    dirty = Entry(
        company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, generation=GENERATION, dirty_until=START + 9.0,
        dirty_data=b"x", occurred_at=START,
    )  # fmt: skip
    play = Playbook()
    play.begin(entry=dirty)
    wake(play, 10.0)
    load(play, (PROJECT, dirty))
    play.consulted()
    play.reply(said("absent"))
    assert [Checked("refused", PROJECT)] == play.all(Checked)
    parked = play.entry().parked
    assert parked is not None
    assert (5, "missing_dependency", CUSTOMER.key) == (parked.version, parked.reason, parked.blocked_by)


def test_a_dependency_that_was_never_named_is_our_bug() -> None:
    """A procedure that misses what it did not declare is parked as an internal error, and seen."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    play.reply(said("unrelated"))
    assert [Misbehaved(PROJECT, 1, "MissingDependency")] == play.all(Misbehaved)


def test_an_invoice_needs_its_customer_and_its_project() -> None:
    """The invoice waits for the customer first, then for the project that itself waits for the customer."""
    play = Playbook()
    play.begin(TENANT)
    play.fetch(of_kind("invoice", change(1)), project(), change(1))
    (invoice,) = (asked for asked in play.all(Consult) if asked.entity == INVOICE)
    play.give(Consulted(PARTITION, GENERATION, invoice.entity, {}))
    assert ["GET customers/1"] == targets(play)
    play.deliver()
    customer = play.entry()
    for asked in [one for one in play.all(Consult) if one is not invoice]:
        play.give(Consulted(PARTITION, GENERATION, asked.entity, {CUSTOMER: customer}))
    play.deliver()
    play.consulted({CUSTOMER: customer, PROJECT: play.entry()})
    play.deliver()
    assert [("delivered", 2), ("delivered", 1), ("delivered", 0)] == play.settled()


def test_what_can_do_without_its_dependency_does_so_after_the_wait() -> None:
    """A credit note of an invoice older than the integration waits once for it, and is then booked without."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted()
    play.reply(said("dispensable"))
    assert [] == play.all(Record)
    wake(play, WAIT_SECONDS)
    play.consulted()
    play.reply(said("dispensable"))
    play.deliver()
    assert [("delivered", 0)] == play.settled()


def test_a_dependency_that_has_failed_for_now_is_waited_for() -> None:
    """The ledger knows that it will come: nothing is looked up, and nothing goes without it."""
    play = Playbook()
    play.begin()
    play.fetch(project())
    play.consulted({CUSTOMER: FAILED})
    assert [] == play.sent()
    wake(play, WAIT_SECONDS)
    play.consulted({CUSTOMER: FAILED})
    assert ([], "dependency_delayed", CUSTOMER.key) == (play.sent(), kept(play).reason, kept(play).blocked_by)
    assert None is kept(play).refusal


def test_a_dependency_is_not_taken_from_a_partition_whose_tail_is_unread() -> None:
    """A newer version of it may lie in the tail, delivered: it is taken when that has been read."""
    play = Playbook()
    play.begin()
    play.give(
        Assigned(
            partition=OTHER, generation=GENERATION, position=0, end=50, handed_over=False, share=0.5,
            parked=1, waiting_tenants=frozenset({"fjellvik"}),
        )
    )  # fmt: skip
    play.fetch(project())
    play.consulted({CUSTOMER: WAITING})
    assert [PARTITION] == [one.partition for one in play.all(Load) if one.which == "named"]


def test_an_outage_is_no_waiting_for_a_dependency() -> None:
    """A change that was parked for an outage has not waited for its dependency yet: it does without nothing."""
    play = Playbook()
    play.begin(entry=FAILED)
    wake(play, 90.0)
    load(play, (PROJECT, FAILED))
    play.consulted()
    play.reply(said("dispensable"))
    assert "missing_dependency" == kept(play).reason


def test_what_has_waited_for_its_dependency_has_waited_whatever_failed_since() -> None:
    """A lost reply in between makes nobody wait for a dependency once more that was waited for in vain."""
    assert BLOCKED.parked is not None
    parked = msgspec.structs.replace(
        BLOCKED.parked, reason="ReadTimeout", blocked_by="", steps=("1000 missing_dependency", "1300 ReadTimeout")
    )
    entry = msgspec.structs.replace(BLOCKED, parked=parked)
    play = Playbook()
    play.begin(entry=entry)
    wake(play, 300.0)
    load(play, (PROJECT, entry))
    play.consulted()
    play.reply(said("dispensable"))
    play.deliver()
    assert (1, None) == (play.entry().version, play.entry().parked)


def test_two_that_wait_for_their_turn_and_for_each_other_come_to_an_end() -> None:
    """Credit notes of each other that a hold kept back are looked up like others, and no lane stays open for ever."""
    play = Playbook()
    play.begin(entry=WAITING)
    one, other = Entity("fjellvik", "invoice", 7), Entity("fjellvik", "invoice", 8)
    load(play, (one, WAITING), (other, WAITING))
    play.give(Consulted(PARTITION, GENERATION, one, {other: WAITING}))
    play.give(Consulted(PARTITION, GENERATION, other, {one: WAITING}))
    assert ["GET number/invoice"] == targets(play)


def test_one_that_waits_for_itself_comes_to_an_end() -> None:
    """A credit note that names itself is looked up like others."""
    play = Playbook()
    play.begin(entry=WAITING)
    itself = Entity("fjellvik", "invoice", 9)
    load(play, (itself, WAITING))
    play.consulted({itself: WAITING})
    assert ["GET number/invoice"] == targets(play)
