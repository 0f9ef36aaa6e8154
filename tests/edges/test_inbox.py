"""The runner's inbox."""

import asyncio

from daemon.core.events import Recorded, Woke
from daemon.edges.inbox import Inbox


async def test_everything_is_taken_at_once_in_its_order() -> None:
    """What was put in comes out as a whole, oldest first, and only once."""
    inbox = Inbox()
    for ticket in range(3):
        inbox.put(Recorded((ticket,)))
    assert [Recorded((0,)), Recorded((1,)), Recorded((2,))] == inbox.take()
    assert [] == inbox.take()


async def test_a_taker_wakes_when_something_comes() -> None:
    """Waiting for events ends with the first of them, and lasts again when all are taken."""
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.filled())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(Woke())
    await asyncio.wait_for(waiting, 1.0)
    inbox.take()
    again = asyncio.create_task(inbox.filled())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


async def test_a_fetcher_waits_until_its_records_are_taken() -> None:
    """A fetcher keeps pace with the planner: it goes on when the inbox is taken, at once if it is empty."""
    inbox = Inbox()
    await asyncio.wait_for(inbox.emptied(), 1.0)
    inbox.put(Woke())
    waiting = asyncio.create_task(inbox.emptied())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.take()
    await asyncio.wait_for(waiting, 1.0)
