"""What becomes of each fetched record."""

import msgspec
import pytest

from daemon.core.actions import DeadLetter, Load, Pause, Record, Send
from daemon.core.events import DeadLettered, Fetched, Loaded, Woke
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Change, Generation, Ignored, Tenant, Undecodable
from daemon.core.notices import Conflicted, Received, Settled
from daemon.core.state import CATCH_UP_RECORDS, CATCH_UP_SECONDS
from tests.core.playbook import GENERATION, PARTITION, POLICY, START, TENANT, Playbook, change, changed, said

DELIVERED = Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, number="100009", generation=GENERATION)
OTHERS = Generation(1, 3)
PROJECTS = msgspec.structs.replace(TENANT, kinds=frozenset({"project"}))
ENTITY = change(1).entity


def parked(reason: str, version: int = 6, data: str = "x") -> Parked:
    """Return a parked change."""
    return Parked(version=version, data=data.encode(), occurred_at=START, reason=reason, since=START)


def reasons(play: Playbook) -> list[tuple[str, str]]:
    """Return how the records settled, and why."""
    return [(notice.settlement, notice.reason) for notice in play.all(Settled)]


def test_a_record_that_is_no_change_is_dead_lettered() -> None:
    """An undecodable record settles when its dead letter is acknowledged, not before."""
    play = Playbook()
    play.begin()
    play.fetch(Undecodable("not_json", "line 1"))
    letter = play.last(DeadLetter)
    assert ((0, "not_json"), []) == ((letter.offset, letter.cause.reason), reasons(play))
    play.give(DeadLettered((letter.ticket,)))
    assert [("dead_lettered", "not_json")] == reasons(play)


def test_records_that_are_none_of_our_business_are_ignored() -> None:
    """Nulls, unknown tenants and kinds that are not transferred settle as ignored, each with its reason."""
    play = Playbook()
    play.begin(Tenant(name="fjellvik", company="c0ffee", kinds=frozenset({"project"})))
    play.fetch(Ignored("null"), change(1, tenant="nobody"), change(1))
    assert [("ignored", "null"), ("ignored", "tenant"), ("ignored", "kind")] == reasons(play)


def test_what_is_in_hand_of_a_kind_that_is_switched_off_waits_with_its_newest_version() -> None:
    """Switched on again, an older version would be delivered without the newer ones, or over one that was attempted."""
    waiting = Entry(company="c0ffee", version=5, dnb_id=9, number="100009", parked=parked("waiting"))
    play = Playbook()
    play.begin(PROJECTS, entry=waiting)
    play.fetch(change(7, "newer"), entry=waiting)
    play.record()
    kept = play.entry().parked
    assert kept is not None
    assert ([("parked", "waiting")], (7, b"newer"), []) == (reasons(play), (kept.version, kept.data), play.sent())


def test_what_a_former_owner_may_have_attempted_waits_though_its_kind_is_switched_off() -> None:
    """Of an entity that the ledger does not know, whose kind no former owner transferred, there is nothing to doubt."""
    play = Playbook()
    play.begin(PROJECTS, handed_over=False, end=2)
    play.fetch(change(6), entry=DELIVERED)
    play.record()
    play.fetch(change(1, number=2))
    play.fetch(change(6, number=3), entry=DELIVERED)
    assert [("parked", "waiting"), ("ignored", "kind"), ("ignored", "kind")] == reasons(play)
    play.tenants(TENANT)
    parked_now = play.entry()
    play.give(Loaded(PARTITION, GENERATION, "waiting", "fjellvik", ((ENTITY, parked_now),), None, exhausted=True))
    assert ["GET"] == play.sent()


def test_what_a_former_owner_may_have_been_creating_waits_though_its_kind_is_switched_off() -> None:
    """The ledger does not know the entity yet, but that its kind was transferred: what DnB has is looked at."""
    play = Playbook()
    play.begin(PROJECTS, handed_over=False, end=1, former_kinds={"fjellvik": frozenset({"customer"})})
    play.fetch(change(1), change(1, number=2))
    play.record()
    assert [("parked", "waiting"), ("ignored", "kind")] == sorted(reasons(play), reverse=True)
    play.tenants(TENANT)
    waiting = ((ENTITY, play.entry()),)
    play.give(Loaded(PARTITION, GENERATION, "waiting", "fjellvik", waiting, None, exhausted=True))
    assert ["GET"] == play.sent()


