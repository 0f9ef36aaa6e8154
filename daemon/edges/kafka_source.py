"""The consumer group: fetching records, following rebalances, restoring what is assigned, committing offsets."""

import contextlib
from collections.abc import Mapping

import anyio
import anyio.abc
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from daemon.core.events import Assigned, Committed, Lost, Revoking
from daemon.core.model import Generation, Partition
from daemon.edges.clock import Clock
from daemon.edges.inbox import Batch, Inbox, RawRecord
from daemon.edges.kafka_client import disconnect, watch
from daemon.edges.kafka_connection import connection, source_errors
from daemon.edges.ledger_partition import LedgerPartition
from daemon.edges.ledgers import Ledgers
from daemon.settings import Settings

NO_GENERATION = -1
"""What aiokafka calls the generation of a member that the coordinator no longer knows."""

REPLAY_HEADER = "moment-dnb-replay"

FETCH_WAIT_MILLISECONDS = 200
"""How long a fetch waits for records: short, because a fetch is never cancelled and shutdown waits for it."""

FETCHED_AT_ONCE = 2_000
"""So many records go to the planner at once: enough to be cheap, few enough to keep it quick for others."""

RESTORE_AGAIN_SECONDS = 1.0
"""After Kafka failed in a restore: long enough for a new leader to be elected."""

log = structlog.get_logger()


class Ownership:
    """One partition while the group says it is ours: its restore, and whether it may go."""

    def __init__(self, number: int) -> None:
        """Take Kafka's generation number of the assignment."""
        self.number = number
        self.generation: Generation | None = None
        self.position = 0
        self.end = 0
        self.scope = anyio.CancelScope()
        self.closed = anyio.Event()


