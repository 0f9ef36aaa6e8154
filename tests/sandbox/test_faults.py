"""Faults on purpose, and what they do to a call."""

import pytest

from daemon.sandbox.documents import Row
from daemon.sandbox.faults import KINDS, FaultKind, FaultPlan, Faults, spread
from tests.sandbox.office import KEY, NOON, OTHER_KEY, Office, settings

_BODY: Row = {"CustomerNumber": 100001, "Info": {"Name": "Fjord AS"}}


def _rows(office: Office) -> int:
    return len(office.get("customers").rows)


@pytest.mark.parametrize(("kind", "status", "retry_after"), [
    ("too_many_requests", 429, "2"),
    ("too_many_requests_bare", 429, None),
    ("server_error", 500, None),
    ("unavailable", 503, "2"),
    ("unavailable_bare", 503, None),
])  # fmt: skip
def test_refusals(kind: FaultKind, status: int, retry_after: str | None) -> None:
    """A refused call is not applied; where the wait is told, it is in whole seconds."""
    office = Office()
    office.emulator.inject(kind)
    answer = office.post("customers", _BODY)
    assert (status, retry_after) == (answer.status, answer.response.headers.get("retry-after"))
    assert (0, 1) == (_rows(office), office.emulator.faults.counts[kind])


def test_retry_after_is_rounded_up() -> None:
    """A wait of a part of a second is told as a whole one."""
    office = Office()
    office.emulator.inject("too_many_requests", seconds=4.2)
    assert "5" == office.get("customers").response.headers["retry-after"]


def test_slow() -> None:
    """A slow call is applied at once and answered late."""
    office = Office()
    office.emulator.inject("slow", seconds=7)
    answer = office.post("customers", _BODY)
    assert (201, 7.0, False, 1) == (answer.status, answer.response.delay_seconds, answer.response.lost, _rows(office))


def test_reply_lost() -> None:
    """A call whose reply is lost was applied."""
    office = Office(settings(faults=FaultPlan(silence_seconds=20)))
    office.emulator.inject("reply_lost")
    answer = office.post("customers", _BODY)
    assert (True, 20.0, 1) == (answer.response.lost, answer.response.delay_seconds, _rows(office))


def test_reset() -> None:
    """A call whose connection was reset was not applied."""
    office = Office()
    office.emulator.inject("reset")
    assert (True, 0) == (office.post("customers", _BODY).response.lost, _rows(office))


def test_applied_late() -> None:
    """A late call is not there until its instant, and then it is, with the instant as its time."""
    office = Office()
    office.emulator.inject("applied_late", seconds=10)
    answer = office.post("customers", _BODY)
    office.now = NOON + 9.9
    before = _rows(office)
    office.now = NOON + 25
    row = office.get("customers").rows[0]
    assert (True, 0, "2026-02-03T12:00:10.000Z") == (answer.response.lost, before, row["CreatedAt"])
    applied = office.emulator.history.applied[0]
    assert (NOON + 10, True, True) == (applied.at, applied.late, applied.created)


def test_late_calls_in_the_order_of_their_instants() -> None:
    """A late call may overwrite a newer one that was applied in between: the order is that of application."""
    office = Office()
    office.customer(100001)
    for seconds, days in ((30.0, 1), (10.0, 2)):
        office.emulator.inject("applied_late", seconds=seconds)
        office.put("customers/301", {"ID": 301, "CreditDays": days})
    office.now = NOON + 5
    office.put("customers/301", {"ID": 301, "CreditDays": 3})
    assert NOON + 10 == office.emulator.next_due()
    office.emulator.tick(NOON + 60)
    office.now = NOON + 60
    assert [3, 2, 1] == [applied.row["CreditDays"] for applied in office.emulator.history.applied[1:]]
    assert (1, None) == (office.get("customers/301").row["CreditDays"], office.emulator.next_due())


def test_late_create_after_its_repetition() -> None:
    """A repetition that came first has used the guid: the late call is refused, and nobody is blamed."""
    office = Office()
    body: Row = {"_createguid": "0b8d6a52-5f0a-4b3e-9f8a-0b6c2f3a1d01", **_BODY}
    office.emulator.inject("applied_late", seconds=10)
    statuses = [office.post("customers", body).status for _ in range(2)]
    office.emulator.tick(NOON + 60)
    assert ([0, 201], 1, []) == (statuses, len(office.emulator.history.applied), office.rules)


def test_late_reads_leave_nothing_behind() -> None:
    """A read that is cut off is not kept."""
    office = Office()
    office.emulator.inject("applied_late")
    assert (True, None) == (office.get("customers").response.lost, office.emulator.next_due())


def test_token_expired() -> None:
    """All tokens end at once; a new one works."""
    office = Office()
    office.emulator.inject("token_expired")
    statuses = [office.get("customers").status, office.get("customers").status]
    office.sign_in()
    assert [401, 401, 200] == [*statuses, office.get("customers").status]


def test_company_denied() -> None:
    """A company denies everything until an instant; other companies do not notice."""
    office = Office()
    other = Office(emulator=office.emulator, company=OTHER_KEY)
    office.emulator.inject("company_denied", seconds=30)
    statuses: list[int] = []
    for office.now in (NOON, NOON + 29, NOON + 30):
        statuses.append(office.get("customers").status)
    other.now = NOON + 30
    assert ([403, 403, 200], 200) == (statuses, other.get("customers").status)


def test_injections_wait_for_their_call() -> None:
    """A fault strikes as often as asked, and only calls of its company, method and path."""
    office = Office()
    other = Office(emulator=office.emulator, company=OTHER_KEY)
    office.emulator.inject("server_error", company=KEY, method="POST", path_prefix="/api/biz/customers", count=2)
    seen = [other.post("customers", _BODY).status, office.get("customers").status]
    seen += [office.post("customers", _BODY).status for _ in range(3)]
    assert [201, 200, 500, 500, 201] == seen
    assert 2 == office.emulator.faults.counts["server_error"]


def test_faults_leave_sign_in_alone() -> None:
    """A pending fault does not strike the token endpoint."""
    office = Office()
    office.emulator.inject("reset")
    office.sign_in()
    assert 0 == office.emulator.faults.counts["reset"]


def _drawn(seed: int, share: float = 0.5) -> list[str | None]:
    faults = Faults(spread(share, seed))
    strikes = [faults.strike("c", "GET", "/") for _ in range(2000)]
    return [None if strike is None else strike.kind for strike in strikes]


def test_chance_repeats() -> None:
    """The same seed draws the same faults, another one others."""
    assert _drawn(1) == _drawn(1)
    assert _drawn(1) != _drawn(2)


def test_chance_keeps_its_share() -> None:
    """About the asked share of calls is struck, every kind among them."""
    struck = [kind for kind in _drawn(3) if kind is not None]
    assert 900 < len(struck) < 1100
    assert set(KINDS) == set(struck)


def test_no_chance_without_rates() -> None:
    """Without rates and injections nothing ever goes wrong."""
    assert [None] * 2000 == _drawn(1, 0.0)


def test_late_seconds_are_drawn_from_their_range() -> None:
    """How late a call is applied is drawn between the plan's bounds."""
    faults = Faults(FaultPlan(rates={"applied_late": 1.0}, late_seconds=(5.0, 6.0)))
    strikes = [faults.strike("c", "PUT", "/") for _ in range(100)]
    assert all(strike is not None and 5.0 <= strike.seconds <= 6.0 for strike in strikes)
