"""The simulated world: Kafka, DnB, the replicas, and the schedule that befalls them."""

import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import unquote

from daemon.core.actions import Send
from daemon.core.ledger import Entry, decode
from daemon.core.model import Change, Entity, Partition, entity_of
from daemon.core.procedure import Answered, Reply
from daemon.core.state import ALL_TENANTS
from daemon.dnb.tokens import Token
from daemon.edges.inbox import RawRecord
from daemon.edges.ledger_keys import HoldRecord, encode_record, hold_key
from daemon.edges.ledger_store import LedgerStore
from daemon.moment.envelope import decode as decode_envelope
from daemon.sandbox.accountant import DEEDS, Accountant, DeedKind
from daemon.sandbox.generating import ENVIRONMENT
from daemon.sandbox.judging import DeadLetter
from daemon.sandbox.planting import Planted
from tests.simulation.befalling import Befalling
from tests.simulation.kafka import COMPACTION_LAG_SECONDS, Coordinator, Log
from tests.simulation.meeting import Meeting
from tests.simulation.network import Network
from tests.simulation.overtaking import Overtaking
from tests.simulation.policy import policy_of
from tests.simulation.rebuilding import Rebuilding
from tests.simulation.replica import Replica
from tests.simulation.resting import Resting
from tests.simulation.schedules import EVERY_KIND, TIMED_FAULTS, TROUBLED_SECONDS, Schedule, Trouble
from tests.simulation.timeline import Timeline
from tests.simulation.turns import Turns
from tests.simulation.watching import ViolationError, Watch

TOPIC = "moment.changes"

STEPS_AT_MOST = 80_000
"""More steps than this are a loop without end."""


