"""What is done to daemons, brokers and connections while the load goes on: three troublemakers at once.

Each deals its acts from a shuffled deck, so that all of them happen. An act is brought to its end; its waits end early
when the time is over.
"""

import asyncio
import contextlib
import datetime as dt
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.chaos.daemons import Daemon
from tests.chaos.expelling import expel_member
from tests.chaos.fault_proxy import FaultProxy, Way
from tests.chaos.staging import GROUP, SESSION_SECONDS, Stage, member_of

Act = Callable[[], Awaitable[None]]

BEYOND_SESSION_SECONDS = (SESSION_SECONDS + 1.5, SESSION_SECONDS + 4.0)
"""Others own the partitions by then."""

WITHIN_SESSION_SECONDS = (1.0, 5.0)
SLOW_SECONDS = (0.3, 1.2)
"""Added to a call, which may take 2 s: some fail, and no request arrives when its partition is somebody else's."""

OVERDUE_SECONDS = 2.5
"""Added to replies: no daemon waits so long."""

STALL_SECONDS = (1.5, 3.0)
NETWORK_SECONDS = (2.0, 4.0)
BEFORE_EXPULSION_SECONDS = (1.0, 2.0)
BROKER_AWAY_SECONDS = (2.0, 6.0)
BETWEEN_DAEMONS_SECONDS = (1.0, 3.0)
BETWEEN_BROKERS_SECONDS = (6.0, 10.0)
BETWEEN_NETWORKS_SECONDS = (1.0, 2.0)


