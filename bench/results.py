"""Writes `bench/RESULTS.md` of the rows in `bench/results.json`: goals, growth, and all tables (`make results`)."""

import platform
import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.goals import GOALS, Curve, Goal, curves
from bench.rows import Flat, markdown, read, written

ROWS = Path(__file__).with_name("results.json")
RESULTS = Path(__file__).with_name("RESULTS.md")

HEAD = """# Results

Written by `make results` of `results.json`, whose rows `make bench ARGS="--json bench/results.json --add …"` measured.
What is measured, and who contends, says `README.md` here; each figure is explained at the top of its scenario's module.
A cell is the median of all its repetitions, and from which to which they went. What matters is how contenders compare
in one run: absolute figures are those of one machine, on which Kafka, the far end and the load ran as well."""


def main() -> int:
    """Write the file; the exit code is 1 if there are no rows."""
    rows = read(ROWS)
    if not rows:
        print('no rows yet: make bench ARGS="--json bench/results.json"', file=sys.stderr)
        return 1
    RESULTS.write_text("\n".join(_lines(rows)) + "\n", encoding="utf-8")
    print(f"written: {RESULTS.name}, {len(rows)} rows")
    return 0


def _lines(rows: Sequence[Flat]) -> Iterator[str]:
    yield HEAD
    yield ""
    yield f"The machine: {_machine()}."
    yield from ("", "## Goals", "", "| what | scenario: figure | goal | measured | n | |", "|---|---|---|--:|--:|---|")
    yield from (_goal(goal, goal.values(rows)) for goal in GOALS)
    yield from _hindrances(rows)
    yield from ("", "## Growth", "")
    yield "What a change costs as there is more of something, and the multiple that the logarithm would allow."
    yield from ("", "| of | count | µs of processor time | multiple | logarithm | |", "|---|--:|--:|--:|--:|---|")
    for curve in curves(rows):
        yield from _curve(curve)
    yield from ("", "## All figures", "", markdown(rows))


def _goal(goal: Goal, values: Sequence[float]) -> str:
    figure = f"`{goal.scenario}`: `{goal.figure}`" + (f" ÷ that of `{goal.beside}`" if goal.beside else "")
    head = f"| {goal.what} | {figure} | {goal.bound} |"
    if not values:
        return f"{head} | 0 | not measured |"
    spread = "" if len(values) == 1 else f" ({written(min(values))}..{written(max(values))})"
    verdict = "reached" if goal.is_reached(values) else "**missed**"
    return f"{head} {written(statistics.median(values))}{spread} | {len(values)} | {verdict} |"


def _hindrances(rows: Sequence[Flat]) -> Iterator[str]:
    """Yield why goals are missed, each with what would reach it."""
    measured = ((goal, goal.values(rows)) for goal in GOALS)
    missed = [goal for goal, values in measured if values and not goal.is_reached(values)]
    if missed:
        yield from ("", "What is missed, and why:", "")
        yield from (f"- {goal.what} (`{goal.scenario}`): {goal.hindrance or 'not yet known'}" for goal in missed)


def _curve(curve: Curve) -> Iterator[str]:
    for point in curve.points:
        multiple, bound = curve.growth(point), curve.bound(point)
        verdict = "reached" if multiple <= bound else "**missed**"
        yield f"| {curve.kind} | {point.count:,} | {point.cost:.0f} | {multiple:.2f} | {bound:.2f} | {verdict} |"


def _machine() -> str:
    """Return what the present machine is: processors, memory, system and Python."""
    cpus = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    kib = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    memory = f"{int(kib[1]) / 1024**2:.0f} GiB" if kib else "memory unknown"
    model = f" ({cpus[0]})" if cpus else ""
    return f"{len(cpus)} processors{model}, {memory}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
