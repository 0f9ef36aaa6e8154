"""By what Moment's records are keyed: found in the newest ones of the input topic, and checked against their places."""

from collections import Counter
from collections.abc import Collection, Sequence

from daemon.core.model import Entity, Partition, Undecodable, entity_of
from daemon.edges.kafka_source import REPLAY_HEADER
from daemon.edges.partitioning import KEYINGS, Keying, home_of, key_of
from daemon.edges.topic_reading import Progress, TopicReading
from daemon.errors import ConfigurationError
from daemon.moment.envelope import decode_envelope

SAMPLED = 1_000
"""So many of the newest records of each partition are looked at."""

OPTION = "say it with --keyed-by tenant or --keyed-by entity"


class KeySample:
    """What the keys of records tell: by what they are made, and whether Kafka's default partitioner placed them."""

    def __init__(self, sizes: Collection[int]) -> None:
        """Take the numbers of partitions that the topic has had lately."""
        self._sizes = sizes
        self._fitting: Counter[Keying] = Counter()
        self._misplaced = 0
        self.count = 0

    def take(self, number: int, key: bytes | None, entity: Entity) -> None:
        """Take the key of one record of an entity, and the partition in which it is."""
        self.count += 1
        self._fitting.update(keying for keying in KEYINGS if key == key_of(entity, keying))
        self._misplaced += key is None or number not in {home_of(key, size) for size in self._sizes}

    def keyed_by(self, topic: str) -> Keying:
        """Return by what the records are keyed; raises `ConfigurationError` if they do not tell, or tell otherwise."""
        if self.count == 0:
            raise ConfigurationError(f"{topic} holds no change that tells by what it is keyed: {OPTION}")
        found: list[Keying] = [keying for keying in KEYINGS if self._fitting[keying] == self.count]
        if not found:
            told = ", ".join(f"{self._fitting[keying]} by {keying}" for keying in KEYINGS)
            raise ConfigurationError(
                f"of the newest {self.count} changes of {topic} not all have one key: {told}; {OPTION}"
            )
        if self._misplaced:
            text = (
                f"{self._misplaced} of the newest {self.count} changes of {topic} are not where Kafka's default "
                "partitioner (murmur2) puts their keys: their producer uses another, and entries would not be moved to "
                f"where their changes come. If they are older than their producer: {OPTION}"
            )
            raise ConfigurationError(text)
        return found[0]


async def sampled(
    reading: TopicReading, partitions: Sequence[Partition], sizes: Collection[int], progress: Progress
) -> KeySample:
    """Return what the newest records of these partitions tell; a replay is none of Moment's."""
    sample = KeySample(sizes)
    since = {partition: (await reading.bounds(partition))[1] - SAMPLED for partition in partitions}
    async for record in reading.records(partitions, progress, since=since):
        entity = _entity(record.value, record.headers)
        if entity is not None:
            sample.take(record.partition, record.key, entity)
    return sample


def _entity(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Entity | None:
    if value is None or any(name == REPLAY_HEADER for name, _ in headers):
        return None
    envelope = decode_envelope(value)
    if isinstance(envelope, Undecodable):
        return None
    return entity_of(f"{envelope.tenant}/{envelope.kind}/{envelope.id}")
