"""Updates of a customer whose rows are all known: one call, and as right as one that reads first."""

from itertools import product
from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Answered, Call, Delivered, Known, Outcome, Procedure, Unchanged
from daemon.dnb import calls
from tests.dnb.customers import FULL, MINIMAL, MINIMAL_SHOWN, SHOWN, prepared
from tests.dnb.test_customer_procedure import CLEARED, CLEARINGS, EDITED, EDITED_SHOWN, FIELDS, RENUMBERED, rerun
from tests.dnb.world import BEHAVIOURS, Behaviour, World, kill_at, known

Table = list[tuple[str, dict[str, Any], dict[str, Any]]]
CHANGES: Table = [*FIELDS, *CLEARINGS]


class Deliveries:
    """One customer's versions, each told what the ledger would know of the one before."""

    def __init__(self, *, echoes: bool = True) -> None:
        """Begin with an empty DnB; `echoes` tells whether its replies to writes show the rows inside a customer."""
        self.world = World()
        self.known = known(0)
        self.made: list[str] = []
        self._echoes = echoes

    def deliver(self, data: dict[str, Any]) -> Outcome:
        """Deliver the next version, and note the methods of the calls about customers."""
        self.made = []
        procedure = prepared(data).start(msgspec.structs.replace(self.known, version=self.known.version + 1))
        outcome = self._ended(procedure)
        assert isinstance(outcome, Delivered | Unchanged), outcome
        self.known = Known(
            version=self.known.version + 1, dnb_id=outcome.dnb_id, number=outcome.number, parts=outcome.parts
        )
        return outcome

    def _ended(self, procedure: Procedure) -> Outcome:
        try:
            call = next(procedure)
            while True:
                call = procedure.send(self._send(call))
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome

    @property
    def shown(self) -> list[dict[str, Any]]:
        """What an accountant sees."""
        return self.world.customers()

    def _send(self, call: Call) -> Answered:
        is_about_customers = call.target.startswith("api/biz/customers")
        self.made += [call.method] if is_about_customers else []
        reply = self.world.send(call)
        if self._echoes or not call.writes:
            return reply
        root = msgspec.json.decode(reply.body)
        return Answered(status=reply.status, body=msgspec.json.encode({"ID": root["ID"]}))


