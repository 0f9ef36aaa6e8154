"""Whose call goes next, and when."""

from collections import Counter

import pytest

from daemon.core.model import Tenant
from daemon.core.pacing import FOREVER, Limits, Pacing

LIMITS = Limits(quota=1_000.0, concurrency=1_000, tenant_concurrency=1_000, burst_seconds=1.0)
NOW = 500.0


def pacing(*tenants: Tenant, limits: Limits = LIMITS, share: float = 1.0) -> Pacing:
    """Return a pacing with these tenants and the whole quota."""
    paced = Pacing(limits)
    for tenant in tenants:
        paced.admit(tenant)
    paced.share(share, NOW)
    return paced


def tenant(name: str, quota: float = 1_000.0, weight: float = 1.0) -> Tenant:
    """Return a tenant."""
    return Tenant(name=name, company=name, quota=quota, weight=weight)


def granted(paced: Pacing, now: float = NOW) -> list[int]:
    """Return all tickets that may go now."""
    tickets: list[int] = []
    while (ticket := paced.grant(now)) is not None:
        tickets.append(ticket)
    return tickets


def test_tickets_of_a_tenant_go_in_order_and_live_ones_first() -> None:
    """A tenant's live changes go before its parked ones and checks."""
    paced = pacing(tenant("a"))
    paced.enqueue("a", 1, background=True)
    paced.enqueue("a", 2)
    paced.enqueue("a", 3)
    assert [2, 3, 1] == granted(paced)


def test_what_is_begun_goes_before_what_is_not() -> None:
    """A change that DnB was read for is written before the next one is read for, in the background as well."""
    paced = pacing(tenant("a"))
    paced.enqueue("a", 1, background=True)
    paced.enqueue("a", 2)
    paced.enqueue("a", 3, begun=True)
    paced.enqueue("a", 4, background=True, begun=True)
    assert [3, 2, 4, 1] == granted(paced)


def test_a_withdrawn_ticket_does_not_go() -> None:
    """A call that is no longer wanted leaves the queue it stands in."""
    paced = pacing(tenant("a"))
    paced.enqueue("a", 1)
    paced.enqueue("a", 2, background=True)
    paced.enqueue("a", 3)
    paced.withdraw("a", 1)
    paced.withdraw("a", 2)
    assert [3] == granted(paced)


def test_turns_are_fair_by_weight() -> None:
    """Of tenants that all have a backlog each gets calls by its weight, from the first moment on."""
    weights = {"a": 1.0, "b": 2.0, "c": 0.5}
    paced = pacing(*(tenant(name, weight=weight) for name, weight in weights.items()))
    owner: dict[int, str] = {}
    for number in range(900):
        name = "abc"[number % 3]
        owner[number] = name
        paced.enqueue(name, number)
    first = Counter(owner[ticket] for ticket, _ in zip(granted(paced), range(350), strict=False))
    assert all(abs(first[name] - 100 * weight) <= 3 for name, weight in weights.items())


def test_a_quota_blocks_its_tenant_and_nobody_else() -> None:
    """A tenant at its quota leaves the round and comes back when its next call may go."""
    paced = pacing(tenant("slow", quota=2.0), tenant("fast"))
    for number in range(4):
        paced.enqueue("slow", number)
        paced.enqueue("fast", 10 + number)
    assert [10, 11, 12, 13] == [ticket for ticket in granted(paced) if ticket >= 10]
    assert NOW + 0.5 == pytest.approx(paced.next_grant(NOW))
    assert [] == granted(paced, NOW + 0.49)
    assert 1 == len(granted(paced, NOW + 0.51))


def test_the_clients_quota_bounds_all_together() -> None:
    """However many tenants want to call, the client's quota is kept."""
    limits = Limits(quota=10.0, concurrency=1_000, tenant_concurrency=1_000, burst_seconds=0.1)
    paced = pacing(*(tenant(str(number)) for number in range(50)), limits=limits)
    for number in range(50):
        paced.enqueue(str(number), number)
    assert 1 == len(granted(paced))
    assert NOW + 0.1 == pytest.approx(paced.next_grant(NOW))
    assert 1 == len(granted(paced, NOW + 0.11))