class KafkaSource(ConsumerRebalanceListener):
    """One member of the consumer group.

    aiokafka calls the two listener methods inside a rebalance. A partition comes paused; it is restored outside the
    callback and resumed when the planner has it. A partition goes when the planner has released it.
    """

    def __init__(self, settings: Settings, ledgers: Ledgers, inbox: Inbox, clock: Clock) -> None:
        """Take the settings, the ledgers to restore, where events go, and the clock."""
        self._settings = settings
        self._ledgers = ledgers
        self._inbox = inbox
        self._clock = clock
        self._owned: dict[Partition, Ownership] = {}
        self._is_joined = False
        self._is_leaving = False
        self._tasks: anyio.abc.TaskGroup | None = None
        self._consumer = AIOKafkaConsumer(
            **connection(settings),
            group_id=settings.group,
            group_instance_id=settings.member_id or None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=round(settings.session * 1_000),
            heartbeat_interval_ms=round(settings.heartbeat * 1_000),
            rebalance_timeout_ms=round(settings.rebalance * 1_000),
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
        )

    @property
    def is_ready(self) -> bool:
        """Tell whether the group has let us in and everything that is ours is restored."""
        return self._is_joined and all(one.generation is not None for one in self._owned.values())

    async def run(self) -> None:
        """Join the group and fetch, until `leave`; raises `SourceError` if Kafka cannot be used at all, or any more."""
        with source_errors("joining the consumer group"):
            await self._consumer.start()
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            self._consumer.subscribe(self._settings.topics, listener=self)
            async with anyio.create_task_group() as watching:
                watching.start_soon(watch, self._consumer)
                with source_errors("fetching records"):
                    while not self._is_leaving:
                        await self._fetch()
                watching.cancel_scope.cancel()
            await self._give_up_all(is_lost=self._generation() == NO_GENERATION)
            tasks.cancel_scope.cancel()

    async def aclose(self) -> None:
        """Leave the group and disconnect."""
        await disconnect(self._consumer)

    def leave(self) -> None:
        """Ask `run` to hand everything over and leave the group."""
        self._is_leaving = True

    def pause(self, partitions: tuple[Partition, ...]) -> None:
        """Fetch nothing more from these partitions."""
        self._consumer.pause(*self._still_assigned(partitions))

    def resume(self, partitions: tuple[Partition, ...]) -> None:
        """Fetch from these partitions, for the first time or again."""
        self._consumer.resume(*self._still_assigned(partitions))

    def release(self, partition: Partition) -> None:
        """End an ownership: its restore or following stops, and the rebalance may go on."""
        self._ledgers.retire(partition)
        self._owned[partition].scope.cancel()

    async def commit(self, offsets: Mapping[Partition, int]) -> Committed:
        """Commit offsets, once, within the time of a request; a refusal is told, not raised."""
        sent_at = self._clock.now()
        try:
            with anyio.fail_after(self._settings.request):
                await self._consumer.commit({_tp(partition): offset for partition, offset in offsets.items()})
        except (KafkaError, TimeoutError) as error:
            log.warning("offsets.commit_refused", error=type(error).__name__)
            return Committed(sent_at, accepted=False)
        return Committed(sent_at, accepted=True)

    # -- rebalances --------------------------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - it is always all
        """Give up everything; aiokafka names all partitions here, also when the session was lost."""
        self._is_joined = False
        await self._give_up_all(is_lost=self._generation() == NO_GENERATION)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Pause what is assigned, and have it restored outside this callback: heartbeats wait for its return."""
        self._consumer.pause(*assigned)
        if self._tasks is None or self._is_leaving:
            return
        self._is_joined = True
        for one in assigned:
            owned = Ownership(self._generation())
            self._owned[Partition(one.topic, one.partition)] = owned
            self._tasks.start_soon(self._own, Partition(one.topic, one.partition), owned)

    def _generation(self) -> int:
        """Return the group's generation number, which aiokafka shows nowhere else."""
        generation: int = self._consumer._coordinator.generation  # noqa: SLF001 - public nowhere
        return generation

    async def _give_up_all(self, *, is_lost: bool) -> None:
        ready = tuple(partition for partition, owned in self._owned.items() if owned.generation is not None)
        for owned in self._owned.values():
            if owned.generation is None:
                owned.scope.cancel()
        if ready:
            deadline = self._clock.now() + self._settings.drain
            self._inbox.put(Lost(ready) if is_lost else Revoking(ready, deadline))
        for owned in list(self._owned.values()):
            await owned.closed.wait()
        self._owned.clear()

    async def _own(self, partition: Partition, owned: Ownership) -> None:
        """Restore a partition, hand it to the planner, and follow its ledger until it is released."""
        with owned.scope:
            async with self._ledgers.stored(partition) as store:
                while True:
                    try:
                        async with self._ledgers.reading(partition, store) as ledger:
                            generation = owned.generation or await self._restore(partition, owned, ledger)
                            await ledger.follow(generation, self._inbox)
                    except KafkaError as error:
                        log.warning("ledger.read_failed", partition=partition.number, error=type(error).__name__)
                        await anyio.sleep(RESTORE_AGAIN_SECONDS)
        owned.closed.set()

    async def _restore(self, partition: Partition, owned: Ownership, ledger: LedgerPartition) -> Generation:
        at = _tp(partition)
        committed = await self._consumer.committed(at)
        restored = await self._ledgers.restore(partition, ledger, owned.number, is_new=committed is None)
        position = restored.rebuilt_to if restored.rebuilt_to is not None else committed
        if position is None:
            position = (await self._consumer.beginning_offsets([at]))[at]
        end = (await self._consumer.end_offsets([at]))[at]
        self._consumer.seek(at, position)
        owned.position, owned.end = position, end
        owned.generation = restored.generation
        assigned = Assigned(
            partition=partition,
            generation=restored.generation,
            position=position,
            end=end,
            handed_over=restored.is_handed_over,
            share=self._share(),
            parked=restored.summary.parked,
            waiting_tenants=restored.summary.waiting_tenants,
            blocked_tenants=restored.summary.blocked_tenants,
            known_tenants=restored.summary.known_tenants,
            former_kinds=restored.former_kinds,
            next_due=restored.summary.next_due,
            holds=restored.holds,
        )
        self._inbox.put(assigned)
        return restored.generation

    def _share(self) -> float:
        """Return what part of the group's partitions one partition is."""
        return 1.0 / sum(len(self._consumer.partitions_for_topic(topic) or {0}) for topic in self._settings.topics)

    def _still_assigned(self, partitions: tuple[Partition, ...]) -> list[TopicPartition]:
        assignment = self._consumer.assignment()
        return [_tp(partition) for partition in partitions if _tp(partition) in assignment]

    # -- fetching ----------------------------------------------------------------------------------------------

    async def _fetch(self) -> None:
        """Fetch once, and wait until the planner has taken it; never cancelled in the middle."""
        fetched = await self._consumer.getmany(timeout_ms=FETCH_WAIT_MILLISECONDS, max_records=FETCHED_AT_ONCE)
        for at, records in fetched.items():
            partition = Partition(at.topic, at.partition)
            owned = self._owned.get(partition)
            if owned is not None and owned.generation is not None and records:
                raw = [_raw(record) for record in records]
                owned.position = raw[-1].offset + 1
                self._inbox.put(Batch(partition, owned.generation, raw, owned.position))
        await self._tell_unseen()
        await self._inbox.emptied()

    async def _tell_unseen(self) -> None:
        """Tell that a partition was read to the end that it had at its assignment, where that end is shown to nobody.

        The marks of transactions are no records, and compaction leaves gaps; whoever waits for that offset must know.
        A position that a leader must be asked for is not waited for: it may be away.
        """
        for partition, owned in self._owned.items():
            if owned.generation is None or owned.position >= owned.end:
                continue
            with contextlib.suppress(IllegalStateError), anyio.move_on_after(0):
                position = await self._consumer.position(_tp(partition))
                if position > owned.position:
                    owned.position = position
                    self._inbox.put(Batch(partition, owned.generation, [], position))


def _tp(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)


def _raw(record: ConsumerRecord) -> RawRecord:
    replay = next((value.decode(errors="replace") for name, value in record.headers if name == REPLAY_HEADER), None)
    return RawRecord(record.offset, record.key, record.value, replay)