def test_a_newer_version_of_what_is_in_flight_waits_when_its_kind_is_switched_off() -> None:
    """What is in flight is recorded as it ends, and the newer version behind it."""
    play = Playbook()
    play.begin()
    play.fetch(change(1))
    play.tenants(PROJECTS)
    play.fetch(change(2))
    play.reply(said("absent"))
    play.record()
    kept = play.entry().parked
    assert kept is not None
    assert (2, ["GET"]) == (kept.version, play.sent())
    assert ("ignored", "kind") not in reasons(play)


def test_a_kind_without_a_recipe_is_ignored() -> None:
    """A kind that this version does not transfer is counted, also for a tenant that asks for it."""
    play = Playbook(kinds=("customer",))
    play.begin()
    project = change(1)
    entity = type(project.entity)("fjellvik", "project", 1)
    play.fetch(type(project)(entity, 1, START, b"{}"))
    assert [("ignored", "kind")] == reasons(play)


def test_a_repeated_fetch_brings_nothing_new() -> None:
    """Records below the position are not taken, counted or settled again."""
    play = Playbook()
    play.begin()
    play.fetch(Ignored("null"))
    play.give(Fetched(PARTITION, GENERATION, (), 1))
    play.offset = 0
    play.fetch(Ignored("null"), Ignored("null"))
    assert ([1, 0, 1], 2) == ([notice.count for notice in play.all(Received)], len(play.settled()))


@pytest.mark.parametrize("version", [1, 4, 5])
def test_a_version_that_is_not_newer_is_stale(version: int) -> None:
    """Duplicates and older versions of what is delivered cost no call and no ledger record."""
    play = Playbook()
    play.begin()
    play.fetch(change(version), entry=DELIVERED)
    assert ([("stale", "")], [], []) == (reasons(play), play.sent(), play.all(Record))


def test_an_older_version_behind_one_in_flight_is_stale() -> None:
    """What overtakes on the way is not sent after the newer one."""
    play = Playbook()
    play.begin()
    play.fetch(change(5))
    play.fetch(change(6, "y"), change(3), change(6, "y"), change(5))
    assert [("stale", "")] * 3 == reasons(play)
    assert [] == play.all(Conflicted)


def test_other_content_under_a_delivered_version_is_told() -> None:
    """The same version with other content is not sent, and somebody is warned."""
    play = Playbook()
    play.begin()
    play.fetch(change(5, "other"), entry=DELIVERED)
    assert ([("stale", "version_conflict")], 1, []) == (reasons(play), len(play.all(Conflicted)), play.sent())


def test_other_content_under_an_open_version_is_told() -> None:
    """The same holds while the version is still in flight; other bytes of the same meaning are no conflict."""
    play = Playbook()
    play.begin()
    play.fetch(change(5, "x"), change(5, "x#differently written"), change(5, "y"))
    assert [("stale", ""), ("stale", "version_conflict")] == reasons(play)


def test_fingerprints_that_cannot_be_made_or_compared_are_no_conflict() -> None:
    """Undecodable data, another fingerprint scheme, and a tenant that is gone leave a duplicate merely stale."""
    play = Playbook()
    play.begin()
    play.fetch(change(5, "refuse"), entry=DELIVERED)
    play.fetch(change(5, "other"), entry=Entry(company="c0ffee", version=5, fingerprint="t0:x", dnb_id=9))
    play.tenants()
    play.fetch(change(5, "other"), entry=DELIVERED)
    assert [("stale", "")] * 3 == reasons(play)


def test_a_replay_of_what_is_delivered_reads_dnb_again() -> None:
    """A replay of the delivered version is compared by reading, although its fingerprint is known."""
    play = Playbook()
    play.begin()
    play.fetch(change(5, replay="r1"), entry=DELIVERED)
    assert ["GET"] == play.sent()
    play.reply(said("equal"))
    play.record()
    assert [("unchanged", "")] == reasons(play)


