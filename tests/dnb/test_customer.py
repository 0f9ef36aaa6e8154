"""The customer procedure under scripted replies: what the emulator cannot be made to say."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import (
    Answered,
    Delivered,
    Denied,
    Known,
    Outcome,
    Refused,
    Reply,
    Throttled,
    Unanswered,
    Unavailable,
    Unchanged,
    Unknown,
    Unreachable,
)
from tests.dnb.customers import MINIMAL, prepared
from tests.dnb.world import known, ok, play

ROW: dict[str, Any] = {"ID": 381, "CustomerNumber": 100042, "Info": {"ID": 902, "Name": "Havgard Eiendom AS"}}
OTHER: dict[str, Any] = {"ID": 382, "CustomerNumber": 100042, "Info": {"ID": 903, "Name": "Annen AS"}}
PARTS = {"info": 902}
NONE = ok([])
FOUND = ok([ROW])
GUID = ok({"Message": "_createguid has been used"}, 400)


def outcome_of(*replies: Reply, ledger: Known | None = None) -> Outcome:
    """Return how the delivery of a minimal customer ends under these replies."""
    return play(prepared(MINIMAL).start(ledger or known()), replies)[1]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ok({"ID": 381, "CustomerNumber": 100042}), Delivered(381, "100042")),
        (ok({"ID": 381}), Delivered(381, "100042")),
        (Unanswered("timeout"), Unknown("timeout")),
        (Answered(status=500), Unknown("status_500")),
        (Unreachable("connect"), Unavailable("connect")),
        (Answered(status=429, retry_after=3), Throttled(retry_after=3)),
        (Answered(status=403), Denied("status_403")),
        (Answered(status=404), Unavailable("status_404")),
    ],
)
def test_the_reply_to_a_create_decides(reply: Reply, expected: Outcome) -> None:
    """A create of unknown effect is told as such, never repeated blind."""
    assert expected == outcome_of(NONE, reply)


@pytest.mark.parametrize("body", [b"", b"null", b'{"ID":', b"<html>"])
def test_a_create_whose_reply_is_not_understood_is_read(body: bytes) -> None:
    """The row's id is found by reading, not guessed."""
    assert Unchanged(381, "100042", parts=PARTS) == outcome_of(NONE, Answered(status=200, body=body), FOUND)


def test_a_number_that_dnb_gave_itself_is_corrected() -> None:
    """Moment is master of numbers: the row that got another one is renumbered at once."""
    shown = {**ROW, "CustomerNumber": 100000}
    replies = [NONE, ok({"ID": 381, "CustomerNumber": 100000}), ok(shown), NONE, ok({})]
    made, outcome = play(prepared(MINIMAL).start(known()), replies)
    assert Delivered(381, "100042", parts=PARTS) == outcome
    assert {"ID": 381, "CustomerNumber": 100042} == msgspec.json.decode(made[-1].body or b"")


@pytest.mark.parametrize("text", ["_createguid has been used", "Ukjent feil"])
def test_a_refused_create_that_is_found_went_through(text: str) -> None:
    """Whatever the refusal says, the row that a fresh reading shows is continued with."""
    assert Unchanged(381, "100042", parts=PARTS) == outcome_of(NONE, ok({"Message": text}, 400), FOUND)


def test_a_refused_create_that_is_not_found_is_told_to_a_person() -> None:
    """DnB's own words reach whoever must repair the customer."""
    outcome = outcome_of(NONE, ok({"Message": "Navn mangler"}, 400), NONE)
    assert isinstance(outcome, Refused)
    assert ("rejected_by_dnb", "Navn mangler") == (outcome.reason, outcome.value)


def test_a_refused_create_leads_to_the_next_guid() -> None:
    """A person deleted the customer that the guid made."""
    made, outcome = play(prepared(MINIMAL).start(known()), [NONE, GUID, NONE, ok({"ID": 5})])
    assert Delivered(5, "100042") == outcome
    first, second = (msgspec.json.decode(call.body or b"") for call in made if call.writes)
    assert first["_createguid"] != second["_createguid"]


def test_guids_are_not_tried_without_end() -> None:
    """A server that refuses every guid ends in a refusal, not in a loop."""
    outcome = outcome_of(*[NONE, GUID] * 50)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "conflict"


def test_a_created_customer_that_cannot_be_found_is_not_created_twice() -> None:
    """After an unknown outcome a used guid means that the customer is there, perhaps under an older number."""
    outcome = outcome_of(NONE, GUID, NONE, NONE, ledger=known(dirty=True))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "conflict"


def test_two_customers_alike_are_not_guessed_between() -> None:
    """A person must say which of the two is meant."""
    twins = ok([{**ROW, "CustomerNumber": 100001}, {**ROW, "ID": 382, "CustomerNumber": 100002}])
    outcome = outcome_of(NONE, GUID, NONE, twins, ledger=known(dirty=True))
    assert isinstance(outcome, Refused)


