"""The log: one JSON object a line, named noun.verb_past, and nobody's personal data."""

import io
import json
import logging
import re
from collections.abc import Generator, Mapping
from typing import Any, get_args

import pytest
import structlog

from daemon.core.actions import Action
from daemon.core.events import Assigned, Committed, Event, Lost, Revoking, TokenRenewed, Woke
from daemon.core.model import Entity, Generation, Partition
from daemon.core.notices import (
    SETTLEMENTS,
    Checked,
    Conflicted,
    Fenced,
    Held,
    HoldEnded,
    Misbehaved,
    Notice,
    ParkedMoved,
    Reasserted,
    Received,
    Released,
    Remarked,
    Retried,
    Settled,
    Settlement,
)
from daemon.telemetry.logs import LEVELS, Logging, configure_logs

HERE = Partition("moment.changes", 3)
ONE = Entity("fjellvik", "customer", 7)
OF = {"tenant": "fjellvik", "kind": "customer", "id": 7}
NAME = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")


@pytest.fixture
def log() -> Generator[io.StringIO]:
    """What is logged at debug level; how the rest of the test run logs is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logs("debug", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """Return the events that were logged, without their stamps."""
    events: list[dict[str, Any]] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", event.pop("timestamp")) for event in events)
    return events


def settled(settlement: Settlement, reason: str = "", entity: Entity | None = ONE) -> Settled:
    """Return the notice of a record that settled."""
    return Settled(
        settlement=settlement, partition=HERE, offset=12, tenant="fjellvik", entity=entity, version=4, reason=reason
    )


NOTICES: list[tuple[Notice, Mapping[str, object]]] = [
    (
        Retried(ONE, 4, "unavailable", 2, 1.5),
        {"event": "change.retried", "level": "info", **OF, "version": 4, "reason": "unavailable"}
        | {"attempt": 2, "wait": 1.5},
    ),
    (Conflicted(ONE, 4), {"event": "change.conflicted", "level": "warning", **OF, "version": 4}),
    (
        Misbehaved(ONE, 4, "KeyError"),
        {"event": "change.misbehaved", "level": "error", **OF, "version": 4, "reason": "KeyError"},
    ),
    (
        Held("fjellvik", "denied", 30.0),
        {"event": "calls.held", "level": "warning", "tenant": "fjellvik", "reason": "denied", "wait": 30.0},
    ),
    (Checked("healed", ONE), {"event": "entity.checked", "level": "info", **OF, "result": "healed"}),
    (HoldEnded("fjellvik"), {"event": "calls.released", "level": "info", "tenant": "fjellvik"}),
    (
        Remarked(ONE, 4, "project_not_found"),
        {"event": "delivery.remarked", "level": "warning", **OF, "version": 4, "reason": "project_not_found"},
    ),
    (Reasserted(ONE), {"event": "entry.reasserted", "level": "warning", **OF}),
    (Fenced(8), {"event": "reply.fenced", "level": "info", "ticket": 8}),
    (
        settled("delivered"),
        {"event": "change.delivered", "level": "debug", **OF, "partition": 3, "offset": 12}
        | {"version": 4, "reason": ""},
    ),
    (
        settled("parked", "no_number"),
        {"event": "change.parked", "level": "warning", **OF, "partition": 3, "offset": 12}
        | {"version": 4, "reason": "no_number"},
    ),
    (
        settled("parked", "waiting"),
        {"event": "change.parked", "level": "debug", **OF, "partition": 3, "offset": 12}
        | {"version": 4, "reason": "waiting"},
    ),
    (
        settled("dead_lettered", "not_json", None),
        {"event": "record.dead_lettered", "level": "warning", "partition": 3, "offset": 12}
        | {"version": 4, "reason": "not_json"},
    ),
]

EVENTS: list[tuple[Event, Mapping[str, object]]] = [
    (
        Assigned(
            partition=HERE, generation=Generation(1, 5), position=9, end=12, handed_over=True, share=0.25, parked=2
        ),
        {"event": "partition.restored", "level": "info", "topic": "moment.changes", "partition": 3}
        | {"generation": 5, "position": 9, "parked": 2, "handed_over": True},
    ),
    (Revoking((HERE,), 1.0), {"event": "partitions.revoked", "level": "info", "partitions": [3]}),
    (Lost((HERE,)), {"event": "partitions.lost", "level": "info", "partitions": [3]}),
]


@pytest.mark.parametrize(("notice", "expected"), NOTICES, ids=lambda one: type(one).__name__)
def test_what_the_planner_notices_is_one_line(log: io.StringIO, notice: Notice, expected: Mapping[str, object]) -> None:
    """A line names the event, the entity and the place, at the level that tells whether somebody should look."""
    Logging().observe(Woke(), [notice], 0.0)
    assert [expected] == lines(log)


@pytest.mark.parametrize(("event", "expected"), EVENTS, ids=lambda one: type(one).__name__)
def test_what_the_group_does_is_one_line(log: io.StringIO, event: Event, expected: Mapping[str, object]) -> None:
    """Assignments and their ends are logged once each."""
    Logging().observe(event, [], 0.0)
    assert [expected] == lines(log)


@pytest.mark.parametrize("event", [Woke(), TokenRenewed(), Committed(1.0, accepted=True)])
def test_what_is_ordinary_is_no_line(log: io.StringIO, event: Event) -> None:
    """A quiet day writes nothing: counts are the metrics' part."""
    output: list[Action | Notice] = [Received(5), ParkedMoved("restored", 3), Released("delivered", ONE, 4)]
    Logging().observe(event, output, 0.0)
    assert [] == lines(log)


def test_names_are_a_noun_and_a_past_verb(log: io.StringIO) -> None:
    """Whatever way a record settles, its event is called `noun.verb_past`; every notice has been tried here."""
    Logging().observe(Woke(), [settled(one) for one in SETTLEMENTS], 0.0)
    Logging().observe(Woke(), [notice for notice, _ in NOTICES], 0.0)
    assert [] == [event["event"] for event in lines(log) if not NAME.fullmatch(event["event"])]
    silent = {Received, ParkedMoved, Released}
    assert set(get_args(Notice)) - silent == {type(notice) for notice, _ in NOTICES}


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_is_the_least_that_is_logged(log: io.StringIO, level: str) -> None:
    """At each level the louder ones are logged too, and nothing else."""
    configure_logs(level, log)
    for name in LEVELS:
        structlog.get_logger().log(LEVELS[name], f"{name}.logged")
    assert list(LEVELS)[list(LEVELS).index(level) :] == [event["level"] for event in lines(log)]


def test_libraries_log_json_too_and_only_what_is_loud(log: io.StringIO) -> None:
    """Kafka's client writes into the same log, from warnings on, whatever the daemon's own level."""
    logging.getLogger("aiokafka").info("heartbeat")
    logging.getLogger("aiokafka").warning("node %s is gone", 1)
    assert [("node 1 is gone", "warning")] == [(event["event"], event["level"]) for event in lines(log)]


def test_a_traceback_is_a_field_of_its_line(log: io.StringIO) -> None:
    """An exception that a library logs stays one JSON line."""
    try:
        dict[str, str]()["key"]
    except KeyError:
        logging.getLogger("aiokafka").exception("listener failed")
    [event] = lines(log)
    assert "KeyError" in event["exception"]