def test_a_replay_of_what_is_in_flight_or_old_is_stale() -> None:
    """A replay of an older version, or of one that somebody works on, does nothing."""
    play = Playbook()
    play.begin()
    play.fetch(change(6, "y"), change(6, "y", replay="r1"), change(5, replay="r2"), entry=DELIVERED)
    assert [("stale", ""), ("stale", "")] == reasons(play)


def test_changes_of_a_tenant_that_left_the_registry_wait() -> None:
    """A tenant that was there once is not forgotten: its changes wait in the ledger until it is back."""
    play = Playbook()
    play.begin()
    play.tenants()
    play.fetch(change(6), entry=DELIVERED)
    assert ("c0ffee", "waiting") == (play.entry().company, (play.entry().parked or parked("")).reason)
    play.record()
    assert [("parked", "waiting")] == reasons(play)


def test_more_open_changes_than_a_tenant_may_have_wait() -> None:
    """A tenant's backlog is read past into the ledger, and what comes behind waiting changes waits too."""
    play = Playbook(changed(POLICY, open_per_tenant=2, open_in_all=100))
    play.begin()
    play.fetch(*(change(1, number=number) for number in range(4)))
    assert (2, [2, 3]) == (len(play.all(Send)), [record.entity.id for record in play.all(Record)])
    play.record()
    play.fetch(change(1, number=9))
    assert 9 == play.last(Record).entity.id


@pytest.mark.parametrize(
    ("arriving", "entry", "settled_as"),
    [
        (change(6, number=7), DELIVERED, "unchanged"),
        (change(6, "y", number=7), DELIVERED, "parked"),
        (change(6, number=7, replay="again"), DELIVERED, "parked"),
        (change(6, number=7), msgspec.structs.replace(DELIVERED, dnb_id=None), "parked"),
        (change(6, number=7), msgspec.structs.replace(DELIVERED, dirty_until=START), "parked"),
        (change(6, number=7), msgspec.structs.replace(DELIVERED, parked=parked("conflict", 5)), "parked"),
    ],
)
def test_behind_a_backlog_only_what_needs_a_call_waits(arriving: Change, entry: Entry, settled_as: str) -> None:
    """What the ledger alone shows to be unchanged is concluded at once, however much waits before it."""
    play = Playbook(changed(POLICY, open_per_tenant=2, open_in_all=100))
    play.begin()
    play.fetch(*(change(1, number=number) for number in range(4)))
    play.record()
    play.fetch(arriving, entry=entry)
    play.record()
    assert settled_as == play.settled()[-1][0]


@pytest.mark.parametrize(
    ("entry", "handed_over", "doubts"),
    [
        (DELIVERED, True, False),
        (DELIVERED, False, True),
        (Entry(company="c0ffee", version=5, fingerprint="t1:x", dnb_id=9, dirty_until=START), True, True),
        (Entry(company="other", version=5, fingerprint="t1:x", dnb_id=9), True, True),
        (Entry(company="c0ffee", fingerprint="t1:x", dnb_id=9, version=5, parked=parked("conflict")), True, True),
    ],
)
def test_unchanged_is_concluded_only_where_nothing_is_in_doubt(
    *, entry: Entry, handed_over: bool, doubts: bool
) -> None:
    """A newer version with the same content costs no call, unless something newer can have been attempted."""
    play = Playbook()
    play.begin(handed_over=handed_over, end=1)
    play.fetch(change(7), entry=entry)
    assert (["GET"] if doubts else []) == play.sent()
    if not doubts:
        play.record()
        assert ([("unchanged", "")], 7) == (reasons(play), play.entry().version)


