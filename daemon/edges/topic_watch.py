"""Looking whether the topics are still what they were when the daemon started."""

from collections import Counter
from collections.abc import Iterable

import anyio
import structlog

from daemon.edges.kafka_topics import Topics, other_size
from daemon.edges.ledger_topic import ledger_of
from daemon.errors import SourceError
from daemon.settings import Settings

LOOK_SECONDS = 5.0
"""Kafka's own clients look for new partitions every five minutes, and for a topic that was deleted for ever."""

LOOKS_UNTIL_GONE = 2
"""A broker that has only just started may not know a topic yet; one that is missing twice is gone."""

log = structlog.get_logger()


async def topics_changed(settings: Settings) -> str:
    """Return, when it has come to that, that an input topic was given more partitions, and what to do.

    Raises `SourceError` if a topic is gone: nothing can be read or kept any more; the one for dead letters is there
    again after the next start. A Kafka that cannot be asked is others' to notice.
    """
    names = [name for topic in settings.topics for name in (topic, ledger_of(topic))]
    missing: Counter[str] = Counter()
    while True:
        await anyio.sleep(LOOK_SECONDS)
        found = await _partitions(settings, [*names, settings.dead_letter_topic])
        if found is None:
            continue
        for name, count in found.items():
            missing[name] = missing[name] + 1 if count is None else 0
            if missing[name] >= LOOKS_UNTIL_GONE:
                raise SourceError(f"the topic {name} is gone: somebody has deleted it")
        for topic in settings.topics:
            own, ledger = found[topic], found[ledger_of(topic)]
            if own is not None and ledger is not None and own != ledger:
                return other_size(topic, own, ledger)


async def _partitions(settings: Settings, names: Iterable[str]) -> dict[str, int | None] | None:
    try:
        async with Topics(settings) as topics:
            return {name: await topics.partitions(name) for name in names}
    except SourceError as error:
        log.warning("topics.look_failed", reason=str(error))
        return None
