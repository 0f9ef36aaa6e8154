"""Ledger partitions on Kafka: written, restored, followed, handed over, lost and rebuilt."""

import contextlib
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition, admin
from aiokafka.errors import MessageSizeTooLargeError, OffsetOutOfRangeError

from daemon.core.actions import Consult, HandOver, Record
from daemon.core.events import Consulted, Followed, Recorded
from daemon.core.ledger import WAITING, Entry, encode
from daemon.core.model import Generation, Partition
from daemon.edges.ledger_keys import LEDGER_KEY, LedgerRecord, encode_record
from daemon.edges.ledger_rebuild import Rebuild
from daemon.edges.ledger_store import LedgerStore, Stored
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.lookups import Lookups
from daemon.errors import ConfigurationError, SourceError
from tests.contract.bench import READ_SECONDS, Owned, Process, change, process, produce, read
from tests.contract.conftest import Broker
from tests.edges.ledger_entries import OURS, THEIRS, customer, delivered, parked
from tests.kafka_broker import create_topic, fresh_name
from tests.waiting import until

EVERYTHING = Rebuild("production", lambda _: True)

REQUEST_SECONDS = 1.0
"""The time of a request where a test waits for longer than that."""


def held(owned: Owned, *numbers: int) -> dict[int, Entry]:
    """Return what the local store holds of these customers."""
    found = owned.store.get([customer(number) for number in numbers])
    return {entity.id: stored.entry for entity, stored in found.items()}


async def hand_over(at: Process, partition: Partition, generation: Generation) -> None:
    """Write the handover, as the last thing a former owner does."""
    at.topic.append(HandOver(99, partition, generation, 17))
    await until(lambda: 99 in at.recorded())


async def test_a_new_partition_begins_the_life_of_its_ledger(broker: Broker, tmp_path: Path) -> None:
    """The first owner ever has nothing to doubt, and says who it is before anything is committed."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True) as owned:
        assert (Generation(1, 5), True, None) == (
            owned.restored.generation,
            owned.restored.is_handed_over,
            owned.restored.rebuilt_to,
        )
        keys = [record.key for record in await read(broker.bootstrap, Partition(ledger_of(partition.topic), 1))]
    assert [b"_ledger"] == keys


async def test_a_ledger_remembers_whom_the_tenants_file_has_named(broker: Broker, tmp_path: Path) -> None:
    """From the assignment on, and whenever the file names more tenants or kinds; another machine knows it.

    After a crash what a former owner may have transferred stays known; after a handover only what the file says now.
    """
    partition, none = await broker.input(), frozenset[str]()
    everything = {"fjellvik": frozenset({"customer", "project"}), "havgard": none, "lysne": none}
    async with process(broker.bootstrap, tmp_path / "a") as at:
        at.ledgers.name({"fjellvik": frozenset({"customer"}), "havgard": none})
        async with at.assigned(partition, 5, is_new=True) as owned:
            at.ledgers.name({"fjellvik": frozenset({"project"}), "lysne": none})
            await until(lambda: owned.store.named == everything)
    async with process(broker.bootstrap, tmp_path / "b") as at:
        at.ledgers.name({"fjellvik": frozenset({"invoice"})})
        async with at.assigned(partition, 6, is_new=False) as owned:
            assert everything == owned.restored.former_kinds
            assert everything.keys() == owned.restored.summary.known_tenants
            assert frozenset({"customer", "project", "invoice"}) == owned.store.named["fjellvik"]
            await hand_over(at, partition, owned.restored.generation)
    async with process(broker.bootstrap, tmp_path / "c") as at:
        at.ledgers.name({"fjellvik": frozenset({"invoice"})})
        async with at.assigned(partition, 7, is_new=False) as owned:
            assert ({}, {**everything, "fjellvik": frozenset({"invoice"})}) == (
                owned.restored.former_kinds,
                owned.store.named,
            )


async def test_a_ledger_that_is_not_restored_yet_is_told_nothing(broker: Broker, tmp_path: Path) -> None:
    """What it remembers is not known before: less than that would be written over it."""
    partition, other = await broker.input(), await broker.input()
    async with (
        process(broker.bootstrap, tmp_path) as at,
        at.ledgers.stored(other),
        at.assigned(partition, 5, is_new=True) as owned,
    ):
        at.ledgers.name({"fjellvik": frozenset({"customer"})})
        await until(lambda: "fjellvik" in owned.store.named)
        at.ledgers.name({"lysne": frozenset()})
        await until(lambda: "lysne" in owned.store.named)
        assert [] == await read(broker.bootstrap, Partition(ledger_of(other.topic), other.number))


async def test_an_empty_disk_is_restored_from_the_topic(broker: Broker, tmp_path: Path) -> None:
    """Another machine knows after its restore what the former owner recorded, and is above all that it wrote."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path / "a") as at, at.assigned(partition, 5, is_new=True):
        await at.record(partition, (customer(1), delivered(1)), (customer(2), parked(4)))
        await at.record(partition, (customer(1), delivered(2)))
    async with process(broker.bootstrap, tmp_path / "b") as at, at.assigned(partition, 6, is_new=False) as owned:
        assert {1: delivered(2), 2: parked(4)} == held(owned, 1, 2, 3)
        assert (1, {"fjellvik"}) == (owned.restored.summary.parked, set(owned.restored.summary.waiting_tenants))
        assert (Generation(2, 6), False) == (owned.restored.generation, owned.restored.is_handed_over)
        assert owned.restored.generation > OURS


