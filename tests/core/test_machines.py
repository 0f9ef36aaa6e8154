"""State machines: whatever is done in whatever order, each part keeps its rules.

Each machine drives one part beside a model that is too simple to be wrong.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.core.lanes import Item, Lane
from daemon.core.ledger import Entry, Parked, decode, encode, rank
from daemon.core.model import Change, Entity, Generation, Tenant
from daemon.core.offsets import Offsets
from daemon.core.pacing import FOREVER, Limits, Pacing
from daemon.core.retrying import Retrying
from daemon.edges.ledger_store import LedgerStore

ENTITY = Entity("a", "customer", 1)
TENANTS = {"a": 5.0, "b": 20.0, "c": 1.0}
LIMITS = Limits(quota=12.0, concurrency=4, tenant_concurrency=2, burst_seconds=0.5)


class OffsetsMachine(RuleBasedStateMachine):
    """Offsets open in order, settle in any, with gaps: the watermark never passes one that is open."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets = Offsets(10)
        self.open: set[int] = set()
        self.highest_watermark = 10

    @rule(gap=st.integers(0, 3))
    def take(self, gap: int) -> None:
        """A record comes, perhaps behind a gap."""
        offset = self.offsets.position + gap
        self.offsets.open(offset)
        self.open.add(offset)

    @rule(gap=st.integers(-3, 3))
    def pass_a_gap(self, gap: int) -> None:
        """A fetch tells that nothing lies before an offset."""
        self.offsets.advance(self.offsets.position + gap)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def settle(self, data: Any) -> None:  # noqa: ANN401 - Hypothesis' own
        """Any open record settles."""
        offset = data.draw(st.sampled_from(sorted(self.open)))
        self.open.remove(offset)
        self.offsets.settle(offset)

    @invariant()
    def watermark_is_the_lowest_open_offset(self) -> None:
        """Everything before it is settled; it never moves back."""
        assert min(self.open, default=self.offsets.position) == self.offsets.watermark
        assert self.offsets.watermark >= self.highest_watermark
        self.highest_watermark = self.offsets.watermark
        assert (len(self.open), sorted(self.open)) == (self.offsets.open_count, self.offsets.open_offsets())


