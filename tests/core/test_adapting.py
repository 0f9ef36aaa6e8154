"""How many calls at once, and how many a second, are learned from the API's answers."""

import pytest

from daemon.core.adapting import LEAST_RATE, LearnedRate, Window

ALLOWED = 100


def looks(window: Window, seconds: float, *, begin: int, count: int, failures: int = 0) -> int:
    """Have answers come for so many seconds, ten in each, while every call that is allowed is in flight."""
    for second in range(begin, begin + count):
        for part in range(10):
            window.fill()
            if part < failures:
                window.failed(second + part / 10.0)
            else:
                window.answered(seconds, second + part / 10.0)
    return window.size


def test_an_api_that_is_well_has_all_that_is_allowed() -> None:
    """However fast or slow it is by nature, and whatever single calls take."""
    for seconds in (0.001, 0.1, 12.0):
        window = Window(ALLOWED)
        assert ALLOWED == looks(window, seconds, begin=0, count=90)
        window.answered(60.0, 91.0)
        assert ALLOWED == looks(window, seconds, begin=92, count=3)


def test_an_api_that_slows_tenfold_is_called_less_within_seconds_and_more_when_it_is_back() -> None:
    """Halved each second down to a tenth, and grown by a tenth of what is allowed each second afterwards."""
    window = Window(ALLOWED)
    looks(window, 0.1, begin=0, count=40)
    assert 25 >= looks(window, 1.0, begin=40, count=3)
    assert 10 == looks(window, 1.0, begin=43, count=10)
    assert 40 <= looks(window, 0.1, begin=53, count=5) <= 60
    assert ALLOWED == looks(window, 0.1, begin=58, count=6)


def test_a_new_pace_is_usual_after_half_a_minute() -> None:
    """What stays slow is not worth waiting for: fewer calls would only make it less."""
    window = Window(ALLOWED)
    looks(window, 0.1, begin=0, count=60)
    assert 10 == looks(window, 1.0, begin=60, count=29)
    assert ALLOWED == looks(window, 1.0, begin=89, count=14)


def test_twice_as_slow_is_no_trouble() -> None:
    """Another kind of call, or a busy machine of our own, looks like that."""
    window = Window(ALLOWED)
    looks(window, 0.05, begin=0, count=10)
    assert ALLOWED == looks(window, 0.3, begin=10, count=10)


def test_calls_that_fail_are_trouble_when_they_are_most() -> None:
    """One change that always fails is not the API's state."""
    window = Window(ALLOWED)
    assert ALLOWED == looks(window, 0.1, begin=0, count=5, failures=5)
    assert 50 == looks(window, 0.1, begin=5, count=2, failures=6)


def test_a_window_grows_only_where_it_was_full() -> None:
    """An API that was hardly called has not shown that it bears more."""
    window = Window(ALLOWED)
    looks(window, 0.1, begin=0, count=3)
    looks(window, 9.0, begin=3, count=4)
    window.answered(0.1, 7.0)
    size = window.size
    for second in range(8, 20):
        for part in range(5):
            window.answered(0.1, second + part / 10.0)
    assert size == window.size < ALLOWED


def test_a_small_window_never_closes() -> None:
    """One call remains, whatever happens."""
    window = Window(2)
    assert 1 == looks(window, 0.1, begin=0, count=9, failures=10)
    assert 2 == looks(window, 0.1, begin=9, count=12)


class Server:
    """A server's token bucket of one second's depth, and a client that calls as often as it has learned to."""

    def __init__(self, allowed: float, real: float, most: float = 1e9) -> None:
        """Begin full; the client has no more than `most` calls a second to make."""
        self.learned, self._real, self.most = LearnedRate(allowed), real, most
        self._level, self._now = real, 0.0
        self.taken = self.refused = 0

    def serve(self, seconds: float) -> float:
        """Call for so long, and return how many calls a second were taken."""
        before, until = self.taken, self._now + seconds
        while self._now < until:
            gap = 1.0 / min(self.learned.use(self._now), self.most)
            self._now += gap
            self._level = min(self._real, self._level + gap * self._real)
            if self._level >= 1.0:
                self._level -= 1.0
                self.taken += 1
            else:
                self.refused += 1
                self.learned.refuse(self._now)
        return (self.taken - before) / seconds


@pytest.mark.parametrize("real", [20.0, 50.0, 90.0])
def test_a_quota_that_is_set_too_high_is_found_out(real: float) -> None:
    """At least 95 % of what the server takes is used, and few calls are refused, without its saying when to come."""
    server = Server(100.0, real)
    server.serve(30.0)
    refused = server.refused
    assert server.serve(120.0) >= 0.95 * real
    assert server.refused - refused <= 0.02 * 120.0 * real


def test_what_is_allowed_is_never_exceeded() -> None:
    """A server that takes more than the operator allows is not asked for more, however long it is well."""
    server = Server(100.0, 50.0)
    server.serve(20.0)
    server.learned.allow(40.0)
    assert 40.0 == server.learned.rate
    assert server.serve(60.0) <= 40.5
    assert not server.learned.is_cut
    server.learned.allow(45.0)
    assert 45.0 == server.learned.rate


def test_a_limit_that_has_gone_is_found_out() -> None:
    """What is taken grows until it is what is allowed, also where nothing was called for a day."""
    for begin in (20, 86_400):
        learned = LearnedRate(100.0)
        for second in range(20):
            learned.refuse(float(second))
        assert learned.rate >= 100.0 * LEAST_RATE
        for second in range(begin, begin + 300):
            learned.use(float(second))
        assert (100.0, False) == (learned.rate, learned.is_cut)


def test_a_rate_that_was_taken_for_too_low_grows_ever_faster() -> None:
    """A tenant with little to do is refused once for the sake of others; with more to do it gets it in a minute."""
    server = Server(200.0, 100.0, most=30.0)
    server.serve(8.0)
    server.learned.refuse(8.0)
    assert 21.0 == pytest.approx(server.learned.rate, rel=0.05)
    server.most = 1e9
    server.serve(70.0)
    assert server.serve(30.0) >= 0.95 * 100.0


def test_refusals_of_calls_that_left_together_speak_for_each_other() -> None:
    """Twenty at once are one."""
    learned = LearnedRate(100.0)
    for part in range(20):
        learned.refuse(5.0 + part / 100.0)
    assert 70.0 == pytest.approx(learned.rate)


def test_what_is_refused_is_what_was_called_and_not_what_is_allowed() -> None:
    """A tenant that uses half of what it may, because others use the rest, is cut from there."""
    server = Server(200.0, 1_000.0, most=50.0)
    server.serve(10.0)
    server.learned.refuse(10.0)
    assert 34.0 <= server.learned.rate <= 36.0


def test_a_tenant_that_has_little_to_do_is_not_choked_by_one_refusal() -> None:
    """A call every now and then shows nothing of what DnB takes in a second."""
    server = Server(100.0, 1_000.0, most=1.0)
    server.serve(10.0)
    server.learned.refuse(10.0)
    assert 70.0 == pytest.approx(server.learned.rate)
