"""Tokens: what the identity server's reply means, when to renew, and who is denied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.procedure import Answered, Reply, Unanswered, Unreachable
from daemon.dnb.tokens import Token, TokenBook, TokenRefused, TokenReply, TokenUnavailable, token_reply
from tests.dnb.world import ok

NOW = 1_000.0


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ok({"access_token": "T", "expires_in": 3600, "token_type": "Bearer"}), Token("T", 4_600.0, 4_540.0)),
        (ok({"access_token": "T", "expires_in": 100, "token_type": "bearer"}), Token("T", 1_100.0, 1_090.0)),
        (ok({"access_token": "T"}), Token("T", 1_300.0, 1_240.0)),
        (ok({"access_token": ""}), TokenUnavailable(reason="reply_not_understood")),
        (ok({"access_token": "T", "expires_in": -1}), TokenUnavailable(reason="reply_not_understood")),
        (ok({"access_token": "T", "token_type": "mac"}), TokenUnavailable(reason="reply_not_understood")),
        (ok({"access_token": "T\r\nX-Other: 1"}), TokenUnavailable(reason="token_not_printable")),
        (ok({"access_token": "T\x00"}), TokenUnavailable(reason="token_not_printable")),
        (ok({"access_token": "nøkkel"}), TokenUnavailable(reason="token_not_printable")),
        (ok([]), TokenUnavailable(reason="reply_not_understood")),
        (Answered(status=200, body=b"<html>"), TokenUnavailable(reason="reply_not_understood")),
        (ok({"error": "invalid_client"}, 400), TokenRefused("invalid_client")),
        (ok({"error": "invalid_scope"}, 400), TokenRefused("invalid_scope")),
        (ok({"error": "Kari Nordmann"}, 400), TokenRefused("status_400")),
        (Answered(status=401), TokenRefused("status_401")),
        (Answered(status=429, retry_after=5), TokenUnavailable(reason="status_429", retry_after=5)),
        (Answered(status=503, retry_after=5), TokenUnavailable(reason="status_503", retry_after=5)),
        (Answered(status=302), TokenUnavailable(reason="status_302")),
        (Unanswered("timeout"), TokenUnavailable(reason="timeout")),
        (Unreachable("connect"), TokenUnavailable(reason="connect")),
    ],
)
def test_a_token_reply_is_a_token_or_why_not(reply: Reply, expected: TokenReply) -> None:
    """A refusal holds the whole client; anything else is asked again."""
    assert expected == token_reply(reply, NOW)


def test_a_token_is_never_shown() -> None:
    """A token in a log or an error text would be a key to every company."""
    token = Token("S3CRET", 1.0, 1.0)
    assert "S3CRET" not in f"{token!r} {token}"


@given(st.binary(max_size=100), st.integers(100, 599))
def test_no_token_reply_raises(body: bytes, status: int) -> None:
    """Whatever the identity server sends is a value."""
    assert isinstance(token_reply(Answered(status=status, body=body), NOW), Token | TokenRefused | TokenUnavailable)


def test_a_token_is_used_until_it_is_to_be_renewed() -> None:
    """A new one is asked for before the old one ends."""
    book = TokenBook()
    assert book.current(NOW) is None
    token = Token("T", 4_600.0, 4_540.0)
    assert book.renew(token, NOW) == 1
    assert token == book.current(4_539.9)
    assert book.current(4_540.0) is None


def fresh(book: TokenBook) -> int:
    """Take a new long-lived token into use."""
    return book.renew(Token("T", NOW + 3_600, NOW + 3_540), NOW)


def test_the_first_401_renews_the_token() -> None:
    """The token may have been ended; the call is repeated with a new one."""
    book = TokenBook()
    serial = fresh(book)
    assert book.turned_down("a", serial, NOW) == "repeat"
    assert book.current(NOW) is None


def test_a_401_with_a_newer_token_denies_the_tenant() -> None:
    """Then it is the tenant, and its further 401s renew nothing."""
    book = TokenBook()
    book.turned_down("a", fresh(book), NOW)
    serial = fresh(book)
    assert book.turned_down("a", serial, NOW) == "denied"
    assert book.turned_down("a", serial, NOW) == "denied"
    assert book.current(NOW) is not None


def test_a_late_401_of_an_old_token_renews_nothing() -> None:
    """A hundred calls that were under way with the old token cost one renewal."""
    book = TokenBook()
    old = fresh(book)
    book.turned_down("a", old, NOW)
    fresh(book)
    assert book.turned_down("a", old, NOW) == "repeat"
    assert book.turned_down("b", old, NOW) == "repeat"
    assert book.current(NOW) is not None


def test_one_denied_tenant_does_not_touch_another() -> None:
    """Each tenant may cause one renewal of its own."""
    book = TokenBook()
    book.turned_down("a", fresh(book), NOW)
    serial = fresh(book)
    book.turned_down("a", serial, NOW)
    assert book.turned_down("b", serial, NOW) == "repeat"
    assert book.current(NOW) is None


def test_a_success_forgets_the_tenants_401() -> None:
    """A tenant that was served again may again meet a token that ended."""
    book = TokenBook()
    book.turned_down("a", fresh(book), NOW)
    serial = fresh(book)
    book.accepted("a", serial)
    assert book.turned_down("a", serial, NOW) == "repeat"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=30))
def test_a_tenant_denied_without_end_costs_one_renewal(events: list[tuple[str, bool]]) -> None:
    """Without a success in between, renewals are at most one a tenant."""
    book = TokenBook()
    fresh(book)
    for tenant, _ in events:
        book.turned_down(tenant, book.serial, NOW)
        if book.current(NOW) is None:
            fresh(book)
    assert book.serial <= 1 + len({tenant for tenant, _ in events})


def test_a_token_of_some_age_may_have_been_revoked_even_for_a_denied_tenant() -> None:
    """Two revocations in a row look like a denial; a minute later the token is renewed once more."""
    book = TokenBook()
    book.turned_down("a", fresh(book), NOW)
    serial = fresh(book)
    book.accepted("b", serial)
    assert book.turned_down("a", serial, NOW + 59.0) == "denied"
    assert book.turned_down("a", serial, NOW + 61.0) == "repeat"
    assert book.current(NOW + 61.0) is None


def test_a_token_that_let_nobody_in_is_doubted_sooner() -> None:
    """Revoked before its first use, it denies everybody; a success that belongs to an older one proves nothing."""
    book = TokenBook()
    old = fresh(book)
    book.turned_down("a", old, NOW)
    serial = fresh(book)
    book.accepted("b", old)
    assert book.turned_down("a", serial, NOW + 4.0) == "denied"
    assert book.turned_down("a", serial, NOW + 5.0) == "repeat"


def test_a_status_says_whether_the_call_must_be_made_with_a_newer_token() -> None:
    """Only a 401 turns a token down; a gateway that is out of order has looked at none, and proves none."""
    book = TokenBook()
    old = fresh(book)
    assert book.must_repeat("a", old, 401, NOW)
    serial = fresh(book)
    assert not book.must_repeat("b", serial, 502, NOW)
    assert (False, True) == (book.must_repeat("a", serial, 401, NOW), book.must_repeat("a", serial, 401, NOW + 5.0))
    newest = fresh(book)
    assert not book.must_repeat("b", newest, 404, NOW)
    book.must_repeat("a", newest, 401, NOW)
    assert not book.must_repeat("a", newest, 401, NOW + 5.0)
