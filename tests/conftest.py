"""What the tests of all tiers share: the real Kafka, started when the first test asks for it."""

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import pytest

from tests.kafka_broker import Kafka, KafkaUnavailable, LocalKafka, local_kafka, open_kafka

NO_KAFKA = "NO REAL KAFKA, ITS TESTS DID NOT RUN"
OFFER = "set KAFKA_BOOTSTRAP, or install Docker, or Java 17 and Maven"

AnyKafka = TypeVar("AnyKafka", bound=Kafka)


def opened(stack: contextlib.ExitStack, opening: Callable[[], contextlib.AbstractContextManager[AnyKafka]]) -> AnyKafka:
    """Open a Kafka until the stack closes; where there is none, skip what needs it, or fail if CI is set."""
    try:
        return stack.enter_context(opening())
    except KafkaUnavailable as reason:
        text = f"{NO_KAFKA}: {reason}; {OFFER}"
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let all tests that lack Kafka name one place, so that pytest's summary folds them into one loud line."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and NO_KAFKA in report.longrepr[2]:
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A real Kafka for the whole run: every test uses names of its own, from `fresh_name`."""
    with contextlib.ExitStack() as stack:
        yield opened(stack, open_kafka)


@pytest.fixture(scope="session")
def restartable_kafka(kafka: Kafka) -> Iterator[LocalKafka]:
    """A real Kafka that a test may stop, kill and restart, and leaves running; where it can, the shared one."""
    with contextlib.ExitStack() as stack:
        yield kafka if isinstance(kafka, LocalKafka) else opened(stack, local_kafka)