class LaneMachine(RuleBasedStateMachine):
    """Changes are offered and taken: at most one queues, and only the newest offered one is left of those."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane(ENTITY, Entry(version=3))
        self.highest = 3
        self.offered: list[Item] = []
        self.gone: list[Item] = []

    @rule(step=st.integers(1, 4), is_suspect=st.booleans())
    def offer(self, step: int, is_suspect: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """A newer version comes."""
        self.highest += step
        change = Change(ENTITY, self.highest, 0.0, b"x")
        item = Item(change, len(self.offered), "record", is_suspect=is_suspect, is_background=False)
        self.offered.append(item)
        superseded = self.lane.offer(item)
        if superseded is not None:
            assert superseded.change.version < item.change.version
            self.gone.append(superseded)

    @precondition(lambda self: self.lane.current is None)
    @rule()
    def advance(self) -> None:
        """The lane takes its next item."""
        queued = self.lane.queued
        assert queued is self.lane.advance()

    @precondition(lambda self: self.lane.current is not None)
    @rule(replaces=st.booleans())
    def end(self, replaces: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """The current item ends, or the queued one takes its place and its story."""
        current, queued = self.lane.current, self.lane.queued
        assert current is not None
        self.gone.append(current)
        if replaces and queued is not None:
            current.attempts += 1
            self.lane.advance()
            queued.inherit(current)
            assert (current.attempts, current.displaced + 1) == (queued.attempts, queued.displaced)
            assert queued.is_suspect or not current.is_suspect
        else:
            self.lane.current = None

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """Every offered item is current, queued or gone, once; the lane knows the highest version."""
        held = [item for item in (self.lane.current, self.lane.queued) if item]
        assert Counter(map(id, self.offered)) == Counter(map(id, [*held, *self.gone]))
        assert self.highest == self.lane.version_seen


entries = st.builds(
    Entry,
    generation=st.builds(Generation, st.integers(0, 2), st.integers(0, 3)),
    version=st.integers(0, 4),
    parked=st.none() | st.builds(
        Parked,
        version=st.integers(1, 5), data=st.just(b""), occurred_at=st.just(0.0), reason=st.just("waiting"),
        since=st.just(0.0),
    ),
)  # fmt: skip


class MergeMachine(RuleBasedStateMachine):
    """Two replicas read one ledger partition in different orders, parts of it twice: both end with the same truth."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Entry] = []
        self.folder = tempfile.TemporaryDirectory(prefix="merge-")
        self.stores = [LedgerStore(Path(self.folder.name, f"{reader}.sqlite3")) for reader in (0, 1)]

    @rule(entry=entries)
    def append(self, entry: Entry) -> None:
        """Some process writes an entry."""
        self.log.append(entry)

    @precondition(lambda self: self.log)
    @rule(reader=st.integers(0, 1), data=st.data())
    def read(self, reader: int, data: Any) -> None:  # noqa: ANN401 - Hypothesis' own
        """A reader meets some records, for the first time or again, in any order."""
        offsets = st.lists(st.integers(0, len(self.log) - 1), min_size=1, max_size=5)
        self._meet(reader, data.draw(offsets))

    def _meet(self, reader: int, offsets: Sequence[int]) -> None:
        read = [(offset, decode(encode(self.log[offset]))) for offset in offsets]
        kept_from = self.stores[reader].merge(
            (ENTITY, entry, offset) for offset, entry in read if isinstance(entry, Entry)
        )
        found = self.stores[reader].get([ENTITY])[ENTITY]
        assert kept_from == {ENTITY: found.offset}
        assert all(rank(found.entry, found.offset) >= rank(self.log[offset], offset) for offset in offsets)

    def teardown(self) -> None:
        """Both read the rest, one from the front and one from the back."""
        everything = range(len(self.log))
        for offset in everything:
            self._meet(0, [offset])
            self._meet(1, [len(self.log) - 1 - offset])
        one, other = (store.get([ENTITY]) for store in self.stores)
        assert one == other
        if everything:
            truth = max(everything, key=lambda offset: rank(self.log[offset], offset))
            assert truth == one[ENTITY].offset
        for store in self.stores:
            store.close()
        self.folder.cleanup()


