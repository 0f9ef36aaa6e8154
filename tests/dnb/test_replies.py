"""What replies mean, trap by trap."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.procedure import (
    Answered,
    Call,
    Denied,
    Reply,
    Throttled,
    Unanswered,
    Unavailable,
    Unknown,
    Unreachable,
)
from daemon.dnb import calls
from daemon.dnb.replies import Accepted, Missing, Rejected, Verdict, judge, read_row, read_rows, refusal
from daemon.dnb.rows import CurrencyRow, CustomerRow
from tests.dnb.world import ok

READ = calls.customers_by_number(100042)
WRITE = calls.create_customer(b"{}")


@pytest.mark.parametrize(
    ("reply", "of_read", "of_write"),
    [
        (Answered(status=200, body=b"x"), Accepted(b"x"), Accepted(b"x")),
        (Answered(status=201, body=b"x"), Accepted(b"x"), Accepted(b"x")),
        (Answered(status=204), Accepted(b""), Accepted(b"")),
        (Answered(status=302), Unavailable("status_302"), Unavailable("status_302")),
        (Answered(status=401), Denied("status_401"), Denied("status_401")),
        (Answered(status=403), Denied("status_403"), Denied("status_403")),
        (Answered(status=404), Missing(), Missing()),
        (Answered(status=408), Throttled(), Throttled()),
        (Answered(status=429, retry_after=7), Throttled(retry_after=7), Throttled(retry_after=7)),
        (Answered(status=429), Throttled(), Throttled()),
        (Answered(status=503, retry_after=9), Throttled(retry_after=9), Throttled(retry_after=9)),
        (Answered(status=503), Unavailable("status_503"), Unknown("status_503")),
        (Answered(status=500), Unavailable("status_500"), Unknown("status_500")),
        (Answered(status=502, body=b"<html>"), Unavailable("status_502"), Unknown("status_502")),
        (Unanswered("timeout"), Unavailable("timeout"), Unknown("timeout")),
        (Unreachable("connect"), Unavailable("connect"), Unavailable("connect")),
    ],
)
def test_a_status_is_judged_by_whether_the_call_writes(reply: Reply, of_read: Verdict, of_write: Verdict) -> None:
    """Only a fault during a write leaves its effect open; nothing else is ever taken for unknown."""
    assert (of_read, of_write) == (judge(reply, READ), judge(reply, WRITE))


def test_a_fault_about_a_foreign_key_is_a_refusal() -> None:
    """The database rolled the write back, and trying again cannot help."""
    reply = ok({"Message": 'The INSERT conflicted with the FOREIGN KEY constraint "FK_x"'}, 500)
    verdict = judge(reply, WRITE)
    assert isinstance(verdict, Rejected)
    assert refusal(verdict).reason == "unknown_reference"


ECHO: dict[str, Any] = {
    "ID": 0,
    "Info": {
        "Name": None,
        "_validationResults": {"Name": [{"PropertyName": "Name", "Level": 30, "Message": "Navn må fylles ut"}]},
    },
    "_validationResults": {"CustomerNumber": [{"Level": 30, "Message": "Utenfor nummerserien"}]},
}


@pytest.mark.parametrize(
    ("body", "messages", "field"),
    [
        (b'"Feil"', ("Feil",), ""),
        (b"Feil", ("Feil",), ""),
        (b"", ("status 400",), ""),
        (b"\xff", ("\ufffd",), ""),
        (b"12", ("status 400",), ""),
        (b'{"Message":"A"}', ("A",), ""),
        (b'{"message":"A"}', ("A",), ""),
        (
            b'{"Messages":[{"Message":"A","PropertyName":"Amount"},{"Message":"B"}],"Message":"Validation failed"}',
            ("Validation failed", "A", "B"),
            "Amount",
        ),
        (b'[{"Message":"A"}]', ("A",), ""),
        (msgspec.json.encode(ECHO), ("Utenfor nummerserien", "Navn må fylles ut"), "CustomerNumber"),
        (b'{"Messages":"A","Items":[{"_validationResults":{"Text":"B"}}]}', ("A", "B"), "Text"),
        (b'{"Message":7,"Messages":null,"_validationResults":[]}', ("status 400",), ""),
    ],
)
def test_every_shape_of_a_refusal_is_understood(body: bytes, messages: tuple[str, ...], field: str) -> None:
    """All of DnB's own words reach the person who must repair it."""
    assert Rejected(400, messages, field) == judge(Answered(status=400, body=body), WRITE)


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_other_client_errors_are_refusals(status: int) -> None:
    """Sending the same again would be refused again."""
    assert Rejected(status, ("A",)) == judge(ok({"Message": "A"}, status), WRITE)


