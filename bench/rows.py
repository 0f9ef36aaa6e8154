"""What a measurement gives: rows, the file they are kept in, and the tables of their medians and spread."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.runs import Run

Flat = dict[str, str | int | float | None]
"""A row as the JSON has it."""

IDENTITY = ("scenario", "contender", "repetition", "run", "commit", "machine", "failed")
"""What a row has besides figures."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one contender did in one scenario; None where a figure has no meaning there.

    `rejected` are the answers 429; `utilisation` is the share of the enforced quota that was used; the percentiles are
    of the seconds from the instant at which a change was meant to be sent to its write. `more` is what the scenario
    measures besides.
    """

    records_per_second: float | None = None
    cpu_us_per_record: float | None = None
    rss_mib: float | None = None
    calls: int | None = None
    rejected: int | None = None
    utilisation: float | None = None
    p50_s: float | None = None
    p99_s: float | None = None
    more: dict[str, float | None] = {}

    @property
    def named(self) -> dict[str, float | None]:
        """All figures by their names."""
        figures = msgspec.structs.asdict(self)
        return {**{name: figures[name] for name in figures if name != "more"}, **self.more}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one cell of the matrix, in one repetition; none of one that failed, and why it did."""

    scenario: str
    contender: str
    repetition: int
    run: Run
    figures: Figures = Figures()
    failed: str = ""

    @property
    def flat(self) -> Flat:
        """The row as the JSON has it."""
        named = {name: _rounded(value) for name, value in self.figures.named.items()}
        cell: Flat = {"scenario": self.scenario, "contender": self.contender, "repetition": self.repetition, **named}
        cell |= {"run": self.run.began_at, "commit": self.run.commit, "machine": self.run.machine}
        return cell | ({"failed": self.failed} if self.failed else {})


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of the matrix that is not measured, and why."""

    scenario: str
    contender: str
    reason: str


def read(path: Path) -> list[Flat]:
    """Return the rows that a file has, none if it does not exist; raises `msgspec.DecodeError` if it has no rows."""
    return msgspec.json.decode(path.read_bytes(), type=list[Flat]) if path.exists() else []


def write(path: Path, rows: Sequence[Flat]) -> None:
    """Put the rows into a file."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")


def added(kept: Sequence[Flat], new: Sequence[Flat]) -> list[Flat]:
    """Return all rows, of a cell that was measured anew the new ones alone."""
    measured = {(row["scenario"], row["contender"]) for row in new}
    return [row for row in kept if (row["scenario"], row["contender"]) not in measured] + list(new)


def markdown(rows: Sequence[Flat], skipped: Sequence[Skipped] = ()) -> str:
    """Return a table for each scenario: the median of each figure, from which to which it went, and what lacks it."""
    scenarios = dict.fromkeys([str(row["scenario"]) for row in rows] + [one.scenario for one in skipped])
    return "\n\n".join(_section(name, rows, skipped) for name in scenarios)


def _section(scenario: str, rows: Sequence[Flat], skipped: Sequence[Skipped]) -> str:
    mine = [row for row in rows if row["scenario"] == scenario]
    notes = [f"- {', '.join(names)}: {text}" for text, names in _noted(scenario, mine, skipped).items()]
    return "\n".join([f"### {scenario}", "", *_table(mine), *([""] if mine and notes else []), *notes])


def _noted(scenario: str, rows: Sequence[Flat], skipped: Sequence[Skipped]) -> Mapping[str, Iterable[str]]:
    """Return what is to be said of contenders: which run measured them, what failed, and who was left out."""
    noted: dict[str, dict[str, None]] = {}
    for row in rows:
        noted.setdefault(f"run {row.get('run')} of commit {row.get('commit')}", {})[str(row["contender"])] = None
    for row in rows:
        if failed := row.get("failed"):
            noted.setdefault(f"failed: {failed}", {})[f"{row['contender']} ({row['repetition']})"] = None
    for one in skipped:
        if one.scenario == scenario:
            noted.setdefault(one.reason, {})[one.contender] = None
    return noted


def _table(rows: Sequence[Flat]) -> Iterator[str]:
    contenders = dict.fromkeys(row["contender"] for row in rows)
    if not contenders:
        return
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if _has(rows, name)]
    yield "| contender | " + " | ".join(names) + " |"
    yield "|---|" + "--:|" * len(names)
    for contender in contenders:
        mine = [row for row in rows if row["contender"] == contender]
        cells = (_cell([one.get(name) for one in mine]) for name in names)
        yield f"| {contender} | " + " | ".join(cells) + " |"


def _has(rows: Sequence[Flat], name: str) -> bool:
    return name not in IDENTITY and any(row.get(name) is not None for row in rows)


def _cell(readings: Sequence[str | float | None]) -> str:
    values = [value for value in readings if isinstance(value, int | float)]
    if not values:
        return ""
    lacking = len(readings) - len(values)
    return spread(statistics.median(values), values) + (f", none in {lacking}" if lacking else "")


def spread(figure: float, values: Sequence[float]) -> str:
    """Return a figure and, where there are several, from which to which they go."""
    if len(values) == 1:
        return written(figure)
    return f"{written(figure)} ({written(min(values))}..{written(max(values))})"


def written(value: float) -> str:
    """Return a figure as the tables have it: with three digits that say something."""
    if abs(value) >= 100 or value == int(value):  # noqa: PLR2004 - three digits say enough
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _rounded(value: float | None) -> float | None:
    return round(value, 6) if isinstance(value, float) else value
