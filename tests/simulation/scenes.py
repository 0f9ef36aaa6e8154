"""A simulated world for one story: nothing goes wrong in it but what the story says."""

import contextlib
from collections.abc import Callable, Generator
from typing import Any

import msgspec

from daemon.core.actions import Send
from daemon.core.model import Entity, Kind, Tenant
from daemon.sandbox.companies import invented, tenant_name
from daemon.sandbox.exchange import Request
from daemon.sandbox.planting import Planted
from tests.simulation.kafka import COMPACTION_LAG_SECONDS
from tests.simulation.replica import Replica
from tests.simulation.schedules import Schedule, Trouble
from tests.simulation.verdicts import judged
from tests.simulation.world import World

CUSTOMER_ID = 70311802
INVOICE_ID = 118204417

LINE: dict[str, Any] = {
    "text": "Prosjektering", "quantity": 10, "totalExVat": "13500.00", "vatCode": "3", "productType": "hours",
    "accountNumber": "3000",
}  # fmt: skip
INVOICE: dict[str, Any] = {
    "invoiceNumber": "10245", "invoiceType": "invoice", "invoiceState": "finalized",
    "customer": {"id": CUSTOMER_ID, "customerNumber": "100042"}, "invoiceDate": "2026-09-10", "dueDate": "2026-09-24",
    "currencyCode": "NOK", "totalExVat": "13500.00", "totalVat": "3375.00", "totalIncVat": "16875.00", "lines": [LINE],
}  # fmt: skip
"""A finalized invoice of the customer; the tests change what they are about."""


