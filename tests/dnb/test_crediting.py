"""The sign of a credit note's amounts."""

from typing import Any

import pytest

from daemon.core.procedure import Answered, Unavailable
from daemon.dnb.chart import Chart
from daemon.dnb.crediting import credit_sign
from tests.dnb.test_chart import played
from tests.dnb.world import ok


def note(gross: float | None, status: int = 42002) -> dict[str, Any]:
    """Return a credit note as DnB's list shows it."""
    return {"ID": 1, "InvoiceType": 1, "StatusCode": status, "TaxInclusiveAmount": gross}


@pytest.mark.parametrize(
    ("rows", "sign", "is_kept"),
    [
        ([note(-100)], 1, True),
        ([note(100)], -1, True),
        ([note(None), note(0), note(-100, 42001), note(100)], -1, True),
        ([], -1, False),
        ([note(-100, 42001)], -1, False),
    ],
)
def test_the_companys_own_credit_notes_tell(rows: list[dict[str, Any]], sign: int, is_kept: bool) -> None:  # noqa: FBT001 - a table's column
    """Only booked ones with an amount count; where there are none, nothing is taken for known."""
    chart = Chart()
    made, found = played(credit_sign(chart, "1"), [ok(rows)])
    assert (1, sign) == (len(made), found)
    assert (chart.credit_sign is not None) is is_kept


def test_what_is_known_costs_no_call() -> None:
    """One look for each company."""
    chart = Chart()
    chart.credit_sign = 1
    assert ([], 1) == played(credit_sign(chart, "1"), [])


def test_an_outage_is_handed_on() -> None:
    """A credit note with the wrong sign would ask for money."""
    assert Unavailable("status_500") == played(credit_sign(Chart(), "1"), [Answered(status=500)])[1]
    invoices = ok([{**note(100), "InvoiceType": 0}])
    assert Unavailable("filter_ignored_invoice_type") == played(credit_sign(Chart(), "1"), [invoices])[1]
