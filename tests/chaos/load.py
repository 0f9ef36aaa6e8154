"""The load: Moment publishes all the time, at one pace, and accountants put right what lacks as the story goes on."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from daemon.sandbox.accountant import Deed, deeds
from daemon.sandbox.generating import Planted
from daemon.sandbox.publishing import publishing
from tests.chaos.dnb_process import DnbProcess

TICK_SECONDS = 0.25
"""Between two looks at what is due."""

AT_ONCE = 500
"""What has piled up while Kafka did not answer is published in portions of so many."""


class Load:
    """Publishes records in order; `published` are acknowledged by Kafka."""

    def __init__(self, records: Sequence[Planted], dnb: DnbProcess, per_second: float) -> None:
        """Take what is to be published, whose accountants work meanwhile, and the pace."""
        self.published = 0
        self._records = records
        self._per_second = per_second
        self._dnb = dnb
        self._deeds: deque[Deed] = deque(deeds(len(records)))

    async def run(self, bootstrap: str, topic: str, seconds: float, is_enough: Callable[[], bool]) -> None:
        """Publish for so long, and on until it is enough or nothing is left; what is due by then is published."""
        started_at, ended_after = time.monotonic(), math.inf
        async with publishing(bootstrap, topic) as publisher:
            while self.published < len(self._records):
                elapsed = time.monotonic() - started_at
                if seconds <= elapsed < ended_after and is_enough():
                    ended_after = elapsed
                due = self._records[self.published : int(min(elapsed, ended_after) * self._per_second)][:AT_ONCE]
                await publisher.publish([(one.key, one.value) for one in due])
                self.published += len(due)
                await self._put_right()
                if elapsed >= ended_after and not due:
                    break
                await asyncio.sleep(TICK_SECONDS)
        await self._put_right(everything=True)

    async def _put_right(self, *, everything: bool = False) -> None:
        while self._deeds and (everything or self._deeds[0].after <= self.published):
            await self._dnb.perform(self._deeds.popleft().kind)