@pytest.mark.parametrize(("changes", "shown"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_every_change_costs_one_call(changes: dict[str, Any], shown: dict[str, Any]) -> None:
    """Whatever is changed or cleared, and back: each is one PUT, and DnB shows what Moment says.

    Only a new number is looked up first.
    """
    customer = Deliveries()
    customer.deliver(FULL)
    assert ["GET", "POST"] == customer.made
    looks = ["GET", "GET"] if "customerNumber" in changes else []
    for data, expected in (({**FULL, **changes}, {**SHOWN, **shown}), (FULL, SHOWN)):
        customer.deliver(data)
        assert ([*looks, "PUT"], [expected]) == (customer.made, customer.shown)


def test_everything_comes_and_goes_in_one_call_each() -> None:
    """Rows that are created and deleted by updates are known to the next one, too."""
    customer = Deliveries()
    customer.deliver(MINIMAL)
    stages = ((FULL, SHOWN), (CLEARED, MINIMAL_SHOWN), (EDITED, EDITED_SHOWN), (MINIMAL, MINIMAL_SHOWN), (FULL, SHOWN))
    for data, expected in stages:
        customer.deliver(data)
        assert (["PUT"], [expected]) == (customer.made, customer.shown)


def test_a_dnb_that_shows_no_rows_is_read_once() -> None:
    """What a create left is read before the first update, and known for the next; nothing is guessed."""
    customer = Deliveries(echoes=False)
    customer.deliver(FULL)
    for data, made in ((EDITED, ["GET", "PUT"]), ({**EDITED, "name": "Ny AS"}, ["PUT"]), (CLEARED, ["PUT"])):
        customer.deliver(data)
        assert made == customer.made
    assert [MINIMAL_SHOWN] == customer.shown
    customer.deliver(FULL)
    customer.deliver(EDITED)
    assert (["GET", "PUT"], [EDITED_SHOWN]) == (customer.made, customer.shown)


def test_what_a_person_changed_is_moments_again() -> None:
    """Moment is the master: an update tells DnB everything, not only what differs between two versions."""
    customer = Deliveries()
    customer.deliver(FULL)
    info = customer.known.parts["info"]
    body = {"ID": customer.known.dnb_id, "WebUrl": "https://hers.example", "Info": {"ID": info, "Name": "Hers AS"}}
    customer.world.send(calls.update_customer(customer.known.dnb_id or 0, msgspec.json.encode(body)))
    customer.deliver({**FULL, "phoneNumber": "90000001"})
    assert (["PUT"], [{**SHOWN, "phone": "90000001"}]) == (customer.made, customer.shown)


@pytest.mark.parametrize("part", ["DefaultEmail", "DefaultPhone", "InvoiceAddress", "ShippingAddress"])
def test_a_row_that_a_person_deleted_is_made_again(part: str) -> None:
    """DnB refuses the row that is gone; then the customer is read, and the row is created anew."""
    customer = Deliveries()
    customer.deliver(FULL)
    dnb_id, parts = customer.known.dnb_id or 0, customer.known.parts
    names = {"DefaultEmail": "email", "DefaultPhone": "phone", "InvoiceAddress": "invoice_address"}
    gone = {"ID": parts[names.get(part, "shipping_address")], "Deleted": True}
    body = {"ID": dnb_id, "Info": {"ID": parts["info"], part: gone}}
    assert 200 == customer.world.send(calls.update_customer(dnb_id, msgspec.json.encode(body))).status
    customer.deliver(EDITED)
    assert (["PUT", "GET", "PUT"], [EDITED_SHOWN | _kept(part)]) == (customer.made, customer.shown)
    customer.deliver(FULL)
    assert (["PUT"], [SHOWN]) == (customer.made, customer.shown)


def _kept(part: str) -> dict[str, Any]:
    return {"delivery_address": SHOWN["delivery_address"]} if part == "ShippingAddress" else {}


def test_a_customer_that_a_person_deleted_is_made_again() -> None:
    """The row is gone: it is looked for, and created anew under a guid that is not used."""
    customer = Deliveries()
    customer.deliver(FULL)
    customer.world.send(calls.delete_customer(customer.known.dnb_id or 0))
    customer.deliver(EDITED)
    assert ("POST", [EDITED_SHOWN]) == (customer.made[-1], customer.shown)


@pytest.mark.parametrize("doubt", [{"dirty": True}, {"was_attempted": True}, {"parts": {}}])
def test_in_doubt_dnb_is_read_first(doubt: dict[str, Any]) -> None:
    """Where DnB may hold something that the ledger does not tell of, the ids are not enough."""
    customer = Deliveries()
    customer.deliver(FULL)
    customer.known = msgspec.structs.replace(customer.known, **doubt)
    customer.deliver(EDITED)
    assert (["GET", "PUT"], [EDITED_SHOWN]) == (customer.made, customer.shown)


UPDATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "edited": (EDITED, EDITED_SHOWN),
    "cleared": (CLEARED, MINIMAL_SHOWN),
    "renumbered": (RENUMBERED, {**SHOWN, "number": 100777}),
}


@pytest.mark.parametrize(("update", "behaviour"), list(product(UPDATES, BEHAVIOURS)))
def test_killed_in_its_one_call_it_converges(update: str, behaviour: Behaviour) -> None:
    """Whatever became of the call, a fresh start reads, and ends with one customer, rightly filled."""
    data, expected = UPDATES[update]
    for number in range(8):
        customer = Deliveries()
        customer.deliver(FULL)
        was_killed = kill_at(customer.world, prepared(data).start(customer.known), number, behaviour)
        outcome = rerun(customer.world, data, known(2, customer.known.dnb_id, dirty=True), behaviour)
        assert isinstance(outcome, Unchanged)
        assert [expected] == customer.shown
        if not was_killed:
            return
    pytest.fail("the procedure did not end")
