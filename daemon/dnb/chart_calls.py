"""The calls that read what a company books with: accounts, VAT types, products."""

from daemon.core.procedure import Call
from daemon.dnb.calls import PAGE_ROWS, TOP_ROWS, target, text_literal

FIRST_SUB_ACCOUNT = 100_000  # each customer has a sub-account with its own number, from here on: not worth listing

_ACCOUNT_COLUMNS = "ID,AccountNumber,VatTypeID,Active,Locked"
_PRODUCT_COLUMNS = "ID,PartName,Name"


def accounts_page(skip: int) -> Call:
    """Return the call that lists the company's own accounts from a row on, customers' sub-accounts left out."""
    return _page("accounts", skip, filter=f"AccountNumber lt {FIRST_SUB_ACCOUNT}", select=_ACCOUNT_COLUMNS)


def account(number: str) -> Call:
    """Return the call that finds one account; the number must be digits."""
    condition = f"AccountNumber eq {number}"
    return _shared("accounts", filter=condition, select=_ACCOUNT_COLUMNS)


def customer_account(customer_id: int) -> Call:
    """Return the call that finds a customer's sub-account."""
    return _shared("accounts", filter=f"CustomerID eq {customer_id}", select=f"{_ACCOUNT_COLUMNS},CustomerID")


def vat_types_page(skip: int) -> Call:
    """Return the call that lists all VAT types from a row on, with their percentages by date."""
    return _page("vattypes", skip, expand="VatTypePercentages")


def vat_type(code: str) -> Call:
    """Return the call that finds one VAT type by its code."""
    return _shared("vattypes", filter=f"VatCode eq {text_literal(code)}", expand="VatTypePercentages")


def product(part_name: str) -> Call:
    """Return the call that finds a product by its number."""
    return _shared("products", filter=f"PartName eq {text_literal(part_name)}", select=_PRODUCT_COLUMNS)


def number_series() -> Call:
    """Return the call that lists the company's number series with what each counts."""
    return _page("number-series", 0, expand="NumberSeriesType")


def create_product(body: bytes) -> Call:
    """Return the call that creates a product; the body carries its guid."""
    return Call(method="POST", target="api/biz/products", body=body, writes=True)


def _page(route: str, skip: int, **parameters: str | int) -> Call:
    parameters |= {"orderby": "ID", "top": PAGE_ROWS, "skip": skip}
    return Call(method="GET", target=target(route, **parameters), shared=True)


def _shared(route: str, **parameters: str | int) -> Call:
    return Call(method="GET", target=target(route, **parameters, top=TOP_ROWS), shared=True)
