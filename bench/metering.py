"""What a process and its children cost: processor time and memory, as /proc tells."""

import asyncio
import bisect
import contextlib
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import msgspec

from bench.beside import beside
from bench.feeding import MICROSECONDS, now_us

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MEBIBYTE_IN_KIB = 1024
SAMPLE_SECONDS = 0.05


class Sample(msgspec.Struct, frozen=True):
    """The processor time that the process trees had used at an instant (UTC µs)."""

    at_us: int
    cpu_seconds: float


class Meter:
    """Watches process trees, so that what they cost between any two instants can be told afterwards."""

    def __init__(self, *pids: int) -> None:
        """Take the roots of the trees."""
        self.pids = pids
        self.peak_mib = 0.0
        self._samples: list[Sample] = []

    def look(self) -> None:
        """Take a sample."""
        processes = [process for pid in self.pids for process in tree(pid)]
        self._samples.append(Sample(now_us(), sum(cpu_seconds(one) for one in processes)))
        self.peak_mib = max(self.peak_mib, sum(peak_mib(one) for one in processes))

    def cpu_seconds(self, since_us: int, until_us: int) -> float:
        """Return the processor time that was used between two instants."""
        return self._used_at(until_us) - self._used_at(since_us)

    def _used_at(self, at_us: int) -> float:
        place = bisect.bisect_left(self._samples, at_us, key=lambda sample: sample.at_us)
        place = min(max(place, 1), len(self._samples) - 1)
        before, after = self._samples[place - 1], self._samples[place]
        share = (at_us - before.at_us) / max(1, after.at_us - before.at_us)
        return before.cpu_seconds + min(1.0, max(0.0, share)) * (after.cpu_seconds - before.cpu_seconds)


@contextlib.asynccontextmanager
async def metering(*pids: int) -> AsyncGenerator[Meter]:
    """Watch process trees for the length of the block."""
    meter = Meter(*pids)
    meter.look()
    try:
        async with beside(_watch(meter)):
            yield meter
    finally:
        meter.look()


async def _watch(meter: Meter) -> None:
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        meter.look()


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(listing).split():
            yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND if fields else 0.0


def peak_mib(pid: int) -> float:
    """Return the most memory that a process has held."""
    rows = dict(line.split(":", 1) for line in _read(Path(f"/proc/{pid}/status")).splitlines())
    return float(rows["VmHWM"].split()[0]) / MEBIBYTE_IN_KIB if "VmHWM" in rows else 0.0


def has_ended(pid: int) -> bool:
    """Tell whether a process is no more, or waits to be buried."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1] in ([], ["Z"])


def per_record_us(meter: Meter, since_us: int, until_us: int, records: int) -> float | None:
    """Return the microseconds of processor time for each record between two instants, None for no record."""
    return meter.cpu_seconds(since_us, until_us) * MICROSECONDS / records if records else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # the process has ended meanwhile
        return ""
