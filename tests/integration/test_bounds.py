"""`make bounds` at a size that every test run can bear: the outage of the API under a backlog."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.kafka_broker import Kafka

ROOT = Path(__file__).parents[2]


def test_a_backlog_read_in_an_outage_costs_little_memory_and_is_delivered_when_it_ends(
    kafka: Kafka, tmp_path: Path
) -> None:
    """While the API is down all is read past; when it is back delivering begins at once."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "bench.bounds", "--scenario", "outage", "--json", str(figures)]
    size = ["--changes", "5000", "--entities", "500"]
    environment = os.environ | {"KAFKA_BOOTSTRAP": kafka.bootstrap}
    done = subprocess.run([*command, *size], check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr[-2_000:]
    told = {figure["name"]: figure for figure in json.loads(figures.read_bytes())["figures"]}
    assert {"peak memory while the API is down", "from the API's return to the first delivery"} <= told.keys()
    assert 6 == len(told)
