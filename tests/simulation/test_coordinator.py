"""The model of Kafka's group coordinator: whose time is over, and when."""

from random import Random

from daemon.core.model import Partition
from tests.simulation.kafka import HEARTBEAT_SECONDS, SESSION_SECONDS, Coordinator
from tests.simulation.timeline import Timeline

ALL = (Partition("changes", 0),)


class Silent:
    """A member whose heartbeats come when the test says so."""

    def __init__(self) -> None:
        """Begin with heartbeats that come."""
        self.is_heard = True

    def rebalance_began(self) -> None:
        """Give nothing up."""

    def assigned(self, generation: int, partitions: tuple[Partition, ...]) -> None:
        """Take what is given."""


def pass_time(timeline: Timeline, seconds: float) -> None:
    """Let happen what is planned for the next seconds."""
    until = timeline.now + seconds
    while timeline.step(until):
        pass


def test_a_member_that_has_joined_again_has_a_whole_session_from_its_next_silence() -> None:
    """What was missed of it before it joined says nothing any more: its join was heard."""
    timeline, member = Timeline(), Silent()
    group = Coordinator(timeline, Random(1), ALL, static=False)
    group.join("a", member)
    group.miss("a", member)
    pass_time(timeline, SESSION_SECONDS / 2)
    group.join("a", member)
    member.is_heard = False
    group.miss("a", member)
    pass_time(timeline, SESSION_SECONDS - 2 * HEARTBEAT_SECONDS)
    assert group.is_member("a", member)
    pass_time(timeline, 2 * HEARTBEAT_SECONDS)
    assert not group.is_member("a", member)
