"""Rows of the benchmark, for tests."""

from bench.rows import Flat

RUN = "2026-03-14T10:11:12Z"


def row(scenario: str, contender: str, *, run: str = RUN, failed: str = "", **figures: float | None) -> Flat:
    """Return a row of one repetition."""
    flat: Flat = {"scenario": scenario, "contender": contender, "repetition": 1, **figures}
    flat |= {"run": run, "commit": "abc1234", "machine": "2 processors"}
    return flat | ({"failed": failed} if failed else {})
