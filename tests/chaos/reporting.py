"""What came of the chaos: the verdict, the conservation, and the proof that there was chaos at all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from tests.chaos.auditing import Audit
from tests.chaos.conservation import Conservation
from tests.chaos.daemons import Daemon, Event
from tests.chaos.staging import PARTITIONS

WRITES = ("POST", "PUT", "DELETE")

SHOWN_FINDINGS = 20
"""So many findings are printed: enough to see what is wrong."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the daemons, and what they met: each must be above 0, or the chaos proves nothing.

    `pauses` are those longer than a session. `rebalances` and `restores` are those after the first, with which every
    group begins. `unknown_outcomes` are writes to DnB that nobody answered.
    """

    kills: int
    disks_lost: int
    pauses: int
    broker_kills: int
    rolling_restarts: int
    connections_cut: int
    rebalances: int
    restores: int
    fenced_replies: int
    unknown_outcomes: int

    @property
    def lacking(self) -> tuple[str, ...]:
        """What did not happen and should have."""
        return tuple(name for name, count in msgspec.structs.asdict(self).items() if not count)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The result as the JSON file has it; `judge` is as the demo's.

    `done` counts what was done, `seen` what the daemons told of it, `faults` DnB's own troubles. `troubles` must be
    empty: a daemon that ended by itself, a residual that was not 0, an error in a log.
    """

    minutes: float
    seed: int
    seconds: float
    published: int
    calls: int
    judge: dict[str, int]
    conservation: Conservation
    audit: Audit
    proof: Proof
    done: dict[str, int]
    seen: dict[str, int]
    faults: dict[str, int]
    late_writes: int
    findings: tuple[str, ...]
    troubles: tuple[str, ...]
    is_at_rest: bool

    @property
    def is_clean(self) -> bool:
        """Tell whether every promise was kept, and the chaos happened."""
        is_kept = not any(self.judge.values()) and not self.conservation.missing and not self.conservation.foreign
        is_audited = self.audit.exit_code == 0 and self.audit.records == self.conservation.records
        return is_kept and is_audited and self.is_at_rest and not self.troubles and not self.proof.lacking


class Telling:
    """What the daemons tell of all their lives, by metrics and logs."""

    def __init__(self, daemons: Sequence[Daemon]) -> None:
        """Read the logs and add up the counters."""
        events = [event for daemon in daemons for event in daemon.all_events()]
        self._counters = sum((daemon.counters for daemon in daemons), Counter[str]())
        self._events = Counter(str(event["event"]) for event in events)
        self._generations = _generations(events)
        self._given_up = sum(daemon.given_up for daemon in daemons)
        self.troubles = tuple(trouble for daemon in daemons for trouble in daemon.troubles) + tuple(_errors(events))

    def proof(self, done: Counter[str]) -> Proof:
        """Return the proof, with what was done."""
        return Proof(
            kills=done["daemon_kills"],
            disks_lost=done["disks_lost"],
            pauses=done["daemon_pauses_beyond_session"],
            broker_kills=done["broker_kills"],
            rolling_restarts=done["rolling_restarts"],
            connections_cut=done["connections_cut"],
            rebalances=max(0, self._generations - 1),
            restores=max(0, self._events["partition.restored"] - PARTITIONS),
            fenced_replies=self._events["reply.fenced"],
            unknown_outcomes=sum(self._count("calls_total", method, "unanswered") for method in WRITES),
        )

    def seen(self) -> dict[str, int]:
        """Return what else is worth a look."""
        return {
            "records_settled": self._count("settled_total"),
            "delivered": self._count("settled_total", "delivered") + self._count("released_total", "delivered"),
            "calls_unanswered": self._count("calls_total", "unanswered"),
            "calls_unreachable": self._count("calls_total", "unreachable"),
            "calls_not_sent": self._count("calls_not_sent_total"),
            "verified": self._count("checks_total", "verified"),
            "healed": self._count("checks_total", "healed"),
            "reasserted": self._events["entry.reasserted"],
            "partitions_revoked": self._events["partitions.revoked"],
            "partitions_lost": self._events["partitions.lost"],
            "given_up_and_started_again": self._given_up,
            "commits_refused": self._count("commits_total", "refused"),
        }

    def _count(self, name: str, *labels: str) -> int:
        """Return the sum of a counter over all labels that are not named."""
        wanted = [f'="{label}"' for label in labels]
        return sum(
            count
            for metric, count in self._counters.items()
            if metric.partition("{")[0] == name and all(label in metric for label in wanted)
        )


def report(result: Result, folder: Path) -> list[str]:
    """Return the result in lines for a person, with the place of the logs if something is wrong."""
    kept = msgspec.structs.asdict(result.conservation)
    rest = () if result.is_at_rest else ("the daemons did not come to rest in time",)
    lacking = tuple(f"did not happen: {name}" for name in result.proof.lacking)
    said = (result.audit.said,) if result.audit.said else ()
    findings = (*result.findings, *said, *result.conservation.findings, *result.troubles, *rest, *lacking)
    return [
        f"{result.published} records and {result.calls} calls in {result.seconds:.0f} s",
        "done: " + _listed(result.done),
        "seen: " + _listed(msgspec.structs.asdict(result.proof) | result.seen),
        "DnB's own troubles: " + _listed(result.faults),
        "conservation: " + _listed({name: count for name, count in kept.items() if name != "findings"}),
        f"audit: exit code {result.audit.exit_code}, {result.audit.unaccounted} of {result.audit.records} unaccounted",
        "judge: " + _listed(result.judge),
        *(f"  - {finding}" for finding in findings[:SHOWN_FINDINGS]),
        "verdict: every promise was kept" if result.is_clean else f"verdict: NOT RIGHT; the logs are in {folder}",
    ]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


def _generations(events: Iterable[Event]) -> int:
    """Return how many generations of the group had partitions restored."""
    return len({event["generation"] for event in events if event["event"] == "partition.restored"})


def _errors(events: Iterable[Event]) -> Iterable[str]:
    """Yield the daemons' own errors: what Kafka's client calls an error is its way to say that a broker is away."""
    named = (event for event in events if event.get("level") in {"error", "critical"} and "." in str(event["event"]))
    return (str(event) for event in named if " " not in str(event["event"]))
