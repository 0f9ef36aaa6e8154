"""The real Kafka of the tests does what the tests rely on."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.kafka_broker import Kafka, LocalKafka, create_topic, fresh_name

WAIT_SECONDS = 30.0


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Write the values to partition 0, each acknowledged."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    """Read that many values of partition 0 from its beginning."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(WAIT_SECONDS):
            return [(await consumer.getone()).value for _ in range(count)]


async def test_a_topic_has_the_partitions_it_was_created_with(kafka: Kafka) -> None:
    """A topic created for a test has as many partitions as asked for."""
    topic = fresh_name("partitions")
    await create_topic(kafka.bootstrap, topic, 3)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        assert {0, 1, 2} == set(await producer.partitions_for(topic))


async def test_what_was_produced_is_consumed_in_order(kafka: Kafka) -> None:
    """Values written by an idempotent producer come back in the order they were written."""
    topic, values = fresh_name("order"), [b"%d" % n for n in range(100)]
    await create_topic(kafka.bootstrap, topic, 1)
    await produce(kafka.bootstrap, topic, values)
    assert values == await consume(kafka.bootstrap, topic, 100)


async def test_a_restart_keeps_the_data_and_the_address(restartable_kafka: LocalKafka) -> None:
    """After an orderly restart a client finds the same records at the same address."""
    topic, address = fresh_name("restart"), restartable_kafka.bootstrap
    await create_topic(address, topic, 1)
    await produce(address, topic, [b"before"])
    await asyncio.to_thread(restartable_kafka.restart)
    await produce(restartable_kafka.bootstrap, topic, [b"after"])
    assert [b"before", b"after"] == await consume(address, topic, 2)


async def test_a_crash_keeps_what_was_acknowledged(restartable_kafka: LocalKafka) -> None:
    """A broker that was killed comes back with every acknowledged record."""
    topic, address = fresh_name("crash"), restartable_kafka.bootstrap
    await create_topic(address, topic, 1)
    await produce(address, topic, [b"acknowledged"])
    await asyncio.to_thread(restartable_kafka.kill)
    await asyncio.to_thread(restartable_kafka.start)
    assert [b"acknowledged"] == await consume(address, topic, 1)
