"""What goes wrong around the daemon: topics that change, disks that fill, records too large; and nothing is lost."""

import json
import resource
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from daemon.core.model import Partition
from daemon.edges.ledger_keys import HANDOVER_KEY
from daemon.edges.ledger_topic import ledger_of
from daemon.sandbox.generating import Planted
from tests.contract.bench import produce, read
from tests.integration.daemon_process import DaemonProcess
from tests.integration.scene import PARTITIONS, Scene, scene
from tests.integration.test_audit import audited
from tests.integration.test_ledger_grow import grow_input
from tests.integration.test_lost_ledger import delete_topic
from tests.integration.test_operating import SECRET_NUMBER, change, explained, metric
from tests.kafka_broker import Kafka, create_topic

CONFIGURATION_EXIT = 78
MEBIBYTE = 1_048_576
SMALL_FILE_BYTES = 300_000


async def configure(stage: Scene, topic: str, configs: dict[str, str]) -> None:
    """Change the configuration of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
    finally:
        await admin.close()


def large(stage: Scene, version: int, size: int, number: str = SECRET_NUMBER) -> Planted:
    """Return a change with a name so long; with the usual number it will be refused and kept with its data."""
    planted = change(stage, version, number)
    record = json.loads(planted.value or b"")
    record["data"]["name"] = "x" * size
    return msgspec.structs.replace(planted, value=json.dumps(record).encode())


async def started(stage: Scene, name: str = "a") -> DaemonProcess:
    """Start a daemon, and return when all partitions are its own."""
    process = stage.process(name)
    process.start()
    await metric(process, "partitions", lambda count: count == PARTITIONS)
    return process


async def test_a_ledger_topic_that_is_deleted_ends_the_daemon(kafka: Kafka, tmp_path: Path) -> None:
    """It says that the topic is gone; started again it refuses to work without what it knew, and names the way out."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = await started(stage)
        await stage.publish([change(stage, 1)])
        await explained(stage, "delivered: version 1")
        await stage.rest(process)
        await delete_topic(stage, ledger_of(stage.topic))
        await stage.publish([change(stage, 2)])
        assert 1 == await process.ended()
        assert f"moment-dnb: the topic {stage.topic}.ledger is gone" in process.tail()
        assert 1 == await stage.uncommitted()
        process.start()
        assert CONFIGURATION_EXIT == await process.ended()
        assert "the ledger is lost" in process.tail()
        process.start("--rebuild-ledger")
        await explained(stage, "delivered: version 2")


async def test_an_input_that_is_given_partitions_ends_the_daemon_in_good_order(kafka: Kafka, tmp_path: Path) -> None:
    """Before keys that changed their place are taken for new ones: exit 78 with the command that mends it."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = await started(stage)
        await grow_input(stage, PARTITIONS + 1)
        assert CONFIGURATION_EXIT == await process.ended()
        assert "moment-dnb ledger grow" in process.tail()
        for number in range(PARTITIONS):
            *_, last = await read(stage.bootstrap, Partition(ledger_of(stage.topic), number))
            assert HANDOVER_KEY.encode() == last.key


async def test_an_entry_too_large_for_the_ledger_topic_ends_the_daemon(kafka: Kafka, tmp_path: Path) -> None:
    """Nothing is committed past it; when the topic takes it, all goes on."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        ledger = ledger_of(stage.topic)
        small = {"cleanup.policy": "compact", "max.message.bytes": "20000"}
        await create_topic(stage.bootstrap, ledger, PARTITIONS, small)
        process = await started(stage)
        await stage.publish([large(stage, 1, 50_000), change(stage, 2)])
        assert 1 == await process.ended()
        assert f"the ledger topic {ledger} refuses a record of " in process.tail()
        assert "raise its max.message.bytes" in process.tail()
        assert 2 == await stage.uncommitted()
        await configure(stage, ledger, small | {"max.message.bytes": "4194304"})
        process.start()
        await explained(stage, "delivered: version 2")
        await stage.rest(process)
        assert 0 == (await audited(stage)).code


async def test_a_disk_that_takes_no_more_ends_the_daemon(kafka: Kafka, tmp_path: Path) -> None:
    """It does not go on without what it should keep: exit 1 with the folder; with room again nothing is missing."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = await started(stage)
        assert process.pid is not None
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (SMALL_FILE_BYTES, SMALL_FILE_BYTES))
        await stage.publish([large(stage, 1, 2 * SMALL_FILE_BYTES)])
        assert 1 == await process.ended()
        tail = process.tail()
        assert f"moment-dnb: MOMENT_DNB_DATA_DIR={str(tmp_path / 'a' / 'data')!r}: " in tail
        assert "see to the disk and start again" in tail
        assert SECRET_NUMBER not in tail
        assert 1 == await stage.uncommitted()
        process.start()
        await explained(stage, "parked: version 1")
        await stage.rest(process)
        assert 0 == await stage.uncommitted()
        assert 0 == (await audited(stage)).code


async def test_records_above_the_limit_are_dead_letters(kafka: Kafka, tmp_path: Path) -> None:
    """Kept whole where the dead-letter topic takes them, else named with their size; the next change is delivered."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        await configure(stage, stage.topic, {"max.message.bytes": str(8 * MEBIBYTE)})
        process = await started(stage)
        values = [one.value for one in (large(stage, 1, MEBIBYTE), large(stage, 2, 5 * MEBIBYTE), change(stage, 3))]
        await produce(
            stage.bootstrap, Partition(stage.topic, 2), *values, key=tenant.encode(), largest_bytes=8 * MEBIBYTE
        )
        await explained(stage, "delivered: version 3")
        await stage.rest(process)
        letters = await read(stage.bootstrap, Partition(f"{stage.topic}.dead-letters", 0))
        assert [values[0], None] == [letter.value for letter in letters]
        assert [b"too_large"] * 2 == [dict(letter.headers)["moment-dnb-reason"] for letter in letters]
        assert str(len(values[1] or b"")).encode() == dict(letters[1].headers)["moment-dnb-omitted-bytes"]
        audit = await audited(stage)
        assert (0, True) == (audit.code, "2 dead-lettered" in audit.out)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1_000])
async def test_a_local_copy_that_cannot_be_read_is_made_again(kafka: Kafka, tmp_path: Path, content: bytes) -> None:
    """Whatever became of the files: the ledger topic has everything, and nothing is sent again."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = await started(stage)
        await stage.publish([change(stage, 1)])
        await stage.rest(process)
        assert 0 == await process.stop()
        for file in (tmp_path / "a" / "data").glob("*.sqlite3"):
            file.write_bytes(content)
        writes = len(stage.emulator.history.applied)
        process = await started(stage)
        await stage.publish([change(stage, 1)])
        await stage.rest(process)
        assert writes == len(stage.emulator.history.applied)
        assert 'settled_total{reason="",settlement="stale",tenant="fjellvik"}' in await process.metrics()
