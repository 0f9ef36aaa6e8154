"""The emulator as a whole."""

import random
from typing import cast
from urllib.parse import urlencode

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.documents import Json, Row
from daemon.sandbox.exchange import Request
from daemon.sandbox.faults import spread
from daemon.sandbox.history import Applied
from tests.sandbox.office import KEY, NOON, Office, settings


def _story(seed: int) -> tuple[list[object], list[Applied]]:
    """A few hundred calls under faults, and all they left."""
    office = Office(settings(faults=spread(0.3, seed)))
    chance = random.Random(7)
    answers: list[object] = []
    for step in range(300):
        office.now = NOON + step / 10
        number = 100_000 + chance.randrange(20)
        answer = office.post("customers", {"CustomerNumber": number, "Info": {"Name": f"Kunde {step}"}})
        if answer.status == 401:
            office.sign_in()
        answers.append(answer.response)
    office.emulator.tick(NOON + 3600)
    return answers, office.emulator.history.applied


def test_deterministic() -> None:
    """The same settings and requests give the same answers and the same history, byte for byte."""
    assert _story(1) == _story(1)
    assert _story(1) != _story(2)


def test_numbers_stay_unique_under_faults() -> None:
    """Whatever is lost, late or repeated, no two living customers have one number."""
    numbers = [applied.row["CustomerNumber"] for applied in _story(3)[1]]
    assert sorted(set(map(str, numbers))) == sorted(map(str, numbers))


def test_by_hand() -> None:
    """What a person does is applied without token, fault or trace."""
    office = Office()
    office.customer(100001)
    office.emulator.inject("reset")
    response = office.emulator.by_hand(KEY, Request("DELETE", "/api/biz/customers/301"), NOON)
    assert (204, 1, []) == (response.status, len(office.emulator.history.applied), office.rules)
    assert 0 == office.emulator.faults.counts["reset"]


def test_books_are_open_to_a_judge() -> None:
    """A judge can look into the books themselves."""
    office = Office()
    office.customer(100001)
    assert [100001] == [row["CustomerNumber"] for row in office.emulator.books(KEY).table("Customer").live()]


def test_address_filled_in_later() -> None:
    """Without a fixed address the emulator takes the one it is told; a fixed one stays."""
    for fixed, expected in (("", "http://127.0.0.1:9"), ("https://dnb.example", "https://dnb.example")):
        office = Office(settings(base_url=fixed), signed_in=False)
        office.emulator.reached_at("http://127.0.0.1:9")
        assert (expected, expected) == (office.emulator.base_url, office.emulator.issuer)


def test_revoked_tokens() -> None:
    """Tokens can be ended without a fault."""
    office = Office()
    office.emulator.revoke_tokens()
    assert 401 == office.get("customers").status


_NAMES: tuple[str, ...] = (
    "ID", "_createguid", "Deleted", "CustomerNumber", "OrgNumber", "CreditDays", "CurrencyCodeID", "CurrencyCode",
    "BusinessRelationID", "Info", "Name", "DefaultEmail", "DefaultEmailID", "Emails", "Phones", "EmailAddress", "Type",
    "CustomValues", "PaymentTerms", "Account", "Nonsense",
)  # fmt: skip
_NUMBERS: list[Json] = [0, 1, 301, 801, 501, 100_001, 2**40, 1.5]
_TEXTS: list[Json] = ["", "x", "y" * 300, *(f"0b8d6a52-5f0a-4b3e-9f8a-0b6c2f3a1d0{digit}" for digit in range(5))]
_SCALARS = st.sampled_from([None, True, False, *_NUMBERS, *_TEXTS])


def _nested(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    arrays = st.lists(inner, max_size=3).map(lambda array: cast("Json", array))
    objects = st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6).map(lambda each: cast("Json", each))
    return arrays | objects


_RANDOM = st.recursive(_SCALARS, _nested, max_leaves=20)


def _objects(**columns: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Objects that look right: some of `columns`."""
    return st.fixed_dictionaries({}, optional=columns).map(lambda each: cast("Json", each))


_IDS = st.sampled_from([*_NUMBERS])
_EMAILS = _objects(ID=_IDS, _createguid=_SCALARS, EmailAddress=_SCALARS, Deleted=_SCALARS)
_INFOS = _objects(ID=_IDS, _createguid=_SCALARS, Name=_SCALARS, DefaultEmail=_EMAILS | _RANDOM,
                  Emails=st.lists(_EMAILS, max_size=3).map(lambda array: cast("Json", array)))  # fmt: skip
_CUSTOMERS = _objects(ID=_IDS, _createguid=_SCALARS, CustomerNumber=_SCALARS, CurrencyCodeID=_SCALARS, Info=_INFOS)
_DOCUMENTS = _RANDOM | _CUSTOMERS
_WORDS = st.sampled_from([
    "CustomerNumber", "Info.Name", "Info.Emails.EmailAddress", "CreatedAt", "eq", "ne", "gt", "like", "and", "or",
    "not", "(", ")", "contains(", ",", "'x'", "'2026-01-01'", "'0001-01-01T00:00:00+10:00'", "100001", "9" * 5000,
    "null", "true", "'",
])  # fmt: skip
_QUERIES = st.dictionaries(
    st.sampled_from(["filter", "select", "expand", "orderby", "top", "skip", "hateoas", "action", "id", "x"]),
    st.lists(_WORDS, max_size=8).map(" ".join),
    max_size=4,
)
_CALLS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    st.sampled_from(
        ["customers", "customers/301", "accounts", "vattypes/11", "users", "customers/" + "9" * 5000, "x/y/z"]
    ),
    _DOCUMENTS,
    _QUERIES,
)


@given(st.lists(_CALLS, max_size=8))
@hypothesis.settings(max_examples=200, deadline=None)
def test_any_call_is_answered_and_applied_whole_or_not_at_all(
    calls: list[tuple[str, str, Json, dict[str, str]]],
) -> None:
    """Whatever is sent is answered; what is refused leaves the books as they were."""
    office = _office_of_the_fuzz()
    for method, path, body, query in calls:
        before = _content(office)
        answer = office.call(method, path, body, query=urlencode(query))
        assert 200 <= answer.status <= 500
        if answer.status >= 300 or method == "GET":
            assert before == _content(office)


def _office_of_the_fuzz() -> Office:
    office = Office()
    office.customer(100001, Info={"Name": "Fjord AS", "DefaultEmail": {"EmailAddress": "a@b.no"}})
    return office


def _content(office: Office) -> list[list[Row]]:
    books = office.emulator.books(KEY)
    return [[dict(row) for row in books.table(name).live()] for name in books.schema.entities]