async def test_a_kept_disk_is_brought_up_to_date_by_the_tail_alone(broker: Broker, tmp_path: Path) -> None:
    """With a volume a restart reads what was written since; what the local copy has is not read again."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at:
        async with at.assigned(partition, 5, is_new=True):
            await at.record(partition, (customer(1), delivered(1)))
        async with at.assigned(partition, 6, is_new=False):
            pass
    with sqlite3.connect(tmp_path / f"{partition.topic}-1.sqlite3") as connection:
        connection.execute("DELETE FROM entries")
    connection.close()
    await produce(broker.bootstrap, ledger(partition), encode(delivered(9)), key=customer(2).key.encode())
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 7, is_new=False) as owned:
        assert {2: delivered(9)} == held(owned, 1, 2)


async def test_a_copy_of_another_life_is_rebuilt(broker: Broker, tmp_path: Path) -> None:
    """A local copy of a topic that was deleted and made anew is not believed: the topic alone is read."""
    old, new = await broker.input(), await broker.input()
    async with process(broker.bootstrap, tmp_path) as at:
        async with at.assigned(old, 5, is_new=True):
            await at.record(old, (customer(1), delivered(8)))
        async with at.assigned(old, 6, is_new=False):
            pass
    async with process(broker.bootstrap, tmp_path / "elsewhere") as at, at.assigned(new, 5, is_new=True):
        await at.record(new, (customer(2), delivered(1)), (customer(3), delivered(1)))
    shutil.copy(tmp_path / f"{old.topic}-1.sqlite3", tmp_path / f"{new.topic}-1.sqlite3")
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(new, 6, is_new=False) as owned:
        assert {2: delivered(1), 3: delivered(1)} == held(owned, 1, 2, 3)


async def test_a_copy_is_asked_about_nothing_until_it_is_restored(broker: Broker, tmp_path: Path) -> None:
    """What another partition wants to know may have changed since the copy was written, or never have been."""
    partition = await broker.input()
    asking = Partition(partition.topic, 2)
    consult = Consult(asking, OURS, customer(2), (customer(1),))
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True):
        await at.record(partition, (customer(1), delivered(8)))
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(asking, 5, is_new=True):
        lookups = Lookups(at.ledgers.restored)
        async with at.ledgers.stored(partition) as store, at.ledgers.reading(partition, store) as ledger:
            assert Consulted(asking, OURS, customer(2), {}) == lookups.answer(consult, 0.0)
            await at.ledgers.restore(partition, ledger, 6, is_new=False)
            assert Consulted(asking, OURS, customer(2), {customer(1): delivered(8)}) == lookups.answer(consult, 0.0)
        assert Consulted(asking, OURS, customer(2), {}) == lookups.answer(consult, 0.0)


async def test_a_topic_that_has_lost_its_end_is_restored_as_it_is_now(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader that was behind the former one never has what was to be read: it is looked at anew, not waited for."""
    end_offsets = AIOKafkaConsumer.end_offsets

    async def of_the_former_leader(self: AIOKafkaConsumer, of: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the ends that the former leader had, for once."""
        monkeypatch.undo()
        return {one: end + 3 for one, end in (await end_offsets(self, of)).items()}

    partition = await real.input()
    async with process(real.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True):
        await at.record(partition, (customer(1), delivered(8)))
    async with process(real.bootstrap, tmp_path / "b") as at, at.ledgers.stored(partition) as store:
        async with at.ledgers.reading(partition, store) as ledger:
            monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", of_the_former_leader)
            with anyio.fail_after(READ_SECONDS), pytest.raises(OffsetOutOfRangeError):
                await at.ledgers.restore(partition, ledger, 6, is_new=False)
        async with at.ledgers.reading(partition, store) as ledger:
            await at.ledgers.restore(partition, ledger, 6, is_new=False)
            assert delivered(8) == store.get([customer(1)])[customer(1)].entry


async def test_a_handover_that_is_last_leaves_nothing_in_doubt(broker: Broker, tmp_path: Path) -> None:
    """After an orderly end the next owner trusts the ledger, whichever disk it has."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at:
        async with at.assigned(partition, 5, is_new=True) as owned:
            await at.record(partition, (customer(1), delivered(1)))
            await hand_over(at, partition, owned.restored.generation)
        async with at.assigned(partition, 6, is_new=False) as owned:
            assert owned.restored.is_handed_over
            await hand_over(at, partition, owned.restored.generation)
    async with process(broker.bootstrap, tmp_path / "b") as at, at.assigned(partition, 7, is_new=False) as owned:
        assert owned.restored.is_handed_over


async def test_anything_after_a_handover_leaves_doubt(broker: Broker, tmp_path: Path) -> None:
    """A handover is void once somebody has begun to work, or has written late."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at:
        async with at.assigned(partition, 5, is_new=True) as owned:
            await hand_over(at, partition, owned.restored.generation)
        async with at.assigned(partition, 6, is_new=False) as owned:
            assert owned.restored.is_handed_over
        async with at.assigned(partition, 7, is_new=False) as owned:
            assert not owned.restored.is_handed_over
            await hand_over(at, partition, owned.restored.generation)
        await produce(broker.bootstrap, ledger(partition), encode(delivered(2)), key=customer(1).key.encode())
        async with at.assigned(partition, 8, is_new=False) as owned:
            assert not owned.restored.is_handed_over


async def test_a_generation_always_grows(broker: Broker, tmp_path: Path) -> None:
    """Also when the group was deleted and Kafka counts from 1 again, a later owner's writes order after."""
    partition = await broker.input()
    generations: list[Generation] = []
    async with process(broker.bootstrap, tmp_path) as at:
        for number in (7, 8, 1, 1, 3):
            async with at.assigned(partition, number, is_new=not generations) as owned:
                generations.append(owned.restored.generation)
    assert [Generation(1, 7), Generation(1, 8), Generation(2, 1), Generation(3, 1), Generation(3, 3)] == generations


async def test_a_wait_that_another_clock_gave_is_bounded(broker: Broker, tmp_path: Path) -> None:
    """A parked change whose next try lies far ahead, by a wrong clock, is tried within the longest wait."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True):
        await at.record(partition, (customer(1), parked(1, "unavailable", next_try=1e12)))
    async with process(broker.bootstrap, tmp_path / "b") as at, at.assigned(partition, 6, is_new=False) as owned:
        assert owned.restored.summary.next_due is not None
        assert owned.restored.summary.next_due < 1e10


async def test_what_is_no_entry_is_passed_over_and_told(broker: Broker, tmp_path: Path) -> None:
    """A record that cannot be read costs a line in the log, not the partition; a null removes nothing here."""
    partition = await broker.input()
    key = customer(1).key.encode()
    await produce(broker.bootstrap, ledger(partition), b"\xc1nonsense", None, key=key)
    await produce(broker.bootstrap, ledger(partition), b"of a newer program", key=b"_status")
    with structlog.testing.capture_logs() as logs:
        async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True) as owned:
            assert {} == held(owned, 1)
    assert [("ledger.entry_unreadable", 0)] == [(line["event"], line["offset"]) for line in logs]


async def test_only_what_others_write_is_told_while_following(broker: Broker, tmp_path: Path) -> None:
    """A former owner's late write comes to the planner with what we hold; our own writes do not."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 7, is_new=True) as owned:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(owned.ledger.follow, OURS, at.inbox)
            await at.record(partition, (customer(1), delivered(2)))
            for number in (1, 2):
                value = encode(delivered(1, THEIRS))
                await produce(broker.bootstrap, ledger(partition), value, key=customer(number).key.encode())
            await until(lambda: len(followed(at)) == 2)
            tasks.cancel_scope.cancel()
        own = owned.store.get([customer(1)])[customer(1)]
        assert Stored(delivered(2), own.offset) == own
    late, unknown = followed(at)
    assert (customer(1), delivered(1, THEIRS), delivered(2), own.offset) == (
        late.entity,
        late.entry,
        late.own,
        late.own_offset,
    )
    assert (customer(2), None, -1) == (unknown.entity, unknown.own, unknown.own_offset)
    assert late.offset > own.offset


def followed(at: Process) -> list[Followed]:
    """Return what was told of others' writes."""
    at.events += at.inbox.take()
    return [event for event in at.events if isinstance(event, Followed)]


async def test_nothing_is_written_for_a_partition_that_has_gone(broker: Broker, tmp_path: Path) -> None:
    """What was queued for a partition that is another's by now is dropped without a word to the planner."""
    gone, ours = await broker.input(), await broker.input()
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(ours, 5, is_new=True):
        at.topic.append(Record(50, gone, customer(1), delivered(1)))
        await at.record(ours, (customer(1), delivered(1)))
        assert 50 not in at.recorded()
        assert any(isinstance(event, Recorded) for event in at.events)
    assert [] == await read(broker.bootstrap, ledger(gone))


async def test_a_ledger_that_cannot_be_written_holds_up_no_other(real: Broker, tmp_path: Path) -> None:
    """What Kafka does not take for one partition waits; the other partitions' changes are settled meanwhile."""
    ours, missing = await real.input(), Partition(fresh_name("missing"), 0)
    with contextlib.closing(LedgerStore(tmp_path / "missing.sqlite3")) as store:
        async with process(real.bootstrap, tmp_path) as at, at.assigned(ours, 5, is_new=True):
            at.ledgers.stores[missing] = store
            at.topic.append(Record(50, missing, customer(1), delivered(1)))
            for version in range(1, 4):
                await at.record(ours, (customer(1), delivered(version)))
            assert 50 not in at.recorded()


async def test_what_a_former_assignment_queued_is_not_put_into_the_next_ones_copy(
    broker: Broker, tmp_path: Path
) -> None:
    """The next assignment reads it in the topic: put into its copy at once it would hide what is greater."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True) as owned:
        at.topic.append(Record(50, partition, customer(1), delivered(1)))
        with contextlib.closing(LedgerStore(tmp_path / "next.sqlite3")) as following:
            at.ledgers.stores[partition] = following
            await until(lambda: 50 in at.recorded())
            assert ({}, {}) == (held(owned, 1), following.get([customer(1)]))
    assert 1 == len(
        [one for one in await read(broker.bootstrap, ledger(partition)) if one.key == customer(1).key.encode()]
    )


async def test_an_entry_that_kafka_never_takes_names_the_setting(real: Broker, tmp_path: Path) -> None:
    """An entry above the topic's limit stops the daemon with the topic and what to raise: it could never settle."""
    partition = await real.input()
    async with process(real.bootstrap, tmp_path) as at, at.assigned(partition, 5, is_new=True):
        with pytest.raises(SourceError, match=rf"{ledger_of(partition.topic)} refuses .* raise its max.message.bytes"):
            await at.topic.write(partition, "k", b"x" * 2_000_000)


async def test_records_that_are_too_large_together_name_the_setting_too(real: Broker, tmp_path: Path) -> None:
    """A topic whose limit is below what is written at once stops the daemon just so."""
    partition = Partition(fresh_name("input"), 0)
    await create_topic(real.bootstrap, ledger_of(partition.topic), 1, {"max.message.bytes": "20000"})
    async with process(real.bootstrap, tmp_path) as at, at.ledgers.stored(partition):
        await at.record(partition, (customer(1), delivered(1)))
        with pytest.raises(SourceError, match=rf"{ledger_of(partition.topic)} refuses .* raise its max.message.bytes"):
            await at.topic.name(partition, {f"tenant-{number}": frozenset() for number in range(2_000)})


async def test_an_entry_waits_for_a_leader_as_long_as_there_is_none(
    real: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than a request may take: as soon as the partition has a leader again, its entries are written."""
    partition, other = await real.input(), await real.input()
    async with (
        process(real.bootstrap, tmp_path, request_seconds=REQUEST_SECONDS) as at,
        at.ledgers.stored(partition),
        at.ledgers.stored(other),
    ):
        await at.record(partition, (customer(1), delivered(1)))
        cluster, asked = cast("Any", at.topic.producer).client.cluster, list[float]()
        leader, without = cluster.leader_for_partition, ledger_of(partition.topic)

        def leader_or_none(where: TopicPartition) -> Any:  # noqa: ANN401 - aiokafka's cluster has no type
            """Return the partition's leader, but none for those of the one topic."""
            if where.topic == without:
                asked.append(time.monotonic())
                return -1
            return leader(where)

        with monkeypatch.context() as patching:
            patching.setattr(cluster, "leader_for_partition", leader_or_none)
            at.topic.append(Record(50, partition, customer(1), delivered(2)))
            await until(lambda: bool(asked) and asked[-1] - asked[0] > 2 * REQUEST_SECONDS)
            await at.record(other, (customer(1), delivered(1)))
            assert 50 not in at.recorded()
        await until(lambda: 50 in at.recorded())


async def test_a_partition_that_takes_nothing_from_the_producer_any_more_ends_the_process(
    real: Broker, tmp_path: Path
) -> None:
    """After a refused batch Kafka waits for its number for ever; what the next process writes is taken."""
    partition = await real.input()
    async with process(real.bootstrap, tmp_path) as at, at.ledgers.stored(partition):
        await at.record(partition, (customer(1), delivered(1)))
        with pytest.raises(MessageSizeTooLargeError):
            await at.topic.producer.send_and_wait(ledger_of(partition.topic), b"x" * 2_000_000, b"k", partition.number)
        refusal = rf"partition 1 of {ledger_of(partition.topic)} takes no entries from this process"
        with anyio.fail_after(READ_SECONDS), pytest.raises(SourceError, match=refusal):
            await at.topic.write(partition, "k", b"v")
    async with process(real.bootstrap, tmp_path) as at, at.ledgers.stored(partition):
        await at.record(partition, (customer(1), delivered(2)))


async def test_a_folder_that_cannot_be_written_names_the_setting(broker: Broker, tmp_path: Path) -> None:
    """A data folder that is none, as on a read-only disk, is the operator's to repair."""
    partition = await broker.input()
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    async with process(broker.bootstrap, tmp_path / "file") as at:
        with pytest.raises(ConfigurationError, match="MOMENT_DNB_DATA_DIR="):
            async with at.assigned(partition, 5, is_new=True):
                pass


async def test_a_lost_ledger_is_refused_with_the_way_out(broker: Broker, tmp_path: Path) -> None:
    """Offsets were committed, but the ledger says nothing: an operator must decide, and is told how."""
    partition = await broker.input()
    async with process(broker.bootstrap, tmp_path) as at:
        with pytest.raises(ConfigurationError, match="run --rebuild-ledger") as caught:
            async with at.assigned(partition, 5, is_new=False):
                pass
    assert f"partition 1 of {partition.topic} has a committed offset" in str(caught.value)


async def test_entries_that_are_spread_over_another_number_of_partitions_are_refused(
    broker: Broker, tmp_path: Path
) -> None:
    """A growth that was not finished is named with what finishes it; once it is, every owner says so again."""
    partition = await broker.input()
    for arranged_for, number in ((4, 5), (2, 7)):
        record = encode_record(LedgerRecord("life", Generation(1, number), arranged_for))
        await produce(broker.bootstrap, ledger(partition), record, key=LEDGER_KEY.encode())
        async with process(broker.bootstrap, tmp_path / str(arranged_for)) as at:
            if arranged_for == 4:
                async with at.assigned(partition, 6, is_new=False) as owned:
                    assert Generation(1, 6) == owned.restored.generation
                async with at.assigned(partition, 7, is_new=False) as owned:
                    record_seen = owned.ledger.marks.record
                    assert record_seen is not None
                    assert 4 == record_seen.arranged_for
            else:
                with pytest.raises(
                    ConfigurationError, match=r"over 2 partitions, and it has 4: .*`moment-dnb ledger gr"
                ):
                    async with at.assigned(partition, 8, is_new=False):
                        pass


async def test_a_rebuild_makes_the_newest_of_each_entity_wait(broker: Broker, tmp_path: Path) -> None:
    """A lost ledger is made of the input: the newest change of each wanted entity waits, and all are doubted."""
    partition = await broker.input()
    values = (change(1, 1), change(2, 7), change(1, 3), b"nonsense", None, change(1, 2), change(4, 1, tenant="other"))
    await produce(broker.bootstrap, partition, *values, change(3, 1, environment="sandbox"))
    rebuild = Rebuild("production", lambda change: change.entity.tenant == "fjellvik")
    async with (
        process(broker.bootstrap, tmp_path / "a", rebuild=rebuild) as at,
        at.assigned(partition, 5, is_new=False) as owned,
    ):
        assert (8, False) == (owned.restored.rebuilt_to, owned.restored.is_handed_over)
        waiting = {number: entry.parked for number, entry in held(owned, 1, 2, 3).items()}
        assert {1: 3, 2: 7} == {number: one.version for number, one in waiting.items() if one}
        assert {WAITING} == {one.reason for one in waiting.values() if one}
        assert (2, {"fjellvik"}) == (owned.restored.summary.parked, set(owned.restored.summary.known_tenants))
    async with process(broker.bootstrap, tmp_path / "b") as at, at.assigned(partition, 6, is_new=False) as owned:
        assert (None, {1, 2}) == (owned.restored.rebuilt_to, set(held(owned, 1, 2, 3, 4)))


async def test_a_rebuild_tells_what_retention_has_removed(real: Broker, tmp_path: Path) -> None:
    """What is no longer in the input cannot be rebuilt: the log tells how many records that is."""
    partition = await real.input()
    await produce(real.bootstrap, partition, *(change(1, version) for version in range(1, 6)))
    await remove(real, partition, before=3)
    with structlog.testing.capture_logs() as logs:
        async with (
            process(real.bootstrap, tmp_path, rebuild=EVERYTHING) as at,
            at.assigned(partition, 5, is_new=False) as owned,
        ):
            assert 5 == owned.restored.rebuilt_to
    assert [("ledger.rebuilt", 3, 5)] == [(line["event"], line["removed_by_retention"], line["end"]) for line in logs]


def ledger(partition: Partition) -> Partition:
    """Return the ledger partition beside an input partition."""
    return Partition(ledger_of(partition.topic), partition.number)


async def remove(real: Broker, partition: Partition, *, before: int) -> None:
    """Remove records from the beginning of a partition, as retention does."""
    client, untyped = admin.AIOKafkaAdminClient(bootstrap_servers=real.bootstrap), cast("Any", admin)
    await client.start()
    try:
        until_there = untyped.RecordsToDelete(before_offset=before)
        await cast("Any", client).delete_records({TopicPartition(partition.topic, partition.number): until_there})
    finally:
        await client.close()
