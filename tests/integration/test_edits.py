"""What many edits cost: twenty of each of 500 customers that queue while DnB allows fifty calls a second."""

import json
from collections import Counter
from pathlib import Path

from daemon.sandbox.generating import Planted
from tests.integration.scene import Scene, scene
from tests.kafka_broker import Kafka

CUSTOMERS = 500
EDITS = 20
CALLS_PER_SECOND = 50
WRITES_PER_CUSTOMER = 1.1


def edits(tenant: str, first_version: int) -> list[Planted]:
    """Return the edits of every customer, one round after the other, as a bulk edit in Moment makes them."""
    return [
        Planted(
            key=tenant.encode(), value=edit(tenant, number, first_version + round_), tenant=tenant, id=number,
            version=first_version + round_, trouble="", reason="", fate="transfer",
        )
        for round_ in range(EDITS)
        for number in range(CUSTOMERS)
    ]  # fmt: skip


def edit(tenant: str, number: int, version: int) -> bytes:
    """Return the record of one edit; what it says depends on its round only, not on its version."""
    data = {
        "customerNumber": str(100_000 + number),
        "name": f"Kunde {number} AS",
        "website": f"https://k{number}.example/{version % EDITS}",
    }
    record = {
        "environment": "production", "tenant": tenant, "kind": "customer", "id": number, "version": version,
        "operation": "update", "occurredAt": "2026-03-14T10:11:12.345Z", "data": data,
    }  # fmt: skip
    return json.dumps(record).encode()


def writes(stage: Scene) -> Counter[int]:
    """Return how often each customer was written."""
    return Counter(one.row_id for one in stage.emulator.history.applied if one.route == "customers")


async def test_twenty_edits_cost_one_write_and_the_same_once_more_none(kafka: Kafka, tmp_path: Path) -> None:
    """Only the newest of the queued edits is sent; repeated, under old or new versions, they cost no call at all."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        stage.environment |= {"MOMENT_DNB_CLIENT_QUOTA": str(CALLS_PER_SECOND)}
        await stage.publish(edits(tenant, EDITS))
        process = stage.process()
        process.start()
        await stage.rest(process)
        first = writes(stage)
        assert CUSTOMERS == len(first)
        assert first.total() <= WRITES_PER_CUSTOMER * CUSTOMERS
        calls = stage.emulator.history.calls_total
        await stage.publish(edits(tenant, EDITS))
        await stage.publish(edits(tenant, 2 * EDITS)[-CUSTOMERS:])
        await stage.rest(process)
        assert 0 == await process.stop()
        assert (calls, first) == (stage.emulator.history.calls_total, writes(stage))
