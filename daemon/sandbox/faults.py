"""Faults on purpose: drawn at random from a seed, or asked for one by one. They hit calls to `/api/biz` alone."""

import random
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, TypedDict, Unpack, get_args

import msgspec

FaultKind: TypeAlias = Literal[
    "too_many_requests",  # 429 with Retry-After
    "too_many_requests_bare",  # 429 without it
    "server_error",  # 500, nothing applied
    "unavailable",  # 503 with Retry-After
    "unavailable_bare",  # 503 without it
    "slow",  # applied at once, answered late
    "reply_lost",  # applied, then the connection is cut
    "applied_late",  # the connection is cut without an answer, and the request is applied some time after
    "reset",  # the connection is cut, nothing applied
    "token_expired",  # every token given so far ends now: 401
    "company_denied",  # the company answers 403 until an instant
]

KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How often each kind happens by chance, as a share of calls, and how long each lasts unless told otherwise.

    `silence_seconds` is how long a cut connection says nothing first: longer than the client's patience and it
    times out.
    """

    rates: Mapping[FaultKind, float] = msgspec.field(default_factory=dict[FaultKind, float])
    seed: int = 0
    retry_after_seconds: float = 2.0
    slow_seconds: float = 2.0
    late_seconds: tuple[float, float] = (1.0, 30.0)
    denied_seconds: float = 30.0
    silence_seconds: float = 0.0


class Where(TypedDict, total=False):
    """What an injected fault waits for, and how long it lasts."""

    company: str
    method: str
    path_prefix: str
    count: int
    seconds: float


class Strike(msgspec.Struct, frozen=True):
    """A fault that hits this call. `seconds` is what the kind needs: the wait, the delay, or the duration."""

    kind: FaultKind
    seconds: float


class _Injected:
    def __init__(self, kind: FaultKind, where: Where) -> None:
        self.kind: FaultKind = kind
        self.where = where
        self.left = where.get("count", 1)

    def hits(self, company: str, method: str, path: str) -> bool:
        where = self.where
        return (
            where.get("company", company) == company
            and where.get("method", method) == method
            and path.startswith(where.get("path_prefix", ""))
        )


class Faults:
    """The faults still to come. `counts` says how many of each kind have struck."""

    def __init__(self, plan: FaultPlan) -> None:
        self.counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311 -- chance that must repeat, not secrecy
        self._injected: list[_Injected] = []

    def inject(self, kind: FaultKind, **where: Unpack[Where]) -> None:
        """Let `kind` strike the next `count` calls (1) that match; every condition left out matches all."""
        self._injected.append(_Injected(kind, where))

    def strike(self, company: str, method: str, path: str) -> Strike | None:
        """The fault that hits this call: the oldest injected one that matches, else one by chance."""
        strike = self._asked_for(company, method, path) or self._by_chance()
        if strike is not None:
            self.counts[strike.kind] += 1
        return strike

    def _asked_for(self, company: str, method: str, path: str) -> Strike | None:
        injected = next((each for each in self._injected if each.hits(company, method, path)), None)
        if injected is None:
            return None
        injected.left -= 1
        if injected.left <= 0:
            self._injected.remove(injected)
        seconds = injected.where.get("seconds")
        return Strike(injected.kind, self._duration(injected.kind) if seconds is None else seconds)

    def _by_chance(self) -> Strike | None:
        if not self._plan.rates:
            return None
        drawn = self._random.random()
        for kind in KINDS:
            drawn -= self._plan.rates.get(kind, 0.0)
            if drawn < 0:
                return Strike(kind, self._duration(kind))
        return None

    def _duration(self, kind: FaultKind) -> float:
        match kind:
            case "too_many_requests" | "unavailable":
                return self._plan.retry_after_seconds
            case "slow":
                return self._plan.slow_seconds
            case "applied_late":
                return self._random.uniform(*self._plan.late_seconds)
            case "company_denied":
                return self._plan.denied_seconds
            case _:
                return 0.0


def spread(share: float, seed: int = 0) -> FaultPlan:
    """A plan that strikes `share` of all calls, every kind alike; denials and expiries, which last, ten times rarer."""
    weights: dict[FaultKind, float] = dict.fromkeys(KINDS, 1.0)
    weights["token_expired"] = weights["company_denied"] = 0.1
    total = sum(weights.values())
    return FaultPlan(rates={kind: share * weight / total for kind, weight in weights.items()}, seed=seed)