def test_dnbs_words_stand_in_the_value_only() -> None:
    """They may hold personal data, and only the value is kept from logs and metrics."""
    refused = refusal(Rejected(400, ("Kari Nordmann finnes",), "Name"))
    assert "Kari" in refused.value
    assert "Kari" not in refused.reason + refused.field + refused.rule + refused.repair


def test_long_refusals_are_bounded() -> None:
    """A page of messages does not fill the ledger."""
    body = msgspec.json.encode({"Messages": [{"Message": f"{number}" * 5_000} for number in range(99)]})
    verdict = judge(Answered(status=400, body=body), WRITE)
    assert isinstance(verdict, Rejected)
    assert (10, 500) == (len(verdict.messages), len(verdict.messages[0]))


@pytest.mark.parametrize(
    "text", ["An entity with _createguid x exists", "GUID in use", "Finnes allerede", "Duplicate key"]
)
def test_a_used_guid_is_recognised_loosely(text: str) -> None:
    """The wording is not documented; a fresh reading decides what it means."""
    assert Rejected(400, (text,)).may_be_used_guid


def test_an_ordinary_refusal_is_no_used_guid() -> None:
    """A rule that the customer breaks is not retried with another guid."""
    assert not Rejected(400, ("Navn må fylles ut",)).may_be_used_guid
    assert not Rejected(400, ("Kunden finnes ikke",)).may_be_used_guid


def rows(verdict: Verdict) -> object:
    """Read a list of currencies that was filtered by its code."""
    return read_rows(verdict, CurrencyRow, key="code", matches=lambda row: row.code == "NOK")


def accepted(document: object) -> Accepted:
    """Return an accepted call with a JSON body."""
    return Accepted(msgspec.json.encode(document))


def test_rows_are_checked_against_the_filter() -> None:
    """DnB ignores a filter that it does not understand: a row not asked for is never adopted."""
    assert Unavailable("filter_ignored_code") == rows(accepted([{"ID": 1, "Code": "NOK"}, {"ID": 2, "Code": "EUR"}]))
    assert Unavailable("filter_ignored_code") == rows(accepted([{"ID": 2}]))


def test_deleted_rows_are_left_out() -> None:
    """A list that shows deleted rows is read as if it did not."""
    found = rows(accepted([{"ID": 1, "Code": "NOK", "Deleted": True}, {"ID": 2, "Code": "NOK", "Deleted": None}]))
    assert [CurrencyRow(id=2, code="NOK")] == found


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"null", b'[{"Code":"NOK"}]', b'[{"ID":"1"}]', b"[{]", b"\xff", b"[" * 99_999, b'["\xff"]'],
)
def test_a_list_that_makes_no_sense_is_an_outage(body: bytes) -> None:
    """A truncated or foreign body is never taken for an empty list."""
    assert Unavailable("reply_not_understood") == rows(Accepted(body))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"ID":null}', b'{"ID":1,"Info":7}', b"<html>"])
def test_a_row_that_makes_no_sense_is_an_outage(body: bytes) -> None:
    """What cannot be read is asked for again, not guessed."""
    assert Unavailable("reply_not_understood") == read_row(Accepted(body), CustomerRow)


def test_a_failed_read_keeps_its_meaning() -> None:
    """Reading rows adds nothing to what the reply already means."""
    assert Denied("status_403") == rows(Denied("status_403"))
    assert Unavailable("status_404") == rows(Missing())
    assert Missing() == read_row(Missing(), CustomerRow)


def test_a_read_that_is_turned_down_refuses_no_change() -> None:
    """It says nothing of what DnB holds: the change, or the check of a delivered one, is tried again."""
    assert Unavailable("status_400") == rows(Rejected(400, ("A",)))
    assert Unavailable("status_409") == read_row(Rejected(409, ("A",)), CustomerRow)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ID", "Message", "message", "Messages", "_validationResults", "Info", "x"]),
            inner,
            max_size=3,
        )
    ),
)


@given(st.integers(100, 599), st.binary(max_size=60) | JSON.map(msgspec.json.encode), st.sampled_from([READ, WRITE]))
def test_no_answer_raises(status: int, body: bytes, call: Call) -> None:
    """Whatever a server or a proxy sends is a value."""
    verdict = judge(Answered(status=status, body=body), call)
    rows(verdict)
    read_row(verdict, CustomerRow)
