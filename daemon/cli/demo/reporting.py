"""What came of the demo: the numbers, the conservation line, and the judge's verdict."""

from pathlib import Path
from typing import Self

import msgspec

from daemon.cli.demo.money import Money
from daemon.cli.demo.staging import Stage
from daemon.core.notices import SETTLEMENTS
from daemon.sandbox.judging import Verdict

SHOWN_FINDINGS = 20
"""So many findings are printed: enough to see what is wrong."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's result as its JSON file has it.

    Records by how they settled, calls, seconds, faults, what the books hold, and the verdict.
    """

    received: int
    delivered: int
    stale: int
    superseded: int
    unchanged: int
    ignored: int
    parked: int
    dead_lettered: int
    handed_back: int
    in_hand: int
    calls: int
    seconds: float
    faults: dict[str, int]
    money: Money
    judge: dict[str, int]
    findings: tuple[str, ...]
    is_at_rest: bool

    @classmethod
    def of(cls, stage: Stage, verdict: Verdict, *, seconds: float, is_at_rest: bool) -> Self:
        """Return the result of a performance, from the daemon's own counters and the emulator's."""
        tally, app = stage.app.observing.tally, stage.app
        return cls(
            received=tally["received"],
            **{settlement: tally[f"settled.{settlement}"] for settlement in SETTLEMENTS},
            in_hand=app.planner.status(app.clock.now()).in_hand,
            calls=stage.emulator.history.calls_total,
            seconds=round(seconds, 3),
            money=Money.of(stage),
            faults=dict(stage.emulator.faults.counts),
            judge=verdict.counts,
            findings=verdict.findings,
            is_at_rest=is_at_rest,
        )

    @property
    def residual(self) -> int:
        """Return what is received and not accounted for: 0 is right."""
        settled: int = sum(getattr(self, name) for name in SETTLEMENTS)
        return self.received - settled - self.in_hand

    @property
    def is_clean(self) -> bool:
        """Tell whether the judge found nothing, everything is accounted for, and the daemon came to rest."""
        return not any(self.judge.values()) and self.residual == 0 and self.is_at_rest


def report(result: Result, log: Path) -> None:
    """Print the result, and where the daemon's log is if something is wrong."""
    settled = " + ".join(f"{getattr(result, name)} {name.replace('_', '-')}" for name in SETTLEMENTS)
    print(f"\n{result.calls} calls in {result.seconds:.1f} s; DnB's troubles: {_faults(result)}")
    print(
        f"conservation: {result.received} received = {settled} + {result.in_hand} in hand (residual {result.residual})"
    )
    print(f"books: {result.money.in_short}")
    print(f"VAT codes (net + VAT): {result.money.by_code}")
    print("judge: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in result.judge.items()))
    for finding in result.findings[:SHOWN_FINDINGS]:
        print(f"  - {finding}")
    if not result.is_at_rest:
        print("  - the daemon did not come to rest in time")
    if result.is_clean:
        print("verdict: the books are equal to Moment")
    else:
        print(f"verdict: NOT RIGHT; the daemon's log is in {log}")


def _faults(result: Result) -> str:
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in result.faults.items() if count) or "none"
