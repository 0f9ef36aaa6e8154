"""The rules DnB has for customers alone: a name, a number of the company's series, and a sub-account of their own."""

from daemon.sandbox.books import Books, Table, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.entities import ACTIVE, DELETED
from daemon.sandbox.opening import CUSTOMER_MAIN_ACCOUNT
from daemon.sandbox.proposing import Node, Proposal


def check(proposal: Proposal, node: Node) -> None:
    """A customer needs a name or an organisation number, and a free number of its series."""
    _check_name(proposal, node)
    _check_number(proposal, node)


def completed(books: Books, node: Node) -> Row:
    """The columns that DnB fills in itself when a customer is written."""
    if node.row is not None:
        return {}
    if node.values.get("CustomerNumber") is not None:
        return {"StatusCode": ACTIVE}
    return {"StatusCode": ACTIVE, "CustomerNumber": _next_number(books, _series(books, node))}


def followed_up(books: Books, row: Row, now: float) -> None:
    """Keep the customer's sub-account equal to it: number, name, and whether it still lives."""
    accounts = books.table("Account")
    account = next(iter(accounts.where("CustomerID", id_of(row))), None)
    if row["Deleted"]:
        if account is not None:
            accounts.remove(account, now)
        return
    values: Row = {"AccountNumber": row["CustomerNumber"], "AccountName": _name(books, row)}
    if account is None:
        main = accounts.where("AccountNumber", CUSTOMER_MAIN_ACCOUNT)[0]
        values.update(CustomerID=row["ID"], AccountID=main["ID"], UsePostPost=True, StatusCode=ACTIVE)
        books.add("Account", values, now)
    elif any(account[name] != value for name, value in values.items()):
        accounts.update(account, values, now)


def removed() -> Row:
    """What a deleted customer looks like, beside `Deleted`."""
    return {"StatusCode": DELETED}


def _check_name(proposal: Proposal, node: Node) -> None:
    info = node.ones.get("Info")
    name = _linked_name(proposal.books, node) if info is None else _posted_name(info)
    if not _is_blank(name) or not _is_blank(_effective(node, "OrgNumber")):
        return
    proposal.blame("name_required")
    place = node.document if info is None else info.document
    proposal.invalidate(place, "BusinessRelation", "Name", "Navn må fylles ut")


def _effective(node: Node, field: str) -> Json:
    """What `field` will be after the write."""
    before = None if node.row is None else node.row[field]
    return node.values.get(field, before)


def _is_blank(value: Json) -> bool:
    return not isinstance(value, str) or not value.strip()


def _posted_name(info: Node) -> Json:
    return None if info.deleted else _effective(info, "Name")


def _linked_name(books: Books, node: Node) -> Json:
    return _name(books, {"BusinessRelationID": _effective(node, "BusinessRelationID")})


def _name(books: Books, customer: Row) -> Json:
    key = customer["BusinessRelationID"]
    info = books.table("BusinessRelation").get(key) if isinstance(key, int) else None
    return None if info is None else info["Name"]


def _check_number(proposal: Proposal, node: Node) -> None:
    if "CustomerNumber" not in node.values:
        return
    number = node.values["CustomerNumber"]
    if number is None:
        if node.row is not None:
            proposal.blame("invalid_number")
            proposal.invalidate(node.document, "Customer", "CustomerNumber", "Kundenummer må fylles ut")
        return
    if not _is_within(_series(proposal.books, node), number):
        proposal.blame("invalid_number")
        proposal.invalidate(node.document, "Customer", "CustomerNumber", "Kundenummer er utenfor nummerserien")
    if any(row is not node.row for row in proposal.books.table("Customer").where("CustomerNumber", number)):
        proposal.invalidate(node.document, "Customer", "CustomerNumber", "Kundenummer er allerede i bruk")


def _series(books: Books, node: Node) -> Row:
    """The series the customer's number belongs to: the one it names, else the company's own."""
    table = books.table("NumberSeries")
    key = _effective(node, "SubAccountNumberSeriesID")
    named = table.get(key) if isinstance(key, int) else None
    return named if named is not None else _customer_series(books, table)


def _customer_series(books: Books, table: Table) -> Row:
    types = [row["ID"] for row in books.table("NumberSeriesType").live() if row["EntityType"] == "Customer"]
    return next(row for row in table.live() if row["NumberSeriesTypeID"] in types and not row["Disabled"])


def _is_within(series: Row, number: Json) -> bool:
    first, last = series["FromNumber"], series["ToNumber"]
    return isinstance(number, int) and isinstance(first, int) and isinstance(last, int) and first <= number <= last


def _next_number(books: Books, series: Row) -> int:
    """The series' next number that no customer has, which is then spent."""
    number = series["NextNumber"]
    assert isinstance(number, int)  # noqa: S101 -- a series of the books always has one
    while books.table("Customer").where("CustomerNumber", number):
        number += 1
    series["NextNumber"] = number + 1
    return number
