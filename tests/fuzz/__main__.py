"""`make fuzz`: a million strange inputs for every decoder together; none may raise what is not in its contract."""

import argparse
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import structlog

from tests.fuzz.mutating import mutated
from tests.fuzz.targets import Target, targets

LEAST_INPUTS = 500
"""So many inputs each decoder gets before its share of the rest, if there are as many for all."""

SHOWN_FAILURES = 5
SHOWN_BYTES = 300


class Failure(msgspec.Struct, frozen=True):
    """An input that a decoder did not stand."""

    target: str
    error: str
    value: bytes


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run."""

    inputs: int
    by_target: dict[str, int]
    failures: list[Failure]
    seconds: float


def fuzz(inputs: int, seed: int) -> Report:
    """Give that many inputs to the decoders, each the least and its share of the rest; a seed decides all of them."""
    chance, started_at = Random(seed), time.monotonic()
    every, failures, counts = targets(), list[Failure](), Counter[str]()
    tried = every * min(LEAST_INPUTS, inputs // len(every))
    rest = chance.choices(every, [target.share for target in every], k=inputs - len(tried))
    for target in (*tried, *rest):
        value = mutated(chance, target.seeds)
        counts[target.name] += 1
        failure = _tried(target, value)
        if failure is not None:
            failures.append(failure)
    return Report(
        inputs=inputs, by_target=dict(counts), failures=failures, seconds=round(time.monotonic() - started_at, 1)
    )


def _tried(target: Target, value: bytes) -> Failure | None:
    try:
        target.take(value)
    except Exception:  # noqa: BLE001 - whatever it is, it is in no contract
        return Failure(target.name, traceback.format_exc(limit=-2), value)
    return None


def main() -> int:
    """Fuzz, and print what failed; the exit code is 1 if anything did."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the result to this file")
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    report = fuzz(asked.inputs, asked.seed)
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    for failure in report.failures[:SHOWN_FAILURES]:
        print(f"{failure.target}: {failure.value[:SHOWN_BYTES]!r}\n{failure.error}")
    told = ", ".join(f"{name} {count}" for name, count in sorted(report.by_target.items()))
    print(f"{report.inputs} inputs in {report.seconds:.0f} s ({told})")
    print(f"{report.inputs - len(report.failures)} passed, {len(report.failures)} failed")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
