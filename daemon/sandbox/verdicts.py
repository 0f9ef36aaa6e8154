"""What a judge is told of the client, and what it answers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec


class Parked(msgspec.Struct, frozen=True):
    """A change that is parked at the end, and why."""

    tenant: str
    kind: str
    id: int
    version: int
    reason: str


class DeadLetter(msgspec.Struct, frozen=True):
    """A record of the dead-letter topic: the original's key and value, and why it lies there."""

    key: bytes | None
    value: bytes | None
    reason: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How often each promise was broken; `findings` has a line for each finding, without personal data.

    `lost`: what should be in the books or parked, and is not. `posted_twice`: rows and vouchers beyond the first.
    `older_over_newer`: an older version written over a newer one. `wrongly_booked`: vouchers that say something else
    than Moment. `unwanted`: what stands in the books and should not. `text_cut`: texts that did not arrive whole.
    `sums_differ`: accounts, customers and VAT codes whose sums are not those of the events. `unbalanced`: vouchers
    that do not balance. `distributed`: invoices that DnB sent to end customers. The last two are the client's manners.
    """

    lost: int = 0
    posted_twice: int = 0
    older_over_newer: int = 0
    wrongly_booked: int = 0
    unwanted: int = 0
    text_cut: int = 0
    sums_differ: int = 0
    unbalanced: int = 0
    distributed: int = 0
    quota_broken: int = 0
    invalid_requests: int = 0
    findings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The number of findings by promise."""
        return {name: count for name, count in msgspec.structs.asdict(self).items() if name != "findings"}

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.counts.values())


class Findings:
    """The findings so far, by the promise that was broken."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def add(self, promise: str, lines: Iterable[str]) -> None:
        """Add findings to a promise."""
        self._lines.setdefault(promise, []).extend(lines)

    @property
    def verdict(self) -> Verdict:
        """The verdict on all of it, equal findings on one line."""
        counts: Mapping[str, int] = {promise: len(lines) for promise, lines in self._lines.items()}
        promises = [name for name in Verdict.__struct_fields__ if name in self._lines]
        named: Sequence[str] = [f"{promise}: {line}" for promise in promises for line in _counted(self._lines[promise])]
        return Verdict(**counts, findings=tuple(named))


def _counted(lines: Iterable[str]) -> Iterable[str]:
    """Each line once, with how often it came if that was more than once."""
    return (line if times == 1 else f"{line} ({times} times)" for line, times in Counter(lines).items())
