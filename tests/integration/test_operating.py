"""What an operator does to a running daemon from the command line: hold, release, explain, replay; on a real Kafka."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

from daemon.sandbox.generating import Planted
from tests.cli.command import Ended, ran
from tests.integration.daemon_process import DaemonProcess
from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka

CUSTOMER = 70_311_802
SECRET_NUMBER = "K-100042"
TIMEOUT_SECONDS = 30.0


def change(stage: Scene, version: int, number: str = "100042", *, kind: str = "customer") -> Planted:
    """Return a change of the one customer, as a record of its tenant."""
    [tenant] = stage.companies
    customer = {"customerNumber": number, "name": f"Fjellvik {version} AS"}
    project = {
        "projectNumber": "4005", "name": "Storgata 1", "projectState": "inProgress",
        "customer": {"id": CUSTOMER + 1, "customerNumber": "100043"},
    }  # fmt: skip
    record = {
        "environment": "production",
        "tenant": tenant,
        "kind": kind,
        "id": CUSTOMER,
        "version": version,
        "operation": "update",
        "occurredAt": "2026-03-14T10:11:12.345Z",
        "data": customer if kind == "customer" else project,
    }
    return Planted(
        key=tenant.encode(), value=json.dumps(record).encode(), tenant=tenant, id=CUSTOMER, version=version,
        trouble="", reason="", fate="transfer",
    )  # fmt: skip


async def told(stage: Scene, *arguments: str) -> Ended:
    """Run a command with the settings of the scene; it must have nothing to complain about."""
    ended = await ran(*arguments, environment=stage.environment)
    assert "Traceback" not in ended.err, ended.err
    return ended


async def explained(stage: Scene, *words: str, kind: str = "customer", options: tuple[str, ...] = ()) -> str:
    """Return what `explain` says of the customer once all the words are in it."""
    [tenant] = stage.companies
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        ended = await told(stage, "explain", tenant, kind, str(CUSTOMER), *options)
        if all(word in ended.out for word in words):
            return ended.out
        assert time.monotonic() < deadline, (words, ended)


async def metric(process: DaemonProcess, name: str, is_right: Callable[[float], bool]) -> None:
    """Wait until a metric of the process is as it should be."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_right((await process.metrics()).get(name, 0.0)):
        assert time.monotonic() < deadline, (name, await process.metrics(), process.tail())
        await asyncio.sleep(0.1)


async def test_a_held_tenant_waits_until_it_is_released(kafka: Kafka, tmp_path: Path) -> None:
    """Held, nothing is sent, not even after a kill; released, what waited is delivered; `explain` tells each time."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        process = stage.process()
        process.start()
        await metric(process, "partitions", lambda count: count == 4)
        held = await told(stage, "hold", tenant, "--reason", "the accountant is away")
        assert (0, f"held: {tenant}, until it is released ({stage.topic}.ledger, 4 partitions)\n") == (
            held.code,
            held.out,
        )
        await metric(process, "held_tenants", lambda count: count == 1)
        await stage.publish([change(stage, 1)])
        story = await explained(stage, "parked: version 1", "waiting", "held: the tenant")
        assert "the accountant is away" in story
        process.kill()
        process.start()
        await metric(process, "partitions", lambda count: count == 4)
        await stage.publish([change(stage, 2)])
        await explained(stage, "parked: version 2", "held: the tenant")
        assert 0 == (await told(stage, "release", tenant)).code
        story = await explained(stage, "delivered: version 2", "number 100042")
        assert "held" not in story
        assert "parked" not in story


async def test_everything_is_held_for_a_while(kafka: Kafka, tmp_path: Path) -> None:
    """With a duration the hold ends by itself."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = stage.process()
        process.start()
        await metric(process, "partitions", lambda count: count == 4)
        held = await told(stage, "hold", "--all", "--for", "8s")
        assert held.out.startswith("held: everything, until 20")
        await stage.publish([change(stage, 1)])
        await explained(stage, "parked: version 1", "held: everything")
        await explained(stage, "delivered: version 1")


async def test_a_refused_change_is_explained_and_replayed(kafka: Kafka, tmp_path: Path) -> None:
    """The field, the rule and the repair are told, the value only if asked for; a replay tries it again."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1, SECRET_NUMBER)])
        story = await explained(stage, "customer_number_not_numeric", "field: customerNumber", "rule:", "repair:")
        assert SECRET_NUMBER not in story
        assert f"field: customerNumber = '{SECRET_NUMBER}'" in await explained(stage, options=("--show-values",))
        replayed = await told(stage, "replay", tenant, "customer", str(CUSTOMER))
        assert (0, True) == (replayed.code, "version 1 replayed as " in replayed.out)
        story = await explained(stage, "customer_number_not_numeric")
        await metric(process, 'released_total{released_as="superseded"}', lambda count: count >= 0)
        await metric(process, "received_total", lambda count: count == 2)


async def test_a_delivered_change_is_compared_again(kafka: Kafka, tmp_path: Path) -> None:
    """Somebody changed the customer in DnB: a replay of what was delivered puts it right."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1), change(stage, 2)])
        await explained(stage, "delivered: version 2")
        calls = await process.metrics()
        replayed = await told(stage, "replay", tenant, "customer", str(CUSTOMER), str(CUSTOMER + 9))
        assert 1 == replayed.code
        assert f"{tenant} customer {CUSTOMER}: version 2 replayed" in replayed.out
        assert f"{tenant} customer {CUSTOMER + 9}: neither parked nor in the input topic" in replayed.out
        await metric(process, "received_total", lambda count: count == 3)
        await metric(process, "in_hand", lambda count: count == 0)
        after = await process.metrics()
        assert sum(_calls(after)) > sum(_calls(calls))


async def test_a_change_that_waits_for_another_says_for_which(kafka: Kafka, tmp_path: Path) -> None:
    """A project without its customer names it, and goes when the customer comes."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        stage.environment["MOMENT_DNB_DEPENDENCY_WAIT"] = "1"
        process = stage.process()
        process.start()
        await stage.publish([change(stage, 1, kind="project")])
        story = await explained(stage, "missing_dependency", "released by: the delivery of", kind="project")
        assert f"customer {CUSTOMER + 1}" in story


async def test_what_no_ledger_knows_is_told(kafka: Kafka, tmp_path: Path) -> None:
    """An id that never came has no story, and the command says so with its exit code."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        process = stage.process()
        process.start()
        await metric(process, "partitions", lambda count: count == 4)
        ended = await told(stage, "explain", "nobody", "invoice", "7")
    assert (1, True) == (ended.code, "not in the ledger" in ended.out)


async def test_what_cannot_be_meant_is_refused_in_words() -> None:
    """A wrong kind, id, name or duration is told before anything is connected."""
    for arguments in (
        ("explain", "fjellvik", "offer", "1"),
        ("explain", "fjellvik", "customer", "K-1"),
        ("hold", "Fjell Vik"),
        ("hold", "fjellvik", "--for", "soon"),
        ("release",),
    ):
        ended = await ran(*arguments)
        assert (2, True) == (ended.code, "error: " in ended.err), arguments


def _calls(metrics: dict[str, float]) -> list[float]:
    return [value for name, value in metrics.items() if name.startswith("calls_total")]
