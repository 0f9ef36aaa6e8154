"""Figures, and the goals that some of them have."""

import msgspec

MEBIBYTE = 1024 * 1024


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number; `at_most` is its goal, None for what is printed to be known."""

    scenario: str
    name: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def is_missed(self) -> bool:
        """Tell whether there is a goal, and the figure is beyond it."""
        return self.at_most is not None and self.value > self.at_most

    def __str__(self) -> str:
        """Return the figure against its goal on one line."""
        head = f"{self.scenario}: {self.name}: {self.value:,.4g} {self.unit}"
        if abs(self.value) >= 1_000:  # noqa: PLR2004 - where four digits no longer hold the whole number
            head = f"{self.scenario}: {self.name}: {self.value:,.0f} {self.unit}"
        if self.at_most is None:
            return head
        return f"{head} (goal: at most {self.at_most:,g}) {'MISSED' if self.is_missed else 'ok'}"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large the scenarios are played: the goals hold for the defaults."""

    changes: int = 1_000_000
    entities: int = 100_000
    entries: int = 1_000_000
    partitions: int = 4
    repetitions: int = 5
    seconds: float = 60.0
    refuses: bool = False
