"""The times and bounds of the simulated daemons: what takes minutes in earnest takes seconds of virtual time."""

from msgspec.structs import replace

from daemon.core.pacing import Limits
from daemon.core.retrying import Retrying
from daemon.core.state import Bounds, Policy
from tests.simulation.kafka import REBALANCE_SECONDS, SESSION_SECONDS
from tests.simulation.network import LATE_BOUND_SECONDS, REQUEST_SECONDS
from tests.simulation.schedules import OPEN_IN_ALL, Schedule

DRAIN_SECONDS = 3.0

OPEN_FOR_A_LANE = 5

POLICY = Policy(
    retrying=Retrying(
        first=0.2,
        longest=2.0,
        park_after=4.0,
        parked_steps=(1.0, 2.0, 4.0),
        late_bound=LATE_BOUND_SECONDS,
        dependency_wait=1.5,
        heal_every=5.0,
    ),
    limits=Limits(quota=60.0, concurrency=8, tenant_concurrency=4),
    bounds=Bounds(
        open_per_tenant=6,
        open_in_all=OPEN_IN_ALL,
        lanes_in_all=OPEN_IN_ALL // OPEN_FOR_A_LANE,
        fence=SESSION_SECONDS - REQUEST_SECONDS,
    ),
)

SELDOM = replace(POLICY.retrying, parked_steps=(3.0, 15.0, 30.0), heal_every=30.0)
"""Timers so far apart that they hide nothing: what is released by something else must not wait for them."""

assert DRAIN_SECONDS + 10.0 < REBALANCE_SECONDS, "the daemon would refuse to start with these times"


def policy_of(schedule: Schedule) -> Policy:
    """Return the policy of a schedule's replicas."""
    most = schedule.open_in_all
    bounds = replace(POLICY.bounds, open_in_all=most, lanes_in_all=most // OPEN_FOR_A_LANE)
    return replace(POLICY, bounds=bounds, retrying=SELDOM if schedule.is_retried_seldom else POLICY.retrying)
