"""What a planted fault is: a small mutation of the daemon that a test must catch."""

import msgspec

SCENARIOS = "tests/simulation/test_scenarios.py"
CORE = "tests/core"
DNB = "tests/dnb"
EDGES = "tests/edges"
CONTRACT = "tests/contract"


class Fault(msgspec.Struct, frozen=True):
    """One mutation: every replaced text must be in its file exactly once.

    `first` is the test that is tried first, where one was made for just that mechanism; otherwise random schedules are.
    Where `first` names one test, and not a whole file, it must be that test which fails.
    """

    name: str
    file: str
    replaced: tuple[tuple[str, str], ...]
    first: str = ""


def scenario(name: str) -> str:
    """Return the test of a named scenario."""
    return f"{SCENARIOS}::test_{name}"
