"""From events and notices to the numbers that an operator reads."""

import pytest
from prometheus_client import generate_latest

from daemon.core.actions import Action, Record, Send
from daemon.core.events import Assigned, Committed, Event, Lost, NotSent, Replied, Revoking, TokenRenewed, Woke
from daemon.core.ledger import Entry
from daemon.core.model import Entity, Generation, Partition
from daemon.core.notices import (
    SETTLEMENTS,
    Checked,
    Conflicted,
    Fenced,
    Held,
    Misbehaved,
    Notice,
    ParkedMoved,
    Reasserted,
    Received,
    Released,
    Retried,
    Settled,
    Settlement,
)
from daemon.core.planner import Status
from daemon.core.procedure import Answered, Call, Reply, Unanswered, Unreachable
from daemon.telemetry.catalogue import PREFIX, Instruments
from daemon.telemetry.observing import Observing

HERE = Partition("moment.changes", 3)
ONE = Entity("fjellvik", "customer", 7)
TENANT = "fjellvik"
NOW = 1_000.0
QUIET = Status(
    in_hand=0,
    parked_now=0,
    in_flight=0,
    window=64,
    load=0.0,
    partitions=1,
    oldest_open=None,
    quota=100.0,
    held_tenants=0,
    is_client_held=False,
    is_outage=False,
)


class Bench:
    """An observer, and the exposition it leads to."""

    def __init__(self, labelled_tenants: int = 20) -> None:
        """Begin with nothing seen."""
        self.instruments = Instruments()
        self.observing = Observing(self.instruments, labelled_tenants=labelled_tenants)

    def saw(self, *output: Action | Notice, event: Event | None = None, now: float = NOW) -> None:
        """Let an event and the planner's answer be observed."""
        self.observing.observe(event or Woke(), list(output), now)

    def value(self, name: str, **labels: str) -> float | None:
        """Return what the metric tells, None if it tells nothing of these labels."""
        return self.instruments.registry.get_sample_value(PREFIX + name, labels)

    def text(self) -> str:
        """Return the exposition."""
        return generate_latest(self.instruments.registry).decode()


def settled(
    settlement: Settlement, *, tenant: str = "fjellvik", reason: str = "", occurred_at: float | None = None
) -> Settled:
    """Return the notice of a record that settled."""
    return Settled(
        settlement=settlement, partition=HERE, offset=1, tenant=tenant, reason=reason, occurred_at=occurred_at
    )


def status(*, in_hand: int = 0, parked_now: int = 0) -> Status:
    """Return what a planner holds that is quiet otherwise."""
    return Status(
        in_hand=in_hand,
        parked_now=parked_now,
        in_flight=2,
        window=48,
        load=0.5,
        partitions=1,
        oldest_open=NOW - 8.0,
        quota=50.0,
        held_tenants=1,
        is_client_held=True,
        is_outage=True,
    )


def test_every_record_is_in_hand_or_settled_once() -> None:
    """Received less settled less in hand is zero, however the records settled; one that vanished would show."""
    at = Bench()
    at.saw(Received(len(SETTLEMENTS) + 2), *(settled(one) for one in SETTLEMENTS))
    at.observing.gauges(status(in_hand=2, parked_now=1), NOW)
    assert (10.0, 2.0, 0.0) == (at.value("received_total"), at.value("in_hand"), at.value("conservation_residual"))
    at.observing.gauges(status(in_hand=1), NOW)
    assert 1.0 == at.value("conservation_residual")


def test_every_parked_change_is_there_or_accounted_for() -> None:
    """Restored plus parked less released, handed back and parked now is zero; one that vanished would show."""
    at = Bench()
    at.saw(ParkedMoved("restored", 4), ParkedMoved("checked", 1))
    at.saw(settled("parked", reason="waiting"), settled("parked", reason="no_number"))
    at.saw(Released("delivered", ONE, 4), Released("stale", ONE, 5), ParkedMoved("handed_back", 2))
    at.observing.gauges(status(parked_now=3), NOW)
    assert (3.0, 0.0) == (at.value("parked_now"), at.value("parked_residual"))
    directions = ("restored", "checked", "handed_back")
    moved = [at.value("parked_moved_total", direction=direction) for direction in directions]
    released = [at.value("released_total", released_as=released_as) for released_as in ("delivered", "stale")]
    assert ([4.0, 1.0, 2.0], [1.0, 1.0]) == (moved, released)
    at.observing.gauges(status(parked_now=2), NOW)
    assert 1.0 == at.value("parked_residual")


