"""`moment-dnb ledger grow`: the input topic was given more partitions; nothing is lost, and nothing sent twice."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from daemon.edges.partitioning import Keying, home_of
from daemon.sandbox.generating import Planted
from daemon.sandbox.judging import Verdict
from tests.cli.command import Ended, ran
from tests.integration.daemon_process import LOOK_SECONDS, DaemonProcess
from tests.integration.scene import PARTITIONS, QUIET_SECONDS, REST_SECONDS, Scene, scene
from tests.integration.test_audit import audited
from tests.integration.test_operating import change, explained
from tests.kafka_broker import Kafka

CONFIGURATION_EXIT = 78


async def grow_input(stage: Scene, partitions: int) -> None:
    """Give the input topic more partitions, as its owner does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.bootstrap)
    await admin.start()
    try:
        await admin.create_partitions({stage.topic: NewPartitions(partitions)})
        while len((await admin.describe_topics([stage.topic]))[0]["partitions"]) < partitions:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await admin.close()


async def grow(stage: Scene, *options: str) -> Ended:
    """Run the command with the settings of the scene."""
    ended = await ran("ledger", "grow", *options, environment=stage.environment)
    assert "Traceback" not in ended.err, ended.err
    return ended


def moving(keys: Sequence[str]) -> int:
    """Return a number of partitions with which most of the keys have another home than before."""
    old = [home_of(key.encode(), PARTITIONS) for key in keys]
    return max(
        range(PARTITIONS + 1, 3 * PARTITIONS),
        key=lambda size: sum(home_of(key.encode(), size) != home for key, home in zip(keys, old, strict=True)),
    )


async def quiet(process: DaemonProcess, partitions: int) -> None:
    """Wait until the daemon has so many partitions, nothing in hand, and nothing comes of trying again."""
    deadline, quiet_since, before = time.monotonic() + REST_SECONDS, time.monotonic(), -1.0
    while time.monotonic() < quiet_since + QUIET_SECONDS:
        metrics = await process.metrics()
        done = sum(count for name, count in metrics.items() if name.startswith(("settled_total{", "released_total{")))
        is_idle = metrics.get("partitions") == partitions and not metrics.get("in_hand", 1.0)
        if done != before or not is_idle or metrics.get('parked{reason="waiting"}'):
            quiet_since, before = time.monotonic(), done
        assert time.monotonic() < deadline, f"no rest: {metrics} {process.tail()}"
        await asyncio.sleep(LOOK_SECONDS)


def rekeyed(records: Sequence[Planted], keyed_by: Keying) -> list[Planted]:
    """Return the records under the key of their entity, where that is wanted and they have one."""
    if keyed_by == "tenant":
        return list(records)
    return [
        msgspec.structs.replace(one, key=f"{one.tenant}/customer/{one.id}".encode()) if one.id else one
        for one in records
    ]


async def test_the_daemon_goes_on_with_more_partitions(kafka: Kafka, tmp_path: Path) -> None:
    """Refused changes, holds and what was delivered move with their tenants; the books end equal to Moment."""
    async with scene(kafka, tmp_path, seed=3, story="whole") as stage:
        first, *_ = tenants = sorted(stage.companies)
        records, partitions = stage.planted(seed=3, events=400), moving(tenants)
        process = stage.process()
        process.start()
        await stage.publish(records[:250])
        await stage.rest(process)
        running = await grow(stage)
        assert (CONFIGURATION_EXIT, True) == (running.code, "stop all replicas first" in running.err)
        assert 0 == (await ran("hold", first, environment=stage.environment)).code
        assert 0 == await process.stop()
        assert "nothing to do" in (await grow(stage)).out
        await grow_input(stage, partitions)
        process.start()
        assert CONFIGURATION_EXIT == await process.ended()
        assert "moment-dnb ledger grow" in process.tail()
        dry = await grow(stage, "--dry-run")
        assert (0, True) == (dry.code, "nothing was written" in dry.out), dry
        done = await grow(stage)
        assert (0, True) == (done.code, f"{PARTITIONS} -> {partitions} partitions, keyed by tenant" in done.out), done
        assert "nothing to do" in (await grow(stage)).out
        assert 0 == (await audited(stage)).code
        process.start()
        await stage.publish(records[250:])
        await asyncio.sleep(QUIET_SECONDS)
        assert 1 == (await process.metrics())["held_tenants"]
        assert 0 == (await ran("release", first, environment=stage.environment)).code
        await quiet(process, partitions)
        metrics = await process.metrics()
        assert (0, 0) == (metrics["conservation_residual"], metrics["parked_residual"])
        assert 0 == await process.stop()
        audit = await audited(stage)
        assert 0 == audit.code, audit.out
        verdict = await stage.verdict(records)
    assert Verdict() == verdict


async def test_a_topic_that_is_keyed_by_entity_is_spread_by_entity(kafka: Kafka, tmp_path: Path) -> None:
    """Each entity's entry goes where that entity's changes will come, whoever its tenant is."""
    async with scene(kafka, tmp_path, seed=6, story="customers") as stage:
        records = rekeyed(stage.planted(seed=6, events=300), "entity")
        process = stage.process()
        process.start()
        await stage.publish(records[:200])
        await stage.rest(process)
        assert 0 == await process.stop()
        await grow_input(stage, 6)
        done = await grow(stage, "--keyed-by", "entity")
        assert (0, True) == (done.code, "4 -> 6 partitions, keyed by entity" in done.out), done
        process.start()
        await stage.publish(records[200:])
        await quiet(process, 6)
        assert 0 == await process.stop()
        audit = await audited(stage)
        assert 0 == audit.code, audit.out
        verdict = await stage.verdict(records)
    assert Verdict() == verdict


@pytest.mark.parametrize("version", [2, 3])
async def test_what_lags_is_refused_and_the_way_out_is_one(kafka: Kafka, tmp_path: Path, version: int) -> None:
    """Changes that came before their place changed are taken into the ledger while all is held, and sent in order."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        partitions = moving([tenant])
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1)])
        await explained(stage, "delivered: version 1")
        assert 0 == await process.stop()
        await stage.publish([change(stage, 2)])
        await grow_input(stage, partitions)
        await stage.publish([change(stage, version)])
        refused = await grow(stage)
        assert (CONFIGURATION_EXIT, True) == (refused.code, "are not settled" in refused.err), refused
        assert 0 == (await ran("hold", "--all", environment=stage.environment)).code
        stage.environment["MOMENT_DNB_KAFKA_CHECK_TOPICS"] = "false"
        draining = stage.process("b")
        draining.start()
        await explained(stage, "parked: version 2", "waiting")
        await draining.stop()
        done = await grow(stage)
        assert 0 == done.code, done
        stage.environment["MOMENT_DNB_KAFKA_CHECK_TOPICS"] = "true"
        process.start()
        assert 0 == (await ran("release", "--all", environment=stage.environment)).code
        story = await explained(stage, f"delivered: version {version}")
        assert f"partition {home_of(tenant.encode(), partitions)}" in story
        assert 0 == await process.stop()
        assert 0 == (await audited(stage)).code


@pytest.mark.parametrize(("options", "words"), [((), "DOING"), (("shrink",), "invalid choice")])
async def test_what_cannot_be_meant_is_refused(options: tuple[str, ...], words: str) -> None:
    """There is one thing to do with a ledger, and it is named."""
    ended = await ran("ledger", *options)
    assert (2, True) == (ended.code, words in ended.err)
