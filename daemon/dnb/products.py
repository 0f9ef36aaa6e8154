"""The product that a line of each type is booked with.

Moment's page says that each line belongs to a product type (hours, expenses, products). DnB takes a line without
product for mere text, so each type has one product: the tenant's own where the settings name one, else ours, which is
created when it is first needed. A line carries its account and VAT code itself, so no further products are needed for
further accounts and rates; ours has no VAT code, so that none is charged where a line has none.
"""

from collections.abc import Generator, Mapping

import msgspec
from msgspec.structs import replace

from daemon.core.procedure import Call, Outcome, Reply, Unavailable
from daemon.dnb import chart_calls
from daemon.dnb.calls import Guids
from daemon.dnb.chart import Chart, unknown_product
from daemon.dnb.chart_rows import ProductRow
from daemon.dnb.replies import Accepted, Missing, Rejected, ask, read_row, refusal

HOUR, OTHER = 2, 3  # Product.Type

OURS: Mapping[str, tuple[str, str, int]] = {
    "hours": ("MOMENT-HOURS", "Timer fra Moment", HOUR),
    "expenses": ("MOMENT-EXPENSES", "Utlegg fra Moment", OTHER),
    "products": ("MOMENT-PRODUCTS", "Produkter fra Moment", OTHER),
}
"""Our product of each type: its number, its name as accountants read it, and its type in DnB."""

MAX_GUIDS = 8  # times that a person may delete our product before we ask for help


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Where products are found: the company's chart, the tenant's own numbers, and the guids of those we create.

    `guids` are of no invoice in particular: two invoices that need the same new product create it once.
    """

    chart: Chart
    named: Mapping[str, str]
    guids: Guids


def product_id(shelf: Shelf, product_type: str, account_id: int) -> Generator[Call, Reply, int | Outcome]:
    """Return the id of the product for a line of this type; ours is created with the account of the first line."""
    if product_type in shelf.named:
        part_name = shelf.named[product_type]
        found = yield from shelf.chart.product_id(part_name)
        return unknown_product(part_name) if found is None else found
    part_name = OURS[product_type][0]
    found = yield from shelf.chart.product_id(part_name)
    if found is not None:
        return found
    return (yield from created_product(shelf, product_type, account_id))


def created_product(shelf: Shelf, product_type: str, account_id: int) -> Generator[Call, Reply, int | Outcome]:
    """Create our product of a type and return its id; one that was created meanwhile is found instead."""
    part_name = OURS[product_type][0]
    rejected: Rejected | None = None
    for n in range(MAX_GUIDS):
        body = product_body(product_type, account_id, replace(shelf.guids, n=n).of(f"product-{part_name}"))
        verdict = yield from ask(chart_calls.create_product(body))
        match verdict:
            case Accepted():
                row = read_row(verdict, ProductRow)
                if isinstance(row, ProductRow):
                    shelf.chart.keep_product(part_name, row.id)
            case Rejected() if verdict.may_be_used_guid:
                rejected = verdict
            case Rejected():
                return refusal(verdict)
            case Missing():
                return Unavailable("status_404")
            case _:
                return verdict
        found = yield from shelf.chart.product_id(part_name)
        if found is not None:
            return found
    return refusal(rejected) if rejected else Unavailable("product_not_shown")


def product_body(product_type: str, account_id: int, guid: str) -> bytes:
    """Return the body that creates our product of a type."""
    part_name, name, kind = OURS[product_type]
    body = {"_createguid": guid, "PartName": part_name, "Name": name, "Type": kind, "AccountID": account_id}
    return msgspec.json.encode(body)