class World:
    """Everything there is, for one schedule."""

    def __init__(self, schedule: Schedule, *, tells: bool = False) -> None:
        """Set the world up; `tells` keeps a transcript."""
        self.schedule = schedule
        self.policy = policy_of(schedule)
        self.timeline = Timeline()
        self.chance = Random(schedule.seed)
        self.transcript: list[str] | None = [] if tells else None
        self.counts: Counter[str] = Counter()
        self.letters: list[DeadLetter] = []
        partitions = tuple(Partition(TOPIC, number) for number in range(schedule.partitions))
        self.inputs = {partition: Log(self.chance) for partition in partitions}
        self.ledgers = {partition: Log(self.chance) for partition in partitions}
        self.coordinator = Coordinator(self.timeline, self.chance, partitions, static=schedule.are_static)
        self.network = Network(schedule, self.timeline, self.chance, self.counts)
        self.overtaking = Overtaking(self)
        self.network.when_doubted = self.overtaking.doubted
        self.when_writing: Callable[[Replica, Entity | None], None] | None = None
        self.when_sending: Callable[[Replica, Send], None] | None = None
        self.watch = Watch(self)
        self.network.when_served = self.watch.served
        self.meeting = Meeting(self.timeline, self.struck)
        self.network.when_met = self.meeting.met
        self.turns = Turns(schedule, self.struck)
        self.replicas: dict[str, Replica] = {}
        self.registry = dict(schedule.tenants)
        self.registry_number = 0
        self.first_named: dict[str, int] = {}
        self.clocks_ahead: dict[str, float] = {}
        self.clock_steps: dict[str, Trouble] = {}
        self.steps = 0
        self.ledgers_removed: set[Partition] = set()
        self.final: dict[Entity, Entry] = {}
        self.is_calm = False
        self._folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=_memory()))
        self._lives = 0
        self._replays = 0
        self._accountants = [
            Accountant(self.network.emulator, company.key, EVERY_KIND, self.timeline.now)
            for company in schedule.companies
        ]

    # -- running -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Let the schedule unfold, calm the world down, and wait until it is at rest; raises `ViolationError`."""
        try:
            self._begin()
            self.pass_time(TROUBLED_SECONDS)
            self.calm_down()
            self.come_to_rest()
        finally:
            self.close()

    def close(self) -> None:
        """End every process, and remove their disks."""
        for replica in self.replicas.values():
            if replica.process.is_alive:
                replica.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> None:
        befalling = Befalling(self)
        befalling.leave_out_tenants()
        for accountant in self._accountants:
            accountant.begin(self.timeline.now)
        for number in range(self.schedule.replicas):
            name = f"replica-{number}"
            self.timeline.after(self.chance.uniform(0.0, 1.0), partial(self.start, name))
        for record, at in zip(self.schedule.records, self.schedule.produced_at, strict=True):
            self.timeline.after(at, partial(self.publish, record))
        for at, kind in enumerate(DEEDS):
            self.timeline.after(TROUBLED_SECONDS * (0.4 + 0.1 * at), partial(self._perform, kind))
        for trouble in self.schedule.troubles:
            if trouble.kind in TIMED_FAULTS:
                self.timeline.after(trouble.at, partial(befalling.befall, trouble))

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass, and all that is planned for them."""
        until = self.timeline.now + seconds
        while self.timeline.step(until):
            self.count_step()

    def count_step(self) -> None:
        """Count one thing that has happened; too many are a loop without end."""
        self.steps += 1
        if self.steps > STEPS_AT_MOST:
            raise ViolationError(f"no rest after {self.steps} steps")

    def _perform(self, kind: DeedKind) -> None:
        for accountant in self._accountants:
            accountant.perform(kind, self.timeline.now)

    def struck(self, trouble: Trouble) -> None:
        """Take note of a trouble that has struck."""
        self.counts[trouble.kind] += 1
        self.say("trouble", trouble.kind)

    def say(self, who: str, what: str) -> None:
        """Put a line into the transcript, if one is kept."""
        if self.transcript is not None:
            self.transcript.append(f"{self.timeline.elapsed:9.3f}  {who:<10}  {what}")

    # -- replicas ----------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a process under that name, on whatever its disk holds."""
        self._lives += 1
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        identity = name if self.schedule.are_static else f"{name}#{self._lives}"
        ahead = self.clocks_ahead.get(name, 0.0)
        step = self.clock_steps.pop(name, None)
        if step is not None:
            self.struck(step)
        self.say(identity, "starts")
        self.replicas[name] = Replica(self, identity, folder, clock_ahead=ahead)

    def end(self, replica: Replica, *, seconds: float | None = None, keeps_disk: bool = True) -> None:
        """Kill a process, and start it again after a while."""
        if not replica.process.is_alive:
            return
        replica.crash()
        self.coordinator.miss(replica.name, replica)
        name = next(name for name, one in self.replicas.items() if one is replica)
        if not keeps_disk:
            shutil.rmtree(replica.folder)
        down = self.chance.uniform(0.2, 4.0) if seconds is None else seconds
        self.timeline.after(0.0 if self.is_calm else down, lambda: self._start_again(name))

    def _start_again(self, name: str) -> None:
        if not self.replicas[name].process.is_alive:
            self.start(name)

    def start_when_ended(self, replica: Replica, seconds: float) -> None:
        """Start a process again that is handing over, not before so many seconds have passed."""
        name = next(name for name, one in self.replicas.items() if one is replica)

        def again() -> None:
            if replica.process.is_alive:
                self.timeline.after(1.0, again)
            else:
                self._start_again(name)

        self.timeline.after(seconds, again)

    # -- Kafka -------------------------------------------------------------------------------------------------

    def home(self, entity: Entity) -> Partition:
        """Return the partition of an entity's changes."""
        return self.home_of(entity.tenant) if self.schedule.is_keyed_by_tenant else self._partition(entity.key.encode())

    def home_of(self, tenant: str) -> Partition:
        """Return the partition of a tenant's changes, where the tenant is the key."""
        return self._partition(tenant.encode())

    def _partition(self, key: bytes) -> Partition:
        return Partition(TOPIC, zlib.crc32(key) % len(self.inputs))

    def publish(self, planted: Planted) -> None:
        """Let Moment publish a change."""
        self.watch.written.said(planted)
        self.produce(planted.key, planted.value)

    def produce(self, key: bytes, value: bytes | None, replay: str | None = None) -> None:
        """Append a record to its input partition; whoever owns that will fetch it."""
        message = decode_envelope(value, environment=ENVIRONMENT, replay=replay)
        partition = self.home(message.entity) if isinstance(message, Change) else self._partition(key)
        offset = self.inputs[partition].append(key, value, replay)
        if replay is not None:
            self.watch.settlements.replay(partition, offset)
        if isinstance(message, Change):
            what = f"{message.entity.key} version {message.version}{' once more' if replay else ''}"
            self.say("moment", f"{what} at {partition.number}/{offset}")
        for replica in self.replicas.values():
            replica.process.do(replica.source.want_fetch)

    def is_about_to_write(self, replica: Replica, entity: Entity | None) -> None:
        """Let befall a process what waits for one that has a ledger record to write, of an entity or about itself."""
        if self.when_writing is not None:
            self.timeline.after(0.0, partial(self.when_writing, replica, entity))

    def append_ledger(self, partition: Partition, key: str, value: bytes, writer: Replica | None = None) -> int:
        """Append a record to a ledger; whoever follows it will read it."""
        offset = self.ledgers[partition].append(key.encode(), value)
        self.watch.recorded(key, value)
        if self.transcript is not None:
            self.say(writer.name if writer else "person", f"ledger {partition.number}/{offset}: {_told(key, value)}")
        for replica in self.replicas.values():
            replica.process.do(partial(replica.source.follow_soon, partition))
        return offset

    def compact(self) -> int:
        """Compact the ledgers as far as living owners have known them long enough; return how many records went."""
        removed = 0
        for partition, log in self.ledgers.items():
            owner = self.coordinator.owner(partition)
            if self.store_of(partition) is not None and isinstance(owner, Replica) and owner.is_heard:
                since = self.timeline.now - COMPACTION_LAG_SECONDS
                removed += log.compact(owner.source.owned[partition].read_before(since))
        return removed

    def append_letter(self, partition: Partition, raw: RawRecord, reason: str) -> None:
        """Append a dead letter."""
        self.letters.append(DeadLetter(raw.key, raw.value, reason))
        self.watch.settlements.letter(partition, raw.offset)

    def carry(
        self, replica: Replica, send: Send, token: Token, hear: Callable[[Reply], None], late_since: int | None
    ) -> None:
        """Carry a call to DnB, and its answer back."""
        if self.transcript is None:
            self.network.carry(send, token.access_token, hear, late_since=late_since)
            return
        said = f"{send.tenant} {send.call.method} {unquote(send.call.target)} {(send.call.body or b'').decode()[:160]}"

        def heard(reply: Reply) -> None:
            told = f"{reply.status}" if isinstance(reply, Answered) else f"{type(reply).__name__} {reply.reason}"
            body = reply.body.decode()[:200] if isinstance(reply, Answered) else ""
            self.say(replica.name, f"hears {told} {body} to {said[:90]}")
            hear(reply)

        self.say(replica.name, said if late_since is None else f"late: {said}")
        self.network.carry(send, token.access_token, heard, late_since=late_since)

    def commit(self, replica: Replica, number: int, offsets: Mapping[Partition, int]) -> bool:
        """Let the coordinator judge a commit."""
        before = dict(self.coordinator.committed)
        if not self.coordinator.commit(replica.name, replica, number, offsets):
            return False
        self.watch.committed(replica, before, offsets)
        return True

    # -- people and tenants ------------------------------------------------------------------------------------

    def bring_back(self, name: str) -> None:
        """Let the tenants file name a tenant as it was, or is from now on."""
        self.registry[name] = self.schedule.tenants[name]
        self.tell_tenants()

    def note_named(self) -> None:
        """Note at which of its changes the tenants file has named each tenant first."""
        self.first_named = dict.fromkeys(self.registry, self.registry_number) | self.first_named

    def tell_tenants(self) -> None:
        """Let every process read the tenants file again soon."""
        self.registry_number += 1
        self.note_named()
        for replica in self.replicas.values():
            replica.after(0.0, 0.5, replica.read_tenants)

    def write_hold(self, scope: str, hold: HoldRecord) -> None:
        """Write a person's word on a tenant, or on all, into every ledger."""
        for partition in self.ledgers:
            self.append_ledger(partition, hold_key(scope), encode_record(hold))

    def release(self, scope: str) -> None:
        """Release what a person holds, if anything."""
        self.write_hold(scope, HoldRecord(is_held=False, since=self.timeline.now))

    def replay(self, entity: Entity, version: int) -> bool:
        """Write a change to its partition once more, as `replay` does; tell whether it is there."""
        for record in self.inputs[self.home(entity)].records:
            message = decode_envelope(record.value, environment=ENVIRONMENT)
            is_its = isinstance(message, Change) and message.entity == entity
            if is_its and isinstance(message, Change) and message.version == version:
                self._replays += 1
                self.produce(record.key or b"", record.value, f"replay-{self._replays}")
                return True
        return False

    # -- peace -------------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self.say("world", "calms down")
        self.is_calm = self.turns.is_calm = True
        self.network.calm_down()
        self.meeting.calm_down()
        for scope in (ALL_TENANTS, *self.schedule.tenants):
            self.release(scope)
        for name in self.schedule.tenants:
            self.bring_back(name)

    def come_to_rest(self) -> None:
        """Wait until nothing happens any more, and keep what the ledgers then know."""
        Resting(self).come_to_rest()
        self.watch.rested()
        self.final = self.entries()
        if self.schedule.is_rebuilt:
            Rebuilding(self).check()
            self.watch.rested()
            self.final = self.entries()

    def store_of(self, partition: Partition) -> LedgerStore | None:
        """Return the local store of a partition's owner, None while nobody has restored it."""
        owner = self.coordinator.owner(partition)
        is_restored = isinstance(owner, Replica) and partition in owner.source.owned
        is_ready = is_restored and isinstance(owner, Replica) and owner.source.owned[partition].generation is not None
        return owner.stores.get(partition) if is_ready and isinstance(owner, Replica) else None

    def entries(self) -> dict[Entity, Entry]:
        """Return what the owners know of every entity."""
        known: dict[Entity, Entry] = {}
        for partition in self.inputs:
            store = self.store_of(partition)
            if store is not None:
                known.update((entity, entry) for entity, entry in store.parked())
                entities = [entity for entity in self.watch.highest if self.home(entity) == partition]
                known.update((entity, stored.entry) for entity, stored in store.get(entities).items())
        return known


def _told(key: str, value: bytes) -> str:
    entry = decode(value) if entity_of(key) else None
    if not isinstance(entry, Entry):
        return key
    parked = f", parked {entry.parked.version} {entry.parked.reason}" if entry.parked else ""
    dirty = " dirty" if entry.dirty_until is not None else ""
    return f"{key} delivered {entry.version}{parked}{dirty} ({entry.generation.epoch}.{entry.generation.number})"


def _memory() -> str | None:
    """Return a folder that is kept in memory, None where there is none."""
    shared = Path("/dev/shm")  # noqa: S108 - Linux's own folder in memory; what is made in it has a name of its own
    return str(shared) if shared.is_dir() else None
