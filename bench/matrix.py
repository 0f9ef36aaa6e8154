"""Runs scenarios and contenders against each other, cell by cell, and keeps what came of each."""

import itertools
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from bench.contending import CannotRun, Contender
from bench.durations import Takes, minutes
from bench.rows import Figures, Row, Skipped
from bench.runs import Run
from bench.scenarios import (
    concurrency,
    edits,
    fairness,
    growth,
    jain,
    nothing_new,
    outage,
    quota,
    replays,
    replicas,
    restart,
    retry_after,
    slow_entity,
    start,
    unique,
)
from bench.trial import Ground


class Scenario(msgspec.Struct, frozen=True):
    """A scenario: its name, how it is measured, how long that takes, and why only the daemon plays it, if so."""

    name: str
    measure: Callable[[Ground, Contender], Awaitable[Figures]]
    takes: Takes
    daemon_alone: str = ""

    def seconds(self, contender: Contender) -> float:
        """Return how long a cell of it takes, about."""
        return self.takes.daemon if contender.is_daemon else self.takes.others


NO_SHARE = "it knows of no tenants, nor of quotas that they share"
NO_CHOICE = "its calls in flight are fixed, there is nothing to find"
NO_SETTING = "it has no quota that could be set right or wrong"
NO_LEDGER = "it has neither tenants nor a ledger that could grow"

SCENARIOS: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(unique.NAME, unique.measure, unique.TAKES),
        Scenario(nothing_new.STALE, nothing_new.measure_stale, nothing_new.STALE_TAKES),
        Scenario(nothing_new.UNCHANGED, nothing_new.measure_unchanged, nothing_new.UNCHANGED_TAKES),
        Scenario(edits.NAME, edits.measure, edits.TAKES),
        Scenario(quota.NAME, quota.measuring(), quota.TAKES),
        Scenario("quota-double", quota.measuring(2 * quota.QUOTA), quota.TAKES, NO_SETTING),
        Scenario(
            "quota-many",
            quota.measuring(2 * quota.QUOTA, owners=quota.MANY_TENANTS, new_per_second=quota.NEW_PER_SECOND),
            quota.TAKES,
            NO_SETTING,
        ),
        Scenario("quota-bare", quota.measuring(2 * quota.QUOTA, 0), quota.TAKES, NO_SETTING),
        Scenario("quota-half", quota.measuring(quota.QUOTA / 2), quota.TAKES, NO_SETTING),
        Scenario(replicas.NAME, replicas.measure, replicas.TAKES, NO_SHARE),
        Scenario(retry_after.NAME, retry_after.measure, retry_after.TAKES, NO_SHARE),
        Scenario(fairness.NAME, fairness.measure, fairness.TAKES),
        Scenario(jain.NAME, jain.measure, jain.TAKES, NO_SHARE),
        Scenario(replays.NAME, replays.measure, replays.TAKES, NO_SHARE),
        Scenario(slow_entity.NAME, slow_entity.measure, slow_entity.TAKES, NO_SHARE),
        Scenario(outage.NAME, outage.measure, outage.TAKES),
        Scenario(restart.NAME, restart.measure, restart.TAKES),
        Scenario(concurrency.NAME, concurrency.measure, concurrency.TAKES, NO_CHOICE),
        Scenario(start.NAME, start.measure, start.TAKES),
        Scenario("tenants-1", growth.growing(owners=1), growth.TAKES, NO_LEDGER),
        Scenario("tenants-100", growth.growing(owners=100), growth.TAKES, NO_LEDGER),
        Scenario("tenants-5000", growth.growing(owners=5_000), growth.MOST_TENANTS_TAKE, NO_LEDGER),
        Scenario("ledger-10000", growth.growing(entries=10_000), growth.TAKES, NO_LEDGER),
        Scenario("ledger-100000", growth.growing(entries=100_000), growth.TAKES, NO_LEDGER),
        Scenario("ledger-1000000", growth.growing(entries=1_000_000), growth.MOST_ENTRIES_TAKE, NO_LEDGER),
        Scenario("replicas-1", growth.growing(replicas=1), growth.TAKES, NO_LEDGER),
        Scenario("replicas-2", growth.growing(replicas=2), growth.TAKES, NO_LEDGER),
        Scenario("replicas-4", growth.growing(replicas=4), growth.TAKES, NO_LEDGER),
    )
}


