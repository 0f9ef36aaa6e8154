"""What the audit reads on a real Kafka: committed offsets, dead letters, ledgers, and what retention has removed."""

import msgspec
import pytest

from daemon.core.conserving import Figures, Letters
from daemon.core.ledger import encode
from daemon.core.model import KINDS, Partition, Tenant
from daemon.edges.conservation import NO_LETTERS, Contract, PartitionAudit, read_letters
from daemon.edges.kafka_group import Group
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.named_tenants import TenantRecord, encode_tenant_record, tenant_key
from daemon.edges.topic_reading import topic_reading
from daemon.errors import ConfigurationError
from tests.contract.bench import change, produce
from tests.contract.conftest import Broker
from tests.contract.test_kafka_topics import settings
from tests.contract.test_ledgers import ledger, remove
from tests.edges.ledger_entries import customer, delivered, parked
from tests.kafka_broker import create_topic, fresh_name

CONTRACT = Contract(
    "production",
    {
        "fjellvik": Tenant(name="fjellvik", company="c"),
        "projects": Tenant(name="projects", company="d", kinds=frozenset(KINDS) - {"customer"}),
    },
)
INVOICE = change(1, 1).replace(b'"customer"', b'"invoice"').replace(b'{"v": 1}', b'{"invoiceState": "draft"}')


def nobody(done: int, total: int) -> None:
    """Look at no progress."""
    del done, total


async def figures_of(broker: Broker, partition: Partition, committed: int | None) -> Figures:
    """Return the figures of one partition, without any letter."""
    async with topic_reading(settings(broker.bootstrap, partition.topic)) as reading:
        return (await PartitionAudit(reading, partition, CONTRACT).run(Letters(), committed, nobody)).figures()


async def test_each_record_has_its_account(real: Broker) -> None:
    """The ledger partition beside the input one decides; what the contract lets be ignored needs no entry."""
    partition = await real.input()
    await produce(real.bootstrap, partition, None, change(1, 1), change(1, 2), change(2, 5), change(2, 6), b"nonsense")
    await produce(real.bootstrap, partition, change(3, 1, tenant="nobody"), change(3, 1, environment="sandbox"))
    await produce(real.bootstrap, partition, change(3, 1, tenant="projects"), INVOICE)
    await produce(real.bootstrap, ledger(partition), encode(delivered(2)), None, key=customer(1).key.encode())
    await produce(real.bootstrap, ledger(partition), encode(parked(5)), b"\xc1", key=customer(2).key.encode())
    await produce(real.bootstrap, ledger(partition), b"of the ledger itself", key=b"_status")
    expected = Figures(
        records=10,
        delivered=2,
        parked=1,
        ignored={"null": 1, "tenant": 1, "environment": 1, "kind": 1, "draft": 1},
        unaccounted=2,
    )
    assert expected == await figures_of(real, partition, 10)


async def test_a_tenant_that_the_file_no_longer_names_is_not_ignored(real: Broker) -> None:
    """The ledger knows it: its changes must be parked there, and one that is not is lost."""
    partition = await real.input()
    await produce(real.bootstrap, partition, change(1, 1, tenant="gone"), change(2, 1, tenant="gone"))
    await produce(real.bootstrap, partition, change(3, 1, tenant="lysne"))
    await produce(real.bootstrap, ledger(partition), encode(parked(1)), key=customer(1, "gone").key.encode())
    named = encode_tenant_record(TenantRecord())
    await produce(real.bootstrap, ledger(partition), named, key=tenant_key("lysne").encode())
    assert Figures(records=3, parked=1, unaccounted=2) == await figures_of(real, partition, 3)


async def test_what_the_ledger_says_of_a_kind_that_is_switched_off_counts(real: Broker) -> None:
    """What was delivered or is parked is told as such; what is newer than that is ignored, as the daemon does."""
    partition = await real.input()
    await produce(real.bootstrap, partition, *(change(1, version, tenant="projects") for version in (1, 2, 3)))
    entry = msgspec.structs.replace(parked(2), version=1)
    await produce(real.bootstrap, ledger(partition), encode(entry), key=customer(1, "projects").key.encode())
    assert Figures(records=3, delivered=1, parked=1, ignored={"kind": 1}) == await figures_of(real, partition, 3)


