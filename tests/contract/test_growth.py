"""A ledger that is spread over more partitions, on a real Kafka: whole, and interrupted after each of its writes."""

import contextlib
from collections.abc import AsyncGenerator, Sequence

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from daemon.core.ledger import Entry, encode, rank
from daemon.core.model import Entity, Generation, Partition
from daemon.edges.growth import Growth, growth, writing_to
from daemon.edges.kafka_topics import Topics
from daemon.edges.ledger_arranging import Layout
from daemon.edges.ledger_copies import LedgerCopy, ledger_copies
from daemon.edges.ledger_growing import Growing, Grown, Write
from daemon.edges.ledger_keys import (
    HANDOVER_KEY,
    LEDGER_KEY,
    HandoverRecord,
    HoldRecord,
    LedgerRecord,
    encode_record,
    hold_key,
)
from daemon.edges.ledger_topic import ledger_of
from daemon.edges.mail_state import MailRecord, Told, encode_mail_record, mail_key
from daemon.edges.moved_entries import wants_work
from daemon.edges.named_tenants import TenantRecord, encode_tenant_record, tenant_key
from daemon.edges.partitioning import home_of
from daemon.edges.record_writing import record_writing
from daemon.edges.topic_reading import topic_reading
from daemon.errors import ConfigurationError
from tests.contract.bench import change, produce
from tests.contract.conftest import Broker
from tests.contract.test_conservation import nobody
from tests.contract.test_kafka_topics import settings
from tests.edges.ledger_entries import customer, delivered, parked, refused
from tests.kafka_broker import create_topic, fresh_name

OLD, NEW = 2, 5
TENANTS = ("fjellvik", "nordlia", "havgard", "storgata", "elvebakk", "solvang", "myrvold", "granli")
DIRTY = msgspec.structs.replace(delivered(3), dirty_until=50.0, dirty_data=b"{}")
KINDS_OF_ENTRY = (delivered(2), parked(4), refused(5), DIRTY)
HELD = HoldRecord(is_held=True, since=9.0, reason="year-end")
RELEASED = HoldRecord(is_held=False, since=3.0)
GONE = ("lysne", "vik")
TRANSFERRED = TenantRecord(frozenset({"customer", "project"}))
"""Tenants that each of the old ledgers remembers, and nothing else of them."""
LAYOUT = Layout("tenant", NEW)
EPOCH = 3


def entries() -> dict[Entity, Entry]:
    """Return the entries of all tenants: each has one that is delivered, waiting, refused, and in doubt."""
    return {
        customer(number, tenant): entry for tenant in TENANTS for number, entry in enumerate(KINDS_OF_ENTRY, start=1)
    }


def refused_keys(number: int, partitions: int) -> tuple[str, ...]:
    """Return the keys of what is refused in a partition."""
    return tuple(customer(3, tenant).key for tenant in TENANTS if home_of(tenant.encode(), partitions) == number)


async def planted(broker: Broker, *, is_handed_over: bool = True) -> str:
    """Return an input topic of five partitions whose ledger has two, as a daemon left it."""
    topic = fresh_name("input")
    await create_topic(broker.bootstrap, topic, NEW)
    await create_topic(broker.bootstrap, ledger_of(topic), OLD, {"cleanup.policy": "compact"})
    async with writing_to(settings(broker.bootstrap, topic), ledger_of(topic), OLD) as writing:
        for number in range(OLD):
            ledger = Partition(ledger_of(topic), number)
            record = LedgerRecord(f"life of {number}", Generation(EPOCH - number, 7))
            await writing.write(ledger, LEDGER_KEY, encode_record(record))
            for entity, entry in entries().items():
                if home_of(entity.tenant.encode(), OLD) == number:
                    await writing.write(ledger, entity.key, encode(entry))
            await writing.write(ledger, hold_key("fjellvik"), encode_record(HELD if number else RELEASED))
            await writing.write(ledger, tenant_key(GONE[number]), encode_tenant_record(TRANSFERRED))
            for key in refused_keys(number, OLD):
                told = MailRecord({"conflict": Told(5.0 + number, (key,))})
                await writing.write(ledger, mail_key(key.partition("/")[0]), encode_mail_record(told))
            if is_handed_over:
                handover = HandoverRecord(record.generation, 1)
                await writing.write(ledger, HANDOVER_KEY, encode_record(handover))
    return topic


