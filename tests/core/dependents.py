"""Entities that depend on one another, and the usual steps with them."""

import msgspec

from daemon.core.actions import Load, Send
from daemon.core.events import Loaded, Woke
from daemon.core.ledger import Entry, Parked
from daemon.core.model import Change, Entity
from tests.core.playbook import (
    ENTITY,
    GENERATION,
    POLICY,
    START,
    Playbook,
    change,
    of_kind,
    refusal,
)

CUSTOMER = ENTITY
PROJECT = Entity("fjellvik", "project", 1)
INVOICE = Entity("fjellvik", "invoice", 1)
KNOWN = Entry(company="c0ffee", version=3, fingerprint="t1:x", dnb_id=381, generation=GENERATION)
WAITING = Entry(
    company="c0ffee",
    generation=GENERATION,
    parked=Parked(version=1, data=b"x", occurred_at=START, reason="waiting", since=START),
)
REFUSED = Entry(
    company="c0ffee",
    generation=GENERATION,
    parked=Parked(
        version=1, data=b"refuse", occurred_at=START, reason="bad_number", since=START, refusal=refusal("bad_number")
    ),
)
BLOCKED = Entry(
    company="c0ffee",
    generation=GENERATION,
    parked=Parked(
        version=1, data=b"y", occurred_at=START, reason="missing_dependency", since=START, next_try=START + 300,
        attempts=1, blocked_by=CUSTOMER.key,
    ),
)  # fmt: skip
WAIT_SECONDS = POLICY.retrying.dependency_wait


def project(version: int = 1, data: str = "x", *, number: int = 1) -> Change:
    """Return a change of a project."""
    return of_kind("project", change(version, data, number=number))


def targets(play: Playbook) -> list[str]:
    """Return what was called so far."""
    return [f"{send.call.method} {send.call.target}" for send in play.all(Send)]


def wake(play: Playbook, after: float) -> None:
    """Let time pass in steps, with every commit accepted, so that nothing is fenced."""
    until = play.now + after
    while play.now < until:
        play.give(Woke(), after=min(2.0, until - play.now))
        play.commit()


def load(play: Playbook, *entries: tuple[Entity, Entry], exhausted: bool = True) -> None:
    """Answer the newest load."""
    asked = play.last(Load)
    loaded = Loaded(
        partition=asked.partition, generation=asked.generation, which=asked.which, tenant=asked.tenant,
        entries=entries, next_due=None, exhausted=exhausted, about=asked.about,
    )  # fmt: skip
    play.give(loaded)


def kept(play: Playbook) -> Parked:
    """Return the parked change of the newest entry."""
    parked = play.entry().parked
    assert parked is not None
    return parked


FAILED = msgspec.structs.replace(
    WAITING,
    parked=Parked(
        version=1, data=b"x", occurred_at=START, reason="status_503", since=START, next_try=START + 90, attempts=1
    ),
)