def test_a_token_is_charged_to_the_client_alone() -> None:
    """A call to the identity server delays the client's next call."""
    limits = Limits(quota=10.0, concurrency=9, tenant_concurrency=9, burst_seconds=0.1)
    paced = pacing(tenant("a"), limits=limits)
    paced.charge(NOW)
    paced.enqueue("a", 1)
    assert [] == granted(paced)
    assert [1] == granted(paced, NOW + 0.11)


def test_a_hold_is_kept_to_the_instant_and_the_longer_one_stays() -> None:
    """A held tenant is not called a moment too early; others are not touched."""
    paced = pacing(tenant("a"), tenant("b"))
    paced.hold("a", NOW + 10.0)
    paced.hold("a", NOW + 3.0)
    paced.enqueue("a", 1)
    paced.enqueue("b", 2)
    assert [2] == granted(paced)
    assert NOW + 10.0 == paced.released_at("a")
    assert [] == granted(paced, NOW + 9.999)
    assert [1] == granted(paced, NOW + 10.0)


def test_a_hold_of_the_client_holds_everybody() -> None:
    """While the whole client is held nothing goes, and everything after."""
    paced = pacing(tenant("a"), tenant("b"))
    paced.hold_client(NOW + 5.0)
    paced.hold_client(NOW + 1.0)
    paced.enqueue("a", 1)
    paced.enqueue("b", 2)
    assert ([], NOW + 5.0) == (granted(paced), paced.next_grant(NOW))
    assert [1, 2] == granted(paced, NOW + 5.0)


def test_concurrency_is_bounded_for_a_tenant_and_for_all() -> None:
    """A tenant whose calls are slow keeps only its own slots busy, and comes back when one is free."""
    limits = Limits(quota=1_000.0, concurrency=3, tenant_concurrency=2, burst_seconds=1.0)
    paced = pacing(tenant("a"), tenant("b"), limits=limits)
    for number in range(4):
        paced.enqueue("a", number)
    assert ([0, 1], 2) == (granted(paced), paced.in_flight)
    assert FOREVER == paced.next_grant(NOW)
    paced.enqueue("b", 10)
    paced.enqueue("b", 11)
    assert [10] == granted(paced)
    assert FOREVER == paced.next_grant(NOW)
    paced.finish("b")
    assert [11] == granted(paced)
    paced.finish("a")
    assert [2] == granted(paced)


def test_a_grant_given_back_frees_quota_and_slot() -> None:
    """A call that was granted and not made leaves everything as it was."""
    limits = Limits(quota=1.0, concurrency=1, tenant_concurrency=1, burst_seconds=1.0)
    paced = pacing(tenant("a", quota=1.0), limits=limits)
    paced.enqueue("a", 1)
    assert [1] == granted(paced)
    paced.give_back("a")
    paced.enqueue("a", 2)
    assert [2] == granted(paced)


def test_an_outage_is_probed_once_a_second_until_a_call_succeeds() -> None:
    """After several failures in a row one call a second goes, whosever it is; one success ends that."""
    paced = pacing(tenant("a"), tenant("b"))
    for number in range(20):
        paced.enqueue("ab"[number % 2], number)
    for _ in range(5):
        ticket = paced.grant(NOW)
        assert ticket is not None
        paced.failed(NOW)
        paced.finish("ab"[ticket % 2])
    assert paced.is_outage
    assert ([], NOW + 1.0) == (granted(paced), paced.next_grant(NOW))
    assert 1 == len(granted(paced, NOW + 1.0))
    assert [] == granted(paced, NOW + 9.0)
    paced.succeeded(0.1, NOW + 9.0)
    assert not paced.is_outage
    assert 14 == len(granted(paced, NOW + 9.0))


def test_a_share_shrinks_at_once_and_grows_after_a_pause() -> None:
    """After a rebalance a replica never uses more of the quota than is surely its own."""
    paced = pacing(tenant("a"), share=0.5)
    assert 500.0 == paced.rate
    paced.share(0.25, NOW)
    assert 250.0 == paced.rate
    for later in (0.0, 0.4, 0.9):
        paced.share(1.0, NOW + later)
        assert ([], 250.0) == (granted(paced, NOW + later), paced.rate)
    assert NOW + 1.0 == paced.next_grant(NOW)
    assert ([], 1_000.0) == (granted(paced, NOW + 1.0), paced.rate)