def test_a_record_is_counted_by_how_and_why_it_settled() -> None:
    """An operator sees for each tenant what became of its records."""
    at = Bench()
    at.saw(settled("parked", reason="no_number"), settled("parked", reason="no_number"), settled("delivered"))
    parked = at.value("settled_total", settlement="parked", reason="no_number", tenant="fjellvik")
    assert (2.0, 1.0) == (parked, at.value("settled_total", settlement="delivered", reason="", tenant="fjellvik"))


def test_tenants_beyond_the_limit_share_one_label() -> None:
    """However many tenants come, no more than the allowed number have labels; those keep theirs."""
    at = Bench(labelled_tenants=2)
    for round_of in range(2):
        for number in range(50):
            at.saw(settled("delivered", tenant=f"t{number}"))
            call = Call(method="GET", target="x")
            at.saw(Send(number + 50 * round_of, f"t{number}", "c", call, NOW))
            at.saw(event=Replied(number + 50 * round_of, Answered(status=200)))
    counts = [at.value("settled_total", settlement="delivered", reason="", tenant=one) for one in ("t0", "t1", "other")]
    calls = [at.value("calls_total", method="GET", result="2xx", tenant=one) for one in ("t0", "t1", "other")]
    assert ([2.0, 2.0, 96.0], [2.0, 2.0, 96.0]) == (counts, calls)
    assert 'tenant="t2"' not in at.text()


@pytest.mark.parametrize("reason", ["tenant", "environment", "kind", "delete", "null"])
def test_a_tenant_that_only_ignored_records_name_has_no_label(reason: str) -> None:
    """Names that nobody checked cannot fill the metrics: they count as `other`, and take nobody's place."""
    at = Bench(labelled_tenants=1)
    at.saw(*(settled("ignored", tenant=f"made-up-{number}", reason=reason) for number in range(5)))
    at.saw(settled("ignored", tenant="", reason=reason), settled("dead_lettered", tenant="", reason="not_json"))
    at.saw(settled("delivered"), settled("ignored", reason=reason))
    labels = [at.value("settled_total", settlement="ignored", reason=reason, tenant=one) for one in ("other", TENANT)]
    assert [6.0, 1.0] == labels
    assert 1.0 == at.value("settled_total", settlement="dead_lettered", reason="not_json", tenant="other")
    assert "made-up" not in at.text()


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Answered(status=200), "2xx"),
        (Answered(status=429), "4xx"),
        (Answered(status=503), "5xx"),
        (Unanswered("TimeoutError"), "unanswered"),
        (Unreachable("ConnectError"), "unreachable"),
    ],
)
def test_a_call_is_counted_by_its_end_and_timed(reply: Reply, result: str) -> None:
    """Calls are counted by method, status class or failure, and tenant, and timed from their grant."""
    at = Bench()
    at.saw(Send(7, "fjellvik", "c", Call(method="PUT", target="api/biz/customers/1"), NOW + 9))
    at.saw(event=Replied(7, reply), now=NOW + 0.2)
    assert 1.0 == at.value("calls_total", method="PUT", result=result, tenant="fjellvik")
    buckets = [at.value("call_seconds_bucket", method="PUT", le=bound) for bound in ("0.1", "0.25")]
    assert [0.0, 1.0] == buckets


def test_a_call_that_was_not_sent_is_no_call() -> None:
    """It is counted by why it was not sent; the ticket may be sent again."""
    at = Bench()
    call = Call(method="GET", target="x")
    at.saw(Send(7, "fjellvik", "c", call, NOW))
    at.saw(event=NotSent(7, "fenced"))
    at.saw(Send(8, "fjellvik", "c", call, NOW))
    at.saw(event=Replied(8, Answered(status=200)))
    assert (1.0, 1.0) == (
        at.value("calls_not_sent_total", reason="fenced"),
        at.value("calls_total", method="GET", result="2xx", tenant="fjellvik"),
    )


