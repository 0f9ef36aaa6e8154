"""The quota of one company: what it may call, and whether it waits when it is told to."""

from typing import Final

import msgspec

BUCKET_SECONDS: Final = 1.0  # a bucket holds what the rate gives in this time: the burst that is let through
RETRY_AFTER_SECONDS: Final = 1.0  # what a call above the quota is told to wait
GRACE_SECONDS: Final = 1.0  # calls already on their way when a wait was asked for are not held against the client
ROUNDING_SECONDS: Final = 0.001  # instants that went through other clocks' floats still count as equal


class Admission(msgspec.Struct, frozen=True):
    """Whether a call is let through, and which rules it broke."""

    is_admitted: bool
    breaches: tuple[str, ...] = ()


class _Wait(msgspec.Struct, frozen=True):
    given_at: float
    until: float

    def is_broken(self, now: float) -> bool:
        return self.given_at + GRACE_SECONDS + ROUNDING_SECONDS < now < self.until - ROUNDING_SECONDS


class Quota:
    """A token bucket of one second's depth (no limit without a rate), and the waits that have been asked for."""

    def __init__(self, calls_per_second: float | None) -> None:
        self._rate = calls_per_second
        self._depth = 0.0 if calls_per_second is None else max(1.0, calls_per_second * BUCKET_SECONDS)
        self._tokens = self._depth
        self._filled_at: float | None = None
        self._waits: list[_Wait] = []

    def admit(self, now: float) -> Admission:
        """Whether a call may pass at `now`; a call that came too early after a Retry-After passes, but is a breach."""
        self._waits = [wait for wait in self._waits if now < wait.until]
        ignored = any(wait.is_broken(now) for wait in self._waits)
        breaches = ("retry_after_ignored",) if ignored else ()
        if self._spend(now):
            return Admission(is_admitted=True, breaches=breaches)
        return Admission(is_admitted=False, breaches=(*breaches, "quota_exceeded"))

    def wait(self, now: float, seconds: float) -> None:
        """Remember that the company was told, at `now`, not to call for `seconds`."""
        self._waits.append(_Wait(now, now + seconds))

    def _spend(self, now: float) -> bool:
        if self._rate is None:
            return True
        elapsed = 0.0 if self._filled_at is None else max(0.0, now - self._filled_at)
        self._filled_at = now
        self._tokens = min(self._depth, self._tokens + elapsed * self._rate)
        if self._tokens + self._rate * ROUNDING_SECONDS < 1.0:
            return False
        self._tokens -= 1.0
        return True
