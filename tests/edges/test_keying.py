"""By what Moment's records are keyed, told by the records."""

import pytest

from daemon.core.model import Entity
from daemon.edges.keying import KeySample
from daemon.edges.partitioning import Keying, home_of, key_of
from daemon.errors import ConfigurationError

ENTITIES = [Entity(tenant, "customer", number) for tenant in ("fjellvik", "nordlia") for number in range(20)]


def sample(keyed_by: Keying, entities: list[Entity], *sizes: int) -> KeySample:
    """Return a sample of a topic that had as many partitions as the first of the sizes."""
    made = KeySample(sizes)
    for entity in entities:
        key = key_of(entity, keyed_by)
        made.take(home_of(key, sizes[0]), key, entity)
    return made


@pytest.mark.parametrize("keyed_by", ["tenant", "entity"])
@pytest.mark.parametrize("sizes", [(4, 6), (6, 4)])
def test_the_keys_tell(keyed_by: Keying, sizes: tuple[int, int]) -> None:
    """Also while old records lie where they were put among fewer partitions."""
    assert keyed_by == sample(keyed_by, ENTITIES, *sizes).keyed_by("t")


def test_an_empty_topic_tells_nothing() -> None:
    """Then a person must say it."""
    with pytest.raises(ConfigurationError, match=r"t holds no change that tells .* --keyed-by tenant"):
        KeySample((4, 6)).keyed_by("t")


def test_keys_of_two_kinds_tell_nothing() -> None:
    """A producer that changed its mind has broken the order of its changes; somebody must look."""
    mixed = sample("tenant", ENTITIES, 4, 6)
    mixed.take(home_of(ENTITIES[0].key.encode(), 4), ENTITIES[0].key.encode(), ENTITIES[0])
    with pytest.raises(ConfigurationError, match="not all have one key: 40 by tenant, 1 by entity"):
        mixed.keyed_by("t")


@pytest.mark.parametrize("key", [None, b"fjellvik"])
def test_another_partitioner_is_noticed(key: bytes | None) -> None:
    """Entries moved by the wrong hash would never meet their changes."""
    made = KeySample((4, 6))
    away = next(number for number in range(4) if number not in {home_of(b"fjellvik", size) for size in (4, 6)})
    made.take(away, key, ENTITIES[0])
    with pytest.raises(ConfigurationError, match=r"not all have one key|1 of the newest 1 changes of t are not where"):
        made.keyed_by("t")
