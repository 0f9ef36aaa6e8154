"""Whether loads come at the instants they are meant for, and what they are counted by tells a pause from a pace."""

import pytest

from bench.feeding import MICROSECONDS, spread, tenants
from bench.loading import Load, paced
from bench.scenarios.quota import converged_seconds


def test_changes_come_at_even_instants() -> None:
    """So many a second, whoever's they are."""
    since = 7 * MICROSECONDS
    changes = spread(tenants(3), 5)
    instants = [change.intended_us for change in paced(changes, 2.0, since)]
    assert [since + number * MICROSECONDS // 2 for number in range(5)] == instants
    assert instants == [change.intended_us for change in Load(tenants(2), 3).drawn(2.0, 2.5, since)]


def test_versions_follow_each_other_over_all_that_is_drawn() -> None:
    """A later change of a customer is always the newer one."""
    load = Load(tenants(2), 3)
    versions: dict[str, list[int]] = {}
    for change in [*load.first(0), *load.drawn(10.0, 3.0, 0), *load.drawn(10.0, 3.0, 0)]:
        versions.setdefault(change.mark, []).append(change.version)
    assert 66 == sum(len(own) for own in versions.values())
    assert all(own == list(range(1, len(own) + 1)) for own in versions.values())


@pytest.mark.parametrize(
    ("series", "seconds"),
    [
        ([100] * 5, 0.0),
        ([0, 40, 100, 95, 95, 95, 95], 2.0),
        ([100, 100, 100, 100, 70, 100, 100], None),
        ([100] * 4, None),
    ],
)
def test_a_quota_is_used_when_five_seconds_in_a_row_use_it(series: list[int], seconds: float | None) -> None:
    """And never where none do."""
    assert seconds == converged_seconds(series, 100.0)
