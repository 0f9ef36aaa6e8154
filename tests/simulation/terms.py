"""What a process goes by for each tenant: the tenants file as it was read last, and what people hold."""

from collections.abc import Iterator, Mapping

from daemon.core.actions import Action
from daemon.core.events import TenantsChanged
from daemon.core.model import Tenant
from daemon.core.notices import Held, HoldEnded, Notice
from tests.simulation.meeting import EVERYBODY

BY_HAND = "by_hand"


class Terms:
    """One process's knowledge of tenants, gathered from what its planner is told and tells."""

    def __init__(self) -> None:
        """Begin before the tenants file is read."""
        self.number = -1
        self._named: Mapping[str, Tenant] = {}
        self._ever: dict[str, Tenant] = {}
        self._held: set[str] = set()

    def of(self, name: str) -> Tenant | None:
        """Return the terms under which the file has named the tenant last, None if it never has."""
        return self._ever.get(name)

    def take(self, event: TenantsChanged, number: int) -> None:
        """Take in the tenants file as it was at its nth change."""
        self.number = number
        self._named = event.tenants
        self._ever.update(event.tenants)

    def note(self, item: Action | Notice) -> None:
        """Take in what the planner tells of people's holds."""
        if isinstance(item, Held) and item.reason == BY_HAND:
            self._held.add(item.tenant or EVERYBODY)
        elif isinstance(item, HoldEnded):
            self._held.discard(item.tenant or EVERYBODY)

    def keeps(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the troubles, each with its scope, for which the tenant's changes wait."""
        if EVERYBODY in self._held:
            yield "hold_all", EVERYBODY
        if name in self._held:
            yield "hold", name
        if name not in self._named:
            yield "tenant_removed", name
        elif self._named[name].held is not None:
            yield "tenant_held", name
