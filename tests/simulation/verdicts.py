"""What came of a schedule: the judge's findings, the faults that struck, and how much happened."""

import time
import traceback
from collections import Counter

import msgspec

from daemon.core.model import KINDS, entity_of
from daemon.sandbox.judging import Evidence, Parked, judge_all
from tests.simulation.schedules import Schedule
from tests.simulation.watching import ViolationError
from tests.simulation.world import World


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule's outcome; `violation` is empty if every promise was kept."""

    seed: int
    violation: str
    records: int
    steps: int
    faults: dict[str, int]
    seen: dict[str, int]
    seconds: float
    transcript: tuple[str, ...] = ()


def play(schedule: Schedule, *, tells: bool = False) -> Outcome:
    """Play one schedule to its end, and judge it; an exception of ours is a violation too, told by its class."""
    started_at = time.perf_counter()
    world = World(schedule, tells=tells)
    try:
        world.run()
        violation = judged(world)
    except ViolationError as broken:
        violation = str(broken)
    except Exception as error:  # noqa: BLE001 - whatever our code raises is what came of the schedule
        violation = f"{type(error).__name__} was raised: {error}"
        if world.transcript is not None:
            world.transcript += "".join(traceback.format_exception(error)).splitlines()
    counts = Counter(world.watch.counts)
    counts["late_writes"] = world.network.late
    counts["regressions"] = world.network.regressions
    counts["overtaken"] = len(world.overtaking.published)
    counts["rebalances"] = world.coordinator.rebalances
    counts["expelled"] = world.coordinator.expelled
    counts["commits_refused"] = world.coordinator.refused
    counts["calls"] = world.network.calls
    counts["tokens"] = world.network.tokens
    return Outcome(
        seed=schedule.seed,
        violation=violation,
        records=len(schedule.records),
        steps=world.steps,
        faults=dict(world.counts),
        seen=dict(counts),
        seconds=time.perf_counter() - started_at,
        transcript=tuple(world.transcript or ()),
    )


def judged(world: World) -> str:
    """Return what the judge of the books finds wrong, empty for nothing."""
    schedule = world.schedule
    companies = {name: company.key for name, company in zip(schedule.tenants, schedule.companies, strict=True)}
    evidence = Evidence(
        companies=companies,
        history=world.network.emulator.history,
        parked=[
            Parked(entity.tenant, entity.kind, entity.id, entry.parked.version, entry.parked.reason)
            for entity, entry in world.final.items()
            if entry.parked
        ],
        dead_letters=world.letters,
        books={name: world.network.emulator.books(key) for name, key in companies.items()},
        kinds=dict.fromkeys(companies, frozenset(KINDS)),
    )
    verdict = judge_all((*schedule.records, *world.overtaking.published), evidence)
    return "; ".join(finding for finding in verdict.findings if not _is_excused(world, finding))


def _is_excused(world: World, finding: str) -> bool:
    """Tell whether a finding is by design.

    Where the entity is the key, what another replica's partition says of a dependency is not known there: one that is
    refused, or has got another number since, is missing for those that need it; and a credit note that has waited for
    its invoice in vain is booked with its number in the text alone. A draft waits with its invoice. What DnB did not
    take again after a late write had spoiled it is parked, so that a person knows. Nor does a credit note know of an
    invoice that came while its tenant was not named or its kind not transferred.
    """
    entity = entity_of(finding.partition(" version")[0].rpartition(" ")[2])
    entry = world.final.get(entity) if entity is not None else None
    if finding.endswith("was spoiled by a late write that nobody healed"):
        return entry is not None and entry.parked is not None and entry.parked.refusal is not None
    if finding.endswith("does not refer to the invoice it credits"):
        ignored = {(one.tenant, one.kind) for one in world.watch.ignored}
        return not world.schedule.is_keyed_by_tenant or (entity is not None and (entity.tenant, entity.kind) in ignored)
    if world.schedule.is_keyed_by_tenant:
        return False
    if not finding.endswith("as missing_dependency"):
        return finding.endswith("is left in the books")
    blocker = entity_of(entry.parked.blocked_by) if entry and entry.parked else None
    other = world.final.get(blocker) if blocker is not None else None
    refusal = entry.parked.refusal if entry and entry.parked else None
    return other is not None and refusal is not None and (other.dnb_id is None or other.number != refusal.value)
