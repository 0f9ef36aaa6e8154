"""The demo's screen: a live table on a terminal, a line every so often elsewhere."""

import contextlib
import time
from collections.abc import Generator, Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from daemon.cli.demo.money import Money
from daemon.cli.demo.staging import COMPANIES, DNB_QUOTA, TENANT_QUOTA, Stage
from daemon.core.notices import SETTLEMENTS

LINE_SECONDS = 2.0
"""Without a terminal, one line in this time."""

SUM_SECONDS = 1.0
"""The books are added up at most once in this time, since every line of the journal is read for it."""

SAID_LINES = 8
"""So many of the last troubles stay on the screen."""


class Screen:
    """Shows what the daemon has done so far, and what troubles it meets."""

    def __init__(self, stage: Stage, events: int, *, shortened: Mapping[str, object]) -> None:
        """Take the stage, how many changes will be published, and the settings that are shorter than in earnest."""
        self._stage = stage
        self._events = events
        self._shortened = shortened
        self._console = Console()
        self._live: Live | None = None
        self._said: list[str] = []
        self._next_line = 0.0
        self._next_sum = 0.0
        self._money: Money | None = None

    @contextlib.contextmanager
    def shown(self) -> Generator[None]:
        """Show the screen for the length of the block."""
        waits = ", ".join(f"{name} {value}" for name, value in self._shortened.items())
        self._console.print(
            f"Moment publishes {self._events} changes of {COMPANIES} tenants to {self._stage.kafka}; "
            f"DnB allows {DNB_QUOTA:g} calls a second for each company, the daemon makes at most {TENANT_QUOTA:g}.\n"
            f"Shortened for the demo (seconds): {waits}"
        )
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=5) as self._live:
            yield

    def say(self, who: str, words: str) -> None:
        """Tell of a trouble that is coming, or of one that a person ends."""
        self._said.append(f"{who}: {words}")
        if self._live is None:
            self._console.print(f"  {who}: {words}", highlight=False)

    def draw(self, published: int) -> None:
        """Show the present numbers."""
        if self._live is not None:
            self._live.update(self._picture(published))
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.print("  " + self._line(published), highlight=False)

    def _books(self) -> Money:
        """Return what the books hold, added up anew every so often."""
        if self._money is None or time.monotonic() >= self._next_sum:
            self._next_sum = time.monotonic() + SUM_SECONDS
            self._money = Money.of(self._stage)
        return self._money

    def _line(self, published: int) -> str:
        counts = self._counts()
        numbers = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        told = f"{published}/{self._events} published: {numbers or 'nothing yet'}"
        return f"{told}; {self._books().in_short}" if published else told

    def _counts(self) -> dict[str, int]:
        app, tally = self._stage.app, self._stage.app.observing.tally
        status = app.planner.status(app.clock.now())
        settled = {name.replace("_", "-"): tally[f"settled.{name}"] for name in SETTLEMENTS}
        return settled | {"in hand": status.in_hand, "calls": tally["calls"], "in flight": status.in_flight}

    def _picture(self, published: int) -> Group:
        table = Table("records", "", title="moment-dnb", min_width=40)
        for name, count in self._counts().items():
            table.add_row(name, str(count))
        money = self._books()
        books = Table("VAT code", "net", "VAT", title=f"the books: {money.in_short}", min_width=40)
        for code, base in money.vat_bases.items():
            books.add_row(code, f"{base:,.2f}", f"{money.vat[code]:,.2f}")
        bar = ProgressBar(total=self._events, completed=published, width=60)
        return Group(bar, table, books, Text("\n".join(self._said[-SAID_LINES:])))
