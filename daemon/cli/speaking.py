"""How commands take entities, durations and instants from a person, and give them back in words."""

import argparse
import datetime as dt
import re
import sys

from daemon.core.model import KINDS, Entity, Kind
from daemon.tenants import NAME

UNITS_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

_DURATION = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhd])")

BAR_WIDTH_CHARACTERS = 30


def duration(text: str) -> float:
    """Return the seconds of `90s`, `15m`, `2h` or `3d`; raises argparse's error for anything else."""
    found = _DURATION.fullmatch(text)
    if not found:
        message = f"{text!r} is no duration: write 90s, 15m, 2h or 3d"
        raise argparse.ArgumentTypeError(message)
    return float(found["count"]) * UNITS_SECONDS[found["unit"]]


def tenant_name(text: str) -> str:
    """Return a tenant's name; raises argparse's error for what can be none."""
    if not NAME.fullmatch(text):
        message = f"{text!r} is no tenant: a name is {NAME.pattern}"
        raise argparse.ArgumentTypeError(message)
    return text


def kind_name(text: str) -> Kind:
    """Return a kind; raises argparse's error for anything else."""
    for kind in KINDS:
        if kind == text:
            return kind
    message = f"{text!r} is no kind: {', '.join(KINDS)}"
    raise argparse.ArgumentTypeError(message)


def moment_id(text: str) -> int:
    """Return Moment's id of an object; raises argparse's error for what can be none."""
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        message = f"{text!r} is no id of Moment's: digits, below 2^63 (not the business number)"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def add_entity_arguments(parser: argparse.ArgumentParser, *, several: bool) -> None:
    """Add TENANT KIND ID, or several ids."""
    parser.add_argument("tenant", type=tenant_name, metavar="TENANT", help="the tenant's name in the tenants file")
    parser.add_argument("kind", type=kind_name, metavar="KIND", help=" | ".join(KINDS))
    text = "Moment's id of the object, not its business number"
    if several:
        parser.add_argument("ids", type=moment_id, metavar="ID", nargs="+", help=text)
    else:
        parser.add_argument("id", type=moment_id, metavar="ID", help=text)


def entities_of(arguments: argparse.Namespace) -> list[Entity]:
    """Return the entities that the arguments name, each once."""
    ids = arguments.ids if hasattr(arguments, "ids") else [arguments.id]
    return [Entity(arguments.tenant, arguments.kind, one) for one in dict.fromkeys(ids)]


def instant(seconds: float) -> str:
    """Return UTC seconds as a person reads them."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def named(entity: Entity) -> str:
    """Return an entity as the command line takes it."""
    return f"{entity.tenant} {entity.kind} {entity.id}"


class Bar:
    """A progress bar on standard error, while that is a terminal; nothing otherwise."""

    def __init__(self, what: str) -> None:
        """Take what is being done, as in `reading the ledger`."""
        self._what = what
        self._is_shown = False

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        if not sys.stderr.isatty():
            return
        self._is_shown = True
        share = done / total if total else 1.0
        bar = "#" * round(share * BAR_WIDTH_CHARACTERS)
        sys.stderr.write(f"\r{self._what} [{bar:<{BAR_WIDTH_CHARACTERS}}] {share:4.0%} of {total} records")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._is_shown:
            sys.stderr.write("\n")
