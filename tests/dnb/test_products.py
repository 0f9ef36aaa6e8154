"""The product that a line of each type is booked with."""

from daemon.core.procedure import Answered, Refused, Reply, Unavailable
from daemon.dnb.calls import Guids
from daemon.dnb.chart import Chart
from daemon.dnb.products import Shelf, product_id
from tests.dnb.test_chart import played
from tests.dnb.world import ok

GUIDS = Guids(environment="production", company="c0ffee", kind="invoice", id=0)
ROW = {"ID": 231, "PartName": "MOMENT-HOURS"}
USED = Answered(status=400, body=b'{"Message":"An entity with _createguid x has already been created."}')


def shelf(**named: str) -> Shelf:
    """Return a shelf on which nothing is known yet."""
    return Shelf(chart=Chart(), named=named, guids=GUIDS)


def test_ours_is_created_once_and_kept() -> None:
    """The first line that needs it creates it, and later ones cost nothing."""
    mine = shelf()
    made, found = played(product_id(mine, "hours", 188), [ok([]), ok(ROW, 201)])
    assert (["GET", "POST"], 231) == ([call.method for call in made], found)
    assert ([], 231) == played(product_id(mine, "hours", 188), [])


def test_one_that_is_there_is_used() -> None:
    """A person may have made it, or another replica."""
    made, found = played(product_id(shelf(), "hours", 188), [ok([ROW])])
    assert (1, 231) == (len(made), found)


def test_a_used_guid_means_that_it_is_there() -> None:
    """Two invoices that need the same new product create it once."""
    made, found = played(product_id(shelf(), "hours", 188), [ok([]), USED, ok([ROW])])
    assert (3, 231) == (len(made), found)


def test_a_deleted_product_is_created_anew() -> None:
    """Its guid stays used, so the next one is taken."""
    made, found = played(product_id(shelf(), "hours", 188), [ok([]), USED, ok([]), ok(ROW, 201)])
    bodies = [call.body for call in made if call.writes]
    assert (231, 2) == (found, len(set(bodies)))


def test_a_reply_that_shows_nothing_is_read_again() -> None:
    """What a create echoes is not relied on."""
    assert 231 == played(product_id(shelf(), "hours", 188), [ok([]), Answered(status=204), ok([ROW])])[1]


def test_a_refusal_is_handed_on() -> None:
    """DnB's own words tell a person what to do."""
    found = played(product_id(shelf(), "hours", 188), [ok([]), Answered(status=400, body=b'{"Message":"Navn"}')])[1]
    assert isinstance(found, Refused)
    assert "Navn" == found.value
    script: list[Reply] = [ok([]), *[USED, ok([])] * 8]
    assert isinstance(played(product_id(shelf(), "hours", 188), script)[1], Refused)


def test_an_outage_is_handed_on() -> None:
    """Nothing is concluded from a call that failed."""
    assert Unavailable("status_404") == played(product_id(shelf(), "hours", 188), [ok([]), Answered(status=404)])[1]
    assert Unavailable("status_500") == played(product_id(shelf(), "hours", 188), [Answered(status=500)])[1]


def test_the_tenants_own_is_never_created() -> None:
    """A number in the settings that DnB does not have is refused, and heals."""
    assert 5 == played(product_id(shelf(hours="T-1"), "hours", 188), [ok([{"ID": 5, "PartName": "T-1"}])])[1]
    found = played(product_id(shelf(hours="T-1"), "hours", 188), [ok([])])[1]
    assert isinstance(found, Refused)
    assert ("unknown_product", True) == (found.reason, found.heals)
