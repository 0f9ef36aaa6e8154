"""Back-off, parking and giving up."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.retrying import Retrying

RETRYING = Retrying(first=1.0, longest=60.0, parked_steps=(60.0, 300.0))


@given(st.text(), st.integers(1, 2_000))
def test_a_wait_stays_below_its_ceiling(key: str, attempt: int) -> None:
    """The wait before a retry doubles its ceiling each time and never exceeds the longest, nor depends on chance."""
    wait = RETRYING.back_off(key, attempt)
    assert 0.0 <= wait < min(60.0, 2.0 ** min(attempt - 1, 30))
    assert wait == RETRYING.back_off(key, attempt)


def test_waits_of_different_entities_differ() -> None:
    """A thousand entities that fail together do not come back together."""
    waits = {RETRYING.back_off(f"tenant/customer/{number}", 6) for number in range(1_000)}
    assert len(waits) > 990
    assert 10.0 < sum(waits) / len(waits) < 22.0


def test_a_pause_has_a_floor() -> None:
    """After DnB asked for a pause without a time, at least the first wait is kept."""
    assert all(1.0 <= RETRYING.pause(f"tenant-{number}", 1) < 2.0 for number in range(100))


def test_parked_changes_are_tried_ever_more_rarely() -> None:
    """The last step of the schedule repeats."""
    assert [60.0, 300.0, 300.0, 300.0] == [RETRYING.parked_step(attempts) for attempts in range(4)]


def test_the_longest_wait_covers_all() -> None:
    """No wait that the policy sets is longer than what it calls the longest."""
    assert 1_800.0 == RETRYING.longest_wait()
    assert 9_000.0 == Retrying(longest=9_000.0).longest_wait()
