"""What a seed decides: the world, Moment's records, and every trouble with its time or its turn."""

from collections.abc import Sequence
from random import Random
from typing import Literal

import msgspec

from daemon.core.model import Booking, Tenant
from daemon.sandbox.arrangements import ACCOUNT_VAT_CODES
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.generating import Planted, planted
from daemon.sandbox.settings import Company
from tests.simulation.timeline import START_SECONDS

TROUBLED_SECONDS = 36.0
"""So long things go wrong; then the world calms down."""

EVERY_KIND: frozenset[Literal["customer", "project", "invoice"]] = frozenset({"customer", "project", "invoice"})

OPEN_IN_ALL = 20
FEW_OPEN_IN_ALL = 8
"""How many records a process may have open: in some schedules so few that one fetch brings more."""

BURSTS_SHARE = 0.25
"""Of schedules have all their records within two moments."""

REBUILT_SHARE = 0.35
"""Of schedules end with every disk empty: what the compacted ledgers hold must be all that is needed."""

LONG_TOKEN_SECONDS = 3_600.0
SHORT_TOKEN_SECONDS = 15.0
"""How long a token is good for: in some schedules no longer than things take."""

CALL_FAULTS = (
    "request_lost", "reply_lost", "applied_late", "applied_twice", "unreachable", "slow", "timed_out",
    "400", "401", "403", "404", "409", "422", "429", "429_bare", "500", "500_applied", "503", "503_bare",
)  # fmt: skip
"""What may become of a call to DnB; a status alone means that nothing was applied."""

OFTEN = ("applied_late", "applied_late")
"""Drawn more often than the others: few of these meet a version that something newer has overtaken."""

TOKEN_FAULTS = (
    "token_refused", "token_unauthorized", "token_throttled", "token_unavailable", "token_lost", "token_timed_out",
    "token_garbled",
)  # fmt: skip
"""What may become of the nth request for a token."""

TURN_FAULTS = (
    "append_refused", "append_late", "commit_refused", "commit_late", "fetch_repeated", "fetch_late", "letter_refused",
    "crash_between", "restore_cut",
)  # fmt: skip
"""What strikes the nth append, commit, fetch, dead letter, step, or step of a restore."""

TIMED_FAULTS = (
    "crash", "crash_without_disk", "pause", "zombie", "zombie_calling", "restart", "rebalance", "compaction",
    "tenant_added", "tenant_removed", "tenant_held", "tenant_weighed", "tenant_quota", "tenant_kinds", "clock_step",
    "hold", "hold_all", "replay", "company_denied", "outage", "token_revoked",
)  # fmt: skip
"""What happens at an instant."""

EVERY_FAULT = (*CALL_FAULTS, *TOKEN_FAULTS, *TURN_FAULTS, *TIMED_FAULTS)


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong.

    `at` is seconds since the beginning, or the number of the call, append, commit, fetch, letter, token, step or
    restore's step that it strikes, over all replicas. `whom` is drawn among replicas, tenants or partitions; `seconds`
    is how long it lasts.
    """

    kind: str
    at: float
    whom: float
    seconds: float


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided before the first step; what else is drawn comes from the seed, in order."""

    seed: int
    replicas: int
    partitions: int
    are_static: bool
    is_keyed_by_tenant: bool
    companies: tuple[Company, ...]
    tenants: dict[str, Tenant]
    records: tuple[Planted, ...]
    produced_at: tuple[float, ...]
    troubles: tuple[Trouble, ...]
    is_retried_seldom: bool = False
    open_in_all: int = OPEN_IN_ALL
    is_rebuilt: bool = False
    token_seconds: float = LONG_TOKEN_SECONDS

    def tenant_of(self, trouble: Trouble) -> str:
        """Return the tenant that a trouble befalls."""
        return sorted(self.tenants)[int(trouble.whom * len(self.tenants))]

    def only(self, troubles: Sequence[int], records: int) -> "Schedule":
        """Return the schedule with some of its troubles and its first records alone."""
        kept = tuple(self.troubles[at] for at in troubles)
        return msgspec.structs.replace(
            self, troubles=kept, records=self.records[:records], produced_at=self.produced_at[:records]
        )


