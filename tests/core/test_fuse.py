"""The fuse on dead letters: what blows it, and what does not."""

import pytest

from daemon.core.fuse import Fuse
from daemon.core.model import Ignored, Undecodable

DEAD = Undecodable("not_json", "the value is not JSON")
OTHER = Undecodable("not_utf8", "the value is not UTF-8")
FINE = Ignored("null")


def taken(fuse: Fuse, letters: str) -> int:
    """Return how many of the records the fuse let through: `d` and `o` are dead letters, anything else is fine."""
    messages = {"d": DEAD, "o": OTHER}
    return sum(fuse.take(messages.get(letter, FINE)) for letter in letters)


@pytest.mark.parametrize(
    ("share", "window", "letters", "let_through"),
    [
        (0.5, 4, "dd.d", 3),
        (0.5, 4, "d.d.d.d.d.", 10),
        (0.5, 4, "....dd.d", 7),
        (0.5, 4, "dd..dd..dd..dd", 14),
        (0.5, 4, "dd.dd", 3),
        (0.0, 4, "...d", 3),
        (1.0, 4, "dddddddddd", 10),
        (0.5, 1, "d", 0),
        (0.9, 10, "dddddddddd", 9),
    ],
)
def test_it_blows_when_too_many_of_the_latest_are_dead_letters(
    share: float, window: int, letters: str, let_through: int
) -> None:
    """It does not wait for a window to fill: as soon as there are too many, nothing more is taken in hand."""
    fuse = Fuse(share, window)
    assert let_through == taken(fuse, letters)
    assert (let_through < len(letters)) == fuse.is_blown


def test_a_blown_fuse_lets_nothing_through() -> None:
    """What comes after is another start's to judge, sound or not."""
    fuse = Fuse(0.0, 4)
    assert 0 == taken(fuse, "d.....")


def test_it_tells_what_was_wrong() -> None:
    """By reason, of the latest records alone."""
    fuse = Fuse(1.0, 5)
    taken(fuse, "ooo.dod.")
    assert {"not_json": 2, "not_utf8": 1} == fuse.reasons()
