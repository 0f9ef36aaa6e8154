"""The watermark of a partition."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.offsets import Offsets
from daemon.errors import InvariantError


def test_the_watermark_waits_for_the_lowest_open_offset() -> None:
    """Settling out of order moves the watermark only past what is settled without a gap."""
    offsets = Offsets(10)
    for offset in (10, 11, 14):
        offsets.open(offset)
    offsets.settle(11)
    assert (10, 2) == (offsets.watermark, offsets.open_count)
    offsets.settle(10)
    assert (14, [14]) == (offsets.watermark, offsets.open_offsets())
    offsets.settle(14)
    assert (15, 0) == (offsets.watermark, offsets.open_count)


def test_a_gap_is_passed_once_everything_before_it_is_settled() -> None:
    """Offsets that hold no record, as transaction markers, are committed past."""
    offsets = Offsets(0)
    offsets.open(0)
    offsets.advance(7)
    assert 0 == offsets.watermark
    offsets.settle(0)
    assert 7 == offsets.watermark
    offsets.advance(3)
    assert 7 == offsets.watermark


def test_an_offset_behind_the_position_is_our_bug() -> None:
    """A record that was taken already must not be taken again."""
    offsets = Offsets(5)
    with pytest.raises(InvariantError, match="opened behind"):
        offsets.open(4)


def test_settling_twice_is_our_bug() -> None:
    """A record settles once, or the counters would lie."""
    offsets = Offsets(0)
    offsets.open(0)
    offsets.settle(0)
    with pytest.raises(InvariantError, match="not open"):
        offsets.settle(0)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_watermark_never_passes_an_open_offset(steps: list[int], random: Random) -> None:
    """Whatever is settled in whatever order, nothing open is ever committed past."""
    offsets, position = Offsets(0), 0
    opened: list[int] = []
    for step in steps:
        position += step
        offsets.open(position)
        opened.append(position)
    settling = list(opened)
    random.shuffle(settling)
    for offset in settling:
        assert offsets.watermark <= offset
        offsets.settle(offset)
        opened.remove(offset)
        assert (opened[0] if opened else position + 1) == offsets.watermark
