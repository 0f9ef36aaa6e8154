"""The planner's promises, kept in a world where everything goes wrong that may: whatever a seed brings about."""

from collections import Counter

import pytest

from daemon.core.events import Lost, Revoking, TenantsChanged, TokenRenewed, Woke
from daemon.core.model import KINDS, Change, Entity, Ignored, Undecodable
from daemon.core.pacing import FOREVER
from daemon.core.state import ALL_TENANTS
from tests.core.driver import REGISTRY, Driver
from tests.core.world import HOMES, needs_of

SEEDS_A_TEST = 25
STEPS = 250
FATES = ("unreachable", "unanswered", "500", "503", "400", "403", "429", "429 all", "not_sent")
QUIET_SECONDS = 400.0
TELLING = ("conflict", "invalid_data", "internal_error")
"""The reasons for which a change may still be parked when all is well again."""


class Story:
    """What befalls a planner: records, faults, rebalances, tenants' comings and goings; then peace."""

    def __init__(self, seed: int) -> None:
        """Begin the story of that seed."""
        self.driver = Driver(seed)
        self.random = self.driver.random
        self.trouble = self.random.choice((0.0, 0.1, 0.4))
        self.newest: dict[Entity, Change] = {}
        self.versions: Counter[Entity] = Counter()

    def unfold(self) -> None:
        """Let something happen, so many times."""
        doings = (
            (self.produce, 3),
            (self.fetch, 3),
            (self.take, 8),
            (self.answer, 6),
            (self.acknowledge, 5),
            (self.commit, 4),
            (self.pass_time, 5),
            (self.rebalance, 0.5),
            (self.change_tenants, 0.3),
            (self.hold, 0.2),
            (self.renew_token, 0.2),
            (self.follow, 1),
        )
        for group in self.driver.groups.values():
            self.driver.assign(group)
        for _ in range(STEPS):
            (doing,) = self.random.choices([one for one, _ in doings], [weight for _, weight in doings])
            doing()

    # -- what happens ------------------------------------------------------------------------------------------

    def produce(self) -> None:
        """Change something in Moment: often again, sometimes out of order, now and then nonsense."""
        driver, tenant = self.driver, self.random.choice(sorted(HOMES))
        topic = driver.groups[HOMES[tenant]].topic
        kind = self.random.choices(KINDS, (4, 2, 2))[0]
        entity = Entity(tenant, kind, self.random.randint(1, 4))
        newest, chance = self.newest.get(entity), self.random.random()
        if chance < 0.05:
            topic.append(self.random.choice((Ignored("null"), Undecodable("not_json", "line 1"))))
        elif newest and chance < 0.15:
            topic.append(newest)
        elif newest and chance < 0.2:
            topic.append(Change(entity, newest.version, newest.occurred_at, newest.data, "replay"))
        elif chance < 0.24:
            self.versions[entity] += 1
            topic.append(Change(entity, self.versions[entity], driver.now, b"draft"))
        else:
            before = self.versions[entity]
            made = [Change(entity, before + number, driver.now, self._data()) for number in (1, 2)]
            made = made[: self.random.choice((1, 1, 1, 2))]
            self.newest[entity] = made[-1]
            self.versions[entity] = made[-1].version
            topic += self.random.sample(made, len(made))

    def _data(self) -> bytes:
        if self.random.random() < 0.08:
            return self.random.choice((b"bad", b"bug"))
        return f"{self.random.randint(0, 2)};{self.random.randint(0, 2)}".encode()

    def fetch(self) -> None:
        """Fetch from one partition."""
        group = self.random.choice(list(self.driver.groups.values()))
        if group.is_ours and not group.is_ending and not group.is_paused:
            self.driver.fetch(group, self.random.randint(1, 4))

    def take(self) -> None:
        """Let the runner take an event."""
        if self.driver.inbox:
            self.driver.take()

    def answer(self) -> None:
        """Let DnB answer a call."""
        if self.driver.flights:
            fate = self.random.choice(FATES) if self.random.random() < self.trouble else "fine"
            self.driver.answer(self.random.choice(sorted(self.driver.flights)), fate)

    def acknowledge(self) -> None:
        """Let a ledger or the dead letters acknowledge."""
        ledger = self.random.choice(list(self.driver.ledgers.values()))
        for _ in range(self.random.randint(1, 3)):
            self.driver.acknowledge(ledger)
        self.driver.acknowledge_letters()

    def commit(self) -> None:
        """Let the coordinator answer."""
        if self.driver.commit:
            self.driver.end_commit(accepted=self.random.random() < 0.95)

    def pass_time(self) -> None:
        """Let time pass, to the wake-up that is asked for or not so far."""
        self.driver.pass_time(self.random.choice((0.01, 0.1, 0.5, 2.0)))

    def rebalance(self) -> None:
        """Give a partition, ask it back, or lose it."""
        driver = self.driver
        group = self.random.choice(list(driver.groups.values()))
        if not group.is_ours:
            driver.assign(group)
        elif self.random.random() < 0.5 and not group.is_ending:
            group.is_ending = True
            driver.handle(Revoking((group.partition,), driver.now + self.random.choice((2.0, 10.0))))
        else:
            driver.handle(Lost((group.partition,)))

    def change_tenants(self) -> None:
        """Hold, remove, change or bring back a tenant."""
        driver, name = self.driver, self.random.choice(sorted(HOMES))
        doing = self.random.choice(("remove", "hold", "weigh", "return", "return"))
        driver.change_tenant(name, doing)

    def hold(self) -> None:
        """Let a person hold a tenant or everything, or release what may be held."""
        scope = self.random.choice((*sorted(HOMES), ALL_TENANTS))
        self.driver.hold(scope, self.random.choice((None, None, 3.0, FOREVER)))

    def renew_token(self) -> None:
        """Ask for a token."""
        self.driver.handle(TokenRenewed(self.random.choice((None, "token_refused"))))

    def follow(self) -> None:
        """Let a former owner's late record appear."""
        for ledger in self.driver.ledgers.values():
            if ledger.late:
                self.driver.follow(ledger)

    # -- peace -------------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """Let nothing go wrong any more, and let time pass from wake-up to wake-up."""
        driver = self.driver
        self.follow()
        for scope in (*HOMES, ALL_TENANTS):
            driver.hold(scope, None)
        driver.registry = dict(REGISTRY)
        driver.handle(TenantsChanged(dict(REGISTRY)))
        until = driver.now + QUIET_SECONDS
        while driver.now < until:
            self._finish()
            before = driver.now
            driver.now = max(driver.now, driver.planner.next_wake(driver.now))
            assert driver.now < before + 10.0, "nothing wants to happen any more, not even a commit"
            driver.books.settle_late(driver.now)
            driver.handle(Woke())
        self._finish()

    def _finish(self) -> None:
        """Do all that can be done at this instant; it must come to an end."""
        for _ in range(1_000):
            if not self._do_something():
                return
        pytest.fail("the planner never rests")

    def _do_something(self) -> bool:
        driver = self.driver
        for group in driver.groups.values():
            if not group.is_ours:
                driver.assign(group)
            elif not group.is_ending and not group.is_paused and group.position < len(group.topic):
                driver.fetch(group, 3)
        for ledger in driver.ledgers.values():
            driver.acknowledge(ledger)
        driver.acknowledge_letters()
        if driver.commit:
            driver.end_commit(accepted=True)
        for ticket in list(driver.flights):
            driver.answer(ticket, "fine")
        is_busy = bool(driver.inbox)
        driver.drain()
        if not is_busy and driver.planner.next_wake(driver.now) <= driver.now:
            driver.handle(Woke())
            assert driver.planner.next_wake(driver.now) > driver.now or driver.is_busy, "a wake-up stays in the past"
        return is_busy or driver.is_busy or not all(group.is_ours for group in driver.groups.values())

    # -- the end -----------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Check that everything was settled, and that each entity is as Moment has it or says why not."""
        assert 0 == self.driver.planner.status(self.driver.now).in_hand
        for partition, group in self.driver.groups.items():
            assert len(group.topic) == group.committed, partition
        for entity, newest in self.newest.items():
            self._judge_entity(entity, newest)

    def _judge_entity(self, entity: Entity, newest: Change) -> None:
        entry = self.driver.ledgers[HOMES[entity.tenant]].store[entity].entry
        assert newest.version == entry.highest, entity
        if entry.parked and entry.parked.blocked_by:
            needs = {need.key: need for need in needs_of(entity)}
            assert not self._is_delivered(needs[entry.parked.blocked_by]), (entity, entry)
            return
        if entry.parked:
            assert entry.parked.reason in TELLING, (entity, entry)
            return
        assert None is entry.due, (entity, entry)
        assert newest.data.decode() == self.driver.books.text(entity.key), entity

    def _is_delivered(self, entity: Entity) -> bool:
        held = self.driver.ledgers[HOMES[entity.tenant]].store.get(entity)
        return held is not None and held.entry.dnb_id is not None


@pytest.mark.parametrize("part", range(8))
def test_whatever_happens_the_promises_are_kept(part: int) -> None:
    """Nothing is lost, committed too early, called twice at once or above the quota; in the end DnB equals Moment."""
    for seed in range(part * SEEDS_A_TEST, (part + 1) * SEEDS_A_TEST):
        story = Story(seed)
        story.unfold()
        story.calm_down()
        story.judge()
