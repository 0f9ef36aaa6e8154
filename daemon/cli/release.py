"""`moment-dnb release`: ends what `hold` began; what waited meanwhile is sent, oldest first."""

import argparse
import os

import anyio

from daemon.cli.hold import add_scope, say, scopes_of
from daemon.settings import read_settings

HELP = "end a hold: what waited is sent, oldest first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add whom to release."""
    add_scope(parser, "release")


def run(arguments: argparse.Namespace) -> int:
    """Write the releases into every partition of the ledger; returns 0 when all are acknowledged.

    A tenant that is held by name stays held when everything is released, and the other way round.
    """
    return anyio.run(say, read_settings(os.environ), scopes_of(arguments), "", None, False)  # noqa: FBT003 - anyio.run takes no keywords
