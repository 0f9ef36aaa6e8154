"""Writes `bench/RESULTS.md` of the rows in `bench/results.json`: runs, goals, growth and tables (`make results`)."""

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.curves import Curve, curves
from bench.goals import GOALS
from bench.judging import Judged
from bench.rows import Flat, markdown, read, spread, written

ROWS = Path(__file__).with_name("results.json")
RESULTS = Path(__file__).with_name("RESULTS.md")

HEAD = """# Results

Written by `make results` of `results.json`, whose rows were measured by
`make bench ARGS="--scenario … --repeat 5 --json bench/results.json --add"`. What is measured, and who contends, says
`README.md` here; each figure is explained at the top of its scenario's module. A cell is the median of all its
repetitions, and from which to which they went. What matters is how contenders compare in one run: absolute figures are
those of one machine, on which Kafka, the far end and the load ran as well."""

HOW_GOALS_ARE_JUDGED = """\
A goal is judged by the median of the repetitions, or by the worst of them where something may never happen. A
repetition without the figure, because it failed or because what it waited for never came, makes it missed whatever the
others say. What is compared with another contender is compared with its median in the same run, or not at all."""

HOW_CURVES_ARE_READ = """\
What there is more of, the median of a figure there, and its multiple of the first. What a change costs in processor
time may grow no faster than the logarithm, whose multiple is beside it; of memory and starts the curve is told."""

STATED = ("ledger", 10_000_000)
"""Of what, and for how many, what is expected is told: more than is measured."""


def main() -> int:
    """Write the file; the exit code is 1 if there are no rows, or some of which nobody knows how they were measured."""
    rows = read(ROWS)
    if not rows:
        print('no rows yet: make bench ARGS="--json bench/results.json"', file=sys.stderr)
        return 1
    unknown = dict.fromkeys(str(row["scenario"]) for row in rows if not row.get("run"))
    if unknown:
        print(f"rows without run and commit, to be measured anew: {', '.join(unknown)}", file=sys.stderr)
        return 1
    RESULTS.write_text("\n".join(_lines(rows)) + "\n", encoding="utf-8")
    print(f"written: {RESULTS.name}, {len(rows)} rows")
    return 0


def _lines(rows: Sequence[Flat]) -> Iterator[str]:
    yield HEAD
    yield from ("", "## Runs", "", "| began (UTC) | commit | machine | rows |", "|---|---|---|--:|")
    yield from _runs(rows)
    yield from ("", "## Goals", "", HOW_GOALS_ARE_JUDGED, "")
    yield from ("| what | scenario: figure | goal | judged by | measured | n | |", "|---|---|---|---|--:|--:|---|")
    judged = [goal.judged(rows) for goal in GOALS]
    yield from (_goal(one) for one in judged)
    yield from ("", _counted(judged))
    yield from _hindrances(judged)
    yield from ("", "## Growth", "", HOW_CURVES_ARE_READ, "")
    yield from ("| of | count | figure | measured | multiple | logarithm | |", "|---|--:|---|--:|--:|--:|---|")
    grown = list(curves(rows))
    for curve in grown:
        yield from _curve(curve)
    yield from _stated(grown)
    yield from ("", "## All figures", "", markdown(rows))


def _runs(rows: Sequence[Flat]) -> Iterator[str]:
    runs = [(row["run"], row["commit"], row["machine"]) for row in rows]
    for run in sorted(dict.fromkeys(runs), key=str):
        yield f"| {' | '.join(map(str, run))} | {runs.count(run)} |"


def _goal(judged: Judged) -> str:
    goal = judged.goal
    figure = f"`{goal.scenario}`: `{goal.figure}`" + (f" ÷ that of `{goal.beside}`" if goal.beside else "")
    measured = spread(judged.figure, judged.values) if judged.is_comparable and judged.values else ""
    lacking = f"none in {judged.lacking}" if judged.lacking else ""
    told = ", ".join(text for text in (measured, lacking) if text)
    return f"| {goal.what} | {figure} | {goal.bound} | {goal.by} | {told} | {judged.count} | {_verdict(judged)} |"


def _counted(judged: Sequence[Judged]) -> str:
    reached, missed = sum(one.is_reached for one in judged), sum(one.is_missed for one in judged)
    rest = len(judged) - reached - missed
    return f"Of {len(judged)} goals {reached} are reached, {missed} missed, and {rest} not measured or not comparable."


def _verdict(judged: Judged) -> str:
    if not judged.is_comparable:
        return f"not comparable: `{judged.goal.beside}` has no figure of the same run"
    if not judged.is_measured:
        return "not measured"
    return "reached" if judged.is_reached else "**missed**"


def _hindrances(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield why goals are missed, each with what would reach it."""
    missed = [one.goal for one in judged if one.is_missed]
    if missed:
        yield from ("", "What is missed, and why:", "")
        yield from (f"- {goal.what} (`{goal.scenario}`): {goal.hindrance or 'not yet known'}" for goal in missed)


def _curve(curve: Curve) -> Iterator[str]:
    for point in curve.points:
        has = point.figure < math.inf
        figures = f"{written(point.figure)} | {curve.growth(point):.2f}" if has else "none |"
        bound, verdict = "", ""
        if curve.is_bounded:
            bound, verdict = f"{curve.bound(point):.2f}", "reached" if curve.is_within(point) else "**missed**"
        yield f"| {curve.kind} | {point.count:,} | `{curve.figure}` | {figures} | {bound} | {verdict} |"


def _stated(grown: Sequence[Curve]) -> Iterator[str]:
    """Yield what is expected of more than is measured."""
    kind, count = STATED
    known = [one for one in grown if one.kind == kind and all(point.figure < math.inf for point in one.points)]
    if known:
        yield from ("", f"Expected of {kind}-{count:,}, computed from the points above and not measured:", "")
    for curve in known:
        logarithm, line = written(curve.as_logarithm(count)), written(curve.as_line(count))
        yield (
            f"- `{curve.figure}`: {logarithm} if it goes on as the logarithm nearest to all points, {line} as the "
            "straight line through the last two"
        )


if __name__ == "__main__":
    sys.exit(main())
