"""`make simulate`: many schedules of the simulated world, judged; one of them again as a readable transcript."""

import argparse
import concurrent.futures
import gc
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from tests.simulation.keeping import Case, keep, kept
from tests.simulation.minimising import Cut, minimised, whole
from tests.simulation.schedules import EVERY_FAULT, Schedule, schedule_of
from tests.simulation.verdicts import Outcome, play

SEEDS_AT_ONCE = 10
"""So many schedules a worker plays before it reports: seconds of work, so that the progress bar moves."""

MINIMISED_AT_MOST = 3
"""So many failing schedules are made small; the others are named."""

MEDIANS_ASKED_FROM = 100
LEAST_MEDIANS = {"records": 30, "steps": 300, "faults": 3}
"""From so many schedules on half of them must have as much as this."""

KINDS_ASKED_FROM = 1_000
"""From so many schedules on every kind of fault must have struck: the rarest does in one schedule of five."""

HASH_SEED = "0"
"""The order in which Python walks through sets of strings is part of a schedule."""


class Report(msgspec.Struct, kw_only=True):
    """What came of all schedules, as the JSON file has it."""

    schedules: int
    first_seed: int
    violations: int
    faults_injected: dict[str, int]
    seen: dict[str, int]
    median_records: float
    median_steps: float
    median_faults: float
    seconds: float
    failing_seeds: list[int]


def main() -> int:
    """Play what is asked for; the exit code is 1 if a promise was broken."""
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
        environment = {**os.environ, "PYTHONHASHSEED": HASH_SEED}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment)  # noqa: S606 - itself
    asked = _arguments()
    _be_quiet()
    if asked.replay is not None:
        return _replay(asked)
    outcomes = list(_played(asked))
    report = _report(outcomes, asked.seed, time.monotonic() - _STARTED_AT)
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    _tell(report)
    failing = [outcome for outcome in outcomes if outcome.violation]
    for at, outcome in enumerate(failing):
        _explain(outcome, is_minimised=at < MINIMISED_AT_MOST and not asked.stop)
    print(f"{report.schedules - len(failing)} passed, {len(failing)} failed")
    lacks = wanting(report)
    for lack in lacks:
        print(f"too little to be a proof: {lack}")
    return 1 if failing or lacks else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200, help="how many schedules are played (200)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first one; the next have the next (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many are played at once")
    parser.add_argument("--json", type=Path, help="write the summary to this file")
    parser.add_argument("--stop", action="store_true", help="stop at the first violation, and do not make it small")
    parser.add_argument(
        "--replay", metavar="SEED|NAME", help="play one schedule, or a known case; print its transcript"
    )
    parser.add_argument("--troubles", metavar="N,N,…", help="with --replay: only these of its troubles")
    parser.add_argument("--records", type=int, help="with --replay: only its first records")
    parser.add_argument(
        "--draws", type=int, default=1, help="with --replay: try so many later draws until one fails (1)"
    )
    names = ("NAME", "SENTENCE")
    parser.add_argument("--keep", nargs=2, metavar=names, help="with --replay: keep what is played as a known case")
    parser.add_argument("--fault", default="", metavar="NAME", help="with --keep: the planted fault that it fails with")
    return parser.parse_args()


def _played(asked: argparse.Namespace) -> Iterator[Outcome]:
    """Play the schedules, several at once, and show how far that is."""
    first, count = asked.seed, asked.schedules
    starts = range(first, first + count, SEEDS_AT_ONCE)
    portions = [range(start, min(start + SEEDS_AT_ONCE, first + count)) for start in starts]
    done = bad = 0
    with concurrent.futures.ProcessPoolExecutor(asked.jobs, initializer=_be_quiet) as workers:
        for outcomes in workers.map(_play_all, portions):
            done += len(outcomes)
            bad += sum(bool(outcome.violation) for outcome in outcomes)
            if sys.stderr.isatty():
                print(f"\r{done} of {count} schedules, {bad} with a violation", end="", file=sys.stderr, flush=True)
            yield from outcomes
            if bad and asked.stop:
                workers.shutdown(wait=False, cancel_futures=True)
                return
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _play_all(seeds: range) -> list[Outcome]:
    """Play a portion without the garbage collector's rounds: a world ends whole, and what stands before it stays."""
    gc.disable()
    gc.freeze()
    outcomes = [play(schedule_of(seed)) for seed in seeds]
    gc.collect()
    return outcomes


