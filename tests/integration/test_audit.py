"""`moment-dnb audit --conservation` over a daemon that is killed, and over records that are lost on purpose."""

import json
from pathlib import Path
from typing import Any

import anyio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from daemon.edges.kafka_connection import connection
from daemon.settings import read_settings
from tests.cli.command import Ended, ran
from tests.integration.scene import PARTITIONS, Scene, scene
from tests.integration.test_kill import calls
from tests.integration.test_operating import CUSTOMER, SECRET_NUMBER, change
from tests.kafka_broker import Kafka

CONFIGURATION_EXIT = 78
COMMITS_TRIED = 40


async def audited(stage: Scene, *options: str) -> Ended:
    """Run the audit with the settings of the scene."""
    ended = await ran("audit", "--conservation", *options, environment=stage.environment)
    assert "Traceback" not in ended.err, ended.err
    return ended


async def commit_everything(stage: Scene) -> None:
    """Commit the end of every partition for the group, as a daemon that loses records would."""
    settings = read_settings(stage.environment)
    consumer = AIOKafkaConsumer(**connection(settings), group_id=settings.group, enable_auto_commit=False)
    async with consumer:
        at = [TopicPartition(stage.topic, number) for number in range(PARTITIONS)]
        consumer.assign(at)
        ends = {one: (end, "") for one, end in (await consumer.end_offsets(at)).items()}
        for _ in range(COMMITS_TRIED):
            try:
                return await consumer.commit(ends)
            except CommitFailedError:  # the group may not know yet that its last member is gone
                await anyio.sleep(1.0)
        return await consumer.commit(ends)


async def test_kills_leave_every_record_accounted_for(kafka: Kafka, tmp_path: Path) -> None:
    """Beside a daemon in the middle of its work, after a kill, and at rest: nothing is lost, each record is counted."""
    async with scene(kafka, tmp_path, seed=5, story="whole") as stage:
        records = stage.planted(seed=5, events=400)
        process = stage.process()
        process.start()
        for number in range(4):
            await stage.publish(records[number * 100 : (number + 1) * 100])
            await calls(stage, 60)
            beside = await audited(stage)
            process.kill()
            killed = await audited(stage)
            process.start()
            assert (0, 0) == (beside.code, killed.code), beside.out + killed.out
        await stage.rest(process)
        assert 0 == await process.stop()
        path = tmp_path / "figures.json"
        ended = await audited(stage, "--json", str(path))
        assert 0 == ended.code, ended.out
        assert "verdict: every record is accounted for" in ended.out
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        total = figures["total"]
        assert (len(records), 0, 0, True) == (
            total["records"], total["beyond"], total["unaccounted"], figures["is_conserved"],
        )  # fmt: skip
        assert total["dead_lettered"] > 0
        assert {"draft", "environment"} <= total["ignored"].keys()
        assert PARTITIONS == len(figures["partitions"])


async def test_a_record_that_was_committed_and_never_taken_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """An offset that was committed past records nobody has is a loss: told by entity, version and offset, no value."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1)])
        await stage.rest(process)
        assert 0 == await process.stop()
        await stage.publish([change(stage, 2), change(stage, 3, SECRET_NUMBER)])
        behind = await audited(stage)
        assert (0, True) == (behind.code, "2 beyond the committed offset" in behind.out)
        await commit_everything(stage)
        lost = await audited(stage)
        assert 1 == lost.code
        assert f"UNACCOUNTED  {tenant} customer {CUSTOMER}, version 3 (offset 2)" in lost.out
        assert "1 superseded" in lost.out
        assert "verdict: 1 records are accounted for by nothing" in lost.out
        assert SECRET_NUMBER not in lost.out


async def test_a_topic_that_the_daemon_never_made_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """Before the first start there is no ledger to audit against: exit 78 with the setting to look at."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        ended = await audited(stage)
        assert (CONFIGURATION_EXIT, "") == (ended.code, ended.out)
        assert "does not exist: see MOMENT_DNB_TOPICS" in ended.err


async def test_figures_that_cannot_be_written_are_refused(kafka: Kafka, tmp_path: Path) -> None:
    """A path that is none is told in words; what was found stands above it."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1)])
        await stage.rest(process)
        ended = await audited(stage, "--json", str(tmp_path / "nowhere" / "figures.json"))
        assert (CONFIGURATION_EXIT, True) == (ended.code, "cannot be written" in ended.err)
        assert "verdict: every record is accounted for" in ended.out


async def test_an_audit_must_be_named() -> None:
    """Which audit is wanted is said, so that another one can stand beside it."""
    ended = await ran("audit")
    assert (2, True) == (ended.code, "--conservation" in ended.err)
