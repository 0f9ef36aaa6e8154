"""The one clock of the process: UTC seconds that never step back and that count while the machine sleeps."""

import time


class Clock:
    """Instants in seconds since the Unix epoch, taken from the wall clock once and carried on by the boot clock.

    The boot clock counts suspension and ignores corrections of the wall clock, so that a wait is never cut short or
    drawn out by them, and a process that slept knows how long.
    """

    def __init__(self) -> None:
        """Take the wall clock's word for where the epoch is, once."""
        self._epoch = time.time() - _elapsed()

    def now(self) -> float:
        """Return the present instant."""
        return self._epoch + _elapsed()


def _elapsed() -> float:
    """Return seconds since boot, suspension included where the system can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
