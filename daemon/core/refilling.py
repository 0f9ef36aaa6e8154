"""Taking changes back from the ledger into lanes: waiting ones as quota comes free, others when they are due."""

from daemon.core.actions import Load, PutBack, Which
from daemon.core.delivering import Delivering
from daemon.core.events import Loaded
from daemon.core.lanes import Item
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Change, Entity
from daemon.core.state import Assignment, State

LOADED_AT_ONCE = 200
"""So many entries are taken from the local store at once: enough work for seconds, decoded in milliseconds."""


class Refilling:
    """Asks the local store for entries that want work, and puts them into lanes."""

    def __init__(self, state: State, delivering: Delivering) -> None:
        """Share the planner's memory and its lanes."""
        self._state = state
        self._delivering = delivering

    def look(self) -> None:
        """Ask for what is due, and for waiting changes of tenants that have room again."""
        roomy = [name for name in self._state.hungry if self._has_room(name)]
        self._state.hungry.clear()
        for name in roomy:
            self._uncrowd(name)
        for assignment in self._state.assignments.values():
            if self.is_due(assignment):
                self._load(assignment, "due", None)
        for name in roomy:
            self._refill(name)
            self._sweep(name)

    def is_due(self, assignment: Assignment) -> bool:
        """Tell whether something in the partition's ledger wants work now and may have it."""
        if assignment.next_due is None or assignment.next_due > self._state.now:
            return False
        return self.may_load(assignment)

    def may_load(self, assignment: Assignment) -> bool:
        """Tell whether due entries may be taken: none are on their way, and not too much is open in all."""
        is_full = len(assignment.lanes) >= self._state.policy.bounds.open_in_all
        return self._is_open(assignment) and not is_full and ("due", None) not in assignment.loading

    def _is_open(self, assignment: Assignment) -> bool:
        """Tell whether anything may be taken from the partition's ledger."""
        return not assignment.ending and not assignment.is_catching_up(self._state.now)

    def _uncrowd(self, name: str) -> None:
        """Look at what is due of a tenant whose lanes were full when that was looked at last."""
        if name in self._state.crowded:
            self._state.crowded.discard(name)
            for assignment in self._state.assignments.values():
                assignment.note_due(self._state.now)

    def serve_again(self, tenant: str) -> None:
        """Look again at what the ledger holds of a tenant that can be served from now on."""
        self._state.hungry.add(tenant)
        for assignment in self._state.assignments.values():
            assignment.note_due(self._state.now)

    def take_anew(self, tenant: str) -> None:
        """Forget what was taken of a tenant's and left, because its kind was not transferred."""
        for assignment in self._state.assignments.values():
            self._state.output.append(PutBack(assignment.partition, (), tenant))
            assignment.waiting.add(tenant)
            assignment.waiting_live.add(tenant)

    def release_refused(self, tenant: str) -> None:
        """Try again what was refused to a tenant whose terms have changed."""
        for assignment in self._state.assignments.values():
            assignment.sweep(tenant, None)
        self._state.hungry.add(tenant)

    def loaded(self, assignment: Assignment, event: Loaded) -> None:
        """Put the entries into lanes; what cannot be served now, or is open already, stays in the ledger."""
        assignment.loading.discard((event.which, event.tenant))
        if event.which == "due":
            assignment.next_due = event.next_due
            assignment.note_due(assignment.unseen_due)
        left = tuple(
            entity for entity, entry in event.entries if not self._take(assignment, event.which, entity, entry)
        )
        if left:
            self._state.output.append(PutBack(assignment.partition, left))
        if event.which in {"refused", "blocked"}:
            self._swept(assignment, event, is_taken=not left)
        if event.which == "waiting" and event.tenant:
            is_exhausted = event.exhausted and not left
            are_all_live_seen = is_exhausted or (not left and any(_is_background(entry) for _, entry in event.entries))
            self._all_seen(assignment, event.tenant, is_exhausted=is_exhausted, are_all_live_seen=are_all_live_seen)

    def _all_seen(self, assignment: Assignment, tenant: str, *, is_exhausted: bool, are_all_live_seen: bool) -> None:
        """Note whether a tenant has nothing waiting any more, or nothing live; if something came meanwhile, look again.

        The store gives live changes first.
        """
        if are_all_live_seen and tenant not in assignment.unseen:
            assignment.waiting_live.discard(tenant)
        if is_exhausted and tenant not in assignment.unseen:
            assignment.waiting.discard(tenant)
        else:
            self._state.hungry.add(tenant)

    def _has_room(self, name: str) -> bool:
        half = self._state.lanes_at_most(name) // 2
        return self._state.is_served(name) and self._state.open_lanes[name] <= half

    def _refill(self, name: str) -> None:
        for assignment in self._state.assignments.values():
            is_asked = ("waiting", name) in assignment.loading
            if name in assignment.waiting and not is_asked and self._is_open(assignment):
                self._load(assignment, "waiting", name)

    def _sweep(self, name: str) -> None:
        """Take the next portion of what was released of a tenant's parked changes."""
        for assignment in self._state.assignments.values():
            for sweep in assignment.sweeps.values() if self._is_open(assignment) else ():
                if sweep.tenant == name and not sweep.is_asked:
                    sweep.is_asked = True
                    load = Load(
                        partition=assignment.partition,
                        generation=assignment.generation,
                        which="blocked" if sweep.about else "refused",
                        tenant=name,
                        about=sweep.about,
                        after=sweep.after,
                        limit=self._limit(name),
                    )
                    self._state.output.append(load)

    def _swept(self, assignment: Assignment, event: Loaded, *, is_taken: bool) -> None:
        """Go on behind the portion that came, or end the sweep with the last one; what was put back comes again."""
        subject = event.about or event.tenant or ""
        sweep = assignment.sweeps.get(subject)
        if sweep is None:
            return
        sweep.is_asked = False
        self._state.hungry.add(sweep.tenant)
        if is_taken and not event.exhausted:
            sweep.after = event.entries[-1][0].key
        elif is_taken and sweep.is_anew:
            sweep.is_anew, sweep.after = False, ""
        elif is_taken:
            del assignment.sweeps[subject]

    def _load(self, assignment: Assignment, which: Which, tenant: str | None) -> None:
        assignment.loading.add((which, tenant))
        if tenant is None:
            assignment.unseen_due = None
        else:
            assignment.unseen.discard(tenant)
        load = Load(
            partition=assignment.partition,
            generation=assignment.generation,
            which=which,
            tenant=tenant,
            except_tenants=self._excepted() if which == "due" else frozenset(),
            limit=self._limit(tenant),
        )
        self._state.output.append(load)

    def _limit(self, tenant: str | None) -> int:
        """Return how many entries are taken at once: no more than a tenant may have open."""
        most = self._state.policy.bounds.open_per_tenant if tenant is None else self._state.lanes_at_most(tenant)
        return min(LOADED_AT_ONCE, most)

    def _excepted(self) -> frozenset[str]:
        """Return whose due entries must stay where they are: tenants that are not served, or whose lanes are full."""
        lanes = self._state.open_lanes.items()
        self._state.crowded |= {name for name, count in lanes if count >= self._state.lanes_at_most(name)}
        unserved = {name for name in self._state.ever_known if not self._state.is_served(name)}
        return frozenset(unserved | self._state.crowded)

    def _take(self, assignment: Assignment, which: Which, entity: Entity, entry: Entry) -> bool:
        """Open a lane for a loaded entry, and tell whether nothing is left to be put back.

        What is of a kind that is not transferred any more stays taken, until its tenant's terms change again.
        """
        if entity in assignment.lanes or not self._state.is_transferred(entity):
            return True
        if not self._state.is_served(entity.tenant):
            return False
        tenant = self._state.tenants[entity.tenant]
        item = self._item(assignment, which, entity, entry.of_company(tenant.company))
        if item is not None:
            lane = self._state.open_lane(assignment, entity, entry)
            lane.offer(item)
            self._delivering.proceed(assignment, lane)
        return True

    def _item(self, assignment: Assignment, which: Which, entity: Entity, entry: Entry) -> Item | None:
        """Return what an entry wants: its parked change tried, else its delivered version checked.

        If it was due for the check of a delivery to another company, its parked change is tried before its time. So it
        is if a former owner may have attempted that: a check would write the older version over it.
        """
        is_suspect = not assignment.is_handed_over and entry.generation != assignment.generation
        is_check = which == "due" and entry.dirty_data is not None and not is_suspect
        if entry.parked and (not is_check or _is_tried(entry.parked, self._state.now)):
            change = Change(entity, entry.parked.version, entry.parked.occurred_at, entry.parked.data)
            is_background = entry.parked.is_background or not entry.parked.is_waiting
            return Item(change, None, "parked", is_suspect=is_suspect, is_background=is_background)
        if entry.dirty_data is None:
            return None
        change = Change(entity, entry.version, entry.occurred_at or 0.0, entry.dirty_data)
        return Item(change, None, "check", is_suspect=is_suspect, is_background=True)


def _is_tried(parked: Parked, now: float) -> bool:
    """Tell whether an entry that is due is due for its parked change, and not to be checked."""
    return parked.next_try is not None and parked.next_try <= now


def _is_background(entry: Entry) -> bool:
    return entry.parked is not None and entry.parked.is_background
