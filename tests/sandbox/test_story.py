"""The demo's faults: all kinds, in time, where they surely strike."""

import pytest

from daemon.sandbox.faults import KINDS
from daemon.sandbox.story import Act, story
from tests.sandbox.clerk import COMPANIES, Clerk
from tests.sandbox.office import KEY, OTHER_KEY

SEEDS = range(1, 21)


def acts(seed: int, events: int) -> tuple[Act, ...]:
    """The story of a demo whose calls may take 3 s, and be applied 5 s late at most."""
    return story(seed=seed, events=events, companies=COMPANIES, request_seconds=3.0, late_seconds=5.0)


def test_deterministic() -> None:
    """The same seed tells the same story."""
    assert acts(1, 2000) == acts(1, 2000)
    assert acts(1, 2000) != acts(2, 2000)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("events", "times"), [(10, 1), (300, 1), (499, 1), (500, 2), (2000, 2)])
def test_every_kind(seed: int, events: int, times: int) -> None:
    """Every kind of fault strikes, in a longer demo twice."""
    kinds = [act.kind for act in acts(seed, events)]
    assert set(KINDS) == set(kinds)
    assert times == min(kinds.count(kind) for kind in KINDS)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("events", [10, 500, 2000])
def test_spread(seed: int, events: int) -> None:
    """Acts come in order, over the first three quarters of the records."""
    after = [act.after for act in acts(seed, events)]
    assert sorted(after) == after
    assert 0 == after[0]
    assert events * 0.6 <= after[-1] < events * 0.75


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("events", [10, 500, 2000])
def test_durations(seed: int, events: int) -> None:
    """Waits are short, late requests come within their bound, and one call is slower than the client waits."""
    slow: list[float] = []
    for act in acts(seed, events):
        seconds = act.where.get("seconds")
        match act.kind:
            case "too_many_requests" | "unavailable" | "company_denied":
                assert 1.0 == seconds
            case "applied_late":
                assert seconds is not None
                assert 0 < seconds <= 5.0
            case "slow":
                slow.append(seconds or 0.0)
            case _:
                assert seconds is None
    assert [False] * (len(slow) - 1) + [True] == sorted(each > 3.0 for each in slow)


@pytest.mark.parametrize("seed", SEEDS)
def test_writes(seed: int) -> None:
    """Lost replies and late requests strike creates and updates; a short demo is sure of creates alone."""
    writes = {"reply_lost", "applied_late"}
    long = {(act.kind, act.where.get("method", "")) for act in acts(seed, 500) if act.kind in writes}
    assert {(kind, method) for kind in writes for method in ("POST", "PUT")} == long
    assert {"POST"} == {act.where.get("method") for act in acts(seed, 10) if act.kind in writes}
    assert {None} == {act.where.get("method") for act in acts(seed, 500) if act.kind not in writes}


@pytest.mark.parametrize("seed", SEEDS)
def test_companies(seed: int) -> None:
    """A long demo strikes companies it has; one with few records for each waits for no certain one."""
    assert {KEY, OTHER_KEY} >= {act.where["company"] for act in acts(seed, 2000) if "company" in act.where}
    assert {None} == {act.where.get("company") for act in acts(seed, 79)}
    many = {f"tenant-{number}": f"key-{number}" for number in range(50)}
    crowded = story(seed=seed, events=1999, companies=many, request_seconds=3.0, late_seconds=5.0)
    assert {None} == {act.where.get("company") for act in crowded}


@pytest.mark.parametrize("seed", SEEDS)
def test_overdue(seed: int) -> None:
    """The call that takes longer than the client waits is anybody's next one, not one of a chosen company."""
    overdue = [act for act in acts(seed, 2000) if act.kind == "slow" and act.where.get("seconds", 0.0) > 3.0]
    assert [None] == [act.where.get("company") for act in overdue]


def test_words() -> None:
    """Every act says in one line what happens, and no company key."""
    for act in (*acts(1, 10), *acts(1, 2000)):
        assert act.words == act.words.strip()
        assert 10 < len(act.words) <= 79
        assert [] == [part for part in ("\n", "{", KEY, OTHER_KEY) if part in act.words]


def test_acts_can_be_injected() -> None:
    """Every act is something that the emulator takes and plays."""
    clerk = Clerk()
    for act in acts(1, 10):
        clerk.emulator.inject(act.kind, **act.where)
    office = clerk.offices["fjellvik"]
    for number in range(60):
        office.now += 5.0
        office.sign_in()
        office.post("customers", {"CustomerNumber": 100000 + number, "Info": {"Name": "A"}})
    assert {kind: 1 + (kind == "slow") for kind in KINDS} == clerk.emulator.faults.counts