def schedule_of(seed: int) -> Schedule:
    """Return what a seed decides."""
    chance = Random(seed)
    companies = invented(chance.choice((2, 3)), seed)
    names = tuple(tenant_name(company.name) for company in companies)
    count = chance.randint(32, 56)
    kinds = dict.fromkeys(names, EVERY_KIND)
    schedule = Schedule(
        seed=seed,
        replicas=chance.choice((1, 2, 2, 3, 3, 4)),
        partitions=chance.choice((1, 2, 3, 4)),
        are_static=chance.random() < 0.4,
        is_keyed_by_tenant=chance.random() < 0.7,
        companies=companies,
        tenants={name: _tenant(name, at, chance) for at, name in enumerate(names)},
        records=planted(seed=seed, events=count, tenants=names, started_at=START_SECONDS, kinds=kinds),
        produced_at=tuple(sorted(chance.uniform(0.0, TROUBLED_SECONDS * 0.7) for _ in range(count))),
        troubles=tuple(_troubles(chance)),
        is_retried_seldom=chance.random() < 0.3,
        open_in_all=chance.choice((OPEN_IN_ALL, OPEN_IN_ALL, FEW_OPEN_IN_ALL)),
        is_rebuilt=chance.random() < REBUILT_SHARE,
        token_seconds=chance.choice((LONG_TOKEN_SECONDS, LONG_TOKEN_SECONDS, LONG_TOKEN_SECONDS, SHORT_TOKEN_SECONDS)),
    )
    return _in_bursts(schedule, chance) if chance.random() < BURSTS_SHARE else schedule


def _in_bursts(schedule: Schedule, chance: Random) -> Schedule:
    """Return the schedule with its records produced in two bursts, in their order."""
    begins = sorted(chance.uniform(1.0, TROUBLED_SECONDS * 0.7) for _ in range(2))
    count = len(schedule.records)
    produced_at = sorted(chance.choice(begins) + chance.uniform(0.0, 0.2) for _ in range(count))
    return msgspec.structs.replace(schedule, produced_at=tuple(produced_at))


def _tenant(name: str, at: int, chance: Random) -> Tenant:
    flow: Literal["invoice", "voucher"] = "voucher" if at == 1 and chance.random() < 0.5 else "invoice"
    return Tenant(
        name=name,
        company=f"company of {name}",
        quota=chance.choice((8.0, 25.0)),
        booking=Booking(flow=flow, vat_codes=ACCOUNT_VAT_CODES),
    )


def _troubles(chance: Random) -> list[Trouble]:
    """Return troubles of every sort, in a number that differs widely: some worlds are nearly well."""
    intensity = chance.choice((0.3, 1.0, 1.0, 2.0))
    kinds = [chance.choice((*CALL_FAULTS, *OFTEN)) for _ in range(_number(chance, 14 * intensity))]
    kinds += [chance.choice(TOKEN_FAULTS) for _ in range(_number(chance, 1.5 * intensity))]
    kinds += [chance.choice(TURN_FAULTS) for _ in range(_number(chance, 5 * intensity))]
    kinds += [chance.choice(TIMED_FAULTS) for _ in range(_number(chance, 7 * intensity))]
    return [_trouble(chance, kind) for kind in kinds]


CALLS_REACHED = 400
"""Up to which call a fault of the nth call strikes."""

REACH = {
    "append_refused": 120, "append_late": 120, "commit_refused": 60, "commit_late": 60, "fetch_repeated": 60,
    "fetch_late": 60, "letter_refused": 2, "crash_between": 600, "restore_cut": 60, **dict.fromkeys(TOKEN_FAULTS, 5),
}  # fmt: skip
"""Up to which turn a fault of the nth turn strikes: about as many as a schedule has."""


def _number(chance: Random, mean: float) -> int:
    return round(chance.uniform(0.0, 2.0 * mean))


def _trouble(chance: Random, kind: str) -> Trouble:
    if kind in TIMED_FAULTS:
        at = chance.uniform(0.5, TROUBLED_SECONDS)
    else:
        at = float(chance.randint(1, REACH.get(kind, CALLS_REACHED)))
    return Trouble(kind=kind, at=at, whom=chance.random(), seconds=chance.random())
