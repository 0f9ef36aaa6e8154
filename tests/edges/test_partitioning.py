"""Where a producer puts an entity's changes: the hash of Kafka's own clients."""

import pytest

from daemon.core.model import Entity
from daemon.edges.partitioning import home_of, key_of, murmur2

FJELLVIK = Entity("fjellvik", "customer", 7)


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
        (b"", 275646681),
    ],
)
def test_the_hash_is_that_of_kafkas_java_client(data: bytes, signed: int) -> None:
    """The values are those of the Java client's own tests."""
    assert signed & 0xFFFFFFFF == murmur2(data)


def test_a_key_has_its_home_among_the_partitions() -> None:
    """The sign of Java's hash is dropped, not taken along."""
    assert [(-973932308 & 0x7FFFFFFF) % count for count in (1, 4, 6)] == [home_of(b"21", count) for count in (1, 4, 6)]


def test_an_entity_is_keyed_as_moment_keys_it() -> None:
    """By its tenant as recommended, or by itself."""
    assert (b"fjellvik", b"fjellvik/customer/7") == (key_of(FJELLVIK, "tenant"), key_of(FJELLVIK, "entity"))
