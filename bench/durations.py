"""How long cells take, so that a run can tell beforehand, and meanwhile, when it will be done."""

import msgspec

SECONDS_OF_A_MINUTE = 60.0


class Takes(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds a cell of a scenario takes, about: the daemon's, and that of each other contender."""

    daemon: float
    others: float = 0.0


def minutes(seconds: float) -> str:
    """Return a duration in words."""
    whole = max(1, round(seconds / SECONDS_OF_A_MINUTE))
    return f"{whole} minutes" if whole > 1 else "a minute"