def test_delivery_is_timed_from_the_change_in_moment() -> None:
    """The time counts from `occurredAt`; a clock that is ahead in Moment makes no negative time."""
    at = Bench()
    at.saw(settled("delivered", occurred_at=NOW - 3.0), settled("delivered", occurred_at=NOW + 60.0))
    at.saw(settled("delivered"), settled("stale", occurred_at=NOW - 3.0))
    buckets = [at.value("delivery_seconds_bucket", le=bound) for bound in ("0.1", "2.5", "5.0")]
    assert ([1.0, 1.0, 2.0], 3.0) == (buckets, at.value("delivery_seconds_sum"))


def test_gauges_tell_what_is_so_now() -> None:
    """Lag, quota, holds and outage are those of the planner at the instant somebody looks."""
    at = Bench()
    at.saw(Received(1))
    at.observing.gauges(status(in_hand=1), NOW)
    names = (
        "lag_seconds", "calls_in_flight", "calls_window", "quota_calls_per_second", "replica_load", "held_tenants",
        "client_held", "outage",
    )  # fmt: skip
    assert [8.0, 2.0, 48.0, 50.0, 0.5, 1.0, 1.0, 1.0] == [at.value(name) for name in names]
    at.observing.gauges(QUIET, NOW)
    assert [0.0, 0.0, 64.0, 100.0, 0.0, 0.0, 0.0, 0.0] == [at.value(name) for name in names]
    assert 1.0 == at.value("partitions")


@pytest.mark.parametrize(
    ("notice", "name", "labels"),
    [
        (Retried(ONE, 4, "unavailable", 1, 2.0), "retries_total", {"reason": "unavailable"}),
        (Checked("healed", ONE), "checks_total", {"result": "healed"}),
        (Conflicted(ONE, 4), "version_conflicts_total", {}),
        (Misbehaved(ONE, 4, "KeyError"), "internal_errors_total", {}),
        (Fenced(7), "fenced_replies_total", {}),
        (Reasserted(ONE), "reasserted_total", {}),
        (Held(None, "token_refused", 5.0), "holds_total", {"scope": "client", "reason": "token_refused"}),
        (Held("fjellvik", "denied", 5.0), "holds_total", {"scope": "tenant", "reason": "denied"}),
        (Record(1, HERE, ONE, Entry()), "ledger_records_total", {}),
    ],
)
def test_what_the_planner_answers_is_counted(notice: Action | Notice, name: str, labels: dict[str, str]) -> None:
    """Each notice is one more of its counter."""
    at = Bench()
    at.saw(notice)
    assert 1.0 == at.value(name, **labels)


@pytest.mark.parametrize(
    ("event", "name", "labels", "expected"),
    [
        (TokenRenewed(), "tokens_total", {"result": "asked"}, 1.0),
        (TokenRenewed(refused="token_refused"), "tokens_total", {"result": "token_refused"}, 1.0),
        (Committed(NOW, accepted=True), "commits_total", {"result": "accepted"}, 1.0),
        (Committed(NOW, accepted=False), "commits_total", {"result": "refused"}, 1.0),
        (Revoking((HERE, HERE), NOW), "assignments_total", {"event": "revoked"}, 2.0),
        (Lost((HERE,)), "assignments_total", {"event": "lost"}, 1.0),
        (
            Assigned(partition=HERE, generation=Generation(1, 1), position=0, end=0, handed_over=True, share=1.0),
            "assignments_total",
            {"event": "assigned"},
            1.0,
        ),
    ],
)
def test_what_the_edges_tell_is_counted(event: Event, name: str, labels: dict[str, str], expected: float) -> None:
    """Tokens, commits and assignments are counted by how they ended."""
    at = Bench()
    at.saw(event=event)
    assert expected == at.value(name, **labels)
