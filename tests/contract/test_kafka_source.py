"""A member of the consumer group on Kafka: assignment, fetching, commits, rebalances, a lost session."""

import time
from pathlib import Path
from typing import Any, cast

import anyio
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from daemon.cli.run import first_cause
from daemon.core.events import Lost, Revoking
from daemon.core.model import Partition
from daemon.edges.clock import Clock
from daemon.edges.ledger_rebuild import Rebuild
from daemon.errors import ConfigurationError, SourceError
from daemon.settings import Settings
from tests.contract.bench import READ_SECONDS, Member, change, member, produce
from tests.contract.conftest import PARTITIONS, Broker
from tests.kafka_broker import LocalKafka
from tests.waiting import until

SESSION_SECONDS = 6.0
"""The shortest that Kafka allows."""

CLOCKS_APART_SECONDS = 0.1
"""Two clocks of one machine agree better than this."""

LOOKED_UP_SECONDS = 0.5
"""By then an offset would have been looked up."""

ALL = set(range(PARTITIONS))


def settings(broker: Broker, topic: str, folder: Path) -> Settings:
    """Return the settings of a member whose group is called like its topic."""
    return Settings(
        kafka_bootstrap=broker.bootstrap,
        topics=(topic,),
        group=topic,
        data_dir=folder,
        tenants_file=Path("unused"),
        dnb_base_url="http://unused",
        dnb_client_id="unused",
        dnb_private_key="unused",
        heartbeat=0.2,
        session=SESSION_SECONDS,
        request=3.0,
        rebalance=20.0,
        drain=2.0,
    )


async def owns(one: Member, count: int) -> None:
    """Wait until the member has so many partitions, all restored."""
    await until(lambda: len(one.holds) == count and one.source.is_ready)


async def test_a_member_is_assigned_restores_and_fetches(broker: Broker, tmp_path: Path) -> None:
    """The first member of a group gets every partition, is ready when all are restored, and fetches in order."""
    topic = (await broker.input()).topic
    for number in ALL:
        await produce(broker.bootstrap, Partition(topic, number), b"0", b"1")
    async with member(settings(broker, topic, tmp_path)) as one:
        assert not one.source.is_ready
        await owns(one, PARTITIONS)
        await until(lambda: len(one.records) == 2 * PARTITIONS)
        await produce(broker.bootstrap, Partition(topic, 2), b"2")
        await until(lambda: one.offsets(2) == [0, 1, 2])
    assert {0: [0, 1], 1: [0, 1], 2: [0, 1, 2], 3: [0, 1]} == {number: one.offsets(number) for number in ALL}
    assert {(0, 2, True, 1 / PARTITIONS)} == {
        (each.position, each.end, each.handed_over, each.share) for each in one.assignments()
    }


async def test_an_end_that_no_consumer_is_shown_is_told(real: Broker, tmp_path: Path) -> None:
    """The log ends with the mark of a transaction: whoever waits until all of it is read learns that it is."""
    partition = await real.input()
    topic = partition.topic
    async with AIOKafkaProducer(bootstrap_servers=real.bootstrap, transactional_id=topic) as producer:  # noqa: SIM117
        async with producer.transaction():
            await producer.send(topic, b"v", b"k", partition.number)
    async with member(settings(real, topic, tmp_path)) as one:
        await owns(one, PARTITIONS)
        await until(lambda: one.positions.get(partition.number) == 2)
        [assigned] = [each for each in one.assignments() if each.partition == partition]
    assert ([0], 2) == (one.offsets(partition.number), assigned.end)


