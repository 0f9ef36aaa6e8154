"""Shows that the image serves with what the chart gives it: it gets ready, delivers, reads changes, hands over."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Generator
from typing import Any

import msgspec

from checks.image_building import Workshop
from checks.image_running import KEY_FILE, Container, MountedSecret, Sandbox, ended, rendered, sandbox, until
from checks.telling import expect, say
from daemon.sandbox.publishing import publishing
from tests.chart.rendering import pod
from tests.kafka_broker import create_topic, free_ports, fresh_name, open_kafka

OK = 200


class Installation(msgspec.Struct, frozen=True):
    """A release of the chart beside a real Kafka and an emulated DnB, not started."""

    bootstrap: str
    topic: str
    dnb: Sandbox
    tenants: MountedSecret
    pod: Container
    grace: float


@contextlib.contextmanager
def installed(shop: Workshop) -> Generator[Installation]:
    """Make an installation for the length of the block."""
    with open_kafka() as kafka, sandbox(shop.folder / "sandbox") as dnb:
        topic, [port] = fresh_name("image"), free_ports(1)
        asyncio.run(create_topic(kafka.bootstrap, topic))
        objects = rendered(kafka.bootstrap, topic, dnb, port)
        folders = {"moment-dnb-tenants": shop.folder / "tenants", "moment-dnb-client": shop.folder / "dnb"}
        tenants, client = (MountedSecret(one, pod(objects)["securityContext"]["fsGroup"]) for one in folders.values())
        tenants.write({"tenants.yaml": tenants_file(dnb.tenants)})
        client.write({KEY_FILE: dnb.private_key})
        yield Installation(
            bootstrap=kafka.bootstrap,
            topic=topic,
            dnb=dnb,
            tenants=tenants,
            pod=Container(shop, objects, folders),
            grace=pod(objects)["terminationGracePeriodSeconds"],
        )


def show_service(shop: Workshop) -> None:
    """Show a life of the daemon; ends the check with the end of its log if anything is not as it should be."""
    [_, *health] = shop.config()["Healthcheck"]["Test"]
    with installed(shop) as here, here.pod.running() as process:
        try:
            show_start(here, health)
            show_delivery(here)
            show_reread(here)
            show_end(here, process)
        except SystemExit:
            print(here.pod.log.read_text(encoding="utf-8")[-3_000:], file=sys.stderr)
            raise


def show_start(here: Installation, health: list[str]) -> None:
    """Show that it gets ready, is healthy in its own eyes, and passes its own preflight."""
    ready = until(lambda: here.pod.says("/readyz")[0] == OK, "/readyz answers 200")
    for command in (health, ("moment-dnb", "check")):
        done = here.pod.executes(*command)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
    expect(OK, here.pod.says("/livez")[0])
    say(f"starts: /readyz answers 200 after {ready:.1f} s; healthy; the preflight passes")


def show_delivery(here: Installation) -> None:
    """Show that a new customer reaches DnB."""
    asyncio.run(publish(here.bootstrap, here.topic, next(iter(here.dnb.tenants))))
    seconds = until(lambda: here.pod.metric('settled_total{reason="",settlement="delivered"') == 1, "a delivery")
    say(f"delivers: a change after {seconds:.1f} s")


def show_reread(here: Installation) -> None:
    """Show that a changed Secret is read without a restart."""
    held = {name: tenant | {"mode": "held"} for name, tenant in here.dnb.tenants.items()}
    here.tenants.write({"tenants.yaml": tenants_file(held)})
    seconds = until(lambda: here.pod.metric('tenants{state="held"}') == len(held), "the tenants are held")
    say(f"reads again: a changed Secret is in force {seconds:.1f} s after its files changed")


def show_end(here: Installation, process: subprocess.Popen[bytes]) -> None:
    """Show that a signal ends it in good order, well inside what Kubernetes grants."""
    memory = here.pod.peak_memory_mib()
    started = time.monotonic()
    here.pod.terminate()
    expect(0, ended(process, here.grace))
    expect(expected=True, actual='"daemon.stopped"' in here.pod.log.read_text(encoding="utf-8"))
    took = time.monotonic() - started
    say(f"ends: exit code 0 after {took:.1f} s of {here.grace} granted; at most {memory} MiB of memory were held")


async def publish(bootstrap: str, topic: str, tenant: str) -> None:
    """Publish a new customer of the tenant."""
    change = {
        "environment": "production",
        "tenant": tenant,
        "kind": "customer",
        "id": 70311802,
        "version": 1,
        "operation": "create",
        "occurredAt": "2026-03-14T10:11:12Z",
        "data": {"customerNumber": "100042", "name": "Fjellvik Arkitekter AS", "currencyCode": "NOK"},
    }
    async with publishing(bootstrap, topic) as publisher:
        await publisher.publish([(tenant.encode(), json.dumps(change).encode())])


def tenants_file(tenants: dict[str, Any]) -> bytes:
    """Return a tenants file; JSON is YAML."""
    return json.dumps({"tenants": tenants}).encode()
