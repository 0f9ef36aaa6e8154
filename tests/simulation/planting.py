"""What a planted fault is: a small mutation of the daemon that a test must catch."""

import msgspec

SCENARIOS = "tests/simulation/test_scenarios.py"
CORE = "tests/core"
DNB = "tests/dnb"
EDGES = "tests/edges"
CONTRACT = "tests/contract"


class Fault(msgspec.Struct, frozen=True):
    """One mutation: every replaced text must be in its file exactly once.

    `own` is the test that was made for just that mechanism, or that shows best what it is for: it must fail.
    """

    name: str
    file: str
    replaced: tuple[tuple[str, str], ...]
    own: str


def scenario(name: str) -> str:
    """Return the test of a named scenario."""
    return f"{SCENARIOS}::test_{name}"


def mutated(fault: Fault, text: str) -> str:
    """Return the text of the fault's file with the fault in it; raises `ValueError` where that does not fit."""
    for before, after in fault.replaced:
        if text.count(before) != 1:
            raise ValueError(f"{fault.name}: {before!r} is not in {fault.file} exactly once")
        text = text.replace(before, after)
    return text
