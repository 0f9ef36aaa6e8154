"""The metrics catalogue: every metric of the daemon in one table, from which the instruments and the docs are made."""

from typing import Literal

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "moment_dnb_"

CALL_BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
"""From a fast answer to the deadline of a call."""

DELIVERY_BUCKETS_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)
"""From the moment a change happens in Moment: from at once to a day in the books' queue."""


class Metric(msgspec.Struct, frozen=True):
    """One metric: its name without prefix, its kind, what it tells, its labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS = (
    Metric("received_total", "counter", "Records taken in hand."),
    Metric(
        "settled_total",
        "counter",
        "Records that need nothing more, by how and why.",
        ("settlement", "reason", "tenant"),
    ),
    Metric("in_hand", "gauge", "Records that are received and not settled."),
    Metric("conservation_residual", "gauge", "Received less settled less in hand: anything but 0 is a bug."),
    Metric("parked", "gauge", "Changes parked in the ledgers that are restored, by reason.", ("reason",)),
    Metric("scheduled", "gauge", "Entries of restored ledgers that want work at a time: retries and checks."),
    Metric("parked_now", "gauge", "Changes parked in the ledger, as the planner counts them."),
    Metric("parked_moved_total", "counter", "Parked changes that came or went with no record.", ("direction",)),
    Metric("released_total", "counter", "Parked changes that left the ledger, by how.", ("released_as",)),
    Metric("parked_residual", "gauge", "Restored, checked and parked less released, handed back and parked now: 0."),
    Metric("lag_seconds", "gauge", "Age of the oldest open change, from when it happened in Moment."),
    Metric("delivery_seconds", "histogram", "From the change in Moment to its delivery.", (), DELIVERY_BUCKETS_SECONDS),
    Metric(
        "calls_total",
        "counter",
        "Calls to DnB that are over, by status class or failure.",
        ("method", "result", "tenant"),
    ),
    Metric("call_seconds", "histogram", "From granting a call to its reply.", ("method",), CALL_BUCKETS_SECONDS),
    Metric("calls_in_flight", "gauge", "Calls granted and not over."),
    Metric("calls_window", "gauge", "Calls that may be in flight at present: fewer while DnB is slow or fails."),
    Metric("calls_not_sent_total", "counter", "Calls that took their turn and were not sent.", ("reason",)),
    Metric("tokens_total", "counter", "Requests for an access token.", ("result",)),
    Metric("quota_calls_per_second", "gauge", "This replica's share of the client's quota, or what DnB bears of it."),
    Metric(
        "replica_load",
        "gauge",
        "Calls a second that the quotas let go of what is to be done, by those a replica can make: above 1 scale out.",
    ),
    Metric("holds_total", "counter", "Holds placed on tenants or the whole client.", ("scope", "reason")),
    Metric("held_tenants", "gauge", "Tenants that are not called now."),
    Metric("client_held", "gauge", "1 while nothing is called at all."),
    Metric("outage", "gauge", "1 while DnB as a whole seems out of order and is probed."),
    Metric("retries_total", "counter", "Changes that will be tried again, by reason.", ("reason",)),
    Metric("version_conflicts_total", "counter", "Records with other content under a known version."),
    Metric("internal_errors_total", "counter", "Changes parked because our code failed on them."),
    Metric("remarks_total", "counter", "Deliveries that a person should know something about.", ("reason",)),
    Metric("checks_total", "counter", "Entities read again after an unknown outcome.", ("result",)),
    Metric("fenced_replies_total", "counter", "Replies to calls of an assignment that has ended."),
    Metric("reasserted_total", "counter", "Ledger entries written again behind a former owner's."),
    Metric("mails_total", "counter", "Mails to tenants: sent, or why the mail server did not take them.", ("result",)),
    Metric("ledger_records_total", "counter", "Records asked to be written to the ledger."),
    Metric("commits_total", "counter", "Offset commits, by result.", ("result",)),
    Metric("assignments_total", "counter", "Partitions assigned, revoked and lost.", ("event",)),
    Metric("partitions", "gauge", "Partitions that are ours."),
    Metric("tenants", "gauge", "Tenants in the registry, by state.", ("state",)),
    Metric("tenant_problems", "gauge", "Findings in the tenants file as it was last read."),
)


class Instruments:
    """The metrics of one process, and the registry that exposes them."""

    def __init__(self) -> None:
        """Make every metric of the catalogue."""
        self.registry = CollectorRegistry()
        self._counters = {one.name: self._counter(one) for one in METRICS if one.kind == "counter"}
        self._gauges = {one.name: self._gauge(one) for one in METRICS if one.kind == "gauge"}
        self._histograms = {one.name: self._histogram(one) for one in METRICS if one.kind == "histogram"}
        self._children: dict[tuple[str, ...], Counter] = {}

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Add to a counter; the child of its labels is kept, because looking it up costs more than counting."""
        key = (name, *labels)
        child = self._children.get(key)
        if child is None:
            counter = self._counters[name]
            child = self._children[key] = counter.labels(*labels) if labels else counter
        child.inc(by)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add to a gauge."""
        self._gauges[name].labels(*labels).inc(value)

    def clear(self, name: str) -> None:
        """Forget a gauge's labels, before it is set anew for those that exist."""
        self._gauges[name].clear()

    def watch(self, name: str, value: float, *labels: str) -> None:
        """Put a value into a histogram."""
        histogram = self._histograms[name]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(PREFIX + metric.name, metric.help, metric.labels, registry=self.registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(PREFIX + metric.name, metric.help, metric.labels, registry=self.registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            PREFIX + metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=self.registry
        )


def documentation() -> str:
    """Return the table of all metrics, in Markdown, as the docs show it."""
    rows = ["| metric | kind | labels | what it tells |", "|---|---|---|---|"]
    for one in METRICS:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        rows.append(f"| `{PREFIX}{one.name}` | {one.kind} | {labels} | {one.help} |")
    return "\n".join(rows)