def test_behind_the_tail_nothing_is_suspect() -> None:
    """Records that came after the assignment were in nobody's hands before, unless their entity was parked."""
    play = Playbook()
    play.begin(handed_over=False, end=0)
    play.fetch(change(7), entry=DELIVERED)
    assert [] == play.sent()
    refused = msgspec.structs.replace(DELIVERED, parked=parked("conflict"), generation=OTHERS)
    play.fetch(change(7, number=2), entry=refused)
    assert ["GET"] == play.sent()
    play.reply(said("equal"))
    assert play.entry().dirty_until is not None
    assert TENANT.company == play.entry().company


def test_a_draft_is_ignored_and_supersedes_nothing() -> None:
    """A draft leaves the version and the finalized one that queues as they are; an old draft is stale."""
    play = Playbook()
    play.begin()
    play.fetch(change(2, "v2"), change(3, "draft"), change(1, "draft"))
    assert [("ignored", "draft"), ("stale", "")] == reasons(play)
    play.deliver()
    assert 2 == play.entry().version


def test_a_bug_in_telling_drafts_parks_the_change() -> None:
    """What our code fails on is no draft: it goes its way to where the failure is seen."""
    play = Playbook()
    play.begin()
    play.fetch(change(1, "undraftable"))
    assert ["GET"] == play.sent()


def test_nothing_of_an_uncertain_tail_is_begun_before_all_of_it_is_read() -> None:
    """The former owner may have delivered version 2 already: version 1, which comes first, is never written over it."""
    play = Playbook()
    play.begin(handed_over=False, end=2)
    play.fetch(change(1, "v1"))
    assert ([], []) == (play.sent(), play.settled())
    play.fetch(change(2, "v2"))
    assert ["GET"] == play.sent()
    play.deliver()
    assert (2, True) == (play.entry().version, play.entry().dirty_until is not None)
    assert [("superseded", 0), ("delivered", 1)] == play.settled()


def test_an_uncertain_tail_that_ends_unseen_is_waited_for_a_while() -> None:
    """The log may end with records that no consumer is shown: work begins all the same."""
    play = Playbook()
    play.begin(handed_over=False, end=9)
    play.fetch(change(1, "v1"))
    while play.now < START + CATCH_UP_SECONDS:
        assert [] == play.sent()
        play.give(Woke(), after=2.0)
        play.commit()
    assert ["GET"] == play.sent()


def test_an_uncertain_tail_is_read_when_its_position_says_so() -> None:
    """The log may end with what no consumer is shown, such as the mark of a transaction."""
    play = Playbook()
    play.begin(handed_over=False, end=9)
    play.fetch(change(1, "v1"))
    play.give(Fetched(PARTITION, GENERATION, (), 9))
    assert ["GET"] == play.sent()


def test_who_may_read_no_more_begins_with_what_was_read() -> None:
    """An uncertain tail longer than what may be open would otherwise never be read to its end."""
    play = Playbook()
    play.begin(TENANT, Tenant(name="havgard", company="decade", quota=1_000.0), handed_over=False, end=50)
    play.fetch(*(change(1, f"v{number}", number=number) for number in range(1, 6)))
    play.fetch(*(change(1, f"v{number}", number=number, tenant="havgard") for number in range(1, 5)))
    assert ([], []) == (play.sent(), play.all(Pause))
    play.fetch(change(1, "v5", number=5, tenant="havgard"))
    assert [(PARTITION,)] == [pause.partitions for pause in play.all(Pause)]
    assert 8 == len(play.sent())


def test_a_long_backlog_is_not_an_uncertain_tail() -> None:
    """The former owner had no more than so many records in work: beyond them nothing is held back."""
    play = Playbook()
    play.begin(handed_over=False, end=10**6)
    play.offset = CATCH_UP_RECORDS - 1
    play.fetch(change(1, "v1"))
    assert ["GET"] == play.sent()


def test_what_the_ledger_holds_is_not_begun_either() -> None:
    """A parked change may have a newer version in the uncertain tail."""
    play = Playbook()
    play.begin(handed_over=False, end=1, entry=Entry(company="c0ffee", parked=parked("waiting", 1)))
    assert [] == play.all(Load)
    play.fetch(change(2, "v2", number=2))
    assert "waiting" in {load.which for load in play.all(Load)}
