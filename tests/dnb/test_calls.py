"""The calls: paths, encoding, and guids that never differ for the same thing."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.core.procedure import Call
from daemon.dnb import calls
from daemon.dnb.calls import Guids

GUIDS = Guids(environment="production", company="c0ffee", kind="customer", id=1)
READS = [
    calls.customers_by_number(100042),
    calls.customers_by_organisation("998887771"),
    calls.customers_by_name("Havgard"),
    calls.currency("NOK"),
    calls.country("NO"),
]


def parameters(call: Call) -> dict[str, list[str]]:
    """Return the query as a server reads it."""
    return parse_qs(urlsplit(call.target).query, strict_parsing=True)


@pytest.mark.parametrize("call", READS)
def test_every_list_is_bounded_and_without_links(call: Call) -> None:
    """The default page size is unknown, and links cost bytes."""
    assert (["10"], ["false"]) == (parameters(call)["top"], parameters(call)["hateoas"])


@pytest.mark.parametrize("call", [*READS, calls.customer(381), calls.company_settings()])
def test_reads_write_nothing(call: Call) -> None:
    """A read may be repeated at any time."""
    assert (call.method, call.body, call.writes) == ("GET", None, False)


def test_only_the_directory_is_shared() -> None:
    """A customer's reading belongs to its procedure; a currency's serves all who wait for it."""
    assert [False, False, False, True, True] == [call.shared for call in READS]


def test_a_blank_becomes_percent_20() -> None:
    """Both forms are read by DnB; one is sent, so that shared calls are equal."""
    assert calls.currency("NOK").target.startswith("api/biz/currencycodes?filter=Code%20eq%20%27NOK%27&")


@given(st.text(max_size=40))
def test_any_name_survives_quoting_and_encoding(name: str) -> None:
    """No name breaks out of its quotes or of the query."""
    literal = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("'", "''")
    name = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert [f"Info.Name eq '{literal}'"] == parameters(calls.customers_by_name(name))["filter"]


def test_writes_are_marked_and_carry_their_body() -> None:
    """The planner lets a newer version take a write's place, and knows a write's outcome may be unknown."""
    create, update = calls.create_customer(b"{}"), calls.update_customer(381, b"{}")
    assert ("POST", "api/biz/customers", True) == (create.method, create.target, create.writes)
    assert ("PUT", "api/biz/customers/381", True) == (update.method, update.target, update.writes)


def test_a_guid_never_changes() -> None:
    """A release that made other guids would let a repeated create through."""
    assert GUIDS.of("customer") == "30fd9c3b-7171-54d4-bf37-6d329235a64c"
    assert replace(GUIDS, n=2, version=7).of("fax") == "bb380604-eab9-5f0d-b1be-2a5b5f9655a4"


@pytest.mark.parametrize(
    "other",
    [
        replace(GUIDS, environment="sandbox"),
        replace(GUIDS, company="decaf"),
        replace(GUIDS, kind="project"),
        replace(GUIDS, id=2),
        replace(GUIDS, n=1),
        replace(GUIDS, version=1),
        replace(GUIDS, n=1, version=1),
    ],
)
def test_each_part_of_an_entity_has_its_own_guid(other: Guids) -> None:
    """Whatever tells two things apart tells their guids apart."""
    assert GUIDS.of("info") != other.of("info")
    assert GUIDS.of("info") != GUIDS.of("email")
