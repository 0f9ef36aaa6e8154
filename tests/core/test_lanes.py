"""The lane of one entity."""

import msgspec
import pytest

from daemon.core.lanes import Item, Lane, Origin
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Kind
from daemon.core.procedure import Known
from tests.core.playbook import ENTITY, GENERATION, START, change

WAITING = Parked(version=2, data=b"parked", occurred_at=START, reason="waiting", since=START)


def item(version: int, origin: Origin = "record", *, is_suspect: bool = False, replay: str | None = None) -> Item:
    """Return an item of that version."""
    return Item(
        change(version, f"v{version}", replay=replay), version, origin, is_suspect=is_suspect, is_background=False
    )


def test_the_newest_of_what_queues_replaces_the_rest() -> None:
    """Only the newest change of an entity stays in the queue behind the one in flight."""
    lane, first, second = Lane(ENTITY, Entry(version=1)), item(2), item(3)
    assert None is lane.offer(first)
    assert first is lane.offer(second)
    assert 3 == lane.version_seen
    assert second is lane.advance()
    assert None is lane.advance()


def test_a_newer_version_inherits_the_failures() -> None:
    """A version that replaces a failing one does not begin the API's second chances anew."""
    old, new = item(2, is_suspect=True), item(3)
    old.attempts, old.first_failed_at, old.displaced = 4, 5.0, 1
    new.inherit(old)
    assert (4, 5.0, 2, True) == (new.attempts, new.first_failed_at, new.displaced, new.is_suspect)


@pytest.mark.parametrize(
    ("doubted", "entry", "what"),
    [
        (False, Entry(version=1), item(2)),
        (False, Entry(parked=WAITING, generation=GENERATION), item(3)),
        (True, Entry(parked=WAITING), item(3)),
        (True, Entry(parked=msgspec.structs.replace(WAITING, attempts=1), generation=GENERATION), item(3)),
        (True, Entry(parked=msgspec.structs.replace(WAITING, reason="conflict"), generation=GENERATION), item(3)),
        (True, Entry(version=1), item(2, is_suspect=True)),
        (True, Entry(version=1), item(1, "check")),
        (True, Entry(version=1), item(1, replay="r1")),
    ],
)
def test_what_is_doubted_before_a_delivery(doubted: bool, entry: Entry, what: Item) -> None:  # noqa: FBT001 - a table
    """DnB is read where something above the delivered version can have been attempted, and only there."""
    lane = Lane(ENTITY, entry)
    lane.touch(what, GENERATION, START + 30.0)
    assert doubted is lane.must_read is lane.is_dirty
    assert (START + 30.0 if what.is_suspect else None) == lane.dirty_until


def test_a_procedure_learns_what_is_known() -> None:
    """The ledger's id and number go to the procedure, with the version to deliver and the doubt."""
    lane = Lane(ENTITY, Entry(version=1, dnb_id=9, number="100009", dirty_until=START))
    related: dict[Kind, int] = {"customer": 7}
    assert Known(version=2, dnb_id=9, number="100009", dirty=True, related=related) == lane.known(2, related)


def test_content_is_found_wherever_it_is_still_held() -> None:
    """The data of a version is known while it is in flight, queues, or is parked."""
    lane = Lane(ENTITY, Entry(parked=WAITING))
    lane.offer(item(3))
    lane.advance()
    lane.offer(item(4))
    assert [None, b"parked", b"v3", b"v4"] == [lane.content_of(version) for version in (1, 2, 3, 4)]
    assert None is Lane(ENTITY, Entry(version=1)).content_of(1)
