"""`moment-dnb COMMAND`: one module of `daemon.cli` a command."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from daemon import __version__
from daemon.errors import ConfigurationError, MomentDnbError

COMMANDS = ("run", "check", "explain", "hold", "release", "replay", "audit", "ledger", "demo", "sandbox", "schema")

CONFIGURATION_EXIT = 78
"""EX_CONFIG of sysexits.h: an operator must repair something, starting again will not help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit code."""
    modules = {name: importlib.import_module(f"daemon.cli.{name}") for name in COMMANDS}
    parser = argparse.ArgumentParser(prog="moment-dnb", description="Keeps DnB Regnskap equal to Moment.")
    parser.add_argument("--version", action="version", version=f"moment-dnb {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    parsed = parser.parse_args(arguments)
    try:
        code: int = modules[parsed.command].run(parsed)
    except ConfigurationError as error:
        print(f"moment-dnb: configuration\n{error}", file=sys.stderr)  # noqa: T201 - a command speaks to its caller
        return CONFIGURATION_EXIT
    except MomentDnbError as error:
        print(f"moment-dnb: {error}", file=sys.stderr)  # noqa: T201 - a command speaks to its caller
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
