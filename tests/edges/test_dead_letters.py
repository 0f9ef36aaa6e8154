"""What the headers of a dead letter tell."""

import pytest

from daemon.core.model import Partition
from daemon.edges.dead_letters import OFFSET_HEADER, PARTITION_HEADER, TOPIC_HEADER, source_of


def headers(number: bytes, offset: bytes) -> list[tuple[str, bytes]]:
    """Return the headers of a letter with this partition and offset."""
    return [(TOPIC_HEADER, b"changes"), (PARTITION_HEADER, number), (OFFSET_HEADER, offset)]


def test_a_letter_names_its_record() -> None:
    """The partition and the offset, up to Kafka's greatest."""
    assert (Partition("changes", 3), 2**63 - 1) == source_of(headers(b"3", str(2**63 - 1).encode()))


@pytest.mark.parametrize("number", [b"", b"-1", b"x", b"\xff", "²".encode(), b"9" * 20, b"9" * 5_000])
def test_a_number_that_is_none_makes_no_letter(number: bytes) -> None:
    """Who wrote such a record to the topic was not this program: it stands for no record of the input topic."""
    assert (None, None) == (source_of(headers(number, b"1")), source_of(headers(b"1", number)))


def test_a_record_without_the_headers_is_no_letter() -> None:
    """Other programs may write to the topic too."""
    assert None is source_of([(PARTITION_HEADER, b"1"), (OFFSET_HEADER, b"1")])
