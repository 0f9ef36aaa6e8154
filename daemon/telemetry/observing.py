"""From events and the planner's answers to metrics: counted as they pass, gauges when somebody looks."""

from collections import Counter
from typing import assert_never

from daemon.core.actions import Action, Record, Send
from daemon.core.events import Assigned, Committed, Event, Lost, NotSent, Replied, Revoking, TokenRenewed
from daemon.core.notices import (
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
)
from daemon.core.planner import Status
from daemon.core.procedure import Answered
from daemon.telemetry.catalogue import Instruments

OTHER_TENANTS = "other"


class Tally(Counter[str]):
    """The counts that the conservation equations are made of."""

    @property
    def settled(self) -> int:
        """Return how many records settled, however."""
        return sum(count for name, count in self.items() if name.startswith("settled."))


class Observing:
    """Counts everything that happens; labels tenants by name only while they are few."""

    def __init__(self, instruments: Instruments, *, labelled_tenants: int) -> None:
        """Take the instruments, and how many tenants get labels of their own: the first that are met."""
        self.tally = Tally()
        self._instruments = instruments
        self._labelled_tenants = labelled_tenants
        self._labels: dict[str, str] = {}
        self._sent: dict[int, tuple[float, str, str]] = {}

    def observe(self, event: Event, output: list[Action | Notice], now: float) -> None:
        """Count an event and what the planner answered."""
        self._event(event, now)
        for item in output:
            if isinstance(item, Send):
                self._sent[item.ticket] = (now, item.call.method, item.tenant)
            elif isinstance(item, Record):
                self._instruments.count("ledger_records_total")
            elif isinstance(item, Notice):
                self._notice(item, now)

    def gauges(self, status: Status, now: float) -> None:
        """Set the gauges that say what is so now, and the residuals that must be zero."""
        tally, instruments = self.tally, self._instruments
        instruments.set("in_hand", status.in_hand)
        instruments.set("conservation_residual", tally["received"] - tally.settled - status.in_hand)
        instruments.set("parked_now", status.parked_now)
        came = tally["restored"] + tally["checked"] + tally["settled.parked"]
        went = tally["released"] + tally["handed_back"] + status.parked_now
        instruments.set("parked_residual", came - went)
        instruments.set("lag_seconds", 0.0 if status.oldest_open is None else max(0.0, now - status.oldest_open))
        instruments.set("calls_in_flight", status.in_flight)
        instruments.set("calls_window", status.window)
        instruments.set("quota_calls_per_second", status.quota)
        instruments.set("replica_load", status.load)
        instruments.set("held_tenants", status.held_tenants)
        instruments.set("client_held", status.is_client_held)
        instruments.set("outage", status.is_outage)
        instruments.set("partitions", status.partitions)

    def _event(self, event: Event, now: float) -> None:
        match event:
            case Replied(ticket, reply):
                result = f"{reply.status // 100}xx" if isinstance(reply, Answered) else type(reply).__name__.lower()
                self._call_over(ticket, result, now)
            case NotSent(ticket, reason):
                self._sent.pop(ticket, None)
                self._instruments.count("calls_not_sent_total", reason)
            case TokenRenewed(refused):
                self._instruments.count("tokens_total", refused or "asked")
            case Committed():
                self._instruments.count("commits_total", "accepted" if event.accepted else "refused")
            case Assigned():
                self._instruments.count("assignments_total", "assigned")
            case Revoking(partitions) | Lost(partitions):
                name = "revoked" if isinstance(event, Revoking) else "lost"
                self._instruments.count("assignments_total", name, by=len(partitions))
            case _:
                pass

    def _call_over(self, ticket: int, result: str, now: float) -> None:
        sent_at, method, tenant = self._sent.pop(ticket)
        self.tally["calls"] += 1
        self._instruments.count("calls_total", method, result, self._label(tenant))
        self._instruments.watch("call_seconds", now - sent_at, method)

    def _notice(self, notice: Notice, now: float) -> None:
        match notice:
            case Received(count):
                self.tally["received"] += count
                self._instruments.count("received_total", by=count)
            case Settled():
                self._settled(notice, now)
            case Released(released_as):
                self.tally["released"] += 1
                self._instruments.count("released_total", released_as)
            case ParkedMoved(direction, count):
                self.tally[direction] += count
                self._instruments.count("parked_moved_total", direction, by=count)
            case Held(tenant, reason):
                self._instruments.count("holds_total", "client" if tenant is None else "tenant", reason)
            case HoldEnded():
                pass
            case _:
                self._simple(notice)

    def _simple(self, notice: Retried | Conflicted | Misbehaved | Checked | Remarked | Fenced | Reasserted) -> None:
        match notice:
            case Retried(reason=reason):
                self._instruments.count("retries_total", reason)
            case Checked(result):
                self._instruments.count("checks_total", result)
            case Remarked(reason=reason):
                self._instruments.count("remarks_total", reason)
            case Conflicted():
                self._instruments.count("version_conflicts_total")
            case Misbehaved():
                self._instruments.count("internal_errors_total")
            case Fenced():
                self._instruments.count("fenced_replies_total")
            case Reasserted():
                self._instruments.count("reasserted_total")
            case _ as never:
                assert_never(never)

    def _settled(self, notice: Settled, now: float) -> None:
        self.tally[f"settled.{notice.settlement}"] += 1
        is_served = notice.tenant and notice.settlement != "ignored"
        label = self._label(notice.tenant) if is_served else self._labels.get(notice.tenant, OTHER_TENANTS)
        self._instruments.count("settled_total", notice.settlement, notice.reason, label)
        if notice.settlement == "delivered" and notice.occurred_at is not None:
            self._instruments.watch("delivery_seconds", max(0.0, now - notice.occurred_at))

    def _label(self, tenant: str) -> str:
        """Return the tenant's label: its own for as many tenants as are allowed, `other` for the rest."""
        label = self._labels.get(tenant)
        if label is None:
            label = tenant if len(self._labels) < self._labelled_tenants else OTHER_TENANTS
            if label != OTHER_TENANTS:
                self._labels[tenant] = label
        return label
