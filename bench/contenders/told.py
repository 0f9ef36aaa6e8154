"""What the environment tells the contenders written in Python, and what all of them do about an answer."""

import os

SERVED = 300
"""Statuses below this mean that the record was taken."""

TOO_MANY = 429
FAULT = 500

BACK_OFF_SECONDS = 1.0

BOOTSTRAP = os.environ["BENCH_BOOTSTRAP"]
TOPIC = os.environ["BENCH_TOPIC"]
GROUP = os.environ["BENCH_GROUP"]
ADDRESS = os.environ["BENCH_SINK"] + "/records"
CONCURRENCY = int(os.environ["BENCH_CONCURRENCY"])

HEADERS = {"Content-Type": "application/json"}


def pause_seconds(status: int, retry_after: str | None) -> float | None:
    """Return how long to wait before a record is sent again, None if it was taken.

    Raises `RuntimeError` for an answer that no repetition will change.
    """
    if status < SERVED:
        return None
    if status == TOO_MANY or status >= FAULT:
        return float(retry_after) if retry_after else BACK_OFF_SECONDS
    raise RuntimeError(f"the sink answered {status}")