@contextlib.asynccontextmanager
async def seen(broker: Broker, topic: str) -> AsyncGenerator[Growth]:
    """Look at a topic and its ledger; nothing was ever committed."""
    wanted = settings(broker.bootstrap, topic)
    async with topic_reading(wanted) as reading:
        partitions = await reading.partitions(topic)
        async with growth(wanted, reading, partitions, {}, nobody) as one:
            yield one


async def grown(broker: Broker, topic: str) -> Grown:
    """Grow the ledger of a topic that is keyed by tenant."""
    async with Topics(settings(broker.bootstrap, topic)) as topics, seen(broker, topic) as one:
        return await one.carry_out(LAYOUT, topics)


@contextlib.asynccontextmanager
async def copied(broker: Broker, topic: str) -> AsyncGenerator[list[LedgerCopy]]:
    """Read all ledger partitions as they are now."""
    async with (
        topic_reading(settings(broker.bootstrap, topic)) as reading,
        ledger_copies(reading, topic, nobody) as copies,
    ):
        yield copies


def judge(copies: Sequence[LedgerCopy], *, is_handed_over: bool) -> None:
    """Require that every entry is at home, unchanged, and worked on nowhere else; and that each partition is whole."""
    assert NEW == len(copies)
    for entity, entry in entries().items():
        found = {
            number: stored[entity].entry
            for number, copy in enumerate(copies)
            if entity in (stored := copy.store.get([entity]))
        }
        home = LAYOUT.home(entity)
        assert home == max(found, key=lambda number: (rank(found[number], 0), number == home)), (entity, found)
        assert entry == msgspec.structs.replace(found[home], generation=entry.generation)
        assert set() == {number for number, one in found.items() if number != home and wants_work(one)}
    for number, copy in enumerate(copies):
        assert {"fjellvik": HELD} == copy.marks.holds
        assert dict.fromkeys(GONE, TRANSFERRED.kinds) == copy.store.named
        keys = tuple(key for record in copy.marks.mailed.values() for one in record.told.values() for key in one.keys)
        assert sorted(refused_keys(number, NEW)) == sorted(keys)
        assert copy.marks.record is not None
        assert (NEW, is_handed_over) == (copy.marks.record.arranged_for, copy.marks.is_handed_over)
        assert copy.marks.record.generation > Generation(EPOCH, 7)
        assert copy.marks.record.following(1, copy.marks.highest).generation > copy.marks.record.generation