class Scene:
    """A world in the hands of a test: what Moment says, what befalls whom, and what the books then show."""

    def __init__(self, schedule: Schedule) -> None:
        """Set the world up, with nobody started yet."""
        self.world = World(schedule, tells=True)
        self.planted: list[Planted] = []
        self.partition = next(iter(self.world.inputs))

    # -- time --------------------------------------------------------------------------------------------------

    def until(self, condition: Callable[[], object], *, seconds: float = 60.0) -> None:
        """Let one thing happen after the other until the condition holds; fails if that takes too long."""
        timeline = self.world.timeline
        until = timeline.now + seconds
        while not condition():
            assert timeline.step(until), "it never happened:\n" + "\n".join(self.world.transcript or ())[-4_000:]
            self.world.count_step()

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.world.pass_time(seconds)

    def compact(self) -> int:
        """Let the ledgers' records grow old, and compaction remove what it may."""
        self.pass_time(COMPACTION_LAG_SECONDS + 1.0)
        return self.world.compact()

    # -- replicas ----------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start processes, and wait until every partition is restored."""
        for name in names or ("a",):
            self.world.start(name)
        self.until(lambda: all(self.world.store_of(partition) for partition in self.world.inputs))

    @property
    def owner(self) -> Replica:
        """Return who owns the first partition."""
        owner = self.world.coordinator.owner(self.partition)
        assert isinstance(owner, Replica)
        return owner

    def until_owned_by_another(self, than: Replica) -> None:
        """Wait until somebody else has taken the first partition over."""
        self.until(lambda: self.world.store_of(self.partition) is not None and self.owner is not than)

    def stand_still(self, replica: Replica, seconds: float) -> None:
        """Stop a process, as by SIGSTOP."""
        replica.stop(seconds)
        self.world.coordinator.miss(replica.name, replica)

    def stand_still_sending(self, replica: Replica, seconds: float) -> None:
        """Stop a process between its last look at the clock and the first byte of its next call: that leaves late."""

        def stop(sender: Replica, _send: Send) -> None:
            if sender is replica:
                self.world.when_sending = None
                self.stand_still(replica, seconds)

        self.world.when_sending = stop

    def kill(self, replica: Replica, *, keeps_disk: bool = True, seconds: float = 1.0) -> None:
        """Kill a process; it starts again after a while."""
        self.world.end(replica, keeps_disk=keeps_disk, seconds=seconds)

    # -- Moment ------------------------------------------------------------------------------------------------

    def change(
        self, kind: Kind, item: int, version: int, data: dict[str, Any] | None, *, tenant: str = "fjellvik"
    ) -> None:
        """Publish a change; without data a delete, which nothing comes of."""
        record: dict[str, Any] = {
            "environment": "production", "tenant": tenant, "kind": kind, "id": item, "version": version,
            "operation": "update" if data else "delete", "occurredAt": "2026-09-21T14:13:20Z",
        }  # fmt: skip
        value = msgspec.json.encode(record | ({"data": data} if data else {}))
        is_draft = data is None or data.get("invoiceState") == "draft"
        fate = "ignore" if is_draft else "transfer"
        self.planted.append(Planted(tenant.encode(), value, tenant, item, version, "", "", fate, kind))  # type: ignore[arg-type]
        self.world.produce(tenant.encode(), value)

    def customer(
        self, version: int, name: str = "Havgard Eiendom AS", *, tenant: str = "fjellvik", **data: object
    ) -> None:
        """Publish a change of the one customer."""
        content = {"customerNumber": "100042", "name": name, **data}
        self.change("customer", CUSTOMER_ID, version, content, tenant=tenant)

    def invoice(self, version: int, **data: Any) -> None:  # noqa: ANN401 - JSON
        """Publish a change of the one invoice."""
        self.change("invoice", INVOICE_ID, version, {**INVOICE, **data})

    # -- DnB ---------------------------------------------------------------------------------------------------

    def strike(self, kind: str, *, call: int, seconds: float = 0.5) -> None:
        """Let something become of the nth call from now on (1 is the next)."""
        number = self.world.network.calls + call
        self.world.network.plan(Trouble(kind=kind, at=float(number), whom=0.0, seconds=seconds))

    def rows(self, entity: str, tenant: str = "fjellvik") -> list[dict[str, Any]]:
        """Return the living rows of one entity in a tenant's books."""
        return [dict(row) for row in self.world.network.emulator.books(self._key(tenant)).table(entity).live()]

    def names(self, tenant: str = "fjellvik") -> list[str]:
        """Return the names of a tenant's customers in DnB."""
        books = self.world.network.emulator.books(self._key(tenant))
        rows = books.table("Customer").live()
        return [str(books.table("BusinessRelation").get(row["BusinessRelationID"])["Name"]) for row in rows]  # type: ignore[index, arg-type]

    def by_hand(self, method: str, path: str, tenant: str = "fjellvik") -> None:
        """Let a person in the company do something."""
        answer = self.world.network.emulator.by_hand(self._key(tenant), Request(method, path), self.world.timeline.now)
        assert answer.status < 300, answer

    def calls(self, tenant: str = "fjellvik") -> int:
        """Return how many calls were made for a tenant's company."""
        return self.world.network.emulator.history.calls[self._key(tenant)]

    def _key(self, tenant: str) -> str:
        schedule = self.world.schedule
        keys = {name: one.key for name, one in zip(schedule.tenants, schedule.companies, strict=True)}
        return keys[tenant]

    # -- the ledger and the end --------------------------------------------------------------------------------

    def entry(self, kind: Kind = "customer", item: int = CUSTOMER_ID) -> Any:  # noqa: ANN401 - the tests look at any field
        """Return what the owner knows of an entity."""
        return self.world.entries().get(Entity("fjellvik", kind, item))

    def delivered(self, kind: Kind = "customer", item: int = CUSTOMER_ID) -> int:
        """Return the delivered version of an entity, 0 while there is none."""
        entry = self.entry(kind, item)
        return entry.version if entry else 0

    def verdict(self) -> str:
        """Wait until the world is at rest, and return what the judge of the books finds, empty for nothing."""
        self.world.calm_down()
        self.world.come_to_rest()
        self.world.schedule = msgspec.structs.replace(self.world.schedule, records=tuple(self.planted))
        return judged(self.world)


@contextlib.contextmanager
def scene(
    *, tenants: int = 1, partitions: int = 1, are_static: bool = False, is_retried_seldom: bool = False
) -> Generator[Scene]:
    """Set a scene for the length of the block."""
    companies = invented(tenants, 7)
    names = [tenant_name(company.name) for company in companies]
    schedule = Schedule(
        seed=7,
        replicas=0,
        partitions=partitions,
        are_static=are_static,
        is_keyed_by_tenant=True,
        companies=companies,
        tenants={name: Tenant(name=name, company=f"company of {name}", quota=25.0) for name in names},
        records=(),
        produced_at=(),
        troubles=(),
        is_retried_seldom=is_retried_seldom,
    )
    made = Scene(schedule)
    try:
        yield made
    finally:
        made.world.close()
