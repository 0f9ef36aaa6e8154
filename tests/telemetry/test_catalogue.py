"""The metrics catalogue, and what is made of it."""

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from daemon.telemetry.catalogue import METRICS, PREFIX, Instruments, Metric, documentation

DOCS = Path(__file__).parent.parent.parent / "docs" / "metrics.md"


def touched() -> Instruments:
    """Return instruments of which every metric has been used once."""
    instruments = Instruments()
    for metric in METRICS:
        labels = tuple(f"any {label}" for label in metric.labels)
        match metric.kind:
            case "counter":
                instruments.count(metric.name, *labels)
            case "gauge":
                instruments.set(metric.name, 1.0, *labels)
            case "histogram":
                instruments.watch(metric.name, 1.0, *labels)
    return instruments


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_exposed_as_the_catalogue_says(metric: Metric) -> None:
    """Name, kind, help and labels in the exposition are those of the catalogue."""
    families = list(text_string_to_metric_families(generate_latest(touched().registry).decode()))
    family = PREFIX + metric.name.removesuffix("_total")
    [found] = [one for one in families if one.name == family]
    samples = [sample for sample in found.samples if not sample.name.endswith("_created")]
    labels = {label for sample in samples for label in sample.labels} - {"le"}
    assert (metric.kind, metric.help, set(metric.labels)) == (found.type, found.documentation, labels)


def test_names_follow_prometheus_habits() -> None:
    """Counters, and nothing else, end in `_total`; names stand once; every help is a sentence."""
    assert [metric.kind == "counter" for metric in METRICS] == [metric.name.endswith("_total") for metric in METRICS]
    assert len(METRICS) == len({metric.name for metric in METRICS})
    assert [] == [metric.name for metric in METRICS if not re.fullmatch(r"[A-Z0-9].*[.]|.*: 0[.]", metric.help)]
    assert [] == [metric.name for metric in METRICS if metric.kind == "histogram" and not metric.buckets]


def test_a_gauge_that_is_cleared_forgets_its_labels() -> None:
    """A reason for which nothing is parked any more disappears instead of standing still."""
    instruments = Instruments()
    instruments.add("parked", 2, "waiting")
    instruments.add("parked", 3, "waiting")
    assert 5.0 == instruments.registry.get_sample_value(PREFIX + "parked", {"reason": "waiting"})
    instruments.clear("parked")
    assert None is instruments.registry.get_sample_value(PREFIX + "parked", {"reason": "waiting"})


def test_two_daemons_in_one_process_count_apart() -> None:
    """Instruments are no global state."""
    one, other = Instruments(), Instruments()
    one.count("received_total", by=3)
    values = [each.registry.get_sample_value(PREFIX + "received_total") for each in (one, other)]
    assert [3.0, 0.0] == values


def test_the_docs_show_exactly_the_catalogue() -> None:
    """`docs/metrics.md` holds the table that `daemon.telemetry.catalogue.documentation()` returns."""
    assert documentation() in DOCS.read_text(encoding="utf-8")
    table = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert documentation().splitlines() == table
