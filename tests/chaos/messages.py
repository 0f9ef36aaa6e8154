"""What the chaos and its emulated DnB tell each other: lines of JSON over the pipes of the process."""

from typing import Literal

import msgspec

from daemon.sandbox.accountant import DeedKind
from daemon.sandbox.judging import DeadLetter, Parked


class Perform(msgspec.Struct, frozen=True, tag=True):
    """The accountants of all companies put something right."""

    deed: DeedKind


class Calm(msgspec.Struct, frozen=True, tag=True):
    """From now on no call goes wrong by chance."""


class Judge(msgspec.Struct, frozen=True, tag=True):
    """Judge what the daemons did, by the evidence in a file, a `Dossier`."""

    evidence: str


Order = Perform | Calm | Judge
"""What the process is told; it answers each with a line."""


class Opened(msgspec.Struct, frozen=True):
    """The first line: DnB answers at this address, and its companies are these tenants', by their keys."""

    base_url: str
    companies: dict[str, str]


class Done(msgspec.Struct, frozen=True):
    """The answer to what leaves nothing to tell."""

    order: Literal["performed", "calmed"]


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What Moment's changes are made from: equal scripts make equal changes, in any process."""

    seed: int
    events: int
    tenants: tuple[str, ...]
    started_at: float


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence that DnB itself does not have: how much of the script was published, and what was put aside."""

    script: Script
    published: int
    parked: tuple[Parked, ...]
    dead_letters: tuple[DeadLetter, ...]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on everything, and what DnB has lived through."""

    judge: dict[str, int]
    findings: tuple[str, ...]
    calls: int
    faults: dict[str, int]
    late_writes: int
