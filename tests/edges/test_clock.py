"""The clock of the process."""

import time

from daemon.edges.clock import Clock


def test_it_tells_the_wall_clocks_time() -> None:
    """An instant can be compared with what other machines call now."""
    before = time.time()
    now = Clock().now()
    assert before - 1.0 < now < time.time() + 1.0


def test_it_never_steps_back() -> None:
    """Of instants taken one after the other none is earlier than the one before."""
    clock = Clock()
    instants = [clock.now() for _ in range(1_000)]
    assert sorted(instants) == instants
