"""In which partition a producer puts an entity's changes: Kafka's default partitioner, on the key that Moment uses."""

from typing import Literal

from daemon.core.model import Entity

Keying = Literal["tenant", "entity"]
KEYINGS: tuple[Keying, ...] = ("tenant", "entity")

WORD_BYTES = 4
MASK = 0xFFFFFFFF
SEED = 0x9747B28C
FACTOR = 0x5BD1E995
POSITIVE = 0x7FFFFFFF
"""Java's hash is signed; the partitioner drops the sign."""


def key_of(entity: Entity, keyed_by: Keying) -> bytes:
    """Return the key under which Moment publishes an entity's changes."""
    return (entity.tenant if keyed_by == "tenant" else entity.key).encode()


def home_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives a key, among so many."""
    return (murmur2(key) & POSITIVE) % partitions


def murmur2(data: bytes) -> int:
    """Return the 32 bits of MurmurHash2 as org.apache.kafka.common.utils.Utils.murmur2 makes them."""
    whole = len(data) - len(data) % WORD_BYTES
    value = SEED ^ len(data)
    for at in range(0, whole, WORD_BYTES):
        word = int.from_bytes(data[at : at + WORD_BYTES], "little") * FACTOR & MASK
        word = (word ^ word >> 24) * FACTOR & MASK
        value = value * FACTOR & MASK ^ word
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * FACTOR & MASK
    value = (value ^ value >> 13) * FACTOR & MASK
    return value ^ value >> 15
