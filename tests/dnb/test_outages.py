"""Whatever DnB answers at whichever call, a procedure ends with an outcome that fits, and the next run mends it."""

from collections.abc import Callable
from itertools import product

import pytest

from daemon.core.procedure import (
    Answered,
    Call,
    Delivered,
    Denied,
    Known,
    Outcome,
    Procedure,
    Refused,
    Reply,
    Throttled,
    Unanswered,
    Unavailable,
    Unchanged,
    Unknown,
    Unreachable,
)
from tests.dnb import invoices, projects
from tests.dnb.invoices import CREDIT, FULL, Scene, booking, prepared
from tests.dnb.world import World, run

TROUBLES: dict[str, tuple[Reply, type[Outcome] | tuple[type[Outcome], ...]]] = {
    "unreachable": (Unreachable("connect"), (Unknown, Unavailable)),
    "unanswered": (Unanswered("timeout"), (Unknown, Unavailable)),
    "error": (Answered(status=500, body=b"{}"), (Unknown, Unavailable)),
    "paused": (Answered(status=429, retry_after=3.0), (Throttled, Unknown)),
    "denied": (Answered(status=403), (Denied, Unknown)),
    "garbage": (Answered(status=200, body=b"<html>"), (Unavailable, Unknown, Delivered)),
    "nothing": (Answered(status=204), (Unavailable, Unknown, Delivered)),
    "empty": (Answered(status=200, body=b"[]"), (Unavailable, Unknown, Delivered, Refused)),
    "strangers": (
        Answered(status=200, body=b'[{"ID":1,"ProjectNumber":"1"},{"ID":2,"InvoiceNumber":"1"}]'),
        (Unavailable, Unknown, Delivered),
    ),
    "another": (Answered(status=200, body=b'{"ID":999999}'), (Unavailable, Unknown, Delivered, Refused)),
}


def trouble_at(world: World, procedure: Procedure, number: int, reply: Reply) -> Outcome | None:
    """Run a procedure whose call `number` (from 0) gets this reply instead of DnB's; None if it ended before."""
    made = -1
    met = False
    try:
        call: Call = next(procedure)
        while True:
            made += 1
            met = met or made == number
            call = procedure.send(reply if made == number else world.send(call))
    except StopIteration as ended:
        outcome: Outcome = ended.value
        return outcome if met else None


def of_project(scene: Scene) -> tuple[Callable[[Known], Procedure], Callable[[], object]]:
    """Return how a new project is delivered, and what the books then show."""
    data = {**projects.FULL, "projectNumber": "5001", "name": "Nytt"}
    ready = projects.prepared(data, entity_id=9)
    return ready.start, lambda: [row for row in projects.shown(scene.world) if row["number"] == "5001"]


def of_invoice(scene: Scene) -> tuple[Callable[[Known], Procedure], Callable[[], object]]:
    """Return how a new invoice is posted, and what the books then show."""
    return prepared(FULL, directories=scene.directories).start, lambda: (scene.vouchers, scene.balances())


def of_credit_note(scene: Scene) -> tuple[Callable[[Known], Procedure], Callable[[], object]]:
    """Return how a new credit note is posted, and what the books then show."""
    return prepared(CREDIT, directories=scene.directories).start, lambda: (scene.vouchers, scene.balances())


def of_voucher(scene: Scene) -> tuple[Callable[[Known], Procedure], Callable[[], object]]:
    """Return how a new voucher is posted, and what the books then show."""
    ready = invoices.prepared(FULL, directories=scene.directories, tenant=booking(flow="voucher"))
    return ready.start, lambda: (scene.vouchers, scene.balances())


KINDS = {"project": of_project, "invoice": of_invoice, "credit note": of_credit_note, "voucher": of_voucher}


@pytest.mark.parametrize("knows_related", [True, False])
@pytest.mark.parametrize(("kind", "trouble"), list(product(KINDS, TROUBLES)))
def test_trouble_at_any_call_is_told_and_mended(kind: str, trouble: str, knows_related: bool) -> None:  # noqa: FBT001 - a table's column
    """The outcome says what to do next, and doing it ends with the right books."""
    fresh = Scene()
    start, books = KINDS[kind](fresh)
    run(fresh.world, start(fresh.known()))
    expected = books()
    reply, fitting = TROUBLES[trouble]
    for number in range(40):
        scene = Scene()
        if not knows_related:
            scene.related.clear()
        start, books = KINDS[kind](scene)
        outcome = trouble_at(scene.world, start(scene.known()), number, reply)
        if outcome is None:
            return
        if trouble not in {"empty", "another"}:  # these may look like books that lack something
            assert isinstance(outcome, fitting), (number, outcome)
        run(scene.world, start(scene.known(1, dirty=True)))
        ended = run(scene.world, start(scene.known(1, dirty=True)))
        assert isinstance(ended, Unchanged), (number, ended)
        assert expected == books(), number
    pytest.fail("the procedure did not end")
