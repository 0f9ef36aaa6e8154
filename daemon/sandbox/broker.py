"""The demo's broker: librdkafka's mock cluster, out of the confluent-kafka wheel. Needs neither Java nor Docker.

It speaks Kafka's protocol over a real socket of the loopback interface, keeps everything in memory and ends with its
block. What aiokafka 0.14 finds on it (librdkafka 2.16):

- Works: topics appear on first use with 4 partitions; plain and idempotent producers with `acks=all`; keys, headers,
  null values, timestamps; `assign`, `seek`, `seek_to_beginning`, `seek_to_end`; `beginning_offsets`, `end_offsets`;
  consumer groups of one member, dynamic or static, with `commit` and `committed`; several groups beside each other.
- Slow: a group's first join takes 3 s. A member that leaves is not forgotten before its session timeout, so the next
  one joins about a second before that has passed: give clients of this broker a short one (6 s was tried).
- Different: each partition keeps about 5 MB (6,832 of 12,000 records of 1 kB were left in one run) and drops the oldest
  whatever their keys: no compaction, no retention time, a null value deletes nothing. `offsets_for_times` answers None.
- Does not work: a second member of a group (SyncGroup is refused with InvalidRequestError); creating or growing topics
  with aiokafka's admin, which connects and lists topics but then raises AttributeError for want of a controller.
"""

import contextlib
from collections.abc import Generator

ANSWER_SECONDS = 10.0
"""The mock cluster answers its own client in milliseconds; a loaded machine may need longer."""


class EmbeddedBrokerUnavailable(Exception):  # noqa: N818 -- named for what is missing, as an operator would say it
    """There is no embedded broker here; the text says what to install or what failed."""


@contextlib.contextmanager
def embedded_broker() -> Generator[str]:
    """Run a broker for the length of the block and yield its bootstrap address, `127.0.0.1:<port>`.

    Entering takes a few milliseconds. The broker lives in threads of this process, and its data is gone when the block
    ends: close its clients before. Raises `EmbeddedBrokerUnavailable`.
    """
    try:
        from confluent_kafka import KafkaException, Producer  # noqa: PLC0415 -- an extra, optional
    except ImportError as missing:
        raise EmbeddedBrokerUnavailable(
            "the embedded broker needs the extra 'demo' (pip install 'moment-dnb[demo]'); or name a Kafka: --bootstrap"
        ) from missing
    # The cluster belongs to this client and ends with it; log_level 0 hides the notice that it is a mock.
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    try:
        brokers = owner.list_topics(timeout=ANSWER_SECONDS).brokers.values()
        yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    except KafkaException as failed:
        raise EmbeddedBrokerUnavailable(f"the embedded broker does not answer: {failed}") from failed
    finally:
        del owner