def test_two_customers_with_the_number_are_a_conflict() -> None:
    """Which of them is Moment's is a person's decision."""
    outcome = outcome_of(ok([ROW, OTHER]))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "conflict"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (ok([ROW, {**OTHER, "CustomerNumber": 100043}]), "filter_ignored_customer_number"),
        (ok([{"ID": 381, "CustomerNumber": 100042}]), "relation_not_expanded"),
        (Answered(status=200, body=b"<html>"), "reply_not_understood"),
        (Unanswered("timeout"), "timeout"),
        (Answered(status=404), "status_404"),
    ],
)
def test_nothing_is_concluded_from_a_bad_reading(reply: Reply, reason: str) -> None:
    """Without a sound reading nothing is written."""
    assert Unavailable(reason) == outcome_of(reply)


@pytest.mark.parametrize("gone", [Answered(status=404), ok({**ROW, "Deleted": True}), ok({**ROW, "StatusCode": 90001})])
def test_a_deleted_row_is_created_again(gone: Reply) -> None:
    """Whichever way DnB shows that it is gone."""
    assert Delivered(5, "100042") == outcome_of(gone, NONE, ok({"ID": 5}), ledger=known(2, 381))


def test_a_row_that_vanishes_before_the_update_is_searched_again() -> None:
    """A person deleted it between our reading and our writing."""
    old = {**ROW, "WebUrl": "https://old.example"}
    replies = [ok(old), Answered(status=404), Answered(status=404), NONE, ok({"ID": 5})]
    assert Delivered(5, "100042") == outcome_of(*replies, ledger=known(2, 381))


def test_a_refused_update_is_final_once_nothing_has_changed_meanwhile() -> None:
    """The same write would be turned down again."""
    old = ok({**ROW, "WebUrl": "https://old.example"})
    outcome = outcome_of(old, ok({"Message": "finnes allerede"}, 400), old, ledger=known(2, 381))
    assert isinstance(outcome, Refused)


def test_a_refused_update_whose_work_was_done_meanwhile_is_no_refusal() -> None:
    """An earlier write that was applied late took the address away that this one was to take away."""
    address = {"ID": 88, "AddressLine1": "Kirkegata 77", "PostalCode": "5525", "City": "Haugesund"}
    old = ok({**ROW, "Info": {**ROW["Info"], "ShippingAddressID": 88, "ShippingAddress": address}})
    gone = ok({"Message": "Validation failed; ShippingAddress was deleted"}, 400)
    assert Unchanged(381, "100042", parts=PARTS) == outcome_of(old, gone, ok(ROW), ledger=known(2, 381))


def test_an_update_that_meets_another_state_each_time_is_tried_anew() -> None:
    """What differs now is written, and not what differed when the first write was turned down."""
    first, second = ({**ROW, "WebUrl": f"https://{name}.example"} for name in ("one", "two"))
    address = {"ID": 88, "AddressLine1": "Kirkegata 77", "PostalCode": "5525", "City": "Haugesund"}
    first["Info"] = {**ROW["Info"], "ShippingAddressID": 88, "ShippingAddress": address}
    gone = ok({"Message": "Validation failed; ShippingAddress was deleted"}, 400)
    assert Delivered(381, "100042", parts=PARTS) == outcome_of(
        ok(first), gone, ok(second), ok({"ID": 381}), ledger=known(2, 381)
    )


def test_an_answer_about_another_row_is_not_used() -> None:
    """A proxy that mixes up answers never makes us write to a stranger."""
    assert Unavailable("reply_not_understood") == outcome_of(ok(OTHER), ledger=known(2, 381))


def test_a_foreign_key_fault_is_refused_and_the_directory_forgotten() -> None:
    """The next attempt looks the currency up again."""
    data = {**MINIMAL, "currencyCode": "NOK"}
    ready = prepared(data)
    key = ok({"Message": "The INSERT statement conflicted with the FOREIGN KEY constraint"}, 500)
    currency = ok([{"ID": 1, "Code": "NOK"}])
    made, outcome = play(ready.start(known()), [currency, NONE, key])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_reference"
    again, _ = play(ready.start(known()), [currency, NONE, ok({"ID": 5})])
    assert made[0] == again[0]


def test_an_update_that_shows_a_deleted_customer_was_for_nothing() -> None:
    """Should DnB merge into a row that a person has deleted, the customer is created anew."""
    ledger = Known(version=2, dnb_id=381, number="100042", parts=PARTS)
    gone = ok({**ROW, "Deleted": True})
    outcome = outcome_of(gone, gone, NONE, ok({"ID": 382, "CustomerNumber": 100042}), ledger=ledger)
    assert isinstance(outcome, Delivered)
    assert 382 == outcome.dnb_id


def test_a_customer_known_to_be_deleted_is_never_sought_among_others() -> None:
    """Its row is gone, so a customer that is like it is somebody else, even after an unknown outcome."""
    gone = Answered(status=404)
    replies = [gone, NONE, GUID, gone, NONE, ok({"ID": 5})]
    assert Delivered(5, "100042") == outcome_of(*replies, ledger=known(2, 381, dirty=True))
