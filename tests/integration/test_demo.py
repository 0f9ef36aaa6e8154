"""The demo as a newcomer runs it: a process, its exit code, its JSON."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kafka_broker import Kafka

DEMO_SECONDS = 150.0
SETTLED = ("delivered", "stale", "superseded", "unchanged", "ignored", "parked", "dead_lettered", "in_hand")
VERDICT = (
    "lost",
    "posted_twice",
    "older_over_newer",
    "wrongly_booked",
    "unwanted",
    "text_cut",
    "sums_differ",
    "unbalanced",
    "distributed",
    "quota_broken",
    "invalid_requests",
)
SALES_CODES = {"3", "31", "32", "33", "5", "51", "52", "6", "7"}


async def demo(folder: Path, *options: str) -> dict[str, Any]:
    """Run the demo to its end, assert that it was clean, and return its JSON."""
    path = folder / "result.json"
    command = [sys.executable, "-m", "daemon", "demo", "--json", str(path), *options]
    finished = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=DEMO_SECONDS)
    assert 0 == finished.returncode, finished.stdout + finished.stderr
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def assert_whole(result: dict[str, Any], events: int) -> None:
    """Assert that every record is accounted for, the judge found nothing, and every trouble has happened.

    Every VAT code of sales is in the books, the one too that the accountant adds in the course of the story.
    """
    assert events == result["received"] == sum(result[name] for name in SETTLED)
    assert dict.fromkeys(VERDICT, 0) == result["judge"]
    assert 0 == result["in_hand"]
    assert [] == [kind for kind, count in result["faults"].items() if not count]
    assert SALES_CODES == set(result["money"]["vat"])
    assert result["money"]["vouchers"] > events // 10
    assert [] == [name for name in ("delivered", "stale", "superseded", "parked", "dead_lettered") if not result[name]]


async def test_the_demo_needs_nothing_but_python(tmp_path: Path) -> None:
    """Two thousand changes on the embedded broker, through every trouble, end in books equal to Moment."""
    assert_whole(await demo(tmp_path, "--events", "2000", "--seed", "11"), 2_000)


async def test_the_demo_plays_on_a_real_kafka(kafka: Kafka, tmp_path: Path) -> None:
    """The same story on a real Kafka ends the same way, with a topic and a group of its own."""
    assert_whole(await demo(tmp_path, "--events", "2000", "--seed", "12", "--bootstrap", kafka.bootstrap), 2_000)


async def test_the_demo_tells_of_a_kafka_that_is_not_there(tmp_path: Path) -> None:
    """A wrong address ends the demo with one clear line, not with a verdict."""
    command = [sys.executable, "-m", "daemon", "demo", "--bootstrap", "127.0.0.1:1"]
    finished = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=DEMO_SECONDS, cwd=tmp_path
    )
    assert 1 == finished.returncode
    assert "moment-dnb: connecting to Kafka" in finished.stderr


@pytest.mark.parametrize("options", [["--events", "0"], ["--events", "many"], ["--events", "9000"]])
async def test_the_demo_refuses_what_it_cannot_show(options: list[str]) -> None:
    """A number of events that makes no sense, or that the embedded broker cannot keep, is refused with a reason."""
    command = [sys.executable, "-m", "daemon", "demo", *options]
    finished = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=DEMO_SECONDS)
    assert 2 == finished.returncode
    assert "events" in finished.stdout + finished.stderr
