"""`moment-dnb release`: ends what `hold` began; what waited meanwhile is sent, oldest first."""

import argparse
import os

import anyio

from daemon.cli.hold import add_scope, require_tenants, say, scopes_of
from daemon.settings import read_settings

HELP = "end a hold: what waited is sent, oldest first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add whom to release."""
    add_scope(parser, "release")


def run(arguments: argparse.Namespace) -> int:
    """Write the releases into every partition of the ledger; returns 0 when all are acknowledged.

    Raises `ConfigurationError` if a tenant is none. A tenant that is held by name stays held when everything is
    released, and the other way round.
    """
    settings = read_settings(os.environ)
    require_tenants(settings, arguments.tenants)
    scopes = scopes_of(arguments)
    return anyio.run(say, settings, scopes, "", None, False)  # noqa: FBT003 - anyio.run takes no keywords
