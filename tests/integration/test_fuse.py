"""A topic full of garbage: the daemon stops in good order, and goes on when it is told to."""

import asyncio
from pathlib import Path

from daemon.core.model import Partition
from daemon.edges.ledger_keys import HANDOVER_KEY
from daemon.edges.ledger_topic import ledger_of
from daemon.sandbox.generating import Planted
from daemon.sandbox.publishing import read_back
from tests.contract.bench import read
from tests.integration.daemon_process import LOOK_SECONDS, DaemonProcess
from tests.integration.scene import PARTITIONS, REST_SECONDS, Scene, scene
from tests.integration.test_audit import audited
from tests.integration.test_operating import change, explained
from tests.kafka_broker import Kafka

GARBAGE = 300
LET_THROUGH = 10
"""Half of a window of 20."""


def garbage(stage: Scene) -> Planted:
    """Return a record that is no change."""
    [tenant] = stage.companies
    return Planted(
        key=tenant.encode(), value=b"{", tenant="", id=0, version=0, trouble="", reason="", fate="dead_letter"
    )


async def serving_all(process: DaemonProcess) -> None:
    """Wait until the daemon serves every partition: what it has not begun to serve it cannot hand over."""
    async with asyncio.timeout(REST_SECONDS):
        while (await process.metrics()).get("partitions") != PARTITIONS:  # noqa: ASYNC110 - the daemon tells nobody
            await asyncio.sleep(LOOK_SECONDS)


async def test_too_many_dead_letters_stop_the_daemon_in_good_order(kafka: Kafka, tmp_path: Path) -> None:
    """What came before is delivered and handed over, the rest not touched: exit 1, with what to look at."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        stage.environment["MOMENT_DNB_DEAD_LETTER_FUSE_WINDOW"] = "20"
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1)])
        await explained(stage, "delivered: version 1")
        await serving_all(process)
        await stage.publish([*[garbage(stage)] * GARBAGE, change(stage, 2)])
        assert 1 == await process.ended()
        tail = process.tail()
        assert f"moment-dnb: too many dead letters: {LET_THROUGH} of the latest 20 records are no changes" in tail
        assert f"MOMENT_DNB_TOPICS={stage.topic}" in tail
        assert "Traceback" not in tail
        assert LET_THROUGH == len(await read_back(stage.bootstrap, f"{stage.topic}.dead-letters"))
        assert GARBAGE + 1 - LET_THROUGH == await stage.uncommitted()
        for number in range(PARTITIONS):
            *_, last = await read(stage.bootstrap, Partition(ledger_of(stage.topic), number))
            assert HANDOVER_KEY.encode() == last.key
        assert 0 == (await audited(stage)).code
        stage.environment["MOMENT_DNB_DEAD_LETTER_FUSE_SHARE"] = "1"
        again = stage.process("b")
        again.start()
        await explained(stage, "delivered: version 2")
        assert 0 == await again.stop()
        assert (GARBAGE, 0) == (
            len(await read_back(stage.bootstrap, f"{stage.topic}.dead-letters")),
            await stage.uncommitted(),
        )
        audit = await audited(stage)
        assert (0, True) == (audit.code, f"{GARBAGE} dead-lettered" in audit.out)
