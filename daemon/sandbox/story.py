"""The faults that a demo plays: every kind strikes, spread over the records and placed on calls that surely come."""

import random
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from daemon.sandbox.faults import KINDS, FaultKind, Where

EVENTFUL: Final = 500  # records from which on every tenant has calls of every method at any time
RECORDS_PER_COMPANY: Final = 40  # with fewer of each, a fault for one company might wait in vain
PLAYED_SHARE: Final = 0.75  # of the records; the rest are for recovering
RETRY_AFTER_SECONDS: Final = 1.0  # the header's least: whatever arrives for a held company is parked
DENIED_SECONDS: Final = 1.0  # for the same reason; the client's first probes still meet the denial
SLOW_SHARE: Final = (0.1, 0.4)  # of what a request may take
SLOW_MOST_SECONDS: Final = 2.0  # a demo has no time for longer ones
OVERDUE_SHARE: Final = 1.2  # slower than the client waits
LATE_SHARE: Final = (0.4, 0.9)  # of the bound within which a late request is still applied

_WRITES: Final[Mapping[FaultKind, Sequence[str]]] = {
    "reply_lost": ("POST", "PUT"),
    "applied_late": ("PUT", "POST"),
}
_INVOICES: Final[Mapping[str, str]] = {"new invoice": "/api/biz/invoices", "booking": "/api/biz/invoices/"}
"""The calls on which a lost or late one could book twice, by the word for them: creating a draft, and booking it."""

_WORDS: Final[Mapping[FaultKind, str]] = {
    "too_many_requests": "429: {who} is told to come back in {seconds:g} s",
    "too_many_requests_bare": "429 without a word about when to come back",
    "server_error": "500: DnB stumbles over a call, nothing is written",
    "unavailable": "503: {who} is told to come back in {seconds:g} s",
    "unavailable_bare": "503 without a word about when to come back",
    "slow": "DnB takes {seconds:.1f} s to answer",
    "reply_lost": "a {method} is written, but its answer is lost",
    "applied_late": "a {method} is cut off, and written {seconds:.1f} s later all the same",
    "reset": "the connection breaks before DnB has read the call",
    "token_expired": "every access token ends at once",
    "company_denied": "{who} denies the integration for {seconds:g} s",
}


class Act(msgspec.Struct, frozen=True):
    """A fault to inject (`Emulator.inject(act.kind, **act.where)`) once `after` records are produced.

    `words` is one line for a person who watches.
    """

    after: int
    kind: FaultKind
    where: Where
    words: str


def story(
    *, seed: int, events: int, companies: Mapping[str, str], request_seconds: float, late_seconds: float
) -> tuple[Act, ...]:
    """The acts of a demo of `events` records, in order; `companies` gives each tenant's company key.

    Every kind strikes once, from 500 records on twice, and then lost and late calls on new invoices and bookings too.
    One call more is slower than `request_seconds`, after which the client gives up: the next call of any company, lest
    it always be the probe of one that is held. A late request is applied within `late_seconds`. With few records an act
    waits for any call of any company, and those on writes come first: there may not be another.
    """
    chance = random.Random(seed)  # noqa: S311 -- chance that must repeat, not secrecy
    scenes = _scenes(chance, is_eventful=events >= EVENTFUL)
    is_crowded = events < max(EVENTFUL, RECORDS_PER_COMPANY * len(companies))
    author = _Author(chance, {} if is_crowded else companies, request_seconds, late_seconds)
    between = events * PLAYED_SHARE / len(scenes)
    return tuple(author.act(int(position * between), scene) for position, scene in enumerate(scenes))


class _Scene(msgspec.Struct, frozen=True):
    kind: FaultKind
    round: int
    is_overdue: bool = False
    on: str = ""


def _scenes(chance: random.Random, *, is_eventful: bool) -> list[_Scene]:
    overdue = _Scene("slow", 0, is_overdue=True)
    if is_eventful:
        first: list[_Scene] = [*(_Scene(kind, 0) for kind in KINDS), overdue]
        again = [_Scene(kind, 1) for kind in KINDS]
        again += [_Scene(kind, 0, on=call) for kind in _WRITES for call in _INVOICES]
        return chance.sample(first, len(first)) + chance.sample(again, len(again))
    writes = [_Scene(kind, _round_of_creates(kind)) for kind in _WRITES]
    others = [*(_Scene(kind, 0) for kind in KINDS if kind not in _WRITES), overdue]
    return writes + chance.sample(others, len(others))


def _round_of_creates(kind: FaultKind) -> int:
    """The round in which `kind` strikes a POST: new customers come first, so even a short demo has those."""
    return _WRITES[kind].index("POST")


class _Author:
    def __init__(
        self, chance: random.Random, companies: Mapping[str, str], request_seconds: float, late_seconds: float
    ) -> None:
        self._chance = chance
        self._companies = sorted(companies.items())
        self._request_seconds = request_seconds
        self._late_seconds = late_seconds

    def act(self, after: int, scene: _Scene) -> Act:
        where = Where()
        who = "a company"
        if self._companies and not scene.is_overdue and scene.kind not in {"token_expired", *_WRITES}:
            who, where["company"] = self._chance.choice(self._companies)
        if scene.kind in _WRITES:
            where["method"] = "POST" if scene.on else _WRITES[scene.kind][scene.round % 2]
        if scene.on:
            where["path_prefix"] = _INVOICES[scene.on]
        seconds = self._seconds(scene)
        if seconds is not None:
            where["seconds"] = seconds
        words = _WORDS[scene.kind].format(who=who, seconds=seconds or 0.0, method=scene.on or where.get("method", ""))
        return Act(after, scene.kind, where, words + (", longer than anyone waits" if scene.is_overdue else ""))

    def _seconds(self, scene: _Scene) -> float | None:
        """How long the fault lasts; None where the kind has no length."""
        match scene.kind:
            case "too_many_requests" | "unavailable":
                return RETRY_AFTER_SECONDS
            case "company_denied":
                return DENIED_SECONDS
            case "applied_late":
                return self._late_seconds * self._chance.uniform(*LATE_SHARE)
            case "slow" if scene.is_overdue:
                return self._request_seconds * OVERDUE_SHARE
            case "slow":
                return min(SLOW_MOST_SECONDS, self._request_seconds * self._chance.uniform(*SLOW_SHARE))
            case _:
                return None
