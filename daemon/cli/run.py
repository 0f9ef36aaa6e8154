"""`moment-dnb run`: the daemon, until a signal."""

import argparse
import gc
import os
import sys
from functools import partial

import anyio

from daemon.settings import Settings, read_settings

HELP = "run the daemon with the settings in MOMENT_DNB_*"

COLLECTED_AFTER_OBJECTS = 50_000
"""So many new objects more than were given up, and the garbage collector looks for rings among the young: batches of
some thousand records hold none, and Python's own 700 cost an eighth of all processor time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--rebuild-ledger",
        action="store_true",
        help="where the ledger is lost, read the input from its beginning and compare every entity with DnB",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon; returns 0 after a signal, and raises what it cannot carry on from."""
    from daemon.telemetry.logs import configure_logs

    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    serve = partial(_serve, settings, rebuilds_ledger=arguments.rebuild_ledger)
    anyio.run(serve, backend_options={"use_uvloop": sys.platform != "win32"})
    return 0


async def _serve(settings: Settings, *, rebuilds_ledger: bool) -> None:
    from daemon.app import App
    from daemon.edges.signals import watch_signals

    app = App(settings, rebuilds_ledger=rebuilds_ledger)
    _collect_seldom()
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(partial(watch_signals, app.stop))
            await app.run()
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise first_cause(group) from group


def _collect_seldom() -> None:
    """Leave what stands since the start out of all garbage collections, and look at the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER_OBJECTS)


def first_cause(error: BaseException) -> BaseException:
    """Return the exception that ended a group of tasks: of several the first, out of all nesting."""
    match error:
        case BaseExceptionGroup(exceptions=(first, *_)):
            return first_cause(first)
        case _:
            return error