class Troubles:
    """Makes trouble until it is told that the time is over; `counts` says what was done how often."""

    def __init__(self, stage: Stage, seed: int, diary: Path) -> None:
        """Take the stage, the seed of chance, and the file that says when what was done, to be read beside the logs."""
        self.counts: Counter[str] = Counter()
        self._stage = stage
        self._diary = diary
        self._chance = random.Random(seed)
        self._over = asyncio.Event()
        self._network = asyncio.Lock()

    def end(self) -> None:
        """Begin no act any more."""
        self._over.set()

    async def make(self) -> None:
        """Make trouble; returns after `end`, when what was begun is done."""
        daemons = [self._crash, self._crash_for_long, self._freeze, self._freeze_for_long, self._expel, self._roll]
        network = [self._slow_requests, self._slow_replies, self._overdue_replies, self._stall_dnb, self._cut_dnb]
        network += [self._slow_kafka, self._stall_kafka, self._cut_kafka, self._cut_off_kafka]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deal(daemons, BETWEEN_DAEMONS_SECONDS))
            tasks.create_task(self._deal([self._kill_broker], BETWEEN_BROKERS_SECONDS))
            tasks.create_task(self._deal([self._alone(act) for act in network], BETWEEN_NETWORKS_SECONDS))

    async def _deal(self, acts: Sequence[Act], between: tuple[float, float]) -> None:
        deck: list[Act] = []
        while await self._go_on(between):
            deck = deck or self._chance.sample(acts, len(acts))
            await deck.pop()()

    async def _go_on(self, seconds: tuple[float, float]) -> bool:
        """Wait some time; tell whether there is still time for more."""
        try:
            await asyncio.wait_for(self._over.wait(), self._chance.uniform(*seconds))
        except TimeoutError:
            return True
        return False

    # -- daemons -----------------------------------------------------------------------------------------------

    async def _crash(self) -> None:
        """Kill a daemon, and start it again at once."""
        daemon = self._victim("daemon_kills")
        daemon.crash()
        daemon.begin()
        await daemon.working()

    async def _crash_for_long(self) -> None:
        """Kill a daemon, and start it when others have its partitions, on an empty disk, as on another machine."""
        daemon = self._victim("daemon_kills")
        daemon.crash()
        daemon.lose_disk()
        self._note("disks_lost", f"daemon {daemon.name}")
        await self._go_on(BEYOND_SESSION_SECONDS)
        daemon.begin()
        await daemon.working()

    async def _freeze(self) -> None:
        """Stop a daemon for a while, as a machine that is out of memory does."""
        await self._freeze_one("daemon_pauses", WITHIN_SESSION_SECONDS)

    async def _freeze_for_long(self) -> None:
        """Stop a daemon until others have its partitions, and let it go on as if they were still its own."""
        daemon = await self._freeze_one("daemon_pauses_beyond_session", BEYOND_SESSION_SECONDS)
        await daemon.working()

    async def _freeze_one(self, name: str, seconds: tuple[float, float]) -> Daemon:
        daemon = self._victim(name)
        daemon.freeze()
        await self._go_on(seconds)
        daemon.thaw()
        return daemon

    async def _expel(self) -> None:
        """Take a daemon out of the group while its calls are under way: it learns of that after others have begun."""
        async with self._network:
            daemon = self._chance.choice(self._stage.daemons)
            with self._stage.proxies[daemon.name].slowed("replies", SLOW_SECONDS[1]):
                while await self._go_on(BEFORE_EXPULSION_SECONDS):
                    if await expel_member(self._stage.cluster.straight, GROUP, member_of(daemon.name)):
                        self._note("expulsions", f"daemon {daemon.name}")
                        break
                await self._go_on(NETWORK_SECONDS)

    async def _roll(self) -> None:
        """Restart the daemons in good order, one after the other."""
        self._note("rolling_restarts")
        for daemon in self._stage.daemons:
            await daemon.leave()
            daemon.begin()
            await daemon.working()

    def _victim(self, name: str) -> Daemon:
        daemon = self._chance.choice(self._stage.daemons)
        self._note(name, f"daemon {daemon.name}")
        return daemon

    def _note(self, name: str, whom: str = "", count: int = 1) -> None:
        self.counts[name] += count
        with self._diary.open("a", encoding="utf-8") as diary:
            diary.write(f"{dt.datetime.now(dt.UTC).isoformat()} {name} {whom}\n")

    # -- brokers -----------------------------------------------------------------------------------------------

    async def _kill_broker(self) -> None:
        """Kill a node, bring it back, and wait until it has caught up: two at once are more than Kafka promises."""
        cluster = self._stage.cluster
        node = self._chance.choice(cluster.nodes)
        self._note("broker_kills", node.bootstrap)
        await cluster.kill_node(node)
        await self._go_on(BROKER_AWAY_SECONDS)
        await cluster.start_node(node)
        await cluster.whole()

    # -- connections -------------------------------------------------------------------------------------------

    def _alone(self, act: Act) -> Act:
        """Return the act so that no other touches connections meanwhile."""

        async def act_alone() -> None:
            async with self._network:
                await act()

        return act_alone

    async def _slow_requests(self) -> None:
        await self._slow_dnb("slow_requests", "requests", self._chance.uniform(*SLOW_SECONDS))

    async def _slow_replies(self) -> None:
        await self._slow_dnb("slow_replies", "replies", self._chance.uniform(*SLOW_SECONDS))

    async def _overdue_replies(self) -> None:
        await self._slow_dnb("overdue_replies", "replies", OVERDUE_SECONDS)

    async def _slow_dnb(self, name: str, way: Way, seconds: float) -> None:
        self._note(name)
        with self._dnb_proxy().slowed(way, seconds):
            await self._go_on(NETWORK_SECONDS)

    async def _stall_dnb(self) -> None:
        self._note("stalls")
        with self._dnb_proxy().stalled():
            await self._go_on(STALL_SECONDS)

    async def _cut_dnb(self) -> None:
        self._note("connections_cut", count=self._dnb_proxy().cut())

    async def _slow_kafka(self) -> None:
        self._note("slow_brokers")
        with self._kafka_proxy().slowed("replies", SLOW_SECONDS[0]):
            await self._go_on(NETWORK_SECONDS)

    async def _stall_kafka(self) -> None:
        self._note("broker_stalls")
        with self._kafka_proxy().stalled():
            await self._go_on(STALL_SECONDS)

    async def _cut_kafka(self) -> None:
        self._note("broker_connections_cut", count=self._kafka_proxy().cut())

    async def _cut_off_kafka(self) -> None:
        """Hold back everything between the daemons and Kafka for longer than their sessions last."""
        self._note("kafka_cut_off")
        with contextlib.ExitStack() as stack:
            for proxy in self._stage.cluster.proxies:
                stack.enter_context(proxy.stalled())
            await self._go_on(BEYOND_SESSION_SECONDS)

    def _dnb_proxy(self) -> FaultProxy:
        return self._stage.proxies[self._chance.choice(self._stage.daemons).name]

    def _kafka_proxy(self) -> FaultProxy:
        return self._chance.choice(self._stage.cluster.proxies)
