"""What accounts for a record after the fact, and what does not."""

import random

import pytest

from daemon.core.conserving import LISTED_LETTERS, Conserving, Figures, Lacking, Letters, Standing
from daemon.core.model import Change, Entity, Ignored, Message, Undecodable

NOW = 1_000.0


def change(number: int, version: int) -> Change:
    """Return a change of a customer."""
    return Change(Entity("fjellvik", "customer", number), version, 0.0, b"{}")


def key(number: int) -> str:
    """Return the ledger key of a customer."""
    return Entity("fjellvik", "customer", number).key


UNDECODABLE = Undecodable("not_json", "the value is not JSON")


def judged(
    *messages: Message,
    delivered: dict[int, int] | None = None,
    parked: dict[int, int] | None = None,
    letters: Letters | None = None,
    committed: int | None = 100,
) -> Conserving:
    """Return the account of these records, at offsets from 0 on."""
    standing = Standing(
        {key(number): version for number, version in (delivered or {}).items()},
        {key(number): version for number, version in (parked or {}).items()},
    )
    made = Conserving(standing, letters or Letters(), first=0, committed=committed)
    for offset, message in enumerate(messages):
        made.take(offset, message, NOW)
    return made


def lacking(made: Conserving) -> list[tuple[str, int, int, int]]:
    """Return what is not accounted for, as plain values."""
    return [(one.key, one.version, one.offset, one.count) for one in made.lacking()]


def test_the_highest_version_that_a_ledger_speaks_of_is_the_parked_one_if_there_is_any() -> None:
    """Else the delivered one, else none."""
    standing = Standing({key(1): 2, key(2): 2}, {key(2): 5, key(3): 1})
    assert [2, 5, 1, 0] == [standing.highest(key(number)) for number in (1, 2, 3, 4)]


def test_what_the_ledger_knows_is_accounted_for() -> None:
    """A version at or below the delivered one, or at or below the parked one, has not been lost."""
    made = judged(change(1, 1), change(1, 2), change(1, 3), delivered={1: 2}, parked={1: 3})
    assert Figures(records=3, delivered=2, parked=1) == made.figures()
    assert [] == made.lacking()
    assert made.figures().is_conserved


def test_a_version_above_what_the_ledger_knows_is_lost() -> None:
    """It was committed, and nobody has it: told with entity, version and offset."""
    made = judged(change(1, 1), change(1, 2), change(2, 1), delivered={1: 1})
    assert Figures(records=3, delivered=1, unaccounted=2) == made.figures()
    assert [(key(1), 2, 1, 1), (key(2), 1, 2, 1)] == lacking(made)
    assert not made.figures().is_conserved


def test_only_the_newest_of_an_entity_can_be_lost() -> None:
    """What a newer one of the same entity takes the place of need not be anywhere; what says the same is told once."""
    made = judged(change(1, 3), change(1, 5), change(1, 4), change(1, 5))
    assert Figures(records=4, superseded=2, unaccounted=2) == made.figures()
    assert [(key(1), 5, 1, 2)] == lacking(made)


def test_a_newer_record_in_hand_supersedes() -> None:
    """The newer one lies beyond the committed offset and is not judged; the older one settled when it came."""
    made = judged(change(1, 3), change(2, 3), change(1, 4), change(2, 3), change(3, 1), committed=2)
    assert Figures(records=2, superseded=1, unaccounted=1, beyond=3) == made.figures()
    assert [(key(2), 3, 1, 1)] == lacking(made)


def test_a_draft_in_hand_supersedes_nothing() -> None:
    """What is ignored by contract takes nothing's place, wherever it lies."""
    made = judged(change(1, 3), Ignored("draft"), Ignored("delete"), Ignored("draft"), committed=2)
    assert Figures(records=2, ignored={"draft": 1}, unaccounted=1, beyond=2) == made.figures()


def test_a_record_that_is_no_change_needs_its_dead_letter() -> None:
    """The letter of another offset is none of its own; a change that has a letter was refused by a former program."""
    made = judged(UNDECODABLE, UNDECODABLE, change(1, 1), letters=Letters(frozenset({0, 2, 7})))
    assert Figures(records=3, dead_lettered=2, unaccounted=1) == made.figures()
    assert [("", 0, 1, 1)] == lacking(made)


@pytest.mark.parametrize(("removed_until", "is_known"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_a_letter_that_retention_may_have_removed_is_told_apart(removed_until: float, *, is_known: bool) -> None:
    """A record older than what the dead-letter topic still holds may have had its letter: nobody can say."""
    made = judged(UNDECODABLE, letters=Letters(removed_until=removed_until))
    assert Figures(records=1, unaccounted=int(is_known), letters_removed=int(not is_known)) == made.figures()


def test_of_many_records_without_letter_the_first_are_named() -> None:
    """A topic of garbage is counted whole and does not fill the memory."""
    made = judged(*[UNDECODABLE] * (LISTED_LETTERS + 5), committed=5_000)
    assert (LISTED_LETTERS + 5, LISTED_LETTERS) == (made.figures().unaccounted, len(made.lacking()))


def test_without_a_committed_offset_nothing_is_judged() -> None:
    """A group that has never committed has promised nothing; what retention took before it came, neither."""
    made = Conserving(Standing(), Letters(), first=40, committed=None)
    made.take(40, change(1, 1), NOW)
    assert Figures(beyond=1, removed=40) == made.figures()
    assert made.figures().is_conserved


def test_what_retention_removed_before_it_was_committed_is_lost() -> None:
    """Whether the daemon ever read it cannot be known: it is told, and is no good end."""
    made = Conserving(Standing(), Letters(), first=40, committed=33)
    assert Figures(removed=40, removed_unread=7) == made.figures()
    assert not made.figures().is_conserved
    assert Conserving(Standing(), Letters(), first=40, committed=40).figures().is_conserved


def test_figures_of_partitions_are_added() -> None:
    """The total says of each account how much there is in all."""
    one = Figures(records=3, delivered=2, ignored={"null": 1}, beyond=4, removed=1)
    other = Figures(records=2, parked=1, ignored={"null": 1, "draft": 1}, unaccounted=0, removed=1)
    expected = Figures(records=5, delivered=2, parked=1, ignored={"null": 2, "draft": 1}, beyond=4, removed=2)
    assert expected == one + other


@pytest.mark.parametrize("seed", range(20))
def test_every_record_is_counted_exactly_once(seed: int) -> None:
    """Whatever comes, in whatever order: the accounts add up to the records that were judged."""
    chance = random.Random(seed)
    kinds: list[Message] = [Ignored("null"), Ignored("draft"), UNDECODABLE]
    messages: list[Message] = [
        change(chance.randint(1, 4), chance.randint(1, 9)) if chance.random() < 0.8 else chance.choice(kinds)
        for _ in range(60)
    ]
    letters = Letters(frozenset(chance.sample(range(60), 20)), chance.choice([NOW, 0.0]))
    made = judged(*messages, delivered={1: 5}, parked={1: 6, 2: 4}, letters=letters, committed=chance.randint(0, 60))
    figures = made.figures()
    accounts = figures.delivered + figures.parked + figures.superseded + figures.dead_lettered + figures.letters_removed
    assert figures.records == accounts + figures.unaccounted + sum(figures.ignored.values())
    assert 60 == figures.records + figures.beyond
    assert figures.unaccounted == sum(one.count for one in made.lacking())


def test_a_lost_record_is_a_value() -> None:
    """What is lost is told by where it stands, never by what it says."""
    assert Lacking(key=key(1), version=2, offset=0) == judged(change(1, 2)).lacking()[0]
