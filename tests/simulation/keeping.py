"""Known cases: schedules kept as files, so that they stay what they are when schedules are drawn in another way."""

from pathlib import Path

import msgspec

from tests.simulation.schedules import Schedule

FOLDER = Path(__file__).parent / "known"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule that once broke a promise, and in a sentence how; `fault` is the planted fault that it fails with."""

    sentence: str
    fault: str = ""
    schedule: Schedule


def keep(name: str, case: Case) -> None:
    """Write a case to the file of that name."""
    text = msgspec.json.format(msgspec.json.encode(case), indent=1)
    _path(name).write_bytes(text + b"\n")


def kept(name: str) -> Case:
    """Return the case that is kept under that name."""
    return msgspec.json.decode(_path(name).read_bytes(), type=Case)


def kept_names() -> list[str]:
    """Return the names of all cases that are kept."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def _path(name: str) -> Path:
    return FOLDER / f"{name}.json"