@pytest.mark.parametrize("is_handed_over", [True, False])
async def test_every_entry_is_where_its_changes_will_come(real: Broker, *, is_handed_over: bool) -> None:
    """Nothing is lost, nothing would be worked on twice, and what was in doubt still is."""
    topic = await planted(real, is_handed_over=is_handed_over)
    moving = {entity for entity in entries() if LAYOUT.home(entity) != home_of(entity.tenant.encode(), OLD)}
    assert moving
    assert len(moving) < len(entries())
    async with seen(real, topic) as one:
        assert one.is_needed
        preview = await one.preview(LAYOUT)
    done = await grown(real, topic)
    assert preview == done
    assert (len(moving), len(moving) * 3 // 4) == (done.entries, done.unfinished)
    async with copied(real, topic) as copies:
        judge(copies, is_handed_over=is_handed_over)
    async with seen(real, topic) as one:
        assert not one.is_needed


class Interrupted(Exception):  # noqa: N818 - it is what a crash is to the code it hits
    """The process is gone."""


def interrupted(write: Write, after: int) -> Write:
    """Return a writer that is gone after so many writes."""
    left = after

    async def written(partition: Partition, key: str, value: bytes) -> object:
        """Write while there is a process."""
        nonlocal left
        left -= 1
        if left < 0:
            raise Interrupted
        return await write(partition, key, value)

    return written


async def begun(broker: Broker, topic: str, after: int) -> bool:
    """Grow until the process is gone, and tell whether it was."""
    async with Topics(settings(broker.bootstrap, topic)) as topics, seen(broker, topic) as one:
        async with record_writing(settings(broker.bootstrap, topic)) as writing:
            await Growing(topic, one.copies, LAYOUT, {}, writing.write).announce()
        await topics.grow(ledger_of(topic), NEW)
        async with writing_to(settings(broker.bootstrap, topic), ledger_of(topic), NEW) as writing:
            growing = Growing(topic, one.copies, LAYOUT, {}, interrupted(writing.write, after))
            try:
                await growing.carry()
                await growing.finish()
            except Interrupted:
                return True
    return False


@pytest.mark.parametrize("after", [0, 1, 3, 10, 20, 35, 44, 47, 50, 53, 56, 59])
async def test_a_crash_in_the_middle_is_made_good_by_running_it_again(real: Broker, after: int) -> None:
    """Wherever it ended: it is known to be unfinished, and the second run ends as one run would have."""
    topic = await planted(real, is_handed_over=False)
    was_interrupted = await begun(real, topic, after)
    async with seen(real, topic) as one:
        assert was_interrupted == one.is_needed
        await one.layout("tenant")
    await grown(real, topic)
    async with copied(real, topic) as copies:
        judge(copies, is_handed_over=False)


async def test_growing_twice_moves_entries_back_and_on(real: Broker) -> None:
    """What lies behind from the first time never comes before what went on since."""
    topic = await planted(real)
    await grown(real, topic)
    newer = {tenant: customer(1, tenant) for tenant in TENANTS}
    async with record_writing(settings(real.bootstrap, topic)) as writing:
        for tenant, entity in newer.items():
            home = Partition(ledger_of(topic), home_of(tenant.encode(), NEW))
            await writing.write(home, entity.key, encode(delivered(9, Generation(EPOCH + 1, 8))))
    client = AIOKafkaAdminClient(bootstrap_servers=real.bootstrap)
    await client.start()
    await client.create_partitions({topic: NewPartitions(OLD * 4)})
    await client.close()
    async with Topics(settings(real.bootstrap, topic)) as topics, seen(real, topic) as one:
        layout = await one.layout("tenant")
        assert OLD * 4 == layout.partitions
        await one.carry_out(layout, topics)
    async with copied(real, topic) as copies:
        for entity, entry in (entries() | dict.fromkeys(newer.values(), delivered(9))).items():
            found = copies[layout.home(entity)].store.get([entity])[entity].entry
            assert entry == msgspec.structs.replace(found, generation=entry.generation)


async def test_what_lags_in_the_wrong_partition_is_refused(real: Broker) -> None:
    """A change that is not settled, whose next ones come elsewhere, is overtaken; one that lies right is no harm."""
    topic = await planted(real)
    right = next(tenant for tenant in TENANTS if home_of(tenant.encode(), NEW) == 0)
    wrong = next(tenant for tenant in TENANTS if home_of(tenant.encode(), NEW) not in (0, 1))
    await produce(
        real.bootstrap, Partition(topic, 0), change(1, 1, tenant=right), b"nonsense", None, key=right.encode()
    )
    async with seen(real, topic) as one:
        assert LAYOUT == await one.layout("tenant")
    await produce(real.bootstrap, Partition(topic, 0), change(1, 1, tenant=wrong), key=wrong.encode())
    async with seen(real, topic) as one:
        with pytest.raises(ConfigurationError, match=r"^1 changes of .* are not settled, .*hold --all"):
            await one.layout("tenant")


async def test_the_topic_is_asked_how_it_is_keyed(real: Broker) -> None:
    """The newest records tell, wherever they are; a replay, garbage and another environment's do no harm."""
    topic = await planted(real)
    for tenant in TENANTS:
        at = Partition(topic, home_of(tenant.encode(), NEW))
        value = change(1, 1, tenant=tenant, environment="sandbox")
        await produce(real.bootstrap, at, value, b"nonsense", None, key=tenant.encode())
        replay = [("moment-dnb-replay", b"1")]
        await produce(real.bootstrap, at, value, key=customer(1, tenant).key.encode(), headers=replay)
    async with seen(real, topic) as one:
        assert LAYOUT == await one.layout(None)


async def test_a_lost_ledger_is_not_covered_up(real: Broker) -> None:
    """Offsets were committed against a partition that says nothing: growing must not make it look like a new one."""
    topic = fresh_name("input")
    await create_topic(real.bootstrap, topic, NEW)
    await create_topic(real.bootstrap, ledger_of(topic), OLD, {"cleanup.policy": "compact"})
    async with writing_to(settings(real.bootstrap, topic), ledger_of(topic), OLD), seen(real, topic) as one:
        lost = msgspec.structs.replace(one, committed={Partition(topic, 1): 3})
        with pytest.raises(ConfigurationError, match=r"partition 1 of .* the ledger is lost"):
            await lost.layout("tenant")
        assert LAYOUT == await one.layout("tenant")
