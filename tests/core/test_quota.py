"""The generic cell rate algorithm."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.quota import Quota


def taken(quota: Quota, tries: list[float]) -> list[float]:
    """Return the instants at which a call was allowed and made."""
    made: list[float] = []
    for now in tries:
        if quota.earliest() <= now:
            quota.take(now)
            made.append(now)
    return made


@given(st.floats(0.5, 50.0), st.floats(1.0, 20.0), st.lists(st.floats(0.0, 2.0), max_size=200))
def test_no_window_holds_more_than_burst_and_rate(rate: float, burst: float, gaps: list[float]) -> None:
    """In any stretch of time no more calls go than the burst and the rate allow."""
    now = 100.0
    tries: list[float] = []
    for gap in gaps:
        now += gap
        tries.append(now)
    made = taken(Quota(rate, burst), tries)
    for first, begin in enumerate(made):
        for last in range(first, len(made)):
            assert last - first + 1 <= burst + rate * (made[last] - begin) + 1e-6


def test_a_saturated_quota_is_used_whole() -> None:
    """A client that always wants to call makes as many calls as it may."""
    made = taken(Quota(10.0, 1.0), [number / 1_000 for number in range(10_000)])
    assert 100 == len(made)


def test_a_changed_rate_holds_from_now_on() -> None:
    """A smaller share of the quota takes effect with the next call."""
    quota = Quota(10.0, 1.0)
    quota.take(0.0)
    quota.change_rate(1.0, 1.0)
    quota.take(0.1)
    assert (1.0, 1.1) == (quota.rate, quota.earliest())


def test_a_call_that_was_not_made_costs_nothing() -> None:
    """A grant that is given back can be used again at once."""
    quota = Quota(1.0, 1.0)
    quota.take(5.0)
    quota.give_back()
    assert quota.earliest() <= 5.0
