"""The rules DnB has for customers alone: a name, a number of the company's series, and a sub-account of their own."""

from typing import Final

from daemon.sandbox.books import Books, id_of
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.numbering import CUSTOMER_SERIES, is_within, next_number, standing_series
from daemon.sandbox.opening import CUSTOMER_MAIN_ACCOUNT
from daemon.sandbox.proposing import Node, Proposal, Rules
from daemon.sandbox.statuses import ACTIVE, DELETED
from daemon.sandbox.visiting import Visit


def check(proposal: Proposal, node: Node) -> None:
    """A customer needs a name or an organisation number, and a free number of its series."""
    _check_name(proposal, node)
    _check_number(proposal, node)


def completed(visit: Visit, node: Node) -> Row:
    """The columns that DnB fills in itself when a customer is written."""
    if node.row is not None:
        return {}
    if node.values.get("CustomerNumber") is not None:
        return {"StatusCode": ACTIVE}
    customers = visit.books.table("Customer")
    series = _series(visit.books, node)
    number = next_number(visit, series, lambda number: bool(customers.where("CustomerNumber", number)))
    return {"StatusCode": ACTIVE, "CustomerNumber": number}


def followed_up(visit: Visit, row: Row) -> None:
    """Keep the customer's sub-account equal to it: number, name, and whether it still lives."""
    books, now = visit.books, visit.now
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


RULES: Final = Rules(check=check, completed=completed, followed_up=followed_up, removed={"StatusCode": DELETED})


def _check_name(proposal: Proposal, node: Node) -> None:
    info = node.ones.get("Info")
    name = _linked_name(proposal.books, node) if info is None else _posted_name(info)
    if not _is_blank(name) or not _is_blank(node.after("OrgNumber")):
        return
    proposal.blame("name_required")
    place = node.document if info is None else info.document
    proposal.invalidate(place, "BusinessRelation", "Name", "Navn må fylles ut")


def _is_blank(value: Json) -> bool:
    return not isinstance(value, str) or not value.strip()


def _posted_name(info: Node) -> Json:
    return None if info.deleted else info.after("Name")


def _linked_name(books: Books, node: Node) -> Json:
    return _name(books, {"BusinessRelationID": node.after("BusinessRelationID")})


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
    if not is_within(_series(proposal.books, node), number):
        proposal.blame("invalid_number")
        proposal.invalidate(node.document, "Customer", "CustomerNumber", "Kundenummer er utenfor nummerserien")
    if any(row is not node.row for row in proposal.books.table("Customer").where("CustomerNumber", number)):
        proposal.invalidate(node.document, "Customer", "CustomerNumber", "Kundenummer er allerede i bruk")


def _series(books: Books, node: Node) -> Row:
    """The series the customer's number belongs to: the one it names, else the company's own."""
    table = books.table("NumberSeries")
    key = node.after("SubAccountNumberSeriesID")
    named = table.get(key) if isinstance(key, int) else None
    return named if named is not None else standing_series(books, CUSTOMER_SERIES)
