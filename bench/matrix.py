"""Runs scenarios and contenders against each other, cell by cell, and keeps what came of each."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import msgspec

from bench.contending import CannotRun, Contender
from bench.rows import Figures, Row, Skipped
from bench.scenarios import (
    concurrency,
    edits,
    fairness,
    growth,
    jain,
    nothing_new,
    outage,
    quota,
    replicas,
    restart,
    retry_after,
    slow_entity,
    start,
    unique,
)
from bench.trial import Ground


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario: what it is called, how it is measured, and why only the daemon plays it, if so."""

    name: str
    measure: Callable[[Ground, Contender], Awaitable[Figures]]
    daemon_alone: str = ""


NO_SHARE = "it knows of no tenants, nor of quotas that they share"
NO_CHOICE = "its calls in flight are fixed, there is nothing to find"
NO_SETTING = "it has no quota that could be set right or wrong"
NO_LEDGER = "it has neither tenants nor a ledger that could grow"

SCENARIOS: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(name=unique.NAME, measure=unique.measure),
        Scenario(name=nothing_new.STALE, measure=nothing_new.measure_stale),
        Scenario(name=nothing_new.UNCHANGED, measure=nothing_new.measure_unchanged),
        Scenario(name=edits.NAME, measure=edits.measure),
        Scenario(name=quota.NAME, measure=quota.measuring()),
        Scenario(name="quota-double", measure=quota.measuring(2 * quota.QUOTA), daemon_alone=NO_SETTING),
        Scenario(name="quota-bare", measure=quota.measuring(2 * quota.QUOTA, 0), daemon_alone=NO_SETTING),
        Scenario(name="quota-half", measure=quota.measuring(quota.QUOTA / 2), daemon_alone=NO_SETTING),
        Scenario(name=replicas.NAME, measure=replicas.measure, daemon_alone=NO_SHARE),
        Scenario(name=retry_after.NAME, measure=retry_after.measure, daemon_alone=NO_SHARE),
        Scenario(name=fairness.NAME, measure=fairness.measure),
        Scenario(name=jain.NAME, measure=jain.measure, daemon_alone=NO_SHARE),
        Scenario(name=slow_entity.NAME, measure=slow_entity.measure, daemon_alone=NO_SHARE),
        Scenario(name=outage.NAME, measure=outage.measure),
        Scenario(name=restart.NAME, measure=restart.measure),
        Scenario(name=concurrency.NAME, measure=concurrency.measure, daemon_alone=NO_CHOICE),
        Scenario(name=start.NAME, measure=start.measure),
        Scenario(name="tenants-1", measure=growth.growing(owners=1), daemon_alone=NO_LEDGER),
        Scenario(name="tenants-100", measure=growth.growing(owners=100), daemon_alone=NO_LEDGER),
        Scenario(name="tenants-5000", measure=growth.growing(owners=5_000), daemon_alone=NO_LEDGER),
        Scenario(name="ledger-10000", measure=growth.growing(entries=10_000), daemon_alone=NO_LEDGER),
        Scenario(name="ledger-100000", measure=growth.growing(entries=100_000), daemon_alone=NO_LEDGER),
        Scenario(name="ledger-1000000", measure=growth.growing(entries=1_000_000), daemon_alone=NO_LEDGER),
        Scenario(name="replicas-1", measure=growth.growing(replicas=1), daemon_alone=NO_LEDGER),
        Scenario(name="replicas-2", measure=growth.growing(replicas=2), daemon_alone=NO_LEDGER),
        Scenario(name="replicas-4", measure=growth.growing(replicas=4), daemon_alone=NO_LEDGER),
    )
}


class Matrix(msgspec.Struct, kw_only=True):
    """What is to be measured, and what came of it so far."""

    scenarios: Sequence[Scenario]
    contenders: Sequence[Contender]
    repetitions: int
    rows: list[Row] = []
    skipped: list[Skipped] = []
    failed: list[Skipped] = []

    async def run(self, ground: Ground) -> None:
        """Measure every cell as often as asked for; the repetitions alternate, so that a busy machine troubles all."""
        self._skip()
        left_out = {(one.scenario, one.contender) for one in self.skipped}
        for repetition in range(1, self.repetitions + 1):
            for scenario, contender in self._cells():
                if (scenario.name, contender.name) not in left_out:
                    await self._measure(ground, scenario, contender, repetition)

    def _cells(self) -> Iterator[tuple[Scenario, Contender]]:
        for scenario in self.scenarios:
            for contender in self.contenders:
                yield scenario, contender

    def _skip(self) -> None:
        """Find out who cannot run here, and who has nothing to do in a scenario."""
        missing: dict[str, str] = {}
        for contender in self.contenders:
            try:
                contender.command()
            except CannotRun as lack:
                missing[contender.name] = f"cannot run here: {lack}"
                print(f"{contender.name} {missing[contender.name]}", flush=True)
        for scenario, contender in self._cells():
            meaningless = "" if contender.is_daemon else scenario.daemon_alone
            if reason := meaningless or missing.get(contender.name, ""):
                self.skipped.append(Skipped(scenario=scenario.name, contender=contender.name, reason=reason))

    async def _measure(self, ground: Ground, scenario: Scenario, contender: Contender, repetition: int) -> None:
        print(f"{scenario.name}: {contender.name} ({repetition} of {self.repetitions}) …", end=" ", flush=True)
        began_at = time.monotonic()
        try:
            figures = await scenario.measure(ground, contender)
        except Exception as error:  # noqa: BLE001 - what befalls one cell must not cost the others
            print(f"FAILED: {error}", flush=True)
            reason = f"failed: {(str(error).strip().splitlines() or [type(error).__name__])[-1]}"
            self.failed.append(Skipped(scenario=scenario.name, contender=contender.name, reason=reason))
            return
        self.rows.append(Row(scenario=scenario.name, contender=contender.name, repetition=repetition, figures=figures))
        told = ", ".join(f"{name} {value:,.4g}" for name, value in figures.named.items() if value is not None)
        print(f"{time.monotonic() - began_at:.0f} s: {told}", flush=True)