def test_without_partitions_nothing_goes() -> None:
    """A replica that owns nothing has no share of the quota."""
    paced = pacing(tenant("a"), share=0.0)
    paced.enqueue("a", 1)
    assert ([], 0.0, FOREVER) == (granted(paced), paced.rate, paced.next_grant(NOW))
    paced.share(1.0, NOW)
    assert [1] == granted(paced)


def test_new_terms_hold_from_the_next_call() -> None:
    """A tenant whose quota and weight change keeps its place and its queue."""
    paced = pacing(tenant("a", quota=1.0))
    paced.enqueue("a", 1)
    paced.enqueue("a", 2)
    assert [1] == granted(paced)
    paced.admit(tenant("a", quota=100.0, weight=2.0))
    assert [2] == granted(paced, NOW + 1.0)
    assert FOREVER == paced.next_grant(NOW + 1.0)


def served(paced: Pacing, *, seconds: float) -> None:
    """Have calls answered after so many seconds, for as long as it takes to know the API's pace."""
    for second in range(3):
        for part in range(10):
            paced.succeeded(seconds, NOW + second + part / 10.0)


def test_the_load_is_what_the_quotas_let_go_by_what_can_be_made() -> None:
    """Ten calls at once, each half a second: twenty a second; of the work only what its quota allows counts."""
    limits = Limits(quota=1_000.0, concurrency=10, tenant_concurrency=10, burst_seconds=0.1)
    paced = pacing(tenant("a", quota=30.0), tenant("b", quota=10.0), tenant("held"), limits=limits)
    served(paced, seconds=0.5)
    assert (10, 0.0) == (paced.window, paced.load(NOW))
    for ticket in range(100):
        paced.enqueue("a", ticket)
    assert 1.5 == pytest.approx(paced.load(NOW))
    for ticket in range(100, 104):
        paced.enqueue("b", ticket)
        paced.enqueue("held", ticket + 100)
    paced.hold("held", NOW + 5.0)
    assert 1.7 == pytest.approx(paced.load(NOW))
    paced.share(0.01, NOW)
    assert 0.5 == pytest.approx(paced.load(NOW))
    paced.hold_client(NOW + 1.0)
    assert 0.0 == paced.load(NOW)


def test_a_load_is_nothing_while_the_pace_is_not_known() -> None:
    """A replica that has made no call yet asks for no help."""
    paced = pacing(tenant("a"))
    paced.enqueue("a", 1)
    assert 0.0 == paced.load(NOW)


def made(paced: Pacing, name: str, *, begin: float, seconds: float) -> int:
    """Return how many calls a tenant makes in that time, each over at once."""
    count, now = 0, NOW + begin
    while now < NOW + begin + seconds:
        for _ in granted(paced, now):
            paced.finish(name)
            count += 1
        now += 0.01
    return count


def test_a_tenant_is_called_less_where_dnb_refuses_its_quota() -> None:
    """Its calls grow again, and the operator's new terms are obeyed at once."""
    limits = Limits(quota=1_000.0, concurrency=10, tenant_concurrency=10, burst_seconds=0.1)
    paced = pacing(tenant("a", quota=100.0), limits=limits)
    for ticket in range(4_000):
        paced.enqueue("a", ticket)
    made(paced, "a", begin=0.0, seconds=1.0)
    paced.refused("a", NOW + 1.0)
    assert 70 <= made(paced, "a", begin=1.0, seconds=1.0) <= 78
    made(paced, "a", begin=2.0, seconds=13.0)
    assert 95 <= made(paced, "a", begin=15.0, seconds=1.0) <= 101
    paced.admit(tenant("a", quota=20.0))
    assert made(paced, "a", begin=20.0, seconds=1.0) <= 23


def test_calls_wait_while_the_api_is_slow() -> None:
    """Fewer go at once than are allowed, and those in flight beyond that are not called back."""
    limits = Limits(quota=1_000.0, concurrency=10, tenant_concurrency=10, burst_seconds=1.0)
    paced = pacing(tenant("a"), limits=limits)
    for ticket in range(30):
        paced.enqueue("a", ticket)
    assert 10 == len(granted(paced))
    for second in range(3):
        for _ in range(4):
            paced.failed(NOW + second)
    paced.succeeded(0.1, NOW + 2.0)
    assert (10, 2) == (paced.in_flight, paced.window)
    for _ in range(9):
        paced.finish("a")
    assert 1 == len(granted(paced, NOW + 3.0))