class Cell(msgspec.Struct, frozen=True):
    """What is measured at one go."""

    scenario: Scenario
    contender: Contender
    repetition: int

    @property
    def seconds(self) -> float:
        """How long it takes, about."""
        return self.scenario.seconds(self.contender)


class Matrix(msgspec.Struct, kw_only=True):
    """What is to be measured in a run, and what came of it so far."""

    run: Run
    scenarios: Sequence[Scenario]
    contenders: Sequence[Contender]
    repetitions: int
    rows: list[Row] = []
    skipped: list[Skipped] = []

    @property
    def has_failed(self) -> bool:
        """Tell whether a cell has failed."""
        return any(row.failed for row in self.rows)

    async def measure(self, ground: Ground) -> None:
        """Measure every cell as often as asked for; the repetitions alternate, so that a busy machine troubles all."""
        self.skip()
        cells, began_at = self.cells(), time.monotonic()
        print(f"{len(cells)} cells, some {minutes(seconds_of(cells))}", flush=True)
        for place, cell in enumerate(cells):
            left = minutes(seconds_of(cells[place:]))
            print(f"[{place + 1} of {len(cells)}, some {left} left] {_named(cell)} …", end=" ", flush=True)
            await self._measure(ground, cell)
        print(f"took {minutes(time.monotonic() - began_at)}", flush=True)

    def skip(self) -> None:
        """Find out who cannot run here, and who has nothing to do in a scenario."""
        missing = dict(self._missing())
        for scenario, contender in itertools.product(self.scenarios, self.contenders):
            meaningless = "" if contender.is_daemon else scenario.daemon_alone
            if reason := meaningless or missing.get(contender.name, ""):
                self.skipped.append(Skipped(scenario=scenario.name, contender=contender.name, reason=reason))

    def cells(self) -> Sequence[Cell]:
        """Return what is to be measured, in its order, without what is skipped."""
        left_out = {(one.scenario, one.contender) for one in self.skipped}
        cells = itertools.product(range(1, self.repetitions + 1), self.scenarios, self.contenders)
        return [
            Cell(scenario, contender, repetition)
            for repetition, scenario, contender in cells
            if (scenario.name, contender.name) not in left_out
        ]

    def _missing(self) -> Iterator[tuple[str, str]]:
        """Yield who cannot run here, and why."""
        for contender in self.contenders:
            try:
                contender.command()
            except CannotRun as lack:
                print(f"{contender.name} cannot run here: {lack}", flush=True)
                yield contender.name, f"cannot run here: {lack}"

    async def _measure(self, ground: Ground, cell: Cell) -> None:
        began_at, figures, failed = time.monotonic(), Figures(), ""
        try:
            figures = await cell.scenario.measure(ground, cell.contender)
        except Exception as error:  # noqa: BLE001 - what befalls one cell must not cost the others
            failed = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            print(f"FAILED: {error}", end=" ", flush=True)
        self.rows.append(
            Row(
                scenario=cell.scenario.name,
                contender=cell.contender.name,
                repetition=cell.repetition,
                run=self.run,
                figures=figures,
                failed=failed,
            )
        )
        told = ", ".join(f"{name} {value:,.4g}" for name, value in figures.named.items() if value is not None)
        print(f"{time.monotonic() - began_at:.0f} s: {told}", flush=True)


def seconds_of(cells: Iterable[Cell]) -> float:
    """Return how long cells take, about."""
    return sum(cell.seconds for cell in cells)


def _named(cell: Cell) -> str:
    return f"{cell.scenario.name}: {cell.contender.name} ({cell.repetition})"
