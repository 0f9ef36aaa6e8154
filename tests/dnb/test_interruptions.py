"""The invoice procedure killed at every call: one booked invoice, the trial balance right."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from daemon.core.procedure import Known, Outcome, Unchanged
from daemon.sandbox.settings import Switches
from tests.dnb.invoices import (
    BALANCES,
    CREDIT,
    CREDITED_BALANCES,
    FULL,
    INVOICE_ID,
    Scene,
    invoice_of,
    leave_draft,
    line,
    methods,
    prepared,
    refused,
)
from tests.dnb.world import BEHAVIOURS, Behaviour, calls_of, kill_at, run


def rerun(scene: Scene, data: dict[str, Any], behaviour: Behaviour, *, entity_id: int = INVOICE_ID) -> Outcome:
    """Run again from the start while the calls under way arrive, and verify when they all have."""
    arrives: Callable[[], None] = scene.world.arrive if behaviour == "late" else (lambda: None)

    def once(acts: Callable[[], None] = lambda: None) -> Outcome:
        ready = prepared(data, directories=scene.directories, entity_id=entity_id)
        return run(scene.world, ready.start(scene.known(2, dirty=True)), writing=acts)

    once(arrives)
    scene.world.arrive()
    once()
    return once()


SWITCHES: dict[str, Switches] = {
    "usual": Switches(),
    "number reassigned": Switches(invoice_number="reassigned"),
    "no guids": Switches(guids_enforced=False),
    "no guids, number reassigned": Switches(guids_enforced=False, invoice_number="reassigned"),
    "dates with time": Switches(dates_with_time=True, recent_expands=False),
}
CASES: list[tuple[str, dict[str, Any], Switches, dict[int, float]]] = [
    *((name, FULL, switches, BALANCES) for name, switches in SWITCHES.items()),
    ("credit positive", CREDIT, Switches(), CREDITED_BALANCES),
    ("credit negative", CREDIT, Switches(credit_note_amounts="negative"), CREDITED_BALANCES),
]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize(("name", "data", "switches", "balances"), CASES, ids=[case[0] for case in CASES])
def test_killed_at_every_yield_it_is_booked_once(
    name: str, data: dict[str, Any], switches: Switches, balances: dict[int, float], behaviour: Behaviour
) -> None:
    """Whatever became of the call at which it was killed, a fresh start ends with one booked invoice."""
    for number in range(40):
        scene = Scene(switches)
        was_killed = kill_at(
            scene.world, prepared(data, directories=scene.directories).start(scene.known()), number, behaviour
        )
        outcome = rerun(scene, data, behaviour)
        assert isinstance(outcome, Unchanged), (name, number, outcome)
        assert (1, 1, balances) == (len(scene.invoices()), scene.vouchers, scene.balances()), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


@pytest.mark.parametrize(("first_behaviour", "second_behaviour"), list(product(BEHAVIOURS, repeat=2)))
def test_killed_twice_it_is_booked_once(first_behaviour: Behaviour, second_behaviour: Behaviour) -> None:
    """A second crash, during the repair of the first, changes nothing about that."""
    for first, second in product(range(4), range(6)):
        scene = Scene()
        scene.deliver({**FULL, "invoiceNumber": 10200}, entity_id=1)  # the directory is warm
        before = scene.vouchers
        kill_at(scene.world, prepared(FULL, directories=scene.directories).start(scene.known()), first, first_behaviour)
        again = prepared(FULL, directories=scene.directories).start(scene.known(1, dirty=True))
        kill_at(scene.world, again, second, second_behaviour)
        outcome = rerun(scene, FULL, second_behaviour)
        assert isinstance(outcome, Unchanged), (first, second, outcome)
        assert (2, before + 1) == (len(scene.invoices()), scene.vouchers), (first, second)
        assert {number: 2 * amount for number, amount in BALANCES.items()} == scene.balances()


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_newer_version_after_a_kill_is_booked_or_refused(behaviour: Behaviour) -> None:
    """An invoice of unknown outcome that changes is booked once, as one of its versions; a booked one stays."""
    newer = {**FULL, **invoice_of([line("100")], "25")}
    for number in range(40):
        scene = Scene()
        was_killed = kill_at(
            scene.world, prepared(FULL, directories=scene.directories).start(scene.known()), number, behaviour
        )
        outcome = rerun(scene, newer, behaviour)
        assert (1, 1) == (len(scene.invoices()), scene.vouchers), number
        if isinstance(outcome, Unchanged):
            assert 125.0 == scene.receivable(), number
        else:
            assert "changed_after_booking" == refused(outcome).reason
            assert BALANCES == scene.balances()
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_killed_while_refusing_it_leaves_nothing(behaviour: Behaviour) -> None:
    """A draft of ours that ends refused is deleted, however often that is interrupted."""
    wrong = invoice_of([line("100")], "15")
    for number in range(40):
        scene = Scene()
        was_killed = kill_at(
            scene.world, prepared(wrong, directories=scene.directories).start(scene.known()), number, behaviour
        )
        assert "amounts_differ" == refused(rerun(scene, wrong, behaviour)).reason
        assert ([], 0) == (scene.invoices(), scene.vouchers), number
        if not was_killed:
            return
    pytest.fail("the procedure did not end")


def test_a_stale_draft_of_ours_is_replaced() -> None:
    """A draft with other content, such as after a changed mapping, is deleted and made anew."""
    scene = Scene()
    scene.deliver({**FULL, "invoiceNumber": 10200}, entity_id=1)
    stale = invoice_of([line("100")], "25")
    leave_draft(scene, stale)
    ledger = Known(version=2, dirty=True, related=scene.related)
    made = calls_of(scene.world, prepared(FULL, directories=scene.directories).start(ledger))
    assert ["GET", "GET", "DELETE", "GET", "GET", "POST", "POST", "GET"] == methods(made)
    assert ["10200", "10245"] == [one["number"] for one in scene.invoices()]
