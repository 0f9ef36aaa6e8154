"""One quota: calls per second with a bounded burst, as a generic cell rate algorithm (GCRA)."""


class Quota:
    """Calls that may be made per second, spread evenly, with at most `burst` calls at once after a rest.

    GCRA keeps one number, the theoretical arrival time of the next call, instead of a bucket that must be refilled.
    """

    def __init__(self, rate: float, burst: float) -> None:
        """Take `rate` in calls per second and `burst` in calls (at least 1)."""
        self._rate = rate
        self._burst = max(1.0, burst)
        self._arrival = 0.0

    @property
    def rate(self) -> float:
        """Return the calls per second."""
        return self._rate

    def change_rate(self, rate: float, burst: float) -> None:
        """Use another rate from now on; what was taken stays taken."""
        self._rate = rate
        self._burst = max(1.0, burst)

    def earliest(self) -> float:
        """Return the first instant at which the next call may go."""
        return self._arrival - (self._burst - 1.0) / self._rate

    def take(self, now: float) -> None:
        """Count one call made now, allowed or not: an unplanned call delays the planned ones."""
        self._arrival = max(self._arrival, now) + 1.0 / self._rate

    def give_back(self) -> None:
        """Forget the last call: it was not made."""
        self._arrival -= 1.0 / self._rate
