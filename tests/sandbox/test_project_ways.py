"""A project goes to its status by transitions that have names, and each of them leads somewhere or not."""

import pytest

from daemon.sandbox.project_ways import leads
from daemon.sandbox.statuses import (
    PROJECT_COMPLETED,
    PROJECT_DISCARDED,
    PROJECT_IN_PROGRESS,
    PROJECT_OFFERED,
    PROJECT_REGISTERED,
)


@pytest.mark.parametrize(
    ("start", "now", "wanted", "is_led"),
    [
        (PROJECT_REGISTERED, PROJECT_IN_PROGRESS, PROJECT_IN_PROGRESS, True),
        (PROJECT_REGISTERED, PROJECT_IN_PROGRESS, PROJECT_COMPLETED, True),
        (PROJECT_DISCARDED, PROJECT_IN_PROGRESS, PROJECT_COMPLETED, True),
        (PROJECT_REGISTERED, PROJECT_IN_PROGRESS, PROJECT_OFFERED, False),
        (PROJECT_IN_PROGRESS, PROJECT_COMPLETED, PROJECT_DISCARDED, False),
        (PROJECT_COMPLETED, PROJECT_IN_PROGRESS, PROJECT_COMPLETED, False),
        (PROJECT_COMPLETED, PROJECT_IN_PROGRESS, None, False),
    ],
)
def test_a_change_of_status_leads_to_what_is_wanted(start: int, now: int, wanted: int | None, *, is_led: bool) -> None:
    """It is there or on its way, no way leads through an end, and who is there already need not go anywhere."""
    assert is_led == leads(start, now, wanted)
