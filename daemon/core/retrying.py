"""When to try again, and when to stop holding the watermark: back-off, parking, giving up."""

import zlib

import msgspec

PARKED_STEPS_SECONDS = (60.0, 300.0, 1_800.0, 7_200.0)
"""A parked change is tried again after 1, 5 and 30 minutes, then every 2 hours: outages are short or very long."""

DAY_SECONDS = 86_400.0


class Retrying(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of trying again; all durations in seconds.

    `first` and `longest` bound the full-jitter back-off in a lane; after `park_after` a change is parked, so that one
    entity never holds a watermark back; after `give_up_after` a parked change is refused. `late_bound` is how long a
    request may still be applied after its time-out. `dependency_wait` is how long a change waits in its lane for a
    dependency that nobody knows; `heal_every` is how often a refusal that can be repaired in DnB is looked at again.
    """

    first: float = 1.0
    longest: float = 60.0
    park_after: float = 120.0
    parked_steps: tuple[float, ...] = PARKED_STEPS_SECONDS
    give_up_after: float = 7 * DAY_SECONDS
    late_bound: float = 60.0
    dependency_wait: float = 60.0
    heal_every: float = 1_800.0

    def back_off(self, key: str, attempt: int) -> float:
        """Return the wait before the given attempt (from 1), in seconds: full jitter, the same for equal arguments."""
        ceiling = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        return ceiling * _fraction(f"{key}#{attempt}")

    def pause(self, key: str, times: int) -> float:
        """Return how long to leave DnB alone after it asked for it or refused the client `times` times in a row."""
        return self.first + self.back_off(key, times)

    def parked_step(self, attempts: int) -> float:
        """Return how long a change parked after `attempts` tries from the ledger (from 0) waits for the next one."""
        return self.parked_steps[min(attempts, len(self.parked_steps) - 1)]

    def healing(self, tenant: str, now: float) -> float:
        """Return when a tenant's refusals are looked at again: all at one instant, so that one re-read serves all."""
        phase = self.heal_every * _fraction(tenant)
        return now - (now - phase) % self.heal_every + self.heal_every

    def longest_wait(self) -> float:
        """Return the longest wait that this policy ever sets; a stored wait beyond it comes from a stepped clock."""
        return max(self.longest, self.heal_every, self.late_bound, *self.parked_steps)


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the text: jitter without a random generator."""
    return zlib.crc32(text.encode()) / 2**32