async def test_what_retention_removed_is_told(real: Broker) -> None:
    """Removed after it was committed: nobody can judge it; removed before: it is lost."""
    partition = await real.input()
    await produce(real.bootstrap, partition, *(change(1, version) for version in range(1, 6)))
    await produce(real.bootstrap, ledger(partition), encode(delivered(5)), key=customer(1).key.encode())
    await remove(real, partition, before=3)
    assert Figures(records=1, delivered=1, removed=3, beyond=1) == await figures_of(real, partition, 4)
    assert Figures(removed=3, removed_unread=2, beyond=2) == await figures_of(real, partition, 1)
    assert Figures(removed=3, beyond=2) == await figures_of(real, partition, None)


async def test_an_input_partition_without_a_ledger_has_nothing_behind_it(real: Broker) -> None:
    """The input was given a partition and the ledger not yet: what was committed there is lost, not a crash."""
    topic = fresh_name("input")
    await create_topic(real.bootstrap, topic, 2)
    await create_topic(real.bootstrap, ledger_of(topic), 1)
    await produce(real.bootstrap, Partition(topic, 1), change(1, 1))
    assert Figures(records=1, unaccounted=1) == await figures_of(real, Partition(topic, 1), 1)


async def test_letters_are_found_by_their_headers(real: Broker) -> None:
    """A letter counts for the partition and offset that its headers name; anything else in the topic for none."""
    topic = fresh_name("dead")
    await create_topic(real.bootstrap, topic, 2)
    for number, offset in (("0", "7"), ("1", "7"), ("1", "9"), ("1", "x")):
        headers = (("moment-dnb-topic", b"in"), ("moment-dnb-partition", number.encode()))
        await produce(
            real.bootstrap,
            Partition(topic, int(number)),
            b"v",
            headers=(*headers, ("moment-dnb-offset", offset.encode())),
        )
    await produce(real.bootstrap, Partition(topic, 0), b"of somebody else")
    async with topic_reading(settings(real.bootstrap, topic)) as reading:
        found = await read_letters(reading, topic, 9e9, nobody)
    assert {
        NO_LETTERS: Letters(),
        Partition("in", 0): Letters(frozenset({7})),
        Partition("in", 1): Letters(frozenset({7, 9})),
    } == found


async def test_letters_that_retention_removed_are_known_by_their_age(real: Broker) -> None:
    """Of a record older than what is left nobody can say whether it had a letter; with nothing left, of none."""
    topic = fresh_name("dead")
    await create_topic(real.bootstrap, topic, 2)
    await produce(real.bootstrap, Partition(topic, 1), b"old", b"new")
    await remove(real, Partition(topic, 1), before=1)
    async with topic_reading(settings(real.bootstrap, topic)) as reading:
        [newer] = [record async for record in reading.records([Partition(topic, 1)], nobody)]
        assert {NO_LETTERS: Letters(removed_until=newer.timestamp / 1_000)} == await read_letters(
            reading, topic, 9e9, nobody
        )
        await remove(real, Partition(topic, 1), before=2)
        assert {NO_LETTERS: Letters(removed_until=9e9)} == await read_letters(reading, topic, 9e9, nobody)


async def test_dead_letters_without_a_topic_are_the_operators_to_name(real: Broker) -> None:
    """A misspelt topic must not look like one without letters."""
    topic = fresh_name("missing")
    async with topic_reading(settings(real.bootstrap, topic)) as reading:
        with pytest.raises(ConfigurationError, match=f"the topic {topic} does not exist"):
            await read_letters(reading, topic, 0.0, nobody)


async def test_reading_can_begin_at_an_offset(real: Broker) -> None:
    """What was read before is left out; an offset behind the end brings nothing, one before the first everything."""
    partition = await real.input()
    await produce(real.bootstrap, partition, *(change(1, version) for version in range(1, 6)))
    await remove(real, partition, before=1)
    async with topic_reading(settings(real.bootstrap, partition.topic)) as reading:
        for since, expected in ((0, [1, 2, 3, 4]), (3, [3, 4]), (9, [])):
            records = reading.records([partition], nobody, since={partition: since})
            assert expected == [record.offset async for record in records]


async def test_a_group_that_never_was_has_neither_offsets_nor_members(real: Broker) -> None:
    """Asking for it is no error: it is how a first start looks."""
    partition = await real.input()
    async with Group(settings(real.bootstrap, partition.topic)) as group:
        assert ({}, 0) == (await group.committed([partition]), await group.members())