def _report(outcomes: list[Outcome], first: int, seconds: float) -> Report:
    faults: Counter[str] = Counter(dict.fromkeys(EVERY_FAULT, 0))
    seen: Counter[str] = Counter()
    for outcome in outcomes:
        faults.update(outcome.faults)
        seen.update(outcome.seen)
    return Report(
        schedules=len(outcomes),
        first_seed=first,
        violations=sum(bool(outcome.violation) for outcome in outcomes),
        faults_injected=dict(sorted(faults.items())),
        seen=dict(sorted(seen.items())),
        median_records=statistics.median(outcome.records for outcome in outcomes),
        median_steps=statistics.median(outcome.steps for outcome in outcomes),
        median_faults=statistics.median(sum(outcome.faults.values()) for outcome in outcomes),
        seconds=round(seconds, 1),
        failing_seeds=[outcome.seed for outcome in outcomes if outcome.violation],
    )


def wanting(report: Report) -> list[str]:
    """Return what a run lacks to be a proof: little is asked of a short one, nothing of a few schedules."""
    lacks: list[str] = []
    if report.schedules >= KINDS_ASKED_FROM:
        lacks += [f"no {kind} has struck" for kind, count in report.faults_injected.items() if not count]
    for what, least in LEAST_MEDIANS.items() if report.schedules >= MEDIANS_ASKED_FROM else ():
        if getattr(report, f"median_{what}") < least:
            lacks.append(f"half of the schedules have less than {least} {what}")
    return lacks


def _tell(report: Report) -> None:
    print(
        f"{report.schedules} schedules from seed {report.first_seed} in {report.seconds:.0f} s; medians: "
        f"{report.median_records:g} records, {report.median_steps:g} steps, {report.median_faults:g} faults"
    )
    print("faults: " + ", ".join(f"{kind} {count}" for kind, count in report.faults_injected.items()))
    print("seen: " + ", ".join(f"{what} {count}" for what, count in report.seen.items()))


def _explain(outcome: Outcome, *, is_minimised: bool) -> None:
    """Print what is broken, and the one command that shows how."""
    schedule = schedule_of(outcome.seed)
    cut = minimised(schedule, outcome.violation) if is_minimised else whole(schedule)
    print(f"\nseed {outcome.seed}: {outcome.violation}\n  {command(schedule, cut)}")


def command(schedule: Schedule, cut: Cut) -> str:
    """Return the command that plays a cut of a schedule again."""
    arguments = f"--replay {schedule.seed}"
    if cut != whole(schedule):
        arguments += f" --troubles {','.join(map(str, cut.troubles)) or 'none'} --records {cut.records}"
    return f'make simulate ARGS="{arguments}"'


def _replay(asked: argparse.Namespace) -> int:
    schedule = schedule_of(int(asked.replay)) if asked.replay.isdigit() else kept(asked.replay).schedule
    every = whole(schedule)
    troubles = every.troubles
    if asked.troubles is not None:
        troubles = tuple(int(number) for number in asked.troubles.split(",") if number.isdigit())
    schedule = schedule.only(troubles, asked.records or every.records)
    if asked.keep is not None:
        name, sentence = asked.keep
        keep(name, Case(sentence=sentence, fault=asked.fault, schedule=schedule))
    outcome = play(schedule, tells=True)
    for seed in range(schedule.seed + 1, schedule.seed + asked.draws):
        if not outcome.violation:
            outcome = play(msgspec.structs.replace(schedule, seed=seed), tells=True)
    print(*outcome.transcript, sep="\n")
    print(f"\n{outcome.violation or 'every promise was kept'}")
    return 1 if outcome.violation else 0


def _be_quiet() -> None:
    """Log nothing: a broken entry of a former program is no news here."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


_STARTED_AT = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
