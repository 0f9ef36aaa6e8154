"""Quotas, and waits that were asked for."""

from daemon.sandbox.quota import Quota
from tests.sandbox.office import KEY, NOON, OTHER_KEY, Office, settings


def test_steady_calls_at_the_rate() -> None:
    """Calls at exactly the rate are let through for ever."""
    quota = Quota(10.0)
    assert all(quota.admit(NOON + number / 10).is_admitted for number in range(10_000))


def test_burst_of_one_second() -> None:
    """A burst of one second's calls passes, the next call does not, and one more after a tenth."""
    quota = Quota(10.0)
    admitted = [quota.admit(NOON).is_admitted for _ in range(11)]
    assert [True] * 10 + [False] == admitted
    assert [True, False] == [quota.admit(NOON + 0.1).is_admitted for _ in range(2)]


def test_slow_rates_let_one_call_through() -> None:
    """A rate below one a second still allows single calls."""
    quota = Quota(0.5)
    assert [True, False, True] == [quota.admit(NOON + seconds).is_admitted for seconds in (0, 1, 2)]


def test_no_quota() -> None:
    """Without a rate everything passes."""
    quota = Quota(None)
    assert all(quota.admit(NOON).is_admitted for _ in range(10_000))


def test_wait_is_kept() -> None:
    """Calls in the grace after a 429, and from the end of the wait on, break nothing; calls between do."""
    quota = Quota(None)
    quota.wait(NOON, 10)
    instants = (0.0, 1.0, 1.1, 9.9, 10.0)
    assert [(), (), ("retry_after_ignored",), ("retry_after_ignored",), ()] == [
        quota.admit(NOON + seconds).breaches for seconds in instants
    ]


def test_a_second_wait_does_not_excuse_the_first() -> None:
    """A later 429 gives no new grace to calls that ignore an earlier one."""
    quota = Quota(None)
    quota.wait(NOON, 5)
    quota.wait(NOON + 0.9, 5)
    assert ("retry_after_ignored",) == quota.admit(NOON + 1.5).breaches
    assert ("retry_after_ignored",) == quota.admit(NOON + 5.5).breaches
    assert () == quota.admit(NOON + 5.9).breaches


def test_quota_over_the_api() -> None:
    """A call above the quota is a 429 with a wait of a second, not served, and a breach of that company alone."""
    office = Office(settings(quota=2.0))
    other = Office(emulator=office.emulator, company=OTHER_KEY)
    answers = [office.get("customers") for _ in range(3)]
    assert [200, 200, 429] == [answer.status for answer in answers]
    assert "1" == answers[2].response.headers["retry-after"]
    assert 200 == other.get("customers").status
    assert [(NOON, KEY, "quota_exceeded")] == [
        (each.at, each.company, each.rule) for each in office.emulator.history.breaches
    ]


def test_ignored_wait_over_the_api() -> None:
    """Coming back before a told Retry-After has passed is a breach, though the call is served."""
    office = Office()
    office.emulator.inject("unavailable", seconds=10)
    office.get("customers")
    statuses: list[int] = []
    for office.now in (NOON + 0.5, NOON + 5, NOON + 10):
        statuses.append(office.get("customers").status)
    assert ([200, 200, 200], [(NOON + 5, "retry_after_ignored")]) == (
        statuses, [(each.at, each.rule) for each in office.emulator.history.breaches],
    )  # fmt: skip