class PacingMachine(RuleBasedStateMachine):
    """Calls are asked for, granted, ended; tenants are held: no quota is exceeded, and nobody is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.pacing = Pacing(LIMITS)
        self.now = 1_000.0
        self.queued: dict[int, str] = {}
        self.flying: dict[int, str] = {}
        self.granted: list[tuple[float, str]] = []
        self.held: dict[str, float] = {}
        self.number = 0

    @initialize()
    def begin(self) -> None:
        """Name the tenants and take the whole share."""
        for name, quota in TENANTS.items():
            self.pacing.admit(Tenant(name=name, company=name, quota=quota))
        self.pacing.share(1.0, self.now)

    @rule(name=st.sampled_from(sorted(TENANTS)), background=st.booleans())
    def ask(self, name: str, background: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """A call wants its turn."""
        self.number += 1
        self.queued[self.number] = name
        self.pacing.enqueue(name, self.number, background=background)

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:  # noqa: ANN401 - Hypothesis' own
        """A queued call is not wanted any more."""
        ticket = data.draw(st.sampled_from(sorted(self.queued)))
        self.pacing.withdraw(self.queued.pop(ticket), ticket)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def end(self, data: Any) -> None:  # noqa: ANN401 - Hypothesis' own
        """A call is over."""
        ticket = data.draw(st.sampled_from(sorted(self.flying)))
        self.pacing.finish(self.flying.pop(ticket))
        self.pacing.succeeded(0.1, self.now)

    @rule(name=st.sampled_from(sorted(TENANTS)), seconds=st.floats(0.1, 3.0))
    def hold(self, name: str, seconds: float) -> None:
        """A tenant is told to wait."""
        self.held[name] = max(self.held.get(name, 0.0), self.now + seconds)
        self.pacing.hold(name, self.now + seconds)

    @rule(seconds=st.floats(0.001, 2.0))
    def pass_time(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule()
    def grant(self) -> None:
        """All that may go goes."""
        while (ticket := self.pacing.grant(self.now)) is not None:
            name = self.queued.pop(ticket)
            assert self.held.get(name, 0.0) <= self.now, "a held tenant was called for"
            self.flying[ticket] = name
            self.granted.append((self.now, name))
        assert self.pacing.next_grant(self.now) > self.now, "something may go and does not"

    @invariant()
    def no_quota_is_exceeded(self) -> None:
        """In any second no more was granted than a second's quota and a burst; nor more at once than may be."""
        for name, quota in (*TENANTS.items(), ("", LIMITS.quota)):
            lately = [at for at, whose in self.granted if at > self.now - 1.0 and name in {"", whose}]
            assert len(lately) <= quota + max(1.0, quota * LIMITS.burst_seconds) + 1e-6
        assert len(self.flying) <= LIMITS.concurrency
        assert max(Counter(self.flying.values()).values(), default=0) <= LIMITS.tenant_concurrency

    def teardown(self) -> None:
        """Left alone, every queued call gets its turn."""
        while self.queued:
            for ticket in list(self.flying):
                self.pacing.finish(self.flying.pop(ticket))
            self.grant()
            wake = self.pacing.next_grant(self.now)
            assert not self.queued or self.flying or wake < FOREVER, "a call waits for ever"
            self.now = wake if wake < FOREVER else self.now


class RetryingMachine(RuleBasedStateMachine):
    """A change fails again and again: each wait is within its bounds, and no two entities wait in step for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.retrying = Retrying()
        self.attempt = self.tries = 0
        self.now = 0.0

    @rule(key=st.sampled_from(["a/customer/1", "a/customer/2"]))
    def fail(self, key: str) -> None:
        """The change fails in its lane."""
        self.attempt += 1
        wait = self.retrying.back_off(key, self.attempt)
        assert 0.0 <= wait <= min(self.retrying.longest, self.retrying.first * 2.0 ** (self.attempt - 1))
        assert wait == self.retrying.back_off(key, self.attempt), "jitter must repeat"
        assert wait != self.retrying.back_off(f"{key}0", self.attempt), "two that failed at once must not wait in step"
        assert (
            self.retrying.first <= self.retrying.pause(key, self.attempt) <= self.retrying.first + self.retrying.longest
        )

    @rule()
    def fail_parked(self) -> None:
        """A parked change fails: the waits grow, and then stay."""
        wait = self.retrying.parked_step(self.tries)
        self.tries += 1
        assert wait <= self.retrying.parked_step(self.tries) <= self.retrying.longest_wait()

    @rule(seconds=st.floats(0.0, 10_000.0), tenant=st.sampled_from(["a", "b"]))
    def heal(self, seconds: float, tenant: str) -> None:
        """Refusals of a tenant are looked at again, all at one instant, not too late and never now."""
        self.now += seconds
        at = self.retrying.healing(tenant, self.now)
        assert self.now < at <= self.now + self.retrying.heal_every + 1e-6
        assert abs(at - self.retrying.healing(tenant, (self.now + at) / 2)) < 1e-3


for machine in (OffsetsMachine, LaneMachine, MergeMachine, PacingMachine, RetryingMachine):
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

TestOffsets = OffsetsMachine.TestCase
TestLane = LaneMachine.TestCase
TestMerge = MergeMachine.TestCase
TestPacing = PacingMachine.TestCase
TestRetrying = RetryingMachine.TestCase