async def test_a_partition_whose_end_cannot_be_looked_up_holds_up_no_other(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its leader is absent nobody knows where it is to be read on; the others are fetched, and we may leave."""
    partition = await real.input()
    other = Partition(partition.topic, 2)
    await produce(real.bootstrap, partition, b"0")
    async with member(settings(real, partition.topic, tmp_path)) as one:
        one.resumes = False
        await owns(one, PARTITIONS)
        consumer = cast("Any", one.source)._consumer  # noqa: SLF001 - what Kafka tells a member, nobody else can
        cluster = consumer._client.cluster  # noqa: SLF001
        leader, without = cluster.leader_for_partition, TopicPartition(partition.topic, partition.number)

        def leader_or_none(at: TopicPartition) -> Any:  # noqa: ANN401 - aiokafka's cluster has no type
            """Return the partition's leader, but none for the one."""
            return -1 if at == without else leader(at)

        monkeypatch.setattr(cluster, "leader_for_partition", leader_or_none)
        with anyio.move_on_after(LOOKED_UP_SECONDS):
            await consumer.seek_to_beginning(without)
        one.source.resume((other,))
        await produce(real.bootstrap, other, b"0")
        await until(lambda: one.offsets(2) == [0])


async def test_a_record_that_is_damaged_ends_the_member(restartable_kafka: LocalKafka, tmp_path: Path) -> None:
    """What Kafka itself does not notice on its disk is told as Kafka's trouble, and nothing is committed past it."""
    real = Broker(restartable_kafka.bootstrap, "real")
    partition = await real.input()
    await produce(real.bootstrap, partition, b"undamaged")
    disk: Path = cast("Any", restartable_kafka)._folder / "data"  # noqa: SLF001 - nobody else writes there
    [segment] = (disk / f"{partition.topic}-{partition.number}").glob("*.log")
    with segment.open("r+b") as file:
        file.seek(segment.read_bytes().index(b"undamaged"))
        file.write(b"__")
    with pytest.raises(BaseExceptionGroup) as caught:
        async with member(settings(real, partition.topic, tmp_path)):
            await anyio.sleep(READ_SECONDS)
    cause = first_cause(caught.value)
    assert isinstance(cause, SourceError)
    assert str(cause).startswith("fetching records: CorruptRecordException; check the brokers")


async def test_a_replays_header_comes_with_its_record(broker: Broker, tmp_path: Path) -> None:
    """Who replays a change names the replay in a header; other headers mean nothing."""
    partition = await broker.input()
    headers = [("other", b"x"), ("moment-dnb-replay", b"r-\xff1")]
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        await producer.send_and_wait(partition.topic, b"v", b"k", partition.number, headers=headers)
    async with member(settings(broker, partition.topic, tmp_path)) as one:
        await until(lambda: len(one.records) == 1)
    [(_, record)] = one.records
    assert (b"k", b"v", "r-\ufffd1") == (record.key, record.value, record.replay)


async def test_a_paused_partition_is_not_fetched_until_it_is_resumed(broker: Broker, tmp_path: Path) -> None:
    """Back-pressure stops one partition and no other, and nothing of it is lost."""
    paused = await broker.input()
    other = Partition(paused.topic, 2)
    async with member(settings(broker, paused.topic, tmp_path)) as one:
        await owns(one, PARTITIONS)
        one.source.pause((paused, Partition("somebody-elses", 0)))
        await produce(broker.bootstrap, paused, b"0")
        await produce(broker.bootstrap, other, b"0")
        await until(lambda: one.offsets(2) == [0])
        assert [] == one.offsets(1)
        one.source.resume((paused,))
        await until(lambda: one.offsets(1) == [0])


async def test_a_commit_is_told_as_accepted_or_refused(broker: Broker, tmp_path: Path) -> None:
    """A refused commit is an answer to the planner, not an exception."""
    partition = await broker.input()
    async with member(settings(broker, partition.topic, tmp_path)) as one:
        await owns(one, PARTITIONS)
        before = Clock().now() - CLOCKS_APART_SECONDS
        accepted = await one.commit(partition, 5)
        refused = await one.commit(Partition("somebody-elses", 0), 5)
        assert [True, False] == [accepted.accepted, refused.accepted]
        assert before <= accepted.sent_at <= refused.sent_at


async def test_leaving_hands_over_and_the_next_member_goes_on(real: Broker, tmp_path: Path) -> None:
    """A member that leaves asks for everything to be given up first; its successor starts at the committed offset."""
    partition = await real.input()
    await produce(real.bootstrap, partition, b"0", b"1", b"2")
    async with member(settings(real, partition.topic, tmp_path)) as one:
        await owns(one, PARTITIONS)
        await one.commit(partition, 2)
    assert ([Revoking], set()) == ([type(event) for event in one.events if isinstance(event, Revoking)], one.holds)
    async with member(settings(real, partition.topic, tmp_path)) as successor:
        await owns(successor, PARTITIONS)
        await until(lambda: successor.offsets(1) == [2])
    [assigned] = [each for each in successor.assignments() if each.partition == partition]
    assert (2, 3) == (assigned.position, assigned.end)
    assert assigned.generation > next(each for each in one.assignments() if each.partition == partition).generation


async def test_two_members_share_and_one_takes_over_what_the_other_leaves(real: Broker, tmp_path: Path) -> None:
    """Partitions move when a member joins or leaves; each is owned once, and each assignment is newer."""
    topic = (await real.input()).topic
    async with member(settings(real, topic, tmp_path / "a")) as first:
        await owns(first, PARTITIONS)
        async with member(settings(real, topic, tmp_path / "b")) as second:
            await owns(second, PARTITIONS // 2)
            await owns(first, PARTITIONS // 2)
            assert (ALL, set()) == (first.owned() | second.owned(), first.owned() & second.owned())
        await owns(first, PARTITIONS)
        await produce(real.bootstrap, Partition(topic, 0), b"0")
        await until(lambda: first.offsets(0) == [0])
    kept = [each.generation for each in first.assignments() if each.partition.number == 0]
    assert sorted(set(kept)) == kept


async def test_a_rebalance_waits_until_partitions_are_given_up(real: Broker, tmp_path: Path) -> None:
    """While calls are in flight nobody else gets the partition: the newcomer waits for the release."""
    topic = (await real.input()).topic
    async with member(settings(real, topic, tmp_path / "a")) as first:
        await owns(first, PARTITIONS)
        first.answers_revocations = False
        async with member(settings(real, topic, tmp_path / "b")) as second:
            await until(lambda: any(isinstance(event, Revoking) for event in first.events))
            assert (set(), False) == (second.owned(), second.source.is_ready)
            assert (await first.commit(Partition(topic, 0), 0)).accepted
            first.answers_revocations = True
            first.release(tuple(first.holds))
            await owns(second, PARTITIONS // 2)


async def test_a_lost_session_is_told_as_lost(real: Broker, tmp_path: Path) -> None:
    """A process that slept through its session learns that its partitions may be another's, and joins anew."""
    partition = await real.input()
    async with member(settings(real, partition.topic, tmp_path)) as one:
        await owns(one, PARTITIONS)
        time.sleep(SESSION_SECONDS + 0.5)  # noqa: ASYNC251 - the whole process stands still, as in a suspended machine
        await until(lambda: any(isinstance(event, Lost) for event in one.events))
        await owns(one, PARTITIONS)
        assert (await one.commit(partition, 0)).accepted
    ours = [each for each in one.assignments() if each.partition == partition]
    assert (2, False) == (len(ours), ours[1].handed_over)
    assert ours[1].generation > ours[0].generation


async def test_a_lost_ledger_ends_the_member(real: Broker, tmp_path: Path) -> None:
    """A committed offset without a ledger stops the process with the way out, instead of delivering all again."""
    partition = await real.input()
    await committed_without_ledger(real, partition)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with member(settings(real, partition.topic, tmp_path)):
            await anyio.sleep_forever()
    assert isinstance(first_cause(caught.value), ConfigurationError)


async def test_a_rebuilt_partition_goes_on_behind_what_was_rebuilt(real: Broker, tmp_path: Path) -> None:
    """What the ledger was rebuilt of is not fetched a second time; what comes afterwards is."""
    partition = await real.input()
    await committed_without_ledger(real, partition)
    everything = Rebuild("production", lambda _: True)
    async with member(settings(real, partition.topic, tmp_path), rebuild=everything) as one:
        await owns(one, PARTITIONS)
        await produce(real.bootstrap, partition, change(2, 1))
        await until(lambda: one.offsets(1) == [3])
    [assigned] = [each for each in one.assignments() if each.partition == partition]
    assert (3, 3, 1, False) == (assigned.position, assigned.end, assigned.parked, assigned.handed_over)


async def committed_without_ledger(real: Broker, partition: Partition) -> None:
    """Publish three changes of a customer and commit one, as if the ledger had been deleted afterwards."""
    at = TopicPartition(partition.topic, partition.number)
    await produce(real.bootstrap, partition, *(change(1, version) for version in (1, 2, 3)))
    async with AIOKafkaConsumer(bootstrap_servers=real.bootstrap, group_id=partition.topic) as former:
        former.assign([at])
        await former.commit({at: 1})


async def test_a_static_member_comes_back_to_its_partitions(real: Broker, tmp_path: Path) -> None:
    """A replica with a member id of its own that restarts within its session moves no partition of the others."""
    topic = (await real.input()).topic
    static = msgspec.structs.replace(settings(real, topic, tmp_path / "a"), member_id="a")
    async with member(settings(real, topic, tmp_path / "b")) as other:
        await owns(other, PARTITIONS)
        async with member(static) as first:
            await owns(first, PARTITIONS // 2)
            await owns(other, PARTITIONS // 2)
            moved = len(other.assignments())
        async with member(static) as again:
            await owns(again, PARTITIONS // 2)
            assert moved == len(other.assignments())
