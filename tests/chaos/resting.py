"""Waiting until daemons of one group have come to rest."""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.chaos.daemons import WATCH_SECONDS, Daemon
from tests.chaos.staging import GROUP, LATE_BOUND_SECONDS, PARTITIONS, TOPIC

QUIET_SECONDS = LATE_BOUND_SECONDS + 1.0
"""Longer than any wait of the daemons: what is tried again by time has been tried, and nothing came of it."""

PATIENCE_SECONDS = 240.0
"""How long the daemons may take to work off what has piled up."""

DONE = ("settled_total{", "released_total{", "checks_total{")
"""Counters that grow with everything that comes to an end."""


async def come_to_rest(daemons: Sequence[Daemon], bootstrap: str) -> bool:
    """Wait until everything is settled and committed and nothing more will come of itself; tell whether it came so far.

    What only a person can repair is tried again for ever: it is at rest when all of it was tried and nothing came of
    it.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    quiet_since, before = time.monotonic(), -1
    while time.monotonic() < deadline:
        done = sum(count for one in daemons for name, count in one.counters.items() if name.startswith(DONE))
        if done != before or not _is_idle(daemons):
            quiet_since, before = time.monotonic(), done
        if time.monotonic() >= quiet_since + QUIET_SECONDS and await _is_committed(bootstrap):
            return True
        await asyncio.sleep(WATCH_SECONDS)
    return False


def _is_idle(daemons: Sequence[Daemon]) -> bool:
    """Tell whether every partition has its owner, nothing is in hand, and nothing waits for its turn."""
    gauges = [daemon.gauges for daemon in daemons]
    waiting = sum(one.get('parked{reason="waiting"}', 0.0) for one in gauges)
    in_hand = sum(one.get("in_hand", 1.0) for one in gauges)
    return sum(one.get("partitions", 0.0) for one in gauges) == PARTITIONS and in_hand == waiting == 0.0


async def _is_committed(bootstrap: str) -> bool:
    partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        committed = [await consumer.committed(partition) or 0 for partition in partitions]
    return sum(ends.values()) == sum(committed)
