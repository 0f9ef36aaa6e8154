"""The judge's own look at quotas: what all processes together call, for each tenant and for the client."""

from typing import TYPE_CHECKING

from daemon.core.model import Partition
from tests.simulation.policy import POLICY

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.world import World

CLIENT = "the client"
"""The scope of the quota of all calls, those for tokens among them."""

ROUNDING_CALLS = 1e-3
"""Instants that went through another clock's floats make no difference."""


class Bucket:
    """A token bucket of the judge's own: so many calls at once, so many a second."""

    def __init__(self, rate: float, now: float) -> None:
        """Begin full."""
        self._rate, self._size = rate, _size(rate)
        self._level, self._at = self._size, now

    def use(self, rate: float, now: float) -> None:
        """Go by another rate from now on; what is lacking lacks as long as before."""
        self._fill(now)
        lacking = (self._size - self._level) * rate / self._rate
        self._rate, self._size = rate, _size(rate)
        self._level = self._size - lacking

    def add(self, calls: float, now: float) -> None:
        """Allow so many calls more at once, but not more than after a rest."""
        self._fill(now)
        self._level = min(self._size, self._level + calls)

    def take(self, now: float) -> bool:
        """Count a call, and tell whether it was allowed."""
        self._fill(now)
        self._level -= 1.0
        return self._level >= -ROUNDING_CALLS

    def _fill(self, now: float) -> None:
        self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now


class Rations:
    """Counts calls against quotas, whoever makes them.

    Who takes a partition over begins with a burst of its own: its tenants' where the tenant is the key, and its part of
    the client's. Where the entity is the key, each process has every tenant's quota.
    """

    def __init__(self, world: "World") -> None:
        """Begin before any call."""
        self._world = world
        self._client = Bucket(POLICY.limits.quota, world.timeline.now)
        self._tenants: dict[tuple[Replica | None, str], Bucket] = {}
        self._owners: dict[Partition, Replica] = {}

    def taken_over(self, partition: Partition, replica: "Replica") -> None:
        """Take note that a process begins to serve a partition."""
        before, self._owners[partition] = self._owners.get(partition, replica), replica
        if before is replica:
            return
        now = self._world.timeline.now
        self._client.add(_size(POLICY.limits.quota) / len(self._world.inputs), now)
        for (sharer, tenant), bucket in self._tenants.items():
            if sharer is None and self._world.home_of(tenant) == partition:
                bucket.add(float("inf"), now)

    def called(self, replica: "Replica", tenant: str, rate: float) -> bool:
        """Count a call for a tenant whose quota is so many a second, and tell whether it was allowed."""
        now = self._world.timeline.now
        sharer = None if self._world.schedule.is_keyed_by_tenant else replica
        bucket = self._tenants.setdefault((sharer, tenant), Bucket(rate, now))
        bucket.use(rate, now)
        return bucket.take(now)

    def called_by_client(self) -> bool:
        """Count a call of the client, and tell whether it was allowed."""
        return self._client.take(self._world.timeline.now)


def _size(rate: float) -> float:
    return max(1.0, rate * POLICY.limits.burst_seconds)
