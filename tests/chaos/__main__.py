"""`make chaos`: real daemons on a real Kafka cluster; all is killed, stopped, slowed and cut, and then judged."""

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from tests.chaos.playing import Play, play
from tests.chaos.reporting import Result, report
from tests.kafka_broker import KafkaUnavailable

UNAVAILABLE_EXIT = 2
INTERRUPTED_EXIT = 130


def main() -> int:
    """Play what is asked for; the exit code is 1 if a promise was broken, 2 where there can be no Kafka."""
    asked = _arguments()
    logging.disable()  # Kafka's client tells of every broker that was killed
    folder = Path(tempfile.mkdtemp(prefix="moment-dnb-chaos-"))
    try:
        result = asyncio.run(_interruptible(Play(minutes=asked.minutes, seed=asked.seed, rate=asked.rate), folder))
    except KafkaUnavailable as missing:
        _say(f"make chaos: {missing}")
        return UNAVAILABLE_EXIT
    except asyncio.CancelledError:
        _say(f"interrupted; the logs are in {folder}")
        return INTERRUPTED_EXIT
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    for line in report(result, folder):
        _say(line)
    if result.is_clean and not asked.keep:
        shutil.rmtree(folder)
    return 0 if result.is_clean else 1


async def _interruptible(asked: Play, folder: Path) -> Result:
    """Play until the end, or until the first SIGINT or SIGTERM; further ones do not interrupt the cleaning up."""
    loop = asyncio.get_running_loop()
    started_at = loop.time()
    playing = asyncio.create_task(play(asked, folder, lambda what: _say(f"{loop.time() - started_at:6.1f} s  {what}")))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _cancel_once, playing)
    return await playing


def _cancel_once(playing: "asyncio.Task[Result]") -> None:
    if not playing.cancelling():
        playing.cancel()


def _say(what: str) -> None:
    print(what, flush=True)  # noqa: T201 -- this is the command's answer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument(
        "--minutes",
        type=float,
        default=2.0,
        help="how long there is load and trouble, up to twice that until all has happened (2)",
    )
    parser.add_argument("--seed", type=int, default=1, help="what load, faults and troubles are drawn from (1)")
    parser.add_argument("--rate", type=float, default=20.0, help="records that Moment publishes in a second (20)")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    parser.add_argument("--keep", action="store_true", help="keep the logs also if nothing is wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
