"""The VAT code of a line."""

from typing import Any

import msgspec
import pytest

from daemon.core.procedure import Refused
from daemon.moment.invoice import Invoice, InvoiceLine
from daemon.moment.vat import PURCHASE_CODES, is_rounding, line_vat_code
from tests.moment.invoices import INVOICE, LINE


def invoice(**changes: Any) -> Invoice:  # noqa: ANN401 - any field
    """Return an invoice with one line."""
    return msgspec.convert({**INVOICE, "lines": [{**LINE, **changes}]}, Invoice)


@pytest.mark.parametrize("code", ["3", "31", "32", "33", "5", "51", "52", "6", "7", " 3 "])
def test_the_lines_own_code_comes_first(code: str) -> None:
    """A code of sales is taken as it is, whatever the settings say of the account."""
    assert code.strip() == line_vat_code(invoice(vatCode=code), 0, {"3000": "6"})


@pytest.mark.parametrize("code", [None, "", " "])
def test_a_line_without_code_takes_its_accounts(code: str | None) -> None:
    """The tenant's settings name the codes of accounts that have none in Moment."""
    assert "6" == line_vat_code(invoice(vatCode=code), 0, {"3000": "6"})


def test_a_line_without_any_code_is_refused() -> None:
    """The refusal names invoice, account and what to do."""
    refused = line_vat_code(invoice(vatCode=None), 0, {"3100": "6"})
    assert isinstance(refused, Refused)
    assert ("vat_code_missing", "lines[0].vatCode") == (refused.reason, refused.field)
    assert "invoice 10245, account 3000" == refused.value
    assert not refused.heals


PURCHASES = ["0", "1", *map(str, range(11, 16)), "20", "21", "22", *map(str, range(81, 90)), "91", "92"]


def test_the_purchase_codes_are_those_of_the_list() -> None:
    """Every purchase code of the tax administration's list is known as one."""
    assert set(PURCHASES) == PURCHASE_CODES


@pytest.mark.parametrize("code", PURCHASES)
def test_a_purchase_code_on_a_sales_line_is_refused(code: str) -> None:
    """A code of purchases would reclaim VAT, and 0 hides what is meant."""
    refused = line_vat_code(invoice(vatCode=code), 0, {})
    assert isinstance(refused, Refused)
    assert "vat_code_not_sales" == refused.reason


def test_the_rounding_line_needs_no_code() -> None:
    """Rounding to whole kroner on account 7740 has no VAT."""
    assert "" == line_vat_code(invoice(vatCode=None, accountNumber=7740), 0, {})
    assert is_rounding(msgspec.convert({**LINE, "accountNumber": "7740"}, InvoiceLine))
