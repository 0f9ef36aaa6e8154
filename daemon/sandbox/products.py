"""The rules DnB has for products alone: a name, and a part name (the product's number) that no other product has."""

from typing import Final

from daemon.sandbox.acting import Call
from daemon.sandbox.books import Books
from daemon.sandbox.documents import Row
from daemon.sandbox.exchange import Response, answer
from daemon.sandbox.projects import is_blank
from daemon.sandbox.proposing import Node, Proposal, Rules
from daemon.sandbox.statuses import PRODUCT_ACTIVE
from daemon.sandbox.visiting import Visit


def check(proposal: Proposal, node: Node) -> None:
    """A product needs a name, and a part name that no other living product has; a blank one is given."""
    if is_blank(node.after("Name")):
        proposal.blame("name_required")
        proposal.invalidate(node.document, "Product", "Name", "Navn må fylles ut")
    part_name = node.values.get("PartName")
    if is_blank(part_name):
        return
    if any(row is not node.row for row in proposal.books.table("Product").where("PartName", part_name)):
        proposal.invalidate(node.document, "Product", "PartName", "Produktnummer er allerede i bruk")


def completed(visit: Visit, node: Node) -> Row:
    """The status of a new product, and the part name of one without."""
    values: Row = {} if node.row is not None else {"StatusCode": PRODUCT_ACTIVE}
    if is_blank(node.after("PartName")):
        values["PartName"] = _new_part_name(visit.books)
    return values


def told_new_part_name(call: Call) -> Response:
    """`GET /products?action=getnewpartname`: the part name that a product without one would get now."""
    return answer(200, _new_part_name(call.visit.books))


def _new_part_name(books: Books) -> str:
    """One more than the highest part name that is a number; DnB names no series for products."""
    names = (str(row["PartName"]) for row in books.table("Product").live())
    return str(1 + max((int(name) for name in names if name.isdecimal()), default=0))


RULES: Final = Rules(check=check, completed=completed)
