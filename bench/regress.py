"""Measures again what a change costs in processor time, and compares it with the results that are kept: `make regress`.

Machines differ, and one machine differs from hour to hour; so what is compared is the daemon's cost divided by that of
the loop that a user would write first, both measured in one run, with the same ratio in `bench/results.json`, of the
newest run there that measured both. The exit code is 1 if one has grown by more than a quarter.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.contending import DAEMON

KEPT = Path(__file__).with_name("results.json")
YARDSTICK = "loop"
SCENARIOS = ("unique", "stale", "unchanged")
"""Where nothing but processor time limits both."""

GROWN_AT_MOST = 1.25


class Row(msgspec.Struct, frozen=True):
    """What is read of a row of the benchmark's JSON."""

    scenario: str
    contender: str
    cpu_us_per_record: float | None = None
    run: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """A scenario's cost against the yardstick's, as it was and as it is; below 1 the daemon is the cheaper one."""

    scenario: str
    before: float
    now: float

    @property
    def growth(self) -> float:
        """Return how many times the former ratio the present one is."""
        return self.now / self.before

    @property
    def is_regression(self) -> bool:
        """Tell whether the daemon has become dearer by more than a quarter."""
        return self.growth > GROWN_AT_MOST

    def __str__(self) -> str:
        """Return the comparison on one line."""
        verdict = "REGRESSION" if self.is_regression else "ok"
        ratios = f"{self.before:.3f} of the loop's cost before, {self.now:.3f} now"
        return f"{self.scenario}: {ratios}: x {self.growth:.2f} (at most {GROWN_AT_MOST:g}) {verdict}"


class Incomparable(Exception):  # noqa: N818 - named for what the rows are
    """The rows lack what is to be compared; the text says what."""


def main() -> int:
    """Measure, print the comparisons, and tell whether all is well."""
    parser = argparse.ArgumentParser(prog="make regress", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="how often each cell is measured (3)")
    parser.add_argument("--kept", type=Path, default=KEPT, help="the results to compare with (bench/results.json)")
    asked = parser.parse_args()
    try:
        before = read_rows(asked.kept)
        with tempfile.TemporaryDirectory(prefix="moment-dnb-regress-") as folder:
            now = measured(Path(folder) / "rows.json", asked.repeat)
        comparisons = list(compared(before, now))
    except Incomparable as lack:
        print(lack, file=sys.stderr)
        return 1
    print(*comparisons, sep="\n")
    return int(any(one.is_regression for one in comparisons))


def measured(path: Path, repetitions: int) -> list[Row]:
    """Run the benchmark for what is compared, and return its rows; raises `Incomparable` if it fails."""
    command = [sys.executable, "-m", "bench", "--repeat", str(repetitions), "--json", str(path)]
    command += [part for name in SCENARIOS for part in ("--scenario", name)]
    command += [part for name in (DAEMON, YARDSTICK) for part in ("--contender", name)]
    if subprocess.run(command, check=False).returncode != 0:
        raise Incomparable("the benchmark has failed: see above")
    return read_rows(path)


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a JSON file of the benchmark's; raises `Incomparable` where it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Row])
    except (OSError, msgspec.DecodeError) as error:
        raise Incomparable(f"{path}: no rows of `make bench ARGS=--json` ({error})") from None


def compared(before: Sequence[Row], now: Sequence[Row]) -> Iterator[Comparison]:
    """Yield the comparison of each scenario; raises `Incomparable` if one of the rows it needs is missing."""
    former, present = ratios(before), ratios(now)
    for scenario in SCENARIOS:
        for name, known in (("kept results", former), ("this run", present)):
            if scenario not in known:
                raise Incomparable(f"{name}: {scenario} lacks a row of {DAEMON} or of {YARDSTICK}, both of one run")
        yield Comparison(scenario, former[scenario], present[scenario])


def ratios(rows: Sequence[Row]) -> Mapping[str, float]:
    """Return the daemon's median cost divided by the yardstick's, for each scenario of which a run has both."""
    costs: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row.cpu_us_per_record is not None:
            costs.setdefault((row.run, row.scenario, row.contender), []).append(row.cpu_us_per_record)
    medians = {cell: statistics.median(values) for cell, values in costs.items()}
    return {
        scenario: medians[run, scenario, DAEMON] / medians[run, scenario, YARDSTICK]
        for run, scenario in sorted({(run, scenario) for run, scenario, _ in medians})
        if (run, scenario, DAEMON) in medians and (run, scenario, YARDSTICK) in medians
    }


if __name__ == "__main__":
    sys.exit(main())
