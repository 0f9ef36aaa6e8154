"""One call and what it was."""

from daemon.sandbox.settings import Switches
from daemon.sandbox.visiting import Visit
from tests.sandbox.office import KEY, NOON, Office


def test_revert() -> None:
    """What a call wrote is taken back with its traces, but who sent something wrong stays blamed."""
    books = Office().emulator.books(KEY)
    visit = Visit(books, Switches(), NOON)
    row = books.add("Project", {"ProjectNumber": "1"}, NOON)
    visit.wrote(books.schema.entity("Project"), row, created=True)
    visit.alarm("unbalanced")
    visit.blame("id_in_post")
    visit.revert()
    assert ([], [], [], ["id_in_post"]) == (
        list(books.table("Project").live()), visit.writes, visit.alarms, visit.rules,
    )  # fmt: skip


def test_next_call_reverts_its_own_alone() -> None:
    """A call takes back nothing of the calls before it."""
    books = Office().emulator.books(KEY)
    Visit(books, Switches(), NOON)
    books.add("Project", {"ProjectNumber": "1"}, NOON)
    Visit(books, Switches(), NOON + 1).revert()
    assert ["1"] == [row["ProjectNumber"] for row in books.table("Project").live()]
