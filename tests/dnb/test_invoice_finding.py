"""Which invoice in DnB is Moment's."""

from typing import Any

import pytest

from daemon.core.procedure import Known, Refused, Unavailable
from daemon.dnb.invoice_finding import Absent, Found, Sought, find_invoice
from tests.dnb.test_chart import played
from tests.dnb.world import ok

SOUGHT = Sought("10245", "118204417")
OURS: dict[str, Any] = {
    "ID": 2201,
    "InvoiceNumber": "10245",
    "ExternalReference": "118204417",
    "StatusCode": 42002,
    "Items": [],
}
BARE = {**OURS, "ExternalReference": None}
FRESH, DIRTY = Known(version=1), Known(version=1, dirty=True)


def found(replies: list[Any], known: Known = FRESH) -> Any:  # noqa: ANN401 - any outcome
    """Return what a look-up with these replies finds, all of them used."""
    made, result = played(find_invoice(SOUGHT, known, attempted=known.dirty), [ok(reply) for reply in replies])
    assert len(made) == len(replies)
    return result


def reason(result: object) -> str:
    """Return the reason of a refusal."""
    assert isinstance(result, Refused), result
    return result.reason


def test_ours_is_told_by_its_reference() -> None:
    """A reference makes it ours, a number alone does not."""
    assert found([[OURS]]).is_ours is True
    assert found([[BARE]]).is_ours is False


def test_none_is_certain_only_if_moments_id_was_asked_for() -> None:
    """DnB may have given it another number; a company that knows no reference cannot tell."""
    assert Absent(is_certain=False) == found([[]])
    assert Absent(is_certain=True) == found([[], []], DIRTY)
    assert Absent(is_certain=False) == found([[], [{"ID": 1, "InvoiceNumber": "7"}]], DIRTY)


def test_one_with_another_number_is_found_by_its_reference() -> None:
    """Where DnB's series wins."""
    assert 2201 == found([[], [{**OURS, "InvoiceNumber": "7"}]], DIRTY).row.id


def test_a_late_draft_beside_the_booked_one_is_surplus() -> None:
    """The booked one counts, and the draft is to be deleted."""
    draft = {**OURS, "ID": 2202, "StatusCode": 42001}
    result = found([[draft], [{**OURS, "InvoiceNumber": "7"}, draft]], DIRTY)
    assert isinstance(result, Found)
    assert (2201, [2202]) == (result.row.id, [row.id for row in result.surplus])


@pytest.mark.parametrize(
    "rows", [[OURS, {**OURS, "ID": 2202}], [BARE, {**BARE, "ID": 2202}], [{**OURS, "ExternalReference": "7"}]]
)
def test_several_or_a_strangers_are_a_conflict(rows: list[dict[str, Any]]) -> None:
    """A person must look."""
    assert "conflict" == reason(found([rows]))


def test_the_ledgers_id_comes_first() -> None:
    """One read tells, unless the row is gone or is something else."""
    known = Known(version=2, dnb_id=2201)
    assert found([OURS], known).is_ours is True
    assert 2202 == found([{**BARE, "InvoiceNumber": "7"}, [{**OURS, "ID": 2202}]], known).row.id
    assert 2201 == found([{**BARE, "InvoiceNumber": "7"}], Known(version=2, dnb_id=2201, number="7")).row.id
    assert Unavailable("reply_not_understood") == found([{**OURS, "ID": 5}], known)


UNTRUSTED: list[tuple[list[Any], Known, str]] = [
    ([[{**OURS, "InvoiceNumber": "7"}]], FRESH, "filter_ignored_invoice_number"),
    ([[], [OURS, {**OURS, "ExternalReference": "7"}]], DIRTY, "filter_ignored_external_reference"),
    ([[{**OURS, "Items": None}]], FRESH, "items_not_expanded"),
    ([{**OURS, "Items": None}], Known(version=2, dnb_id=2201), "items_not_expanded"),
    (["text"], FRESH, "reply_not_understood"),
    ([[], "text"], DIRTY, "reply_not_understood"),
]


@pytest.mark.parametrize(("replies", "known", "why"), UNTRUSTED)
def test_what_cannot_be_trusted_is_no_answer(replies: list[Any], known: Known, why: str) -> None:
    """A filter that is ignored, or lines that are left out, tell nothing."""
    assert Unavailable(why) == found(replies, known)
