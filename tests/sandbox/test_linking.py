"""The links of a row."""

from tests.sandbox.bookkeeper import Bookkeeper
from tests.sandbox.office import inside


def test_draft_can_be_invoiced() -> None:
    """A draft links to its transition, which works as it says; a booked invoice no longer does."""
    office = Bookkeeper()
    row = office.draft()
    path = f"invoices/{row['ID']}"
    link = inside(office.get(path, hateoas="true").json, "_links", "transitions", "invoice")
    assert ({"href": f"/api/biz/{path}?action=invoice", "method": "POST", "label": "invoice"}) == link
    office.book(row["ID"])
    assert {} == inside(office.get(path, hateoas="true").json, "_links", "transitions")


def test_customer_transitions_name_their_row_in_a_parameter() -> None:
    """A customer's transitions are PUTs to the collection, a project's POSTs to the row."""
    office = Bookkeeper()
    customer = inside(office.get("customers/301", hateoas="true").json, "_links", "transitions", "block")
    project = inside(office.get("projects/71", hateoas="true").json, "_links", "transitions", "StartProject")
    assert [
        ("PUT", "/api/biz/customers?action=block&id=301"), ("POST", "/api/biz/projects/71?action=StartProject"),
    ] == [(inside(link, "method"), inside(link, "href")) for link in (customer, project)]  # fmt: skip
