"""`moment-dnb sandbox`: an emulated DnB Regnskap on a local port, and the files that a daemon needs to use it."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.sandbox.hosting import Hosting

HELP: Final = "serve an emulated DnB Regnskap, and write the files a daemon needs to use it"

HIGHEST_PORT: Final = 65_535
MOST_COMPANIES: Final = 10_000  # each takes some 40 kB and half a millisecond to open


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options on `parser`."""
    parser.add_argument("--port", type=_port, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--dir", type=Path, required=True, help="where the files are written")
    parser.add_argument("--companies", type=_count, default=1, help="how many companies there are (1)")
    parser.add_argument("--quota", type=_rate, default=None, help="calls a second each company may make (no limit)")
    parser.add_argument("--faults", type=_share, default=0.0, help="share of calls that go wrong, 0 to 1 (0)")
    parser.add_argument("--seed", type=int, default=0, help="what company keys and faults are drawn from (0)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, then 0; 1 if the port or the directory cannot be had."""
    from daemon.sandbox.hosting import Hosting

    hosting = Hosting(
        port=arguments.port,
        directory=arguments.dir,
        companies=arguments.companies,
        quota=arguments.quota,
        faults=arguments.faults,
        seed=arguments.seed,
    )
    try:
        hosting.directory.mkdir(parents=True, exist_ok=True)
        asyncio.run(_host(hosting))
    except OSError as error:
        print(f"moment-dnb sandbox: {error}", file=sys.stderr)
        return 1
    return 0


async def _host(hosting: "Hosting") -> None:
    from daemon.sandbox.hosting import host

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await host(hosting, stopped, lambda url: print(f"serving {url}, files in {hosting.directory}", flush=True))


def _port(text: str) -> int:
    return _within(int(text), 0, HIGHEST_PORT)


def _count(text: str) -> int:
    return _within(int(text), 1, MOST_COMPANIES)


def _within(number: int, lowest: int, highest: int) -> int:
    if lowest <= number <= highest:
        return number
    raise argparse.ArgumentTypeError(f"{number} is not between {lowest} and {highest}")


def _rate(text: str) -> float:
    rate = float(text)
    if rate > 0:
        return rate
    raise argparse.ArgumentTypeError(f"{text} is not above 0")


def _share(text: str) -> float:
    share = float(text)
    if 0 <= share <= 1:
        return share
    raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
