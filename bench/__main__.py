"""Measures this daemon against what one would otherwise run: `make bench ARGS="--scenario unique --repeat 5"`.

On a real Kafka, `KAFKA_BOOTSTRAP` if it is set, else one of its own. Every contender is a process that reads it and
posts to the same sink. The exit code is 1 if a cell of the matrix failed.
"""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from pathlib import Path

from bench.far_end import FarEndUnavailable, far_end
from bench.field import FIELD
from bench.matrix import SCENARIOS, Matrix
from bench.rows import added, markdown, read, write
from bench.runs import present
from bench.trial import Ground
from tests.kafka_broker import KafkaUnavailable, open_kafka


def main() -> int:
    """Measure what is asked for, print the tables, and write them if asked for."""
    asked = _arguments()
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # so that broker and contenders do not outlive the command
    logging.disable()  # Kafka's client tells of what it repairs by itself
    matrix = Matrix(
        run=present(),
        scenarios=[SCENARIOS[name] for name in asked.scenario or SCENARIOS],
        contenders=[FIELD[name] for name in asked.contender or FIELD],
        repetitions=asked.repeat,
    )
    try:
        asyncio.run(_measured(matrix, asked))
    except (KafkaUnavailable, FarEndUnavailable) as missing:
        print(missing, file=sys.stderr)
        return 1
    finally:
        _tell(matrix, asked)
    return int(matrix.has_failed)


async def _measured(matrix: Matrix, asked: argparse.Namespace) -> None:
    with open_kafka() as kafka, tempfile.TemporaryDirectory(prefix="moment-dnb-bench-") as folder:
        async with far_end() as sink:
            ground = Ground(bootstrap=kafka.bootstrap, sink=sink, folder=Path(folder), records=asked.records)
            await matrix.measure(ground)


def _tell(matrix: Matrix, asked: argparse.Namespace) -> None:
    """Print the tables, and write what is asked for: also of a run that was ended before its time."""
    rows = [row.flat for row in matrix.rows]
    text = markdown(rows, matrix.skipped)
    print(f"\n{text}", flush=True)
    if asked.markdown:
        asked.markdown.write_text(f"{text}\n", encoding="utf-8")
    if asked.json:
        write(asked.json, added(read(asked.json), rows) if asked.add else rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="only this one; may be repeated")
    parser.add_argument("--contender", action="append", choices=list(FIELD), help="only this one; may be repeated")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="how often each cell is measured (1)")
    parser.add_argument("--records", type=int, metavar="N", help="records of a backlog, instead of the scenario's own")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the rows to this file")
    parser.add_argument("--add", action="store_true", help="keep what the file has of cells that are not measured now")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write the tables to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
