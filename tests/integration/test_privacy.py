"""What reaches logs and metrics: never a name, an address, a key or a token."""

from pathlib import Path

import msgspec

from daemon.sandbox.faults import FaultKind
from daemon.sandbox.generating import Planted
from tests.integration.scene import scene
from tests.kafka_broker import Kafka

PERSONAL = {
    "customerNumber": "100042",
    "name": "Hemmelig Navnesen AS",
    "email": "hemmelig@navnesen.example",
    "phoneNumber": "90909090",
    "website": "https://hemmelig.example",
    "address": {"addressLine1": "Hemmeligveien 7", "postalCode": "0150", "city": "Skjulby"},
}
TELLTALES = ("emmelig", "navnesen", "90909090", "Skjulby", "Bearer", "PRIVATE KEY", "eyJ")


def record(tenant: str, version: int, **data: object) -> Planted:
    """Return a change with these personal data."""
    value = {
        "environment": "production",
        "tenant": tenant,
        "kind": "customer",
        "id": version,
        "version": version,
        "operation": "create",
        "occurredAt": "2026-03-14T10:11:12Z",
        "data": PERSONAL | data,
    }
    return Planted(tenant.encode(), msgspec.json.encode(value), tenant, version, version, "", "", "transfer")


async def test_logs_and_metrics_hold_nothing_personal_and_no_secret(kafka: Kafka, tmp_path: Path) -> None:
    """At log level debug, with deliveries, refusals, broken records and failing calls, nothing confidential shows."""
    async with scene(kafka, tmp_path, companies=1) as stage:
        [tenant] = stage.companies
        stage.environment["MOMENT_DNB_LOG_LEVEL"] = "debug"
        troubles: tuple[FaultKind, ...] = ("server_error", "reply_lost", "too_many_requests", "token_expired")
        for kind in troubles:
            stage.emulator.inject(kind)
        broken = Planted(tenant.encode(), b'{"name": "Hemmelig Navnesen', tenant, None, None, "", "", "dead_letter")
        refused = record(tenant, 2, customerNumber="Hemmelig-7")
        wrong = record(tenant, 3, name={"Hemmelig": "Navnesen"})
        process = stage.process()
        process.start()
        await stage.publish([record(tenant, 1), broken, refused, wrong])
        await stage.rest(process)
        metrics = await process.metrics()
        assert 0 == await process.stop()
        log = (tmp_path / "a" / "daemon.log").read_text(encoding="utf-8")
    shown = log + "\n".join(metrics)
    assert [] == [telltale for telltale in (*TELLTALES, *stage.companies.values()) if telltale in shown]
    assert all(word in log for word in ("change.delivered", "change.parked", "record.dead_lettered", "change.retried"))
    assert (
        1.0
        == metrics['settled_total{reason="customer_number_not_numeric",settlement="parked",tenant="' + tenant + '"}']
    )
    assert (0.0, 0.0) == (metrics["conservation_residual"], metrics["parked_residual"])
