"""What befalls the world at an instant: crashes, pauses, restarts, rebalances, compaction, people's doings."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from daemon.core.actions import Send
from daemon.core.model import Entity, Tenant
from daemon.core.pacing import FOREVER
from daemon.core.state import ALL_TENANTS
from daemon.edges.ledger_keys import HoldRecord
from daemon.edges.named_tenants import tenant_key
from tests.simulation.kafka import SESSION_SECONDS
from tests.simulation.meeting import EVERYBODY
from tests.simulation.schedules import Trouble

CLOCKS_DIFFER_SECONDS = 2.0
"""How wrong a machine's clock may be: time synchronisation keeps real ones within a fraction of a second."""

CLEANER_SECONDS = 2.0
"""How often the log cleaner comes once it has begun."""

LEAST_QUOTA = 8.0
QUOTAS_DIFFER = 25.0
"""A quota is changed to the least plus a part of the difference, in calls per second."""

WRITING_SHARE = 0.6
"""Of the zombies wake up with a ledger record to write."""

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.world import World


class Befalling:
    """Carries out troubles; whoever or whatever they need may be missing, then they do not happen."""

    def __init__(self, world: "World") -> None:
        """Take the world."""
        self._world = world
        self._cleaning: set[Trouble] = set()
        self._doings: dict[str, Callable[[Trouble], bool]] = {
            "crash": self._crash,
            "crash_without_disk": self._crash,
            "pause": self._stop,
            "zombie": self._zombie,
            "zombie_calling": self._zombie_calling,
            "restart": self._restart,
            "rebalance": self._rebalance,
            "compaction": self._compact,
            "tenant_added": self._add_tenant,
            "tenant_removed": self._change_tenant,
            "tenant_held": self._change_tenant,
            "tenant_weighed": self._change_tenant,
            "tenant_quota": self._change_tenant,
            "tenant_kinds": self._change_tenant,
            "clock_step": self._step_clock,
            "hold": self._hold,
            "hold_all": self._hold,
            "replay": self._replay,
            "company_denied": self._trouble_dnb,
            "outage": self._trouble_dnb,
            "token_revoked": self._trouble_dnb,
        }

    def befall(self, trouble: Trouble) -> None:
        """Let a trouble happen."""
        if self._doings[trouble.kind](trouble):
            self._world.struck(trouble)

    # -- processes and Kafka -----------------------------------------------------------------------------------

    def _choose(self, trouble: Trouble) -> "Replica | None":
        alive = [replica for replica in self._world.replicas.values() if replica.is_heard]
        return alive[int(trouble.whom * len(alive))] if alive else None

    def _crash(self, trouble: Trouble) -> bool:
        replica = self._choose(trouble)
        if replica is not None:
            keeps_disk = trouble.kind == "crash"
            self._world.end(replica, seconds=0.2 + 8.0 * trouble.seconds**2, keeps_disk=keeps_disk)
        return replica is not None

    def _stop(self, trouble: Trouble) -> bool:
        replica = self._choose(trouble)
        if replica is None:
            return False
        is_long = trouble.kind == "zombie"
        seconds = SESSION_SECONDS * (1.1 + 1.4 * trouble.seconds) if is_long else 0.2 + 4.0 * trouble.seconds
        self._world.say(replica.name, f"stands still for {seconds:.2f} s")
        replica.stop(seconds)
        self._world.coordinator.miss(replica.name, replica)
        return True

    def _zombie(self, trouble: Trouble) -> bool:
        """Stop a process for longer than its session: mostly the next one that is about to write to a ledger."""
        if trouble.whom > WRITING_SHARE:
            return self._stop(trouble)
        self._world.when_writing = partial(self._stop_writing, trouble)
        return False

    def _stop_writing(self, trouble: Trouble, replica: "Replica", entity: Entity | None) -> None:
        """Stop a process before its record leaves; while it stands still Moment changes the entity, if any, again."""
        is_first, self._world.when_writing = self._world.when_writing is not None, None
        if is_first and replica.is_heard and not self._world.is_calm:
            seconds = SESSION_SECONDS * (1.1 + 1.4 * trouble.seconds)
            self._world.say(replica.name, f"stands still for {seconds:.2f} s, about to write")
            replica.stop(seconds)
            self._world.coordinator.miss(replica.name, replica)
            if entity is not None:
                self._world.overtaking.overtake(entity, SESSION_SECONDS * trouble.seconds)
            self._world.struck(trouble)

    def _zombie_calling(self, trouble: Trouble) -> bool:
        """Stop a process that is about to write to DnB for longer than its session: its call leaves when it wakes."""
        self._world.when_sending = partial(self._stop_calling, trouble)
        return False

    def _stop_calling(self, trouble: Trouble, replica: "Replica", send: Send) -> None:
        """Stop a process between its last look at the clock and its call; meanwhile Moment changes the entity again."""
        is_hit = send.entity is not None and send.call.writes and replica.is_heard and not self._world.is_calm
        if not is_hit or send.entity is None:
            return
        self._world.when_sending = None
        seconds = SESSION_SECONDS * (1.1 + trouble.seconds)
        self._world.say(replica.name, f"stands still for {seconds:.2f} s, about to call")
        replica.stop(seconds)
        self._world.coordinator.miss(replica.name, replica)
        self._world.overtaking.overtake(send.entity, SESSION_SECONDS * trouble.whom)
        self._world.struck(trouble)

    def _restart(self, trouble: Trouble) -> bool:
        replica = self._choose(trouble)
        if replica is not None:
            replica.leave()
            self._world.start_when_ended(replica, 1.0 + 3.0 * trouble.seconds)
        return replica is not None

    def _step_clock(self, trouble: Trouble) -> bool:
        """Set the clock of a machine: a process that runs does not notice, and it counts when one begins with it."""
        names = sorted(self._world.replicas)
        if names:  # none has started in the world's first moments
            name = names[int(trouble.whom * len(names))]
            self._world.clock_steps[name] = trouble
            self._world.clocks_ahead[name] = CLOCKS_DIFFER_SECONDS * (2.0 * trouble.seconds - 1.0)
        return False

    def _rebalance(self, trouble: Trouble) -> bool:  # noqa: ARG002 - it befalls everybody
        is_possible = not self._world.coordinator.is_rebalancing
        if is_possible:
            self._world.coordinator.rebalance()
        return is_possible

    def _compact(self, trouble: Trouble) -> bool:
        """Let the log cleaner begin: it comes every so often, and counts once it has removed something."""

        def clean() -> None:
            if not self._world.is_calm:
                self._world.timeline.after(CLEANER_SECONDS, clean)
                if self._world.compact() and trouble not in self._cleaning:
                    self._cleaning.add(trouble)
                    self._world.struck(trouble)

        clean()
        return False

    # -- people ------------------------------------------------------------------------------------------------

    def leave_out_tenants(self) -> None:
        """Begin with a tenants file that does not name yet who is added later: its changes may lie there before."""
        world = self._world
        for trouble in sorted(world.schedule.troubles, key=lambda one: one.at):
            name = world.schedule.tenant_of(trouble)
            if trouble.kind == "tenant_added" and world.registry.pop(name, None) is not None:
                world.meeting.set(trouble, name, trouble.at)
        world.note_named()

    def _add_tenant(self, trouble: Trouble) -> bool:
        """Name a tenant in the tenants file for the first time."""
        name = self._world.schedule.tenant_of(trouble)
        if name not in self._world.registry:
            self._world.say("person", f"names {name}")
            self._world.bring_back(name)
        return False

    def _change_tenant(self, trouble: Trouble) -> bool:
        """Change a tenant's terms in the tenants file for a while."""
        world, name = self._world, self._world.schedule.tenant_of(trouble)
        if name not in world.registry or (trouble.kind == "tenant_removed" and not self._can_be_removed(name)):
            return False
        if trouble.kind == "tenant_removed":
            del world.registry[name]
        else:
            world.registry[name] = _changed(world.schedule.tenants[name], trouble)
        world.tell_tenants()
        seconds = 1.0 + 10.0 * trouble.seconds
        world.timeline.after(seconds, lambda: world.bring_back(name))
        return self._set(trouble, name, seconds)

    def _set(self, trouble: Trouble, scope: str, seconds: float) -> bool:
        """Wait for what meets a trouble: until then it has not struck."""
        self._world.say("world", f"{trouble.kind} is set for {seconds:.2f} s")
        self._world.meeting.set(trouble, scope, seconds)
        return False

    def _can_be_removed(self, name: str) -> bool:
        """Tell whether every ledger remembers the tenant: one that does not takes it for a stranger."""
        key = tenant_key(name).encode()
        return all(any(record.key == key for record in log.records) for log in self._world.ledgers.values())

    def _hold(self, trouble: Trouble) -> bool:
        world = self._world
        scope = ALL_TENANTS if trouble.kind == "hold_all" else world.schedule.tenant_of(trouble)
        now, has_end = world.timeline.now, trouble.seconds < 0.6
        seconds = 1.0 + 6.0 * trouble.seconds if has_end else 2.0 + 8.0 * trouble.seconds
        world.write_hold(scope, HoldRecord(is_held=True, since=now, until=now + seconds if has_end else None))
        if not has_end:
            world.timeline.after(seconds, lambda: world.release(scope))
        return self._set(trouble, EVERYBODY if scope == ALL_TENANTS else scope, seconds)

    def _replay(self, trouble: Trouble) -> bool:
        highest = sorted(self._world.watch.highest.items())
        return bool(highest) and self._world.replay(*highest[int(trouble.whom * len(highest))])

    # -- DnB ---------------------------------------------------------------------------------------------------

    def _trouble_dnb(self, trouble: Trouble) -> bool:
        world, seconds, scope = self._world, 0.5 + 7.0 * trouble.seconds, EVERYBODY
        until = world.timeline.now + seconds
        match trouble.kind:
            case "company_denied":
                companies = world.schedule.companies
                scope = companies[int(trouble.whom * len(companies))].key
                world.network.denied_until[scope] = until
            case "outage":
                world.network.outage_until = until
            case _:
                world.network.emulator.revoke_tokens()
                seconds = FOREVER
        return self._set(trouble, scope, seconds)


def _changed(tenant: Tenant, trouble: Trouble) -> Tenant:
    """Return a tenant with other terms.

    Projects are always transferred: what is booked without them meanwhile would rightly lack their dimension.
    """
    match trouble.kind:
        case "tenant_held":
            return msgspec.structs.replace(tenant, held="by hand")
        case "tenant_quota":
            return msgspec.structs.replace(tenant, quota=LEAST_QUOTA + QUOTAS_DIFFER * trouble.seconds)
        case "tenant_kinds":
            return msgspec.structs.replace(
                tenant, kinds=tenant.kinds - {"customer" if trouble.seconds < 0.5 else "invoice"}
            )
        case _:
            return msgspec.structs.replace(tenant, weight=0.5 + 2.0 * trouble.seconds)
